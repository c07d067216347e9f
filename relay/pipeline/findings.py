"""What waits for the workers, and for how long."""

from collections.abc import Iterator

from relay.areas.findings import BROKEN, FINE, LOOK, Finding, OfStored, Stored
from relay.storage import deliveries, inbound, metrics

_STALE_MS = 60_000


def webhooks_waiting(stored: Stored) -> Iterator[Finding]:
    pending = metrics.webhooks_pending(stored.connection)
    if inbound.waiting_since(stored.connection, stored.now - _STALE_MS):
        late = f"{pending} wait, some longer than a minute"
        yield Finding(BROKEN, "webhooks", late, "see that relay work and relay clock run")
    else:
        yield Finding(FINE, "webhooks", f"{pending} wait" if pending else "none waits")


def deliveries_waiting(stored: Stored) -> Iterator[Finding]:
    waiting = f"{deliveries.count_due(stored.connection)} on their way"
    if deliveries.waiting(stored.connection, stored.now - _STALE_MS):
        late = f"{waiting}, some due for longer than a minute"
        remedy = "their targets are slow or have a rate; else see that relay work and relay clock run"
        yield Finding(LOOK, "deliveries", late, remedy)
    else:
        yield Finding(FINE, "deliveries", waiting)


FINDINGS = (OfStored(webhooks_waiting), OfStored(deliveries_waiting))
