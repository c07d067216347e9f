"""The audit log's chain holds, also when many write at once."""

import threading

from sqlalchemy import text

from relay.storage import audit
from running.workbench import Workbench


def entry(bench: Workbench, action: str = "hook.created") -> audit.Entry:
    return audit.Entry(bench.workspace_id, 1, "tests", action, "hk_1")


def append(bench: Workbench, *entries: audit.Entry) -> None:
    for each in entries:
        with bench.database.write() as connection:
            audit.append(connection, each)


def verify(bench: Workbench) -> tuple[int, int | None]:
    with bench.database.read() as connection:
        return audit.verify(connection)


def test_a_chain_that_nobody_touched_is_whole(bench: Workbench) -> None:
    other = audit.Entry(bench.workspace("Theirs"), 1, "tests", "hook.created", "hk_2")
    append(bench, entry(bench), other, entry(bench, "hook.deleted"))

    assert verify(bench) == (3, None)


def test_many_that_write_at_once_make_one_chain(bench: Workbench) -> None:
    crowd = [threading.Thread(target=append, args=(bench, *[entry(bench)] * 5)) for _ in range(6)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()

    assert verify(bench) == (30, None)


def test_what_was_changed_or_removed_is_found(bench: Workbench) -> None:
    append(bench, entry(bench, "first"), entry(bench, "second"), entry(bench, "third"))
    with bench.database.write() as connection:
        connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE action = 'second'"))

    count, broken = verify(bench)
    assert (count, broken is not None) == (1, True)

    with bench.database.write() as connection:
        connection.execute(text("DELETE FROM audit WHERE action = 'second'"))
    count, broken = verify(bench)
    assert (count, broken is not None) == (1, True)
