"""The events of a customer are found, however far they have been put into the table of customers."""

from random import Random
from typing import Any

import pytest
from alembic import command
from sqlalchemy import func, insert, select

from kit.workbench import Workbench
from relay.formats import jsontext
from relay.model import Event
from relay.storage import Database, customers, events, records
from relay.storage.bulk import write_over
from relay.storage.events import EventQuery
from relay.storage.migrate import alembic_config, upgrade
from relay.storage.tables import cursors, customer_events, unlearnt
from relay.storage.tables import events as events_table

NOW = 1_795_330_800_000
COUNT = 60
ASKED = ("cus_1", "cus_2", "zoe@example.com", "nobody@example.com")
NAMES = (
    ("cus_1", "Zoe@Example.com"),
    ("cus_2", "zoe@example.com"),
    ("cus_2", None),
    (None, "bo@example.com"),
    (None, None),
)


def event(sequence: int) -> Event:
    customer, email = NAMES[sequence % len(NAMES)]
    envelope = {"id": f"evt_{sequence}", "sequence": sequence, "source": {"id": "src_1"}, "summary": ""}
    kind = "invoice.paid" if sequence % 3 else "invoice.overdue"
    return Event(f"evt_{sequence}", kind, sequence, customer, email, envelope, jsontext.dumps(envelope))


def wanted(customer: str, limit: int = 50, before: int = COUNT, types: tuple[str, ...] = ()) -> list[int]:
    """What is to be found, by looking at every event there is."""
    return [
        sequence
        for sequence in reversed(range(COUNT))
        if customer in (NAMES[sequence % len(NAMES)][0], (NAMES[sequence % len(NAMES)][1] or "").lower())
        and sequence < before
        and (not types or event(sequence).type in types)
    ][:limit]


def found(bench: Workbench, customer: str, **asked: Any) -> list[int]:
    with bench.database.read() as connection:
        query = EventQuery(customer=customer, **asked)
        return [each.sequence for each in events.search(connection, "ws_1", query)]


def is_right(bench: Workbench) -> bool:
    asked: tuple[dict[str, Any], ...] = (
        {},
        {"limit": 3},
        {"before": 31},
        {"types": ("invoice.overdue",), "limit": 2},
    )
    return all(found(bench, who, **each) == wanted(who, **each) for who in ASKED for each in asked)


def store(bench: Workbench, sequences: list[int]) -> None:
    with bench.database.write() as connection:
        events.store(connection, {0: "ws_1"}, [(0, NOW, event(sequence)) for sequence in sequences])


def read(bench: Workbench, between: tuple[int, int] | None, late: list[int]) -> None:
    with bench.database.write() as connection:
        records.save(connection, [], records.Backlog([], between, late))


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(customers, "_PAGE", 7)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_is_the_same_at_every_step_of_putting_in(bench: Workbench, seed: int) -> None:
    chance = Random(seed)
    late = sorted(chance.sample(range(30), 9))
    store(bench, [sequence for sequence in range(COUNT) if sequence not in late])
    read(bench, (-1, 19), [])
    read(bench, (19, 40), [])
    store(bench, late)
    with bench.database.write() as connection:
        records.leave(connection, late)
    assert is_right(bench)

    read(bench, None, late[:4])
    assert is_right(bench)
    read(bench, (40, COUNT), late[4:])
    assert is_right(bench)
    with bench.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(unlearnt)).scalar_one() == 0
        put_in = connection.execute(select(customer_events.c.known_by, customer_events.c.sequence)).all()
    assert sorted(map(tuple, put_in)) == sorted(
        (known_by, sequence)
        for sequence in range(COUNT)
        for known_by, name in zip(("id", "email"), NAMES[sequence % len(NAMES)], strict=True)
        if name is not None
    )


def test_the_events_of_before_get_into_the_table_from_the_newest_down(bench: Workbench) -> None:
    store(bench, list(range(COUNT)))
    with bench.database.write() as connection:
        write_over(connection, cursors, ("name", "position"), [("registry", 44), ("customers", 44)])
    steps = 0
    assert is_right(bench)

    while _one_step(bench):
        steps += 1
        assert is_right(bench)

    assert steps == 5
    with bench.database.read() as connection:
        assert not customers.old_waiting(connection)


def _one_step(bench: Workbench) -> bool:
    with bench.database.write() as connection:
        return customers.put_in_old(connection, 10)


def test_a_database_of_before_finds_its_customers_right_after_the_upgrade(url: str) -> None:
    database = Database(url)
    with database.write() as connection:
        command.upgrade(alembic_config(connection), "0021")
        connection.execute(insert(cursors).values(name="registry", position=1))
        for sequence in range(3):
            connection.execute(
                insert(events_table).values(
                    sequence=sequence,
                    id=f"evt_{sequence}",
                    workspace_id="ws_1",
                    source_id="src_1",
                    place=0,
                    type="invoice.paid",
                    received_at=0,
                    customer_id="cus_1",
                    body=b"{}",
                )
            )

    upgrade(database)

    with database.read() as connection:
        theirs = events.search(connection, "ws_1", EventQuery(customer="cus_1"))
        assert [each.sequence for each in theirs] == [2, 1, 0]
        assert customers.old_waiting(connection)
    database.close()
