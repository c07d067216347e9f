"""A row that may be there already is inserted once, or written over."""

from sqlalchemy import select

from kit.workbench import Workbench
from relay.storage.bulk import insert_once, upsert
from relay.storage.tables import locks, workers


def test_a_row_is_inserted_once(bench: Workbench) -> None:
    with bench.database.write() as connection:
        inserted = [insert_once(connection, locks, name="a lock", holder=holder, until=1) for holder in ("a", "b")]
        row = connection.execute(select(locks).where(locks.c.name == "a lock")).one()

    assert inserted == [True, False]
    assert tuple(row) == ("a lock", "a", 1)


def test_a_row_is_written_over_and_what_is_new_alone_is_left(bench: Workbench) -> None:
    with bench.database.write() as connection:
        for _ in range(3):
            upsert(connection, workers, {"id": "wrk_1"}, {"beats": workers.c.beats + 1}, new={"beats": 1})
        row = connection.execute(select(workers)).one()

    assert tuple(row) == ("wrk_1", 3)
