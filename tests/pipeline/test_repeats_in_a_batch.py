"""What comes again within one batch is what it is one by one: nothing is lost, nothing is told twice.

Each stage that takes batches gets repeats, in every order and split into batches in every way.
"""

import threading
from collections.abc import Iterator, Sequence
from itertools import count, pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.waiting import PATIENCE_SECONDS
from kit.workbench import Belt, Workbench, sqlite_url
from relay.formats import jsontext
from relay.inbound.own_events import tell
from relay.insight.records import learnt
from relay.model import Event, new_id, now_ms
from relay.pipeline import loop
from relay.storage import deliveries, events, inbound, records
from relay.storage.batching import Batcher
from relay.storage.records import Backlog

Item = TypeVar("Item")
NUMBER = count(1)
# The bench is one for all examples: each has a source of its own, so that none sees another's.
again = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    """With one hook that wants everything; no worker waits for more to come."""
    monkeypatch.setattr(loop, "_GATHER_SECONDS", 0)
    with Workbench(sqlite_url(tmp_path)) as made:
        made.hook()
        yield made


@st.composite
def batches_of(draw: st.DrawFn, pool: Sequence[Item]) -> list[list[Item]]:
    """Items of a pool, any of them again and again, cut into batches anywhere."""
    items = draw(st.lists(st.sampled_from(pool), min_size=2, max_size=8))
    cuts = draw(st.sets(st.integers(1, len(items) - 1)))
    edges = [0, *sorted(cuts), len(items)]
    return [items[start:end] for start, end in pairwise(edges)]


def one_by_one(batches: list[list[Item]]) -> list[list[Item]]:
    return [[item] for batch in batches for item in batch]


def firing(name: str, *, minute: int, over: int | None = None, severity: str = "critical") -> dict[str, Any]:
    """A webhook of Alertmanager about one alert."""
    ended = "0001-01-01T00:00:00Z" if over is None else f"2026-11-28T10:{over:02}:00Z"
    alert = {
        "status": "firing" if over is None else "resolved",
        "labels": {"alertname": name, "instance": "web1.example", "severity": severity},
        "startsAt": f"2026-11-28T10:{minute:02}:00Z",
        "endsAt": ended,
        "fingerprint": f"{name}0000",
    }
    return {"version": "4", "status": alert["status"], "alerts": [alert]}


def together(*webhooks: dict[str, Any]) -> dict[str, Any]:
    return webhooks[0] | {"alerts": [alert for each in webhooks for alert in each["alerts"]]}


DOWN, UP = firing("Down", minute=0), firing("Down", minute=0, over=5)
LOAD, LATER = firing("Load", minute=1, severity="warning"), firing("Down", minute=20)
ALERTS = [DOWN, UP, LOAD, LATER, together(DOWN, DOWN), together(DOWN, LOAD), together(UP, LOAD, DOWN)]
PAID = {"id": "in_1", "object": "invoice", "status": "paid", "currency": "eur", "total": 100, "amount_paid": 100}
INVOICES = [
    {"id": f"evt_{name}", "object": "event", "type": name, "created": 1_789_200_942, "data": {"object": PAID}}
    for name in ("invoice.paid", "invoice.payment_succeeded", "invoice.finalized")
]


def events_of(bench: Workbench, provider: str, batches: list[list[Any]]) -> list[tuple[Any, ...]]:
    """What a new source's webhooks become, each kept under a key of its own, and how often it is delivered."""
    source, belt = bench.source(provider), Belt(bench)
    for batch in batches:
        for message in batch:
            stored = bench.accept(source, message)
            with bench.database.write() as connection:
                connection.exec_driver_sql("UPDATE inbound SET dedupe_key = id WHERE id = ?", (stored,))
        belt.process()
    bodies = [jsontext.loads(parcel.body) for parcel in belt.dispatcher.parcels]
    with bench.database.read() as connection:
        kept = events.search(connection, bench.workspace_id, events.EventQuery(source_id=source.id, limit=1000))
    assert sorted(each["id"] for each in bodies) == sorted(each.id for each in kept)
    ordered = sorted(bodies, key=lambda body: int(body["sequence"]))
    return [(each["type"], each["provider_event"]["id"], each["summary"], each["occurred_at"]) for each in ordered]


@pytest.mark.parametrize(("provider", "pool"), [("alertmanager", ALERTS), ("stripe", INVOICES)])
@again
@given(data=st.data())
def test_webhooks_become_the_same_events(
    bench: Workbench, provider: str, pool: Sequence[Any], data: st.DataObject
) -> None:
    batches = data.draw(batches_of(pool))

    told = events_of(bench, provider, batches)

    assert told == events_of(bench, provider, one_by_one(batches))
    assert told != []


def test_an_alert_that_a_pair_of_senders_tells_is_told(bench: Workbench) -> None:
    told = events_of(bench, "alertmanager", [[DOWN | {"externalURL": f"http://am{each}.example"} for each in (1, 2)]])

    assert len(told) == 1


@again
@given(data=st.data())
def test_a_webhook_is_kept_once_under_its_first_id(bench: Workbench, data: st.DataObject) -> None:
    batches = data.draw(batches_of(["a", "b", "c"]))

    def kept(batches: list[list[str]]) -> list[int]:
        """For each webhook the number of the one that it is kept as."""
        source, ids, answers = f"src_{next(NUMBER)}", [], []
        for batch in batches:
            new = [
                inbound.NewInbound(new_id("in"), bench.workspace_id, source, key, "token", now_ms(), b"")
                for key in batch
            ]
            with bench.database.write() as connection:
                found = inbound.store(connection, new)
            ids += [each.id for each in new]
            answers += [found[each.id] for each in new]
        return [ids.index(each) for each in answers]

    assert kept(batches) == kept(one_by_one(batches))


@again
@given(data=st.data())
def test_an_event_is_kept_as_it_came_first(bench: Workbench, data: st.DataObject) -> None:
    batches = data.draw(batches_of(["a", "b", "c"]))

    def kept(batches: list[list[str]]) -> tuple[list[str], list[tuple[str, int]]]:
        """The ids that were new, in batches put together, and which copy of each was kept."""
        source, new, place = f"src_{next(NUMBER)}", [], 0
        first = next(NUMBER) * 1000
        for batch in batches:
            made = []
            for name in batch:
                place += 1
                envelope = {"source": {"id": source}}
                made.append((1, 0, Event(f"{source}{name}", "custom", first + place, None, None, envelope, b"{}")))
            with bench.database.write() as connection:
                new += sorted(events.store(connection, {1: bench.workspace_id}, made))
        with bench.database.read() as connection:
            found = events.search(connection, bench.workspace_id, events.EventQuery(source_id=source))
        return sorted(each.removeprefix(source) for each in new), [
            (each.id.removeprefix(source), each.sequence - first) for each in found
        ]

    assert kept(batches) == kept(one_by_one(batches))


def lesson_of(source: str, number: int) -> bytes:
    """An event about one of two invoices: which, and what is said of it, follow from its number."""
    said = {"status": ["draft", "open", None, "paid"][number % 4], "number": f"INV-{number}" if number % 3 else None}
    envelope = {
        "id": f"evt_{number}",
        "type": "invoice.created",
        "sequence": number,
        "occurred_at": f"2026-11-22T07:{number // 2:02}:00Z",
        "source": {"id": source, "name": "Stripe", "provider": "stripe", "kind": "payment_gateway"},
        "customer": {"id": "cus_1", "name": f"Zoë {number}", "email": None, "company": None},
        "data": {"invoice": {"id": f"in_{number % 2}", **said}},
    }
    return jsontext.dumps(envelope)


@again
@given(data=st.data())
def test_what_is_learnt_of_a_thing_is_the_same_in_any_order(bench: Workbench, data: st.DataObject) -> None:
    batches = data.draw(batches_of(range(8)))

    def known(batches: list[list[int]]) -> list[Any]:
        source = f"src_{next(NUMBER)}"
        for batch in batches:
            lesson = Backlog([(bench.workspace_id, lesson_of(source, number)) for number in batch], None, ())
            with bench.database.write() as connection:
                records.save(connection, learnt(connection, lesson), lesson)
        things = []
        for kind in ("invoice", "customer"):
            asked = records.RecordQuery(kind, source_id=source)
            with bench.database.read() as connection:
                things += [jsontext.loads(body) for _, body in records.search(connection, bench.workspace_id, asked)]
        return [{name: each[name] for name in each if name not in ("id", "source")} for each in things]

    assert known(batches) == known([sorted({number for batch in batches for number in batch})])


@again
@given(data=st.data())
def test_the_outcomes_of_a_delivery_are_written_down_in_their_order(bench: Workbench, data: st.DataObject) -> None:
    waits = deliveries.PENDING, 5
    tries = data.draw(batches_of([("a", 1, *waits), ("a", 2, *waits), ("a", 2, "delivered", None), ("b", 1, *waits)]))

    def written(batches: list[list[Any]]) -> list[Any]:
        prefix = f"dlv_{next(NUMBER)}"
        hook = f"hk_{prefix}"
        new = [deliveries.NewDelivery(prefix + each, bench.workspace_id, "evt", 1, hook, None, 0, 1) for each in "ab"]
        with bench.database.write() as connection:
            deliveries.store(connection, [*new, *new])
        for batch in batches:
            tried = [
                deliveries.Attempt(prefix + name, number, 3, 1, 200 if due is None else 500, None, state, due)
                for name, number, state, due in batch
            ]
            with bench.database.write() as connection:
                deliveries.record(connection, tried)
        with bench.database.read() as connection:
            found = deliveries.search(connection, bench.workspace_id, hook_id=hook)
        return [(each.id.removeprefix(prefix), each.state, each.status_code, each.due_at) for each in found]

    assert written(tries) == written(one_by_one(tries))


def test_what_the_relay_itself_tells_is_told_once_in_a_transaction(bench: Workbench) -> None:
    data = {"hook": {"id": "hk_1", "target_url": "https://a.example/", "reason": "gone"}}

    with bench.database.write() as connection:
        kept = [
            tell(connection, bench.vault, bench.workspace_id, "hook.switched_off", data, key="hk_1") for _ in range(3)
        ]
    Belt(bench).process()

    assert len(set(kept)) == 1
    assert [each["type"] for each in bench.events()] == ["hook.switched_off"]


def test_equal_items_that_wait_together_have_an_answer_each() -> None:
    flushed: list[int] = []
    opened = threading.Event()

    def flush(items: Sequence[int]) -> list[int]:
        assert opened.wait(PATIENCE_SECONDS)
        first = len(flushed)
        flushed.extend(items)
        return list(range(first, len(flushed)))

    batcher = Batcher(flush, name="test")
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(batcher.submit(7))) for _ in range(5)]
    for thread in threads:
        thread.start()
    opened.set()
    for thread in threads:
        thread.join()
    batcher.close()

    assert flushed == [7] * 5
    assert sorted(answers) == [0, 1, 2, 3, 4]
