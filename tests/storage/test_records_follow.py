"""The registry follows the events, in parts and behind nothing that stands before."""

from typing import Any

import pytest

from kit.workbench import Belt, Workbench
from relay.formats import jsontext
from relay.insight.records import learnt
from relay.model import now_ms, record_id
from relay.storage import Database, inbound, records
from relay.storage.records import RecordQuery

ZOE = {"id": "cus_1", "name": "Zoë Müller", "email": "Zoe@Example.com", "company": None}


def stripe_invoice(number: int, *, paid: bool, minute: int) -> dict[str, Any]:
    """An event of our own vocabulary, as anyone may post it with Standard Webhooks."""
    status = "paid" if paid else "open"
    return {
        "type": "invoice.paid" if paid else "invoice.created",
        "timestamp": f"2026-11-22T07:{minute:02}:00Z",
        "customer": ZOE,
        "data": {"invoice": {"id": f"in_{number}", "number": f"INV-{number}", "status": status}},
    }


@pytest.fixture
def belt(bench: Workbench) -> Belt:
    return Belt(bench)


def follow(database: Database, limit: int = 100) -> int:
    """Learn the next lesson; answers how many events it had."""
    with database.write() as connection:
        lesson = records.lesson(connection, now_ms() + 1000, limit)
        if lesson is None:
            return 0
        records.save(connection, learnt(connection, lesson), lesson)
        return len(lesson.told)


def known(bench: Workbench, **query: Any) -> list[str]:
    with bench.database.read() as connection:
        found = records.search(connection, bench.workspace_id, RecordQuery(**{"kind": "invoice", **query}))
    return [jsontext.loads(body)["invoice"]["number"] for _, body in found]


def test_the_registry_follows_the_events_in_parts(bench: Workbench, belt: Belt) -> None:
    source = bench.source()
    for number in range(5):
        bench.accept(source, stripe_invoice(number, paid=number % 2 == 0, minute=number), key=str(number))
    belt.process()

    counts = [follow(bench.database, limit=2) for _ in range(4)]

    assert counts == [2, 2, 1, 0]
    assert known(bench) == [f"INV-{number}" for number in (4, 3, 2, 1, 0)]
    assert known(bench, status="paid") == ["INV-4", "INV-2", "INV-0"]
    assert known(bench, name="INV-3") == known(bench, name="in_3") == ["INV-3"]
    assert known(bench, name=record_id(source.id, "invoice", "in_3")) == ["INV-3"]
    assert len(known(bench, email="ZOE@example.com")) == len(known(bench, customer="cus_1")) == 5
    assert known(bench, customer="zoe@example.com", limit=1) == ["INV-4"]
    assert known(bench, email="nobody@example.com") == []
    assert known(bench, kind="invoice", source_id="src_other") == []


def test_it_waits_for_what_stands_before_and_learns_what_was_put_off(bench: Workbench, belt: Belt) -> None:
    source = bench.source()
    bench.accept(source, stripe_invoice(1, paid=False, minute=1), key="1")
    belt.process()
    bench.accept(source, stripe_invoice(2, paid=False, minute=2), key="2")

    assert [follow(bench.database), follow(bench.database)] == [1, 0]
    belt.process()
    assert follow(bench.database) == 1
    assert known(bench) == ["INV-2", "INV-1"]


def test_a_defect_is_not_learnt(bench: Workbench, belt: Belt) -> None:
    broken = stripe_invoice(1, paid=True, minute=1)
    broken["data"]["invoice"]["status"] = "no such state"
    bench.accept(bench.source(), broken, key="1")
    belt.process()

    assert follow(bench.database) == 0
    assert known(bench) == []


def test_what_is_stored_behind_is_learnt_too(bench: Workbench, belt: Belt) -> None:
    source = bench.source()
    for number in (1, 2):
        bench.accept(source, stripe_invoice(number, paid=False, minute=number), key=str(number))
    with bench.database.write() as connection:
        for place in range(1, 3):
            inbound.put_off(connection, place, now_ms())
    bench.accept(source, stripe_invoice(3, paid=False, minute=3), key="3")
    belt.process()

    follow(bench.database)

    assert sorted(known(bench)) == ["INV-1", "INV-2", "INV-3"]
    assert follow(bench.database) == 0
