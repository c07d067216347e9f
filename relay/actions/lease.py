"""A run that this worker holds, as it is written down now."""

from dataclasses import replace

from relay.model import now_ms
from relay.queue.presence import Presence
from relay.sdk.lease import Lease
from relay.storage import Database, runs
from relay.storage.runs import Run

LEASE_MS = 60_000


class LeaseLost(Exception):
    """Another worker has the run now."""


class RunLease(Lease):
    """Each call holds the run for `LEASE_MS` more. They raise `LeaseLost` and `StorageUnavailable`: then nothing may
    leave."""

    def __init__(self, database: Database, presence: Presence, run: Run) -> None:
        self._database = database
        self._presence = presence
        self._sent_before = run.told
        self._sent = 0
        self.run = run

    def extend(self) -> None:
        self._hold(sent=self.run.told)

    def before_change(self) -> None:
        self._sent += 1
        self._hold(sent=True)

    def not_taken(self) -> None:
        self._sent -= 1
        self._hold(sent=self._sent_before or self._sent > 0)

    def _hold(self, *, sent: bool) -> None:
        until = now_ms() + LEASE_MS
        with self._database.write() as connection:
            self._presence.sign(connection)
            if not runs.hold(connection, self.run, until, told=sent):
                raise LeaseLost
        content = {**self.run.content, "told_at": self.run.content.get("told_at") or now_ms()}
        self.run = replace(self.run, due_at=until, told=sent, state=runs.RUNNING, content=content)
