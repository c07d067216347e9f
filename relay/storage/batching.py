"""Group commit: requests that wait together are stored as one transaction."""

import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Waiting(Generic[Item, Result]):
    __slots__ = ("done", "error", "item", "result")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Result | None = None
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()


class Batcher(Generic[Item, Result]):
    """Collects items from many threads and hands them to `flush` together, in one thread of its own.

    While one batch is being flushed the next one gathers: alone, an item waits for nobody; under load batches
    grow by themselves, up to `limit`; once several came together, the next batch is given `gather` seconds more.
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
        self._queue: SimpleQueue[_Waiting[Item, Result] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def submit(self, item: Item) -> Result:
        """Wait until the item is flushed and answer its result. Raises `TimeoutError`."""
        since = self._busy_since
        if since is not None and 0 <= self._patience < time.monotonic() - since:
            raise TimeoutError  # nor would it come to this one in time
        waiting = self._add(item)
        if not waiting.done.acquire(timeout=self._patience):
            raise TimeoutError
        if waiting.error is not None:
            raise waiting.error
        return waiting.result  # type: ignore[return-value]  # set before `done` was released

    def post(self, item: Item) -> None:
        """Leave the item to be flushed; nobody waits for it."""
        self._add(item)

    def close(self) -> None:
        """Flush what is left and end."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()

    def _add(self, item: Item) -> _Waiting[Item, Result]:
        # Started at the first item, not at import: a thread does not survive the fork of a web worker.
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                    self._thread.start()
        waiting: _Waiting[Item, Result] = _Waiting(item)
        self._queue.put(waiting)
        return waiting

    def _run(self) -> None:
        open_ = True
        while open_:
            batch = []
            waiting = self._queue.get()
            while waiting is not None:
                batch.append(waiting)
                if len(batch) >= self._limit or self._queue.empty():
                    break
                waiting = self._queue.get()
            open_ = waiting is not None
            if batch:
                self._flush_batch(batch)
            if len(batch) > 1:
                time.sleep(self._gather)

    def _flush_batch(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        self._busy_since = time.monotonic()
        try:
            results = self._flush([waiting.item for waiting in batch])
            for waiting, result in zip(batch, results, strict=True):
                waiting.result = result
        except Exception as error:  # noqa: BLE001  handed to whoever waits; the thread lives on
            for waiting in batch:
                waiting.error = error
        self._busy_since = None
        for waiting in batch:
            waiting.done.release()
