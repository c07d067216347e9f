"""Group commit: requests that wait together are stored as one transaction."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


Done = Callable[[Sequence[Result] | Exception], None]
"""Is told what became of items that were handed over: a result for each, in order, or what went wrong for all."""


@dataclass(frozen=True, slots=True)
class _HandedOver(Generic[Item, Result]):
    items: Sequence[Item]
    done: Done[Result] | None


class _Awaited(Generic[Result]):
    """What came of something that one thread waits for."""

    __slots__ = ("_there", "came")

    def __init__(self) -> None:
        self.came: Sequence[Result] | Exception | None = None
        self._there = threading.Lock()
        self._there.acquire()

    def set(self, came: Sequence[Result] | Exception) -> None:
        self.came = came
        self._there.release()

    def wait(self, seconds: float) -> bool:
        return self._there.acquire(timeout=seconds)


class Batcher(Generic[Item, Result]):
    """Collects items from many threads and hands them to `flush` together, in one thread of its own.

    While one batch is being flushed the next one gathers: alone, an item waits for nobody; under load batches
    grow by themselves, up to `limit` or a little more, where many were handed over at once; after a batch of several
    the next one is given `gather` seconds more.
    `flush` answers one result per item, in order; if it raises, everyone in the batch gets that error.

    `patience` is how many seconds an item waits; None is without end. What has waited too long may still be flushed.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        name: str,
        limit: int = 500,
        gather: float = 0.0,
        patience: float | None = None,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._name = name
        self._gather = gather
        self._patience = -1.0 if patience is None else patience
        self._busy_since: float | None = None
        self._queue: SimpleQueue[_HandedOver[Item, Result] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def submit(self, item: Item) -> Result:
        """Wait until the item is flushed and answer its result. Raises `TimeoutError`."""
        awaited: _Awaited[Result] = _Awaited()
        self.hand_over([item], awaited.set)
        if not awaited.wait(self._patience):
            raise TimeoutError
        if isinstance(awaited.came, Exception):
            raise awaited.came
        (result,) = awaited.came or ()
        return result

    def hand_over(self, items: Sequence[Item], done: Done[Result]) -> None:
        """Have all of them flushed in one go, and do not wait. `done` is called once, in the thread that flushes; or at
        once, with `TimeoutError`, while a flush hangs."""
        since = self._busy_since
        if since is not None and 0 <= self._patience < time.monotonic() - since:
            done(TimeoutError())  # nor would it come to these in time
        else:
            self._add(items, done)

    def post(self, item: Item) -> None:
        """Leave the item to be flushed; nobody waits for it."""
        self._add([item], None)

    def close(self) -> None:
        """Flush what is left and end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _add(self, items: Sequence[Item], done: Done[Result] | None) -> None:
        # Started at the first item, not at import: a thread does not survive the fork of a web worker.
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                    self._thread.start()
        self._queue.put(_HandedOver(items, done))

    def _run(self) -> None:
        open_ = True
        while open_:
            batch: list[_HandedOver[Item, Result]] = []
            count = 0
            handed = self._queue.get()
            while handed is not None:
                batch.append(handed)
                count += len(handed.items)
                if count >= self._limit or self._queue.empty():
                    break
                handed = self._queue.get()
            open_ = handed is not None
            if batch:
                self._flush_batch(batch)
            if len(batch) > 1:
                time.sleep(self._gather)

    def _flush_batch(self, batch: Sequence[_HandedOver[Item, Result]]) -> None:
        self._busy_since = time.monotonic()
        items = [item for handed in batch for item in handed.items]
        came: Sequence[Result] | Exception
        try:
            came = self._flush(items)
            if len(came) != len(items):
                raise ValueError(f"{len(items)} items were flushed, and {len(came)} results came of them")
        except Exception as error:  # noqa: BLE001  handed to whoever waits; the thread lives on
            came = error
        self._busy_since = None
        start = 0
        for handed in batch:
            end = start + len(handed.items)
            if handed.done is not None:
                handed.done(came if isinstance(came, Exception) else came[start:end])
            start = end
