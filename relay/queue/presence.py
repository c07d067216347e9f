"""Leases end with the worker that holds them.

A worker that holds leases holds a lock beside them, so that those on its machine see at once when it dies. For those
on others it counts up in the database every 0.75 s: one that has counted no further while they wrote five times
themselves is dead. What a dead one held is due at once. No clock is compared with another: a watcher that was stopped,
or whose database was away, has written nothing meanwhile and so has counted nothing. Should every watcher be dead too,
the next worker to start does it; and each lease has an end in any case.
"""

import threading
import time
from collections.abc import Callable

from relay.errors import StorageUnavailable
from relay.logs import Logger
from relay.model import new_id, now_ms
from relay.queue.life_signs import Signs
from relay.storage import Connection, Database, deliveries, inbound, runs, workers

BEAT_SECONDS = 0.75
MISSED_BEATS = 5
_LONGEST_LEASE_SECONDS = 65.0
"""What was signed for longer ago than this is over, or was signed for again."""

log = Logger("work")


class Presence:
    """One for each worker process. `free` is told of each dead worker and of what was due again: webhooks,
    deliveries, action runs. `signs` are those of this machine, if it keeps any."""

    def __init__(self, database: Database, free: Callable[[int, int, int], None], signs: Signs | None = None) -> None:
        self.worker_id = new_id("wrk")
        self._database = database
        self._signs = signs
        self._free = free
        self._signed_at = float("-inf")
        self._written = False
        self._seen: dict[str, tuple[int, int]] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Call it when nothing is held any more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._signed_at = float("-inf")
        if self._written:
            try:
                self.beat()
            except StorageUnavailable as error:
                log.warning("not_signed_off", reason=error.message, note="the others find out by themselves")
        if self._signs:
            self._signs.hide(self.worker_id)

    def sign(self, connection: Connection) -> str:
        """The name to hold leases by, in the transaction that takes them."""
        now = time.monotonic()
        if not self._written or now - self._signed_at > BEAT_SECONDS:
            if self._signs:
                self._signs.show(self.worker_id)
            self._signed_at, self._written = now, True
            workers.beat(connection, self.worker_id)
        return self.worker_id

    def beat(self) -> None:
        """Say that this worker lives, and take back what the dead held. Raises `StorageUnavailable`."""
        with self._database.read() as connection:
            if not self._written and not workers.beats(connection):
                self._seen.clear()
                return
        with self._database.write() as connection:
            if time.monotonic() - self._signed_at < _LONGEST_LEASE_SECONDS:
                workers.beat(connection, self.worker_id)
            elif self._written:
                self._written = False
                workers.leave(connection, self.worker_id)
            freed = [_take_back(connection, each) for each in self._dead(workers.beats(connection))]
        for worker_id, (webhooks, sent, asked) in freed:
            if self._signs:
                self._signs.forget(worker_id)
            log.warning("worker_died", worker=worker_id, webhooks=webhooks, deliveries=sent, runs=asked)
            self._free(webhooks, sent, asked)

    def _dead(self, beats: dict[str, int]) -> list[str]:
        """Those whose lock is free, and those that missed too many beats.

        What was seen of each is the count, and since how many of ours it stands.
        """
        beats.pop(self.worker_id, None)
        seen = {}
        for worker_id, count in beats.items():
            before, missed = self._seen.get(worker_id, (count, -1))
            seen[worker_id] = (count, missed + 1 if count == before else 0)
        dead = [
            worker_id
            for worker_id, (_, missed) in seen.items()
            if missed >= MISSED_BEATS or (self._signs and self._signs.shows_death(worker_id))
        ]
        self._seen = {worker_id: state for worker_id, state in seen.items() if worker_id not in dead}
        return dead

    def _run(self) -> None:
        while True:
            try:
                self.beat()
            except StorageUnavailable as error:
                log.debug("no_beat", reason=error.message)
            if self._stopping.wait(BEAT_SECONDS):
                return


def _take_back(connection: Connection, worker_id: str) -> tuple[str, tuple[int, int, int]]:
    now = now_ms()
    freed = tuple(table.free(connection, worker_id, now) for table in (inbound, deliveries, runs))
    workers.leave(connection, worker_id)
    webhooks, sent, asked = freed
    return worker_id, (webhooks, sent, asked)
