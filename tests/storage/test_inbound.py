"""Webhooks are stored once, claimed by one at a time and marked when they have become events."""

import threading

from sqlalchemy import func, select

from kit.waiting import PATIENCE_SECONDS
from kit.workbench import Workbench
from relay.model import new_id, now_ms
from relay.storage import inbound
from relay.storage.inbound import LEASE_MS, NewInbound
from relay.storage.tables import inbound as table

NOW = 1_795_330_800_000


def webhook(key: str, *, source: str = "src_1", at: int = NOW) -> NewInbound:
    return NewInbound(new_id("in"), "ws_1", source, key, "standard_webhooks", at, b"sealed")


def store(bench: Workbench, *webhooks: NewInbound) -> list[str]:
    """The ids that they are kept under."""
    with bench.database.write() as connection:
        kept = inbound.store(connection, webhooks)
    return [kept[each.id] for each in webhooks]


def claim(bench: Workbench, now: int, limit: int = 100) -> list[inbound.Claimed]:
    with bench.database.write() as connection:
        return inbound.claim(connection, now, limit, "wrk_1")


def finish(bench: Workbench, *places: int) -> set[int]:
    with bench.database.write() as connection:
        return inbound.finish(connection, places)


def test_a_repeat_is_kept_under_the_first_ones_id(bench: Workbench) -> None:
    first, repeat, other_source = webhook("k"), webhook("k"), webhook("k", source="src_2")

    assert store(bench, first) == [first.id]
    assert store(bench, repeat, other_source) == [first.id, other_source.id]


def test_repeats_in_one_batch_are_kept_once(bench: Workbench) -> None:
    first, repeat, other = webhook("k"), webhook("k"), webhook("l")

    assert store(bench, first, repeat, other) == [first.id, first.id, other.id]
    assert [each.id for each in claim(bench, NOW)] == [first.id, other.id]


def test_a_crowd_of_repeats_is_kept_once(bench: Workbench) -> None:
    batches = [[webhook("k"), webhook(f"own {number}")] for number in range(8)]
    kept: list[str] = []
    crowd = [threading.Thread(target=lambda batch=batch: kept.append(store(bench, *batch)[0])) for batch in batches]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()

    assert len(kept) == len(crowd)
    assert len(set(kept)) == 1
    with bench.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(table)).scalar() == 1 + len(crowd)


def test_batches_that_repeat_each_other_in_another_order_both_get_through(bench: Workbench) -> None:
    failed: list[BaseException] = []
    together = threading.Barrier(2)

    def repeat(step: int) -> None:
        try:
            for number in range(3):
                together.wait(PATIENCE_SECONDS)
                store(bench, *(webhook(f"{number}-{key}") for key in range(2000)[::step]))
        except BaseException as error:  # noqa: BLE001  told to the test below
            failed.append(error)

    crowds = [threading.Thread(target=repeat, args=(step,)) for step in (1, -1)]
    for each in crowds:
        each.start()
    for each in crowds:
        each.join()

    assert failed == []


def test_what_is_claimed_is_left_alone_until_its_lease_ends(bench: Workbench) -> None:
    store(bench, webhook("a"), webhook("b"), webhook("c"))

    mine = claim(bench, NOW, limit=2)
    yours = claim(bench, NOW)

    assert [len(mine), len(yours)] == [2, 1]
    assert claim(bench, NOW + LEASE_MS - 1) == []
    assert len(claim(bench, NOW + LEASE_MS)) == 3


def test_claims_come_in_the_order_of_acceptance_and_whole(bench: Workbench) -> None:
    first, second = webhook("a"), webhook("b", at=NOW - 1)
    store(bench, first, second)

    found = claim(bench, NOW)

    assert [each.id for each in found] == [first.id, second.id]
    assert found[0] == inbound.Claimed(
        found[0].place, first.id, "ws_1", "src_1", "standard_webhooks", NOW, 0, b"sealed"
    )
    assert found[0].place < found[1].place


def test_two_that_claim_at_once_share(bench: Workbench) -> None:
    store(bench, *(webhook(f"k{number}") for number in range(20)))

    with bench.database.write() as connection:
        mine = inbound.claim(connection, NOW, 10, "wrk_1")
        if bench.database.is_sqlite:  # writers stand in line there
            yours: list[inbound.Claimed] = []
        else:
            yours = claim(bench, NOW)

    assert len(mine) == 10
    assert {each.place for each in mine}.isdisjoint({each.place for each in yours})
    assert len(yours) + len(claim(bench, NOW)) == 10


def test_only_one_can_finish(bench: Workbench) -> None:
    store(bench, webhook("a"), webhook("b"))
    a, b = claim(bench, NOW)

    assert finish(bench, a.place) == {a.place}
    assert finish(bench, a.place, b.place) == {b.place}
    assert finish(bench) == set()
    assert claim(bench, NOW + LEASE_MS) == []


def test_the_first_unfinished_is_known_by_workspace(bench: Workbench) -> None:
    store(bench, webhook("a"), webhook("b"))
    a, b = claim(bench, NOW)

    def first() -> int | None:
        with bench.database.read() as connection:
            assert inbound.first_unfinished(connection, "ws_2") is None
            return inbound.first_unfinished(connection, "ws_1")

    assert first() == a.place
    finish(bench, a.place)
    assert first() == b.place
    finish(bench, b.place)
    assert first() is None


def test_waiting_says_what_nobody_has_taken_and_what_takes_too_long(bench: Workbench) -> None:
    store(bench, webhook("a"))

    def waits(now: int) -> tuple[bool, bool]:
        with bench.database.read() as connection:
            return inbound.waiting(connection, now), inbound.waiting_since(connection, now)

    assert waits(NOW - 1) == (False, False)
    assert waits(NOW + 1) == (True, True)
    [claimed] = claim(bench, NOW)
    assert waits(NOW + 1) == (False, True)
    finish(bench, claimed.place)
    assert waits(NOW + 10 * LEASE_MS) == (False, False)


def test_what_a_clock_wrote_that_was_set_back_is_freed(bench: Workbench) -> None:
    an_hour = 3_600_000
    store(bench, webhook("before", at=NOW + an_hour), webhook("after"))
    claim(bench, NOW)

    with bench.database.write() as connection:
        assert inbound.mend(connection, NOW) == 1

    assert [each.received_at for each in claim(bench, NOW)] == [NOW + an_hour]


def test_bodies_are_forgotten_and_repeats_are_still_known(bench: Workbench) -> None:
    old, young, unfinished = webhook("old"), webhook("young", at=NOW + 1), webhook("unfinished")
    store(bench, old, young)
    finish(bench, *(each.place for each in claim(bench, NOW + 1)))
    store(bench, unfinished)

    def forget(limit: int) -> int:
        with bench.database.write() as connection:
            return inbound.forget_bodies(connection, NOW + 1, limit)

    assert [forget(10), forget(10)] == [1, 0]
    assert store(bench, webhook("old")) == [old.id]
    with bench.database.read() as connection:
        kept = {row.id: row.sealed for row in connection.execute(select(table))}
    assert kept == {old.id: None, young.id: b"sealed", unfinished.id: b"sealed"}


def test_the_last_reception_of_each_source_is_known(bench: Workbench) -> None:
    store(bench, webhook("a"), webhook("b", at=NOW + 5), webhook("c", source="src_2"))

    with bench.database.read() as connection:
        assert inbound.last_received(connection, ["src_1", "src_2", "src_3"]) == {"src_1": NOW + 5, "src_2": NOW}


def test_a_webhook_is_found_by_its_place(bench: Workbench) -> None:
    store(bench, webhook("a"))
    [claimed] = claim(bench, now_ms())

    with bench.database.read() as connection:
        assert inbound.get(connection, claimed.place) == claimed
        assert inbound.get(connection, claimed.place + 1) is None
