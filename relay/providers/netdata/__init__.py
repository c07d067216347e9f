"""Netdata Cloud: alerts of charts, and nodes that cannot be reached.

What it posts: https://learn.netdata.cloud/docs/alerts-&-notifications/notifications/centralized-cloud-notifications/webhook
"""

from collections.abc import Callable
from typing import Any

from relay.formats.times import instant
from relay.sdk.alerts import CRITICAL, FIRING, RESOLVED, WARNING, alert, monitor, notice
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, dig, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import TOLD_ON_CHANGE, On, Provider, by_arrival
from relay.security.verification import SharedToken


def is_reachability(payload: Any) -> bool:
    return isinstance(dig(payload, "status", "reachable"), bool)


def event_name(inbound: Inbound) -> str | None:
    payload = an_object(inbound.payload)
    if is_reachability(payload):
        return "reachable" if dig(payload, "status", "reachable") else "unreachable"
    severity = text(payload.get("severity"))
    if severity is None:
        return "test" if "token" in payload else None
    return f"alert {severity.lower()}"


def event_id(inbound: Inbound) -> str:
    payload = an_object(inbound.payload)
    at = text(payload.get("date"))
    return f"{key(payload)}:{event_name(inbound)}:{at}" if at else by_arrival(inbound)


def _alert_name(payload: Object) -> str | None:
    """Before 2023 it was called an alarm."""
    return text(payload.get("alert"), payload.get("alarm"))


def key(payload: Object) -> str | None:
    """An alert has no id and does not name its node: it is known by its name and its chart."""
    if is_reachability(payload):
        return text(payload.get("host"))
    parts = (text(payload.get("host")), _alert_name(payload), text(payload.get("chart")))
    return "/".join(part for part in parts if part) or None


def watched(status: str, severity: str | None = None) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        at, name = instant(payload.get("date")), text(_alert_name(payload), payload.get("host"))
        return {
            "monitor": monitor(key(payload), name, kind="node" if is_reachability(payload) else "chart"),
            "alert": alert(
                key(payload),
                text(payload.get("info")) or name,
                status,
                message=text(payload.get("message")),
                severity=severity,
                resource=text(payload.get("host"), payload.get("family"), payload.get("chart")),
                started=at if status == FIRING else None,
                ended=at if status == RESOLVED else None,
                url=text(payload.get("alert_url"), payload.get("alarm_url"), payload.get("url")),
            ),
        }

    return read


def tried(payload: Object) -> Data:
    """Its test holds a token, which its form wants to have back before it sends anything else."""
    said, token = text(payload.get("message")), scalar(payload.get("token"))
    words = " ".join(part for part in (said, f"Token: {token}" if token else None) if part)
    return notice(text(payload.get("title")) or "Test notification", words, "Netdata")


PROVIDER = Provider(
    name="netdata",
    label="Netdata",
    kind="monitor",
    homepage="https://learn.netdata.cloud",
    verification=SharedToken(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=lambda inbound: instant(an_object(inbound.payload).get("date")),
    events={
        "alert critical": On("alert.raised", watched(FIRING, CRITICAL), severity=CRITICAL),
        "alert warning": On("alert.raised", watched(FIRING, WARNING), severity=WARNING),
        "alert clear": On("alert.resolved", watched(RESOLVED)),
        "unreachable": On("monitor.down", watched(FIRING, CRITICAL), severity=CRITICAL),
        "reachable": On("monitor.up", watched(RESOLVED)),
        "test": On("notice.received", tried),
    },
    # The token of a test proves to Netdata that its owner reads what comes here, and is of no use after that.
    plain_fields=frozenset(["token"]),
    alerts=TOLD_ON_CHANGE,
    secret="ours",
)
