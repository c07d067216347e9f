"""Rows that were read a moment ago, kept so that each request or webhook does not read them again."""

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import FIFOCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Fresh(Generic[K, V]):
    """At most `most` values, each for `seconds` after it was read. Safe to share between threads.

    cachetools' own TTLCache takes ten times as long to find a value, and every webhook looks here.
    """

    def __init__(self, seconds: float, *, most: int) -> None:
        self._seconds = seconds
        self._kept: FIFOCache[K, tuple[V, float]] = FIFOCache(most)
        self._lock = Lock()

    def get(self, key: K, read: Callable[[K], V | None]) -> V | None:
        """The value that is kept, or that `read` returns now; None, which is not kept, where there is none."""
        now = time.monotonic()
        try:
            kept, read_at = self._kept[key]  # in one step, which needs no lock
        except KeyError:
            pass
        else:
            if now - read_at < self._seconds:
                return kept
        value = read(key)
        with self._lock:
            if value is None:
                self._kept.pop(key, None)
            else:
                self._kept[key] = value, now
        return value
