"""How much a source takes that proves nothing until its provider was asked about it.

Anybody can post an id. Each costs a row, and a call in the merchant's name: so many that nothing came of are taken in a
minute, and the sender of more is told to wait. What an event came of does not count, however much there is of it.
"""

import time
from threading import Lock

from cachetools import FIFOCache

from relay.errors import TooManyRequests
from relay.model import Source, now_ms
from relay.storage import Database, inbound

PER_MINUTE = 60
_MINUTE_MS = 60_000
_FRESH_SECONDS = 0.1
_SOURCES_KEPT = 1000


class Unproved:
    """One for each web process; the count is the database's, so that it is of all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left: FIFOCache[str, tuple[int, float]] = FIFOCache(_SOURCES_KEPT)
        self._lock = Lock()

    def admit(self, source: Source, proof: str) -> None:
        """Count one more. Raises `TooManyRequests`, or `StorageUnavailable`."""
        with self._lock:
            left, looked_at = self._left.get(source.id, (0, float("-inf")))
        if time.monotonic() - looked_at > _FRESH_SECONDS:
            with self._database.read() as connection:
                came_of_nothing = inbound.unconfirmed(connection, source.id, proof, now_ms() - _MINUTE_MS)
            left, looked_at = PER_MINUTE - came_of_nothing, time.monotonic()
        with self._lock:
            known, at = self._left.get(source.id, (left, looked_at))
            left = min(left, known) if at == looked_at else left
            self._left[source.id] = (left - 1, looked_at)
        if left < 1:
            raise TooManyRequests(
                f"{PER_MINUTE} webhooks of the last minute named what nobody knows, or what is still being asked for."
                " Send it again in a minute, or sign it.",
                retry_after=60,
            )
