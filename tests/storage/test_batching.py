"""What waits together is flushed together; alone nobody waits."""

import threading
from collections.abc import Sequence
from queue import SimpleQueue
from threading import Event

import pytest

from kit.waiting import PATIENCE_SECONDS
from relay.storage.batching import Batcher


class Flush:
    """Answers each item doubled. While the gate is shut, flushing takes its time."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.began.release()
        assert self.gate.wait(PATIENCE_SECONDS)
        if -1 in items:
            raise ZeroDivisionError
        return [2 * item for item in items]


def submit(batcher: Batcher[int, int], items: Sequence[int]) -> tuple[list[threading.Thread], dict[int, object]]:
    results: dict[int, object] = {}

    def one(item: int) -> None:
        try:
            results[item] = batcher.submit(item)
        except ZeroDivisionError as error:
            results[item] = error

    threads = [threading.Thread(target=one, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    return threads, results


def queued(batcher: Batcher[int, int], count: int) -> None:
    while batcher._queue.qsize() < count:
        threading.Event().wait(0.001)


def test_alone_an_item_is_flushed_at_once() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test")

    assert batcher.submit(1) == 2
    assert batcher.submit(2) == 4
    batcher.close()

    assert flush.batches == [[1], [2]]


def test_what_comes_during_a_flush_goes_together_and_in_order() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test")
    flush.gate.clear()
    first, early = submit(batcher, [1])
    flush.began.acquire(timeout=PATIENCE_SECONDS)

    for item in range(2, 6):
        batcher.post(item)
    flush.gate.set()
    first[0].join()
    batcher.close()

    assert early == {1: 2}
    assert flush.batches == [[1], [2, 3, 4, 5]]


def test_everybody_gets_the_result_of_their_own_item() -> None:
    batcher = Batcher(Flush(), name="test")

    threads, results = submit(batcher, range(200))
    for thread in threads:
        thread.join()
    batcher.close()

    assert results == {item: 2 * item for item in range(200)}


def test_no_batch_is_larger_than_the_limit() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test", limit=3)
    flush.gate.clear()
    batcher.post(0)
    flush.began.acquire(timeout=PATIENCE_SECONDS)

    for item in range(1, 8):
        batcher.post(item)
    flush.gate.set()
    batcher.close()

    assert flush.batches == [[0], [1, 2, 3], [4, 5, 6], [7]]


def test_all_of_a_batch_that_fails_hear_of_it_and_the_next_goes_on() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test")
    flush.gate.clear()
    first, results = submit(batcher, [1])
    flush.began.acquire(timeout=PATIENCE_SECONDS)
    others, failed = submit(batcher, [2, -1, 3])
    queued(batcher, 3)

    flush.gate.set()
    for thread in (*first, *others):
        thread.join()

    assert results == {1: 2}
    assert {item: type(result) for item, result in failed.items()} == dict.fromkeys((2, -1, 3), ZeroDivisionError)
    assert batcher.submit(4) == 8
    batcher.close()


def test_a_flush_that_answers_too_few_is_an_error_for_all() -> None:
    batcher: Batcher[int, int] = Batcher(lambda _: [], name="test")

    with pytest.raises(ValueError, match="1 items were flushed, and 0 results came"):
        batcher.submit(1)
    batcher.close()


def test_an_item_waits_no_longer_than_is_said_and_may_be_flushed_all_the_same() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test", patience=0.05)
    flush.gate.clear()

    with pytest.raises(TimeoutError):
        batcher.submit(1)
    flush.gate.set()
    batcher.close()

    assert flush.batches == [[1]]


def test_while_a_flush_hangs_nothing_more_is_taken_to_wait_behind_it() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test", patience=0)
    flush.gate.clear()
    batcher.post(1)
    flush.began.acquire(timeout=PATIENCE_SECONDS)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            batcher.submit(2)

    flush.gate.set()
    batcher.close()

    assert flush.batches == [[1]]


def handed_over(batcher: Batcher[int, int], items: Sequence[int]) -> SimpleQueue[object]:
    """What `done` is told of items that are handed over together."""
    told: SimpleQueue[object] = SimpleQueue()
    batcher.hand_over(items, told.put)
    return told


def test_what_is_handed_over_together_is_flushed_in_one_go_with_what_waits_and_nobody_waits_for_it() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test", limit=3)
    flush.gate.clear()
    first = handed_over(batcher, [1])
    flush.began.acquire(timeout=PATIENCE_SECONDS)

    two, four = handed_over(batcher, [2, 3]), handed_over(batcher, [4, 5, 6, 7])
    batcher.post(8)
    assert first.empty()
    flush.gate.set()

    assert [each.get(timeout=PATIENCE_SECONDS) for each in (first, two, four)] == [[2], [4, 6], [8, 10, 12, 14]]
    batcher.close()
    assert flush.batches == [[1], [2, 3, 4, 5, 6, 7], [8]]


def test_what_is_handed_over_is_told_why_it_was_not_flushed() -> None:
    batcher = Batcher(Flush(), name="test")

    told = handed_over(batcher, [1, -1]).get(timeout=PATIENCE_SECONDS)
    batcher.close()

    assert isinstance(told, ZeroDivisionError)


def test_what_is_handed_over_while_a_flush_hangs_is_told_at_once() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test", patience=0)
    flush.gate.clear()
    batcher.post(1)
    flush.began.acquire(timeout=PATIENCE_SECONDS)
    Event().wait(0.001)

    told = handed_over(batcher, [2, 3]).get_nowait()
    flush.gate.set()
    batcher.close()

    assert isinstance(told, TimeoutError)
    assert flush.batches == [[1]]


def test_closing_flushes_what_is_left() -> None:
    flush = Flush()
    batcher = Batcher(flush, name="test")
    flush.gate.clear()
    batcher.post(1)
    flush.began.acquire(timeout=PATIENCE_SECONDS)
    batcher.post(2)

    flush.gate.set()
    batcher.close()

    assert flush.batches == [[1], [2]]


def test_one_that_was_never_used_closes_too() -> None:
    Batcher(Flush(), name="test").close()
