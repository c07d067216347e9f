"""What monitors have in common: something is wrong, how badly, and it is over. All under one key.

`monitor.down` and `monitor.up` are for what watches whether something can be reached, and for nothing else. What a
rule, a trigger or a check of a service finds is `alert.raised` and `alert.resolved`, however severe it is.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Unpack

from relay.formats.values import ZONE
from relay.model import Inbound, iso
from relay.sdk.entities import Alert, Data, Monitor
from relay.sdk.provider import On, Setting

INFO, WARNING, CRITICAL = "info", "warning", "critical"
FIRING, ACKNOWLEDGED, RESOLVED = "firing", "acknowledged", "resolved"
_LONGEST_MESSAGE = 1000
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)

TIMEZONE = Setting(
    "timezone",
    "Time zone",
    "Where its times without a zone are at home, such as Europe/Berlin.",
    default="UTC",
    form=ZONE,
)


def alert(
    key: str | None,
    title: str | None,
    status: str,
    /,
    *,
    started: datetime | None = None,
    ended: datetime | None = None,
    **known: Unpack[Alert],
) -> Alert:
    """An alert as every monitor tells it. Its key is the same from its beginning to its end. `known` is what else is
    known of it; how long it lasted follows from `started` and `ended` (aware)."""
    lasted = None if started is None or ended is None else max(0, int((ended - started).total_seconds()))
    message, url = known.get("message"), known.get("url")
    return {
        "id": known.get("id"),
        "key": key,
        "title": title,
        "message": message[:_LONGEST_MESSAGE] if message else None,
        "severity": known.get("severity"),
        "status": status,
        "resource": known.get("resource"),
        "started_at": iso(started),
        "ended_at": iso(ended),
        "duration_seconds": lasted,
        # Where a template's variable was not replaced, it is no address.
        "url": url if url and _ADDRESS.fullmatch(url) else None,
        "acknowledged_by": known.get("acknowledged_by"),
    }


def monitor(
    own_id: str | None, name: str | None, *, url: str | None = None, kind: str | None = None, region: str | None = None
) -> Monitor:
    """What watches."""
    return {"id": own_id, "name": name, "url": url, "type": kind, "region": region}


def notice(title: str | None, text: str | None, origin: str | None = None) -> Data:
    """What a monitor says and nobody has to act upon, such as its test."""
    return {"notice": {"title": title, "text": text[:_LONGEST_MESSAGE] if text else None, "origin": origin}}


Level = Callable[[Inbound], str | None]


def problem(read: Callable[[Any], Data], level: Level) -> Callable[[Inbound], Sequence[On]]:
    """An alert of the level that it has; one that says nothing of its level is taken for critical."""

    def route(inbound: Inbound) -> Sequence[On]:
        return (On("alert.raised", read, severity=level(inbound) or CRITICAL),)

    return route


def recovery(read: Callable[[Any], Data]) -> On:
    """The end of what `problem` tells. It is never severe."""
    return On("alert.resolved", read, severity=INFO)
