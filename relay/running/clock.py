"""The clock: takes the turns of all rules (`relay/areas/rules.py`), once a second.

Any number may run; one at a time holds the lock in the database, another takes over when it dies.
"""

import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from relay.areas.rules import Rule, Turn, all_rules
from relay.config import Config
from relay.context import Relay
from relay.errors import StorageUnavailable
from relay.logs import Logger
from relay.model import now_ms
from relay.queue.wakeups import Wakeups
from relay.security.vault import Vault
from relay.storage import Database, locks

TICK_SECONDS = 1.0
_LOCK_MS = 5_000

log = Logger("clock")


@dataclass(slots=True)
class _Started:
    """A rule of this clock, and when it is due by the machine's steady clock, in seconds."""

    rule: Rule
    turn: Turn
    due: float = float("-inf")


class Clock:
    """`tick` once a second. To be used in a `with` block, which ends what the rules have begun."""

    def __init__(self, relay: Relay, rules: Sequence[Rule], name: str | None = None) -> None:
        self._relay = relay
        self._name = name or f"{socket.gethostname()}:{os.getpid()}"
        self._active: bool | None = None
        self._open = ExitStack()
        self._started = [_Started(rule, self._open.enter_context(rule.start(relay))) for rule in rules]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.__exit__(kind, error, at)

    def tick(self, now: int) -> bool:
        """Take the turns that are due; returns whether this clock is the active one. Raises `StorageUnavailable`."""
        with self._relay.database.write() as connection:
            before = locks.get(connection, locks.CLOCK)
            active = locks.hold(connection, locks.CLOCK, self._name, now, now + _LOCK_MS)
        self._log_change(active, before)
        if active:
            for each in self._started:
                self._take_turn(each, now)
        return active

    def release(self) -> None:
        """Let another clock take over at once."""
        with self._relay.database.write() as connection:
            locks.release(connection, locks.CLOCK, self._name)

    def _take_turn(self, each: _Started, now: int) -> None:
        """A rule that breaks does not keep the others from their turns."""
        if time.monotonic() < each.due:
            return
        try:
            again = each.turn(now)
        except StorageUnavailable:
            raise
        except Exception:
            log.exception("rule_failed", rule=each.rule.name)
            again = False
        each.due = float("-inf") if again else time.monotonic() + each.rule.seconds

    def _log_change(self, active: bool, before: locks.Lock | None) -> None:
        """Say in the log which clock is the active one, whenever that changes."""
        if active is self._active:
            return
        self._active = active
        other = before.holder if before is not None and before.holder not in ("", self._name) else None
        if active:
            log.info("active", clock=self._name, took_over_from=other)
        else:
            log.info("standing_by", clock=self._name, active=other)


def run(config: Config, stopped: threading.Event) -> None:
    """Tick until `stopped` is set; a database that is away is tried again at the next tick."""
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault)
    wakeups = Wakeups(config.redis_url)

    def wake(lane: str) -> None:
        wakeups.wake_now(lane, force=True)

    with Clock(Relay(config, database, vault, wake), all_rules()) as clock:
        log.info("ready")
        while not stopped.wait(TICK_SECONDS):
            try:
                clock.tick(now_ms())
            except StorageUnavailable as error:
                log.warning("database_away", reason=error.message)
        try:
            clock.release()
        except StorageUnavailable:
            log.warning("lock_not_released", note="it ends by itself within seconds")
    database.close()
    log.info("stopped")
