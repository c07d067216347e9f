"""Wakes the workers of what is due and was announced to no worker: after a restart, or when Redis was away."""

from relay.areas.rules import Rule, each_turn
from relay.context import Relay
from relay.logs import Logger
from relay.queue.lanes import ACT, FRESH, LATE
from relay.storage import deliveries, inbound, runs

_UNANNOUNCED_MS = 500
"""As long as the wake-up of a webhook may be on its way."""

log = Logger("clock")


def wake(relay: Relay, now: int) -> None:
    with relay.database.read() as connection:
        due = {
            FRESH: inbound.waiting(connection, now - _UNANNOUNCED_MS),
            LATE: deliveries.waiting(connection, now),
            ACT: runs.any_due(connection, now),
        }
    for lane, waits in due.items():
        if waits:
            relay.wake(lane)


def free(relay: Relay, now: int) -> None:
    """Make due what only a machine's clock that has been set back since keeps waiting."""
    with relay.database.write() as connection:
        freed = inbound.mend(connection, now) + deliveries.mend(connection, now)
    if freed:
        log.warning("clock_set_back", freed=freed)


RULES = (Rule("overdue", 0, each_turn(wake)), Rule("set_back", 60, each_turn(free)))
