"""Whether the audit log is whole."""

from collections.abc import Iterator

from relay.areas.findings import BROKEN, FINE, Finding, OfStored, Stored
from relay.running import anchors
from relay.storage import audit


def log(stored: Stored) -> Iterator[Finding]:
    verdict = audit.verify(stored.connection, [*anchors.noted(stored.config.data_dir).values()])
    if verdict.wrong is None:
        yield Finding(FINE, "audit log", f"{verdict.count} entries, whole")
    else:
        remedy = "it was changed, or is an older copy: compare it with your backups"
        yield Finding(BROKEN, "audit log", verdict.wrong, remedy)


FINDINGS = (OfStored(log),)
