"""The clock: rings for work that no bell announced, and forgets what is too old to keep.

Any number may run; one at a time holds the lock in the database, another takes over when it dies.
"""

import os
import socket
import threading
import time
from collections.abc import Callable

import structlog

from relay.config import Config
from relay.errors import StorageUnavailable
from relay.jobs import Bells
from relay.model import now_ms
from relay.pipeline import FRESH, LATE
from relay.storage import Database, deliveries, idempotency, inbound, locks

TICK_SECONDS = 1.0
_LOCK_MS = 5_000
_UNANNOUNCED_MS = 500
_HOUSEKEEPING_SECONDS = 60
BODIES_KEPT_MS = 30 * 24 * 3600 * 1000
_FORGET_AT_ONCE = 500

log = structlog.get_logger(stage="clock")


class Clock:
    """`tick` once a second."""

    def __init__(self, database: Database, ring: Callable[[str], object]) -> None:
        self._database = database
        self._ring = ring
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._housekeeping_at = float("-inf")

    def tick(self) -> bool:
        """Do what is due; answers whether this clock is the active one. Raises `StorageUnavailable`."""
        now = now_ms()
        with self._database.write() as connection:
            if not locks.hold(connection, "clock", self._name, now, now + _LOCK_MS):
                return False
        with self._database.read() as connection:
            unannounced = inbound.waiting(connection, now - _UNANNOUNCED_MS)
            late = deliveries.waiting(connection, now)
        if unannounced:
            self._ring(FRESH)
        if late:
            self._ring(LATE)
        if time.monotonic() >= self._housekeeping_at:
            self._housekeeping_at = time.monotonic() + _HOUSEKEEPING_SECONDS
            self._keep_house(now)
        return True

    def release(self) -> None:
        """Let another clock take over at once."""
        with self._database.write() as connection:
            locks.release(connection, "clock", self._name)

    def _keep_house(self, now: int) -> None:
        with self._database.write() as connection:
            forgotten = inbound.forget_bodies(connection, now - BODIES_KEPT_MS, _FORGET_AT_ONCE)
            idempotency.prune(connection, now)
            mended = inbound.mend(connection, now) + deliveries.mend(connection, now)
        if mended:
            log.warning("clock_set_back", freed=mended)
        if forgotten:
            log.info("bodies_forgotten", count=forgotten)
            self._housekeeping_at = float("-inf")


def run(config: Config, stopped: threading.Event) -> None:
    """Tick until `stopped` is set; a database that is away is tried again at the next tick."""
    database = Database(config.database_url)
    bells = Bells(config.redis_url)
    clock = Clock(database, lambda lane: bells.ring_now(lane, force=True))
    log.info("ready")
    while not stopped.wait(TICK_SECONDS):
        try:
            clock.tick()
        except StorageUnavailable as error:
            log.warning("database_away", reason=error.message)
    try:
        clock.release()
    except StorageUnavailable:
        log.warning("lock_not_released", note="it ends by itself within seconds")
    database.close()
    log.info("stopped")
