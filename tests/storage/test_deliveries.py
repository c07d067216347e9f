"""Deliveries from pending to an end, every attempt written down."""

from dataclasses import replace

import pytest

from kit.workbench import Workbench
from relay.model import new_id
from relay.storage import deliveries, hooks
from relay.storage.deliveries import CANCELED, DELIVERED, GAVE_UP, LEASE_MS, PENDING, Attempt, NewDelivery

NOW = 1_795_330_800_000


def delivery(hook_id: str, sequence: int = 1, *, key: str | None = None, due_at: int = NOW) -> NewDelivery:
    return NewDelivery(new_id("dlv"), "ws_1", f"evt_{sequence}", sequence, hook_id, key, NOW, due_at)


def store(bench: Workbench, *new: NewDelivery) -> None:
    with bench.database.write() as connection:
        deliveries.store(connection, new)


def take(bench: Workbench, hook_id: str, now: int = NOW, limit: int = 100, below: int | None = None) -> list[str]:
    """The events that were taken."""
    with bench.database.write() as connection:
        taken = deliveries.take(connection, hook_id, now, limit, "wrk_1", ordered_below=below)
    return sorted(each.event_id for each in taken)


def record(bench: Workbench, *attempts: Attempt) -> None:
    with bench.database.write() as connection:
        deliveries.record(connection, attempts)


def find(bench: Workbench, delivery_id: str) -> deliveries.Delivery:
    with bench.database.read() as connection:
        [found] = [each for each in deliveries.search(connection, "ws_1", limit=100) if each.id == delivery_id]
    return found


def succeeded(delivery_id: str, number: int = 1) -> Attempt:
    return Attempt(delivery_id, number, NOW, 20, 200, None, DELIVERED, None)


def failed(delivery_id: str, number: int = 1) -> Attempt:
    return Attempt(delivery_id, number, NOW, 20, 503, "HTTP 503", PENDING, NOW + 5000)


def test_what_is_due_is_taken_once_until_its_lease_ends(bench: Workbench) -> None:
    ours, theirs, later = delivery("hk_1"), delivery("hk_2", 2), delivery("hk_1", 3, due_at=NOW + 1)
    store(bench, ours, theirs, later)

    assert take(bench, "hk_1") == ["evt_1"]
    assert take(bench, "hk_1") == []
    assert take(bench, "hk_1", NOW + LEASE_MS) == ["evt_1", "evt_3"]


def test_the_longest_due_are_taken_first(bench: Workbench) -> None:
    store(bench, *(delivery("hk_1", number, due_at=NOW - number) for number in range(1, 6)))

    assert take(bench, "hk_1", limit=2) == ["evt_4", "evt_5"]


def test_two_that_take_at_once_share(bench: Workbench) -> None:
    store(bench, *(delivery("hk_1", number) for number in range(1, 11)))

    with bench.database.write() as connection:
        mine = deliveries.take(connection, "hk_1", NOW, 5, "wrk_1")
        yours = [] if bench.database.is_sqlite else take(bench, "hk_1")

    assert len(mine) == 5
    assert len(yours) + len(take(bench, "hk_1")) == 5


def test_of_each_customer_only_the_first_is_taken_in_order(bench: Workbench) -> None:
    first, second, other = delivery("hk_1", 1, key="a"), delivery("hk_1", 2, key="a"), delivery("hk_1", 3, key="b")
    store(bench, second, first, other, delivery("hk_2", 4, key="a"))

    assert take(bench, "hk_1", below=100) == ["evt_1", "evt_3"]
    assert take(bench, "hk_1", below=100) == []
    record(bench, succeeded(first.id), failed(other.id))
    assert take(bench, "hk_1", NOW + 100, below=100) == ["evt_2"]


def test_nothing_is_taken_in_order_past_what_is_unfinished(bench: Workbench) -> None:
    store(bench, delivery("hk_1", 1000, key="a"), delivery("hk_1", 2000, key="b"))

    assert take(bench, "hk_1", below=2000) == ["evt_1000"]
    assert take(bench, "hk_1", below=1 << 62) == ["evt_2000"]


def test_a_success_ends_a_delivery(bench: Workbench) -> None:
    new = delivery("hk_1")
    store(bench, new)

    record(bench, succeeded(new.id))

    assert find(bench, new.id) == deliveries.Delivery(
        new.id, "ws_1", "evt_1", "hk_1", DELIVERED, 1, None, NOW, NOW + 20, 200, None
    )


def test_a_failure_leaves_it_to_be_tried_again_and_giving_up_ends_it(bench: Workbench) -> None:
    new = delivery("hk_1")
    store(bench, new)

    record(bench, failed(new.id))
    waiting = find(bench, new.id)
    record(bench, replace(failed(new.id, 2), state=GAVE_UP, due_at=None))
    ended = find(bench, new.id)

    assert (waiting.state, waiting.attempts, waiting.due_at, waiting.finished_at) == (PENDING, 1, NOW + 5000, None)
    assert (ended.state, ended.attempts, ended.due_at, ended.finished_at) == (GAVE_UP, 2, None, NOW + 20)
    with bench.database.read() as connection:
        assert deliveries.attempts_of(connection, [new.id]) == {
            new.id: [
                {"number": number, "started_at": NOW, "duration_ms": 20, "status_code": 503, "error": "HTTP 503"}
                for number in (1, 2)
            ]
        }


@pytest.mark.parametrize("ended", [DELIVERED, CANCELED])
def test_a_late_failure_does_not_bring_back_what_has_ended(bench: Workbench, ended: str) -> None:
    new = delivery("hk_1")
    store(bench, new)
    with bench.database.write() as connection:
        if ended == CANCELED:
            deliveries.cancel_of_hook(connection, "hk_1", NOW, "The hook was deleted.")
        else:
            deliveries.record(connection, [succeeded(new.id)])

    record(bench, failed(new.id, 2))

    assert (find(bench, new.id).state, find(bench, new.id).due_at) == (ended, None)


def test_outcomes_of_both_kinds_are_written_together(bench: Workbench) -> None:
    good, bad = delivery("hk_1", 1), delivery("hk_1", 2)
    store(bench, good, bad)

    record(bench, failed(bad.id), succeeded(good.id))

    assert [find(bench, each.id).state for each in (good, bad)] == [DELIVERED, PENDING]


def test_what_is_given_back_is_due_at_once_unless_it_has_ended(bench: Workbench) -> None:
    taken, ended = delivery("hk_1", 1), delivery("hk_1", 2)
    store(bench, taken, ended)
    take(bench, "hk_1")
    record(bench, succeeded(ended.id))

    with bench.database.write() as connection:
        deliveries.hand_back(connection, [taken.id, ended.id], NOW, "wrk_1")

    assert take(bench, "hk_1") == ["evt_1"]


def test_only_what_was_never_tried_is_freed_after_a_clock_was_set_back(bench: Workbench) -> None:
    hook = bench.hook()
    far = NOW + 3_600_000
    fresh, leased = delivery(hook.id, 1, due_at=far), delivery(hook.id, 2, due_at=NOW + LEASE_MS)
    retried = delivery(hook.id, 3)
    store(bench, fresh, leased, retried)
    record(bench, replace(failed(retried.id), due_at=far))

    with bench.database.write() as connection:
        assert deliveries.mend(connection, NOW) == 1

    assert take(bench, hook.id) == ["evt_1"]


def test_hooks_with_work_are_active_and_their_circuits_closed(bench: Workbench) -> None:
    due, later, off, open_ = (bench.hook() for _ in range(4))
    store(bench, *(delivery(hook.id) for hook in (due, off, open_)), delivery(later.id, due_at=NOW + 1))
    with bench.database.write() as connection:
        hooks.set_status(connection, off.id, hooks.SWITCHED_OFF, "gone", NOW)
        hooks.count_failures(connection, {open_.id: (5, NOW + 1)})

    with bench.database.read() as connection:
        assert deliveries.hooks_with_work(connection, NOW) == [due.id]
        assert set(deliveries.hooks_with_work(connection, NOW + 1)) == {due.id, later.id, open_.id}
        assert deliveries.waiting(connection, NOW)
        assert not deliveries.waiting(connection, NOW - 1)


def test_they_are_found_newest_first_by_what_is_asked_for(bench: Workbench) -> None:
    made = [delivery(hook_id, number) for number, hook_id in enumerate(("hk_1", "hk_2", "hk_1"), start=1)]
    made = [replace(each, id=f"dlv_{number}") for number, each in enumerate(made)]
    store(bench, *made, replace(delivery("hk_1", 9), workspace_id="ws_2"))
    record(bench, succeeded("dlv_0"))

    def found(**asked: object) -> list[str]:
        with bench.database.read() as connection:
            return [each.id for each in deliveries.search(connection, "ws_1", **asked)]  # type: ignore[arg-type]

    assert found() == ["dlv_2", "dlv_1", "dlv_0"]
    assert found(hook_id="hk_1") == ["dlv_2", "dlv_0"]
    assert found(state=DELIVERED) == ["dlv_0"]
    assert found(before="dlv_2", limit=1) == ["dlv_1"]
