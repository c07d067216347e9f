"""Events are written once and found newest first."""

from typing import Any

from kit.workbench import Workbench
from relay.formats import jsontext
from relay.model import Event
from relay.storage import events
from relay.storage.events import EventQuery

NOW = 1_795_330_800_000


def event(name: str, sequence: int, **fields: Any) -> Event:
    envelope = {"id": name, "sequence": sequence, "source": {"id": fields.pop("source", "src_1")}, "summary": name}
    return Event(
        id=name,
        type=fields.pop("type", "invoice.paid"),
        sequence=sequence,
        customer_id=fields.pop("customer_id", None),
        customer_email=fields.pop("customer_email", None),
        envelope=envelope,
        body=jsontext.dumps(envelope),
        **fields,
    )


def store(bench: Workbench, *made: Event, workspace: str = "ws_1") -> set[str]:
    with bench.database.write() as connection:
        return events.store(connection, {1: workspace}, [(1, NOW + each.sequence, each) for each in made])


def search(bench: Workbench, workspace: str = "ws_1", **asked: Any) -> list[str]:
    with bench.database.read() as connection:
        return [each.id for each in events.search(connection, workspace, EventQuery(**asked))]


def test_only_new_ones_are_answered_and_what_is_kept_stays(bench: Workbench) -> None:
    assert store(bench, event("evt_a", 1000), event("evt_b", 1001)) == {"evt_a", "evt_b"}
    assert store(bench, event("evt_b", 2000), event("evt_c", 2001)) == {"evt_c"}
    assert store(bench) == set()

    with bench.database.read() as connection:
        kept = events.get(connection, "ws_1", "evt_b")
    assert kept is not None
    assert kept.sequence == 1001


def test_one_that_is_told_twice_in_a_batch_is_new_once(bench: Workbench) -> None:
    assert store(bench, event("evt_b", 1000), event("evt_a", 1001), event("evt_b", 2000)) == {"evt_a", "evt_b"}

    assert search(bench) == ["evt_a", "evt_b"]


def test_they_are_found_by_what_is_asked_for(bench: Workbench) -> None:
    store(
        bench,
        event("evt_a", 1, customer_id="cus_1", customer_email="Zoe@Example.com"),
        event("evt_b", 2, type="invoice.overdue"),
        event("evt_c", 3, source="src_2", customer_id="cus_1"),
    )
    store(bench, event("evt_d", 4), workspace="ws_2")

    assert search(bench) == ["evt_c", "evt_b", "evt_a"]
    assert search(bench, types=("invoice.overdue",)) == ["evt_b"]
    assert search(bench, source_id="src_2") == ["evt_c"]
    assert search(bench, customer="cus_1") == ["evt_c", "evt_a"]
    assert search(bench, customer="zoe@EXAMPLE.com") == ["evt_a"]
    assert search(bench, created_after=NOW + 1) == ["evt_c", "evt_b"]
    assert search(bench, before=3, limit=1) == ["evt_b"]
    assert search(bench, "ws_2") == ["evt_d"]


def test_replays_page_from_the_oldest_without_defects(bench: Workbench) -> None:
    store(bench, event("evt_a", 1), event("evt_b", 2, defect="amount is missing"), event("evt_c", 3))

    with bench.database.read() as connection:
        pages = [[each.id for each in events.since(connection, "ws_1", NOW, after, 1)] for after in (0, 1, 3)]

    assert pages == [["evt_a"], ["evt_c"], []]


def test_bodies_are_exact(bench: Workbench) -> None:
    made = event("evt_a", 1)
    store(bench, made)

    with bench.database.read() as connection:
        assert events.bodies(connection, ["evt_a", "evt_z"]) == {"evt_a": made.body}
        kept = events.get(connection, "ws_1", "evt_a")
        assert events.get(connection, "ws_2", "evt_a") is None
    assert kept is not None
    assert events.summary(kept) == "evt_a"


def test_texts_that_are_too_long_are_cut_for_the_index_only(bench: Workbench) -> None:
    store(bench, event("evt_a", 1, customer_id="c" * 300, customer_email="e" * 400 + "@x"))

    assert search(bench, customer="c" * 255) == ["evt_a"]
