"""Stored webhooks become events and deliveries; what is due is taken again. The dispatcher here sends nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kit.workbench import SECRET_KEY, Belt, Workbench, sqlite_url
from relay.accounts.hooks import delete as delete_hook
from relay.formats import jsontext
from relay.inbound import normalize
from relay.model import now_ms
from relay.outbound.deliver import CIRCUIT
from relay.pipeline.commit import BATCH
from relay.pipeline.read import Opened
from relay.storage import deliveries, hooks, inbound
from relay.storage.deliveries import LEASE_MS

TOLD = {"type": "something.happened", "data": {"it": "did"}}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


@pytest.fixture
def belt(bench: Workbench) -> Belt:
    return Belt(bench)


def told_by(customer: str) -> dict[str, Any]:
    return TOLD | {"customer": {"id": customer}}


def delivered(bench: Workbench, delivery_id: str) -> None:
    """Write down that a delivery got there."""
    attempt = deliveries.Attempt(delivery_id, 1, now_ms(), 1, 200, None, deliveries.DELIVERED, None)
    with bench.database.write() as connection:
        deliveries.record(connection, [attempt])


def come_due(bench: Workbench) -> None:
    """Let the lease of everything that somebody has taken end."""
    with bench.database.write() as connection:
        for table in ("inbound", "deliveries"):
            connection.exec_driver_sql(f"UPDATE {table} SET due_at = 1 WHERE due_at IS NOT NULL")


def test_a_webhook_becomes_an_event_and_a_parcel(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook()
    bench.accept(bench.source(), TOLD, key="msg_a1")

    assert belt.process() == 1

    [event] = bench.events()
    [parcel] = belt.dispatcher.parcels
    [delivery] = bench.deliveries()
    assert event["provider_event"] == {"id": "msg_a1", "type": "something.happened"}
    assert event["data"] == {"custom": {"it": "did"}}
    assert jsontext.loads(parcel.body) == event
    assert (parcel.event_id, parcel.hook, parcel.delivery_id) == (event["id"], hook, delivery.id)
    assert (delivery.state, delivery.attempts) == ("pending", 0)
    assert belt.process() == 0


def test_what_is_stored_is_not_taken_again_while_it_is_ours(bench: Workbench, belt: Belt) -> None:
    bench.hook()
    bench.accept(bench.source(), TOLD)
    belt.process()

    assert belt.retry() == 0
    come_due(bench)
    assert belt.retry() == 1
    assert len({parcel.delivery_id for parcel in belt.dispatcher.parcels}) == 1


def test_a_hook_gets_what_comes_in_a_moment_after_it_was_made(bench: Workbench, belt: Belt) -> None:
    source = bench.source()
    early = bench.hook()
    bench.accept(source, TOLD, key="first")
    belt.process()

    late = bench.hook()
    bench.accept(source, TOLD, key="second")
    belt.process()

    assert belt.dispatcher.native_ids(early) == ["first", "second"]
    assert belt.dispatcher.native_ids(late) == ["second"]


def test_a_hook_gets_nothing_that_comes_in_a_moment_after_it_was_removed(bench: Workbench, belt: Belt) -> None:
    source = bench.source()
    hook = bench.hook()
    bench.accept(source, TOLD, key="first")
    belt.process()

    delete_hook(bench.working_in(), hook.id)
    bench.accept(source, TOLD, key="second")
    belt.process()

    assert [each.state for each in bench.deliveries()] == ["canceled"]


def test_changes_in_one_millisecond_are_told_apart(
    bench: Workbench, belt: Belt, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = now_ms()
    monkeypatch.setattr("relay.accounts.hooks.now_ms", lambda: moment)
    source = bench.source()
    bench.hook()
    bench.accept(source, TOLD, key="first")
    belt.process()

    late = bench.hook()
    bench.accept(source, TOLD, key="second")
    belt.process()

    assert belt.dispatcher.native_ids(late) == ["second"]


def test_another_workspace_hears_nothing(bench: Workbench, belt: Belt) -> None:
    bench.hook(workspace_id=bench.workspace("Theirs"))
    bench.accept(bench.source(), TOLD)

    belt.process()

    assert belt.dispatcher.parcels == []


@pytest.mark.parametrize("together", [True, False])
def test_two_webhooks_of_one_happening_make_one_event(bench: Workbench, belt: Belt, *, together: bool) -> None:
    bench.hook()
    source = bench.source("stripe")
    invoice = {"id": "in_1", "object": "invoice", "status": "paid", "currency": "eur", "total": 100, "amount_paid": 100}
    told = {"object": "event", "created": 1_789_200_942, "data": {"object": invoice}}

    bench.accept(source, told | {"id": "evt_1", "type": "invoice.paid"})
    if not together:
        belt.process()
    bench.accept(source, told | {"id": "evt_2", "type": "invoice.payment_succeeded"})
    belt.process()

    types = [event["type"] for event in bench.events()]
    assert types.count("invoice.paid") == 1
    assert len(types) == len(set(types)) == len(belt.dispatcher.parcels)


def test_a_webhook_that_two_workers_had_is_delivered_once(bench: Workbench) -> None:
    bench.hook()
    bench.accept(bench.source(), TOLD)
    slow, fast = Belt(bench), Belt(bench)
    opened = slow.workings.reader.open

    def overtaken(claimed: Iterable[inbound.Claimed]) -> list[Opened]:
        """The lease ends while the slow one is at work, and the fast one does it all."""
        come_due(bench)
        fast.process()
        return opened(claimed)

    slow.workings.reader.open = overtaken  # type: ignore[method-assign]
    slow.process()

    assert len(fast.dispatcher.parcels) == 1
    assert slow.dispatcher.parcels == []
    assert len(bench.deliveries()) == 1


def test_one_that_does_not_open_keeps_nobody_waiting(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook()
    source = bench.source()
    strange = bench.accept(source, TOLD, key="sealed by another key")
    with bench.database.write() as connection:
        connection.exec_driver_sql("UPDATE inbound SET sealed = ?", (b"\x01????",))
    bench.accept(source, TOLD, key="next")

    belt.process()

    assert belt.dispatcher.native_ids(hook) == ["next"]
    with bench.database.write() as connection:
        assert [each.id for each in inbound.claim(connection, now_ms() + inbound.LEASE_MS, 10, "wrk_1")] == [strange]


def test_what_cannot_be_read_any_more_is_kept_as_unknown(bench: Workbench, belt: Belt) -> None:
    every, named = bench.hook(), bench.hook(event_types=["unknown"])
    own_id = bench.accept(bench.source(), TOLD)
    with bench.database.write() as connection:
        broken = bench.vault.seal(b'{"method":"POST","headers":{},"query":{}}\nno JSON', own_id)
        connection.exec_driver_sql("UPDATE inbound SET sealed = ?", (broken,))

    belt.process()

    [event] = bench.events()
    assert event["type"] == "unknown"
    assert event["data"]["unknown"]["reason"] == "The body could not be read."
    assert [parcel.hook.id for parcel in belt.dispatcher.parcels] == [named.id] != [every.id]


def test_a_defect_is_kept_and_not_delivered(bench: Workbench, belt: Belt, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.hook()
    bench.accept(bench.source(), TOLD)
    whole = normalize.normalize
    monkeypatch.setattr(
        normalize, "normalize", lambda *given: [replace(event, defect="amount is missing") for event in whole(*given)]
    )

    belt.process()

    assert len(bench.events()) == 1
    assert bench.deliveries() == []


def test_what_a_slow_hook_has_no_room_for_waits_for_the_late_lane(bench: Workbench, belt: Belt) -> None:
    slow, quick = bench.hook(), bench.hook()
    belt.dispatcher.rooms[slow.id] = 1
    source = bench.source()
    for number in range(3):
        bench.accept(source, TOLD, key=f"msg_a{number}")

    belt.process()

    assert belt.dispatcher.native_ids(slow) == ["msg_a0"]
    assert belt.dispatcher.native_ids(quick) == ["msg_a0", "msg_a1", "msg_a2"]
    assert belt.woken == ["late"]

    belt.dispatcher.rooms[slow.id] = 10
    assert belt.retry() == 2
    assert sorted(belt.dispatcher.native_ids(slow)) == ["msg_a0", "msg_a1", "msg_a2"]


def test_an_ordered_hook_gets_one_of_each_customer_at_a_time(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook(ordered=True)
    source = bench.source()
    for key, customer in (("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a"), ("b2", "b")):
        bench.accept(source, told_by(customer), key=key)

    belt.process()
    assert belt.dispatcher.parcels == []

    waves = []
    while belt.retry():
        waves.append(belt.dispatcher.native_ids(hook))
        for parcel in belt.dispatcher.parcels:
            delivered(bench, parcel.delivery_id)
        belt.dispatcher.parcels.clear()
    assert [sorted(wave) for wave in waves] == [["a1", "b1"], ["a2", "b2"], ["a3"]]


def test_an_ordered_hook_waits_for_webhooks_that_came_in_before(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook(ordered=True)
    source = bench.source()
    bench.accept(source, told_by("a"), key="first")
    bench.accept(source, told_by("a"), key="second")
    with bench.database.write() as connection:
        [first] = inbound.claim(connection, now_ms(), 1, "wrk_1")

    belt.process()
    assert belt.retry() == 0

    with bench.database.write() as connection:
        connection.exec_driver_sql("UPDATE inbound SET due_at = 1 WHERE place = ?", (first.place,))
    belt.process()
    belt.retry()
    assert belt.dispatcher.native_ids(hook) == ["first"]


def test_a_failed_delivery_of_an_ordered_hook_holds_its_customer_and_no_other(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook(ordered=True)
    source = bench.source()
    for key, customer in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("b2", "b")):
        bench.accept(source, told_by(customer), key=key)
    belt.process()
    belt.retry()

    for parcel in belt.dispatcher.parcels:
        told = jsontext.loads(parcel.body)["provider_event"]["id"]
        if told == "a1":
            later = deliveries.Attempt(
                parcel.delivery_id, 1, now_ms(), 1, 500, "HTTP 500", "pending", now_ms() + 60_000
            )
            with bench.database.write() as connection:
                deliveries.record(connection, [later])
        else:
            delivered(bench, parcel.delivery_id)
    belt.dispatcher.parcels.clear()
    belt.retry()

    assert belt.dispatcher.native_ids(hook) == ["b2"]


def test_a_hook_with_a_rate_gets_what_its_pace_has_slots_for(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook(platform="zapier")
    source = bench.source()
    for number in range(5):
        bench.accept(source, TOLD, key=f"msg_a{number}")
    belt.slots = 2

    belt.process()
    assert belt.dispatcher.native_ids(hook) == ["msg_a0", "msg_a1"]

    belt.slots = 1
    assert belt.retry() == 1
    waiting = [each for each in bench.deliveries(hook) if each.due_at and each.due_at < now_ms() + LEASE_MS // 2]
    assert len(waiting) == 2, "what found no slot is given back"


def test_nobody_waits_for_a_slot_under_the_write_lock(
    bench: Workbench, belt: Belt, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = bench.hook(platform="zapier")
    asked = []

    def reserve(hook_id: str, _: float, count: int) -> list[int]:
        asked.append((hook_id, count, bench.database._gate.locked()))
        return [now_ms()] * count

    monkeypatch.setattr(belt.workings.outlet, "_reserve", reserve)
    source = bench.source()
    for number in range(3):
        bench.accept(source, TOLD, key=f"msg_a{number}")
    belt.process()

    assert asked == [(hook.id, 3, False)]
    assert belt.dispatcher.native_ids(hook) == ["msg_a0", "msg_a1", "msg_a2"]


def test_what_is_surely_too_much_for_a_pace_is_not_even_tried_here(
    bench: Workbench, belt: Belt, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = bench.hook(platform="zapier")
    asked = []

    def reserve(_: str, __: float, count: int) -> list[int]:
        asked.append(count)
        return []

    monkeypatch.setattr(belt.workings.outlet, "_reserve", reserve)
    source = bench.source()
    for key in ("a", "b"):
        for number in range(100):
            bench.accept(source, TOLD, key=f"msg_{key}{number}")
        belt.process()

    assert asked[0] == 51  # two seconds' worth
    assert sum(asked[1:]) < 51
    assert {each.due_at is not None and each.due_at <= now_ms() for each in bench.deliveries(hook)} == {True}
    assert belt.woken == ["late"] * len(belt.woken) != []


def test_nothing_is_sent_while_a_circuit_is_open(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook()
    with bench.database.write() as connection:
        hooks.count_failures(connection, {hook.id: (CIRCUIT.threshold, now_ms() + 60_000)})
    bench.accept(bench.source(), TOLD)

    belt.process()

    assert belt.retry() == 0
    assert belt.dispatcher.parcels == []


def test_one_goes_ahead_when_a_circuit_half_opens(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook()
    with bench.database.write() as connection:
        hooks.count_failures(connection, {hook.id: (CIRCUIT.threshold, now_ms() - 1)})
    source = bench.source()
    for _ in range(3):
        bench.accept(source, TOLD)
    belt.process()

    belt.dispatcher.here[hook.id] = 0
    hand = belt.dispatcher.hand

    def hand_and_be_busy(parcels: Any) -> None:
        hand(parcels)
        belt.dispatcher.here[hook.id] = 1

    belt.dispatcher.hand = hand_and_be_busy  # type: ignore[method-assign]

    assert belt.retry() == 1
    assert belt.retry() == 0

    with bench.database.write() as connection:
        hooks.count_failures(connection, {hook.id: (0, 0)})
    belt.dispatcher.here[hook.id] = 0
    assert belt.retry() == 2


def test_a_hook_that_was_switched_off_gets_nothing_more(bench: Workbench, belt: Belt) -> None:
    hook = bench.hook()
    bench.accept(bench.source(), TOLD)
    belt.process()
    come_due(bench)
    with bench.database.write() as connection:
        hooks.set_status(connection, hook.id, hooks.SWITCHED_OFF, "gone", now_ms())

    assert belt.retry() == 0


def test_a_worker_that_is_told_to_stop_claims_nothing_more(bench: Workbench, belt: Belt) -> None:
    bench.hook()
    bench.accept(bench.source(), TOLD)
    belt.workings.loop.stop()

    assert belt.process() == 0
    assert belt.retry() == 0
    with bench.database.read() as connection:
        assert inbound.waiting(connection, now_ms())


def test_more_than_a_batch_is_done_in_one_go_and_help_is_called(bench: Workbench) -> None:
    belt = Belt(bench)
    called: list[str] = []
    belt.workings.loop._wake_another = called.append
    hook = bench.hook()
    source = bench.source()
    for number in range(BATCH + 5):
        bench.accept(source, TOLD, key=f"msg_a{number}")

    assert belt.process() == BATCH + 5
    assert len(belt.dispatcher.native_ids(hook)) == BATCH + 5
    assert called == ["fresh"]


def test_the_key_it_was_sealed_with_may_be_an_older_one(bench: Workbench, tmp_path: Path) -> None:
    hook = bench.hook()
    bench.accept(bench.source(), TOLD, key="sealed by the old key")
    newer = Belt(bench)
    newer.workings.reader._vault = type(bench.vault)(("a newer key, also long enough to be one", SECRET_KEY))

    newer.process()

    assert newer.dispatcher.native_ids(hook) == ["sealed by the old key"]
