"""Datadog: monitors that trigger and recover. The body is its owner's template; setup.md has ours.

Its variables: https://docs.datadoghq.com/integrations/webhooks/
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from relay.sdk.alerts import CRITICAL, FIRING, RESOLVED, WARNING, alert, monitor, notice, problem, recovery
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, integer, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Alerts, On, Provider, by_arrival
from relay.security.verification import SharedToken

_OPENING = ("Triggered", "Re-Triggered", "No Data", "Re-No Data", "Warn", "Re-Warn", "Renotify")
_BEGINNING = ("Triggered", "No Data")
# What Datadog puts before a title; brackets behind it are the owner's.
_MARKS = re.compile(
    r"(?:\[(?:P\d|TEST|(?:Re-)?(?:Triggered|Recovered|Warn(?:ed|ing)?|No Data|Alert|OK)|Renotify)"
    r"(?: on \{[^{}]*\})?\]\s*)+",
    re.IGNORECASE,
)
_TEST = re.compile(r"^\[test\]", re.IGNORECASE)


def field(payload: Object, *names: str) -> str | None:
    """The first that says something. A variable that was not replaced (`$ALERT_SCOPE`) does not."""
    for name in names:
        value = scalar(payload.get(name))
        if value is not None and not value.startswith("$"):
            return value
    return None


def transition(inbound: Inbound) -> str | None:
    return field(an_object(inbound.payload), "alert_transition", "transition")


def event_name(inbound: Inbound) -> str | None:
    """What an alert does; `test` for what the button of a monitor sends, which does the same."""
    title = field(an_object(inbound.payload), "title") or ""
    return "test" if _TEST.match(title) else transition(inbound)


def level(inbound: Inbound) -> str | None:
    return WARNING if "Warn" in (transition(inbound) or "") else CRITICAL


def happened(payload: Object) -> datetime | None:
    """Milliseconds, as text."""
    at = integer(payload.get("last_updated")) or integer(payload.get("date"))
    return datetime.fromtimestamp(at / 1000, UTC) if at and 10**11 < at < 10**14 else None


def key(payload: Object) -> str | None:
    """Monitor and scope: one monitor may watch many hosts."""
    own_id, scope = field(payload, "monitor_id", "alert_id"), field(payload, "scopes", "alert_scope")
    return "/".join(part for part in (own_id, scope) if part) or field(payload, "title")


def outage(payload: Object) -> datetime | str | None:
    """Its cycle, from triggering to recovery. A payload from before that was in ours tells by its time what has just
    triggered from what has done so before."""
    began = field(payload, "alert_transition", "transition") in _BEGINNING
    return field(payload, "alert_cycle_key") or (happened(payload) if began else None)


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        title, at = field(payload, "title"), happened(payload)
        marks = _MARKS.match(title) if title else None
        name = (title[marks.end() :] if title and marks else None) or title
        kind, doing = field(payload, "event_type"), field(payload, "alert_transition", "transition") or ""
        return {
            "monitor": monitor(field(payload, "monitor_id", "alert_id"), name, kind=kind),
            "alert": alert(
                key(payload),
                name,
                status,
                message=field(payload, "body"),
                severity=None if status == RESOLVED else WARNING if "Warn" in doing else CRITICAL,
                resource=field(payload, "scopes", "alert_scope"),
                started=at if status == FIRING and not doing.startswith("Re") else None,
                ended=at if status == RESOLVED else None,
                url=field(payload, "url", "link"),
                id=field(payload, "id"),
            ),
        }

    return read


def tried(payload: Object) -> Data:
    return notice(field(payload, "title"), field(payload, "body"), "Datadog")


def event_id(inbound: Inbound) -> str:
    own_id = field(an_object(inbound.payload), "id")
    return f"{own_id}:{transition(inbound)}" if own_id else by_arrival(inbound)


PROVIDER = Provider(
    name="datadog",
    label="Datadog",
    kind="monitor",
    homepage="https://docs.datadoghq.com/integrations/webhooks/",
    verification=SharedToken(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=lambda inbound: happened(an_object(inbound.payload)),
    events={
        **{name: problem(watched(FIRING), level) for name in _OPENING},
        "Recovered": recovery(watched(RESOLVED)),
        "test": On("notice.received", tried),
    },
    alerts=Alerts(outage=outage),
    secret="ours",
)
