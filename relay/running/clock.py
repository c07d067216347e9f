"""The clock: rings for work that no bell announced, tells what did not come in time, asks where nothing is posted,
and forgets what is too old to keep.

Any number may run; one at a time holds the lock in the database, another takes over when it dies.
"""

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from relay.config import Config
from relay.errors import StorageUnavailable
from relay.http import GuardedClient
from relay.inbound.lookups import ApiReader
from relay.inbound.own_events import keep
from relay.insight.records import learnt
from relay.model import OWN_PROVIDER, Inbound, iso, now_ms
from relay.queue.lanes import ACT, FRESH, LATE
from relay.queue.wakeups import Wakeups
from relay.running import anchors
from relay.sdk.checks import MISSED
from relay.security.vault import Vault
from relay.storage import (
    Database,
    checks,
    deliveries,
    idempotency,
    inbound,
    installers,
    locks,
    records,
    runs,
    sent_messages,
    sources,
)
from relay.watch.polling import Poller

TICK_SECONDS = 1.0
_LOCK_MS = 5_000
_UNANNOUNCED_MS = 500
_HOUSEKEEPING_SECONDS = 60
BODIES_KEPT_MS = 30 * 24 * 3600 * 1000
_FORGET_AT_ONCE = 500
_AT_ONCE = 100
EVENTS_AT_ONCE = 100
_OPEN_TRANSACTION_MS = 3000
"""Longer than a transaction that stores webhooks is ever open."""

log = structlog.get_logger(stage="clock")


class Clock:
    """`tick` once a second."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        ring: Callable[[str], object],
        poller: Poller,
        data_dir: Path | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._ring = ring
        self._poller = poller
        self._data_dir = data_dir
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._housekeeping_at = float("-inf")
        self._active: bool | None = None

    def tick(self) -> bool:
        """Do what is due; answers whether this clock is the active one. Raises `StorageUnavailable`."""
        now = now_ms()
        with self._database.write() as connection:
            before = locks.get(connection, locks.CLOCK)
            active = locks.hold(connection, locks.CLOCK, self._name, now, now + _LOCK_MS)
        self._tell_change(active, before)
        if not active:
            return False
        with self._database.read() as connection:
            unannounced = inbound.waiting(connection, now - _UNANNOUNCED_MS)
            late = deliveries.waiting(connection, now)
            missed = checks.due(connection, now, _AT_ONCE)
            asked = runs.any_due(connection, now)
        if missed:
            self._tell_missed(missed)
        if unannounced:
            self._ring(FRESH)
        if late:
            self._ring(LATE)
        if asked:
            self._ring(ACT)
        self._poller.tick(now)
        self._learn(now, busy=unannounced)
        if time.monotonic() >= self._housekeeping_at:
            self._housekeeping_at = time.monotonic() + _HOUSEKEEPING_SECONDS
            self._keep_house(now)
        return True

    def release(self) -> None:
        """Let another clock take over at once."""
        with self._database.write() as connection:
            locks.release(connection, locks.CLOCK, self._name)

    def _tell_change(self, active: bool, before: locks.Lock | None) -> None:
        """Say in the log which clock is the active one, whenever that changes."""
        if active is self._active:
            return
        self._active = active
        other = before.holder if before is not None and before.holder not in ("", self._name) else None
        if active:
            log.info("active", clock=self._name, took_over_from=other)
        else:
            log.info("standing_by", clock=self._name, active=other)

    def _tell_missed(self, missed: list[checks.Check]) -> None:
        with self._database.write() as connection:
            for check in missed:
                source = sources.get(connection, self._vault, check.source_id, even_shut=True)
                if source is None:
                    checks.forget(connection, check.source_id)
                    continue
                assert check.expected_at is not None
                # In one transaction: told if it was missed, and missed only if it is told.
                if checks.miss(connection, check.source_id, check.expected_at):
                    told = {"action": MISSED, "check": source.id, "name": source.name}
                    if check.succeeded_at is not None:
                        told["last_success_at"] = iso(check.succeeded_at) or ""
                    key = f"missed:{check.expected_at}"
                    keep(connection, self._vault, source, Inbound(body=b"", query=told), key, OWN_PROVIDER)
                    log.info("missed", source=source.id)
        self._ring(FRESH)

    def _learn(self, now: int, *, busy: bool) -> None:
        """Read the newest events for what is known of customers and their things, for a part of a tick.

        Others wait for the write lock, so that all is made before it is taken; and while webhooks wait they go first.
        """
        # Where writers stand in line, nothing comes in behind what was read.
        before = now + 1 if self._database.is_sqlite else now - _OPEN_TRANSACTION_MS
        end = time.monotonic() + (0.0 if busy else TICK_SECONDS / 4)
        while True:
            with self._database.read() as connection:
                lesson = records.lesson(connection, before, EVENTS_AT_ONCE)
                rows = learnt(connection, lesson) if lesson else []
            if lesson is None:
                return
            with self._database.write() as connection:
                records.save(connection, rows, lesson)
            if time.monotonic() >= end:
                return

    def _keep_house(self, now: int) -> None:
        with self._database.write() as connection:
            forgotten = inbound.forget_bodies(connection, now - BODIES_KEPT_MS, _FORGET_AT_ONCE)
            idempotency.prune(connection, now)
            installers.prune(connection, now)
            runs.prune(connection, now)
            sent_messages.prune(connection, now)
            mended = inbound.mend(connection, now) + deliveries.mend(connection, now)
        if self._data_dir is not None and not anchors.note(self._database, self._data_dir):
            log.error("audit_log_changed", noted=str(anchors.path(self._data_dir)))
        if mended:
            log.warning("clock_set_back", freed=mended)
        if forgotten:
            log.info("bodies_forgotten", count=forgotten)
            self._housekeeping_at = float("-inf")


def run(config: Config, stopped: threading.Event) -> None:
    """Tick until `stopped` is set; a database that is away is tried again at the next tick."""
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault)
    bells = Wakeups(config.redis_url)

    def ring(lane: str) -> None:
        bells.wake_now(lane, force=True)

    poller = Poller(database, vault, ApiReader(lambda: GuardedClient(allow_private=config.allow_private_sources)), ring)
    clock = Clock(database, vault, ring, poller, config.data_dir)
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
    poller.close()
    database.close()
    log.info("stopped")
