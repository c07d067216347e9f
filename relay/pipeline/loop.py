"""The worker's loop: claim, open, enrich, normalize, commit, dispatch.

Nothing here knows of the queue that calls it: `process_waiting` and `retry_due` drain what the database holds.
"""

import time
from collections.abc import Callable

from relay.pipeline.commit import BATCH, Committed, Committer
from relay.pipeline.dispatch import Outlet
from relay.pipeline.late_lane import LateLane
from relay.pipeline.read import Normalized, Reader, normalize
from relay.queue.lanes import FRESH, LATE

_FULL_PAUSE = 0.005
_LONGEST_RUN_SECONDS = 5.0
_ATTENTIVE_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 0.004
_GATHER_SECONDS = 0.015
"""Where several come together, more will in a moment: a transaction for many costs little more than for one."""


class Loop:
    """One for each worker process. Not for use from several threads at once.

    `wake` is told of a lane that has work now, `wake_another` of one that has more than this worker can do.
    """

    def __init__(
        self,
        reader: Reader,
        committer: Committer,
        outlet: Outlet,
        late_lane: LateLane,
        *,
        wake: Callable[[str], None],
        wake_another: Callable[[str], None],
    ) -> None:
        self._reader = reader
        self._committer = committer
        self._outlet = outlet
        self._late_lane = late_lane
        self._wake = wake
        self._wake_another = wake_another
        self._stopping = False

    def stop(self) -> None:
        """Come to an end with what is in hand. May be called from a signal's handler."""
        self._stopping = True

    def process_waiting(self, *, attentive: bool) -> int:
        """Drain the stored webhooks; returns how many there were.

        With `attentive` it looks again for a while after the last one, so that a steady stream needs no wake-ups.
        """
        reader = self._reader
        end = time.monotonic() + _LONGEST_RUN_SECONDS
        quiet_after = time.monotonic() + (_ATTENTIVE_SECONDS if attentive else 0.0)
        done = 0
        normalized: list[Normalized] = []
        while True:
            normalized += normalize(reader.answered())
            over = self._stopping or (time.monotonic() >= end and not reader.asking)
            if normalized or reader.deferring or (not over and self._any_waiting()):
                # One transaction: the commit of the last batch, and the claim of the next.
                committed = self._committer.commit(normalized, reader.take_deferred(), claim=not over)
                done += len(normalized)
                self._dispatch(committed)
                opened = reader.open(committed.claimed)
                enriched = reader.enrich(opened, may_ask=time.monotonic() < end)
                normalized = normalize(enriched)
                if 1 < len(committed.claimed) < BATCH // 2:
                    time.sleep(_GATHER_SECONDS)
                if attentive and normalized:
                    quiet_after = time.monotonic() + _ATTENTIVE_SECONDS
            elif self._stopping or (not reader.asking and (over or time.monotonic() >= quiet_after)):
                return done
            else:
                time.sleep(_LOOK_AGAIN_SECONDS)

    def retry_due(self) -> int:
        """Take and send what is due, hook by hook, until nothing is; returns how many were taken."""
        end = time.monotonic() + _LONGEST_RUN_SECONDS
        taken = 0
        while not self._stopping and time.monotonic() < end:
            due = self._late_lane.hooks_with_work()
            count = sum(map(self._late_lane.send_due, due))
            taken += count
            if not due or (not count and not self._outlet.busy):
                break
            if not count:
                time.sleep(_FULL_PAUSE * 4)
        return taken

    def _any_waiting(self) -> bool:
        """Looking is cheap; a claim is a write that others wait for."""
        while self._outlet.full and not self._stopping:
            time.sleep(_FULL_PAUSE)
        return self._committer.any_waiting()

    def _dispatch(self, committed: Committed) -> None:
        if self._outlet.send(committed.outgoing, committed.at) < committed.deliveries:
            self._wake(LATE)
        if len(committed.claimed) == BATCH:
            self._wake_another(FRESH)
