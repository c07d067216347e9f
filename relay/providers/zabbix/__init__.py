"""Zabbix: problems of triggers, by a webhook media type of its own; setup.md has the parameters to enter.

Its macros: https://www.zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location

Other media types are understood as far as they use the same words: `hostname`, `trigger`, `item` and a `link` to the
trigger, as Zulip's does.
"""

import re
from collections.abc import Callable
from datetime import datetime

from relay.formats.times import local
from relay.sdk.alerts import (
    ACKNOWLEDGED,
    CRITICAL,
    FIRING,
    INFO,
    RESOLVED,
    TIMEZONE,
    WARNING,
    alert,
    monitor,
    notice,
    problem,
    recovery,
)
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Alerts, On, Provider, by_arrival
from relay.security.verification import SharedToken

# By number and by name; `average` is the usual one and says nothing of its own.
_LEVELS = {
    "0": INFO,
    "1": INFO,
    "2": WARNING,
    "3": None,
    "4": CRITICAL,
    "5": CRITICAL,
    "not classified": INFO,
    "information": INFO,
    "warning": WARNING,
    "average": None,
    "high": CRITICAL,
    "disaster": CRITICAL,
}
_STATES = {"PROBLEM": "PROBLEM", "1": "PROBLEM", "OK": "OK", "RESOLVED": "OK", "0": "OK"}
_TRIGGER = re.compile(r"[?&]triggerid=(\d+)")
_EVENT = re.compile(r"[?&]eventid=(\d+)")
# Several at once are told as `acknowledged, commented and closed`.
_AND = re.compile(r"\s*,\s*|\s+and\s+")
_MACRO = re.compile(r"(?:(?:\{[A-Z0-9._$#]+\}|\*UNKNOWN\*)\s*)+")


def field(payload: Object, *names: str) -> str | None:
    """The first that says something. A macro that was not replaced, as in a test of the media type, does not."""
    for name in names:
        value = scalar(payload.get(name))
        if value is not None and not _MACRO.fullmatch(value):
            return value
    return None


def event_name(inbound: Inbound) -> str | None:
    payload = an_object(inbound.payload)
    status = field(payload, "status")
    if status is None:
        return "test" if "status" in payload else None
    actions = _AND.split((field(payload, "update_action") or "").lower())
    return "acknowledged" if "acknowledged" in actions else _STATES.get(status.upper(), status)


def key(payload: Object) -> str | None:
    """What a problem and its end have in common.

    {EVENT.ID} is the problem's in the message of its end too. A link leads to the event it tells of, so that there
    only the trigger's id is the same. Triggers of several hosts may have one name.
    """
    found = _TRIGGER.search(field(payload, "link", "url") or "")
    own_id = field(payload, "id") or field(payload, "triggerId") or (found[1] if found else None)
    named = (field(payload, "hostName", "hostname"), _title(payload))
    return own_id or "/".join(part for part in named if part) or None


def event_id(inbound: Inbound) -> str:
    """An update has the id of its problem: it is another event by what it says, or by when it was sent."""
    payload = an_object(inbound.payload)
    own_id, name = _event(payload), event_name(inbound)
    which = field(payload, "lastReceived") if name == "acknowledged" else field(payload, "severity")
    if own_id is None or (name == "acknowledged" and which is None):
        return by_arrival(inbound)
    return f"{own_id}:{name}:{which}"


def outage(told: Object) -> str | None:
    """The event of the problem; a link in the message of its end leads to an event of its own."""
    payload = an_object(told.get("payload"))
    status = _STATES.get((field(payload, "status") or "").upper())
    return field(payload, "id") or (_event(payload) if status == "PROBLEM" else None)


def level(inbound: Inbound) -> str | None:
    return _severity(an_object(inbound.payload))


def happened(inbound: Inbound) -> datetime | None:
    return local(field(an_object(inbound.payload), "lastReceived"), inbound.settings.get("timezone"))


def watched(status: str) -> Callable[[Object], Data]:
    def read(told: Object) -> Data:
        payload, at = an_object(told.get("payload")), told.get("at")
        title = _title(payload)
        return {
            "monitor": monitor(key(payload), title, url=field(payload, "hostIp"), kind="trigger"),
            "alert": alert(
                key(payload),
                title,
                status,
                message=field(payload, "item", "description"),
                severity=_severity(payload),
                resource=field(payload, "hostName", "hostname"),
                started=at if status == FIRING else None,
                ended=at if status == RESOLVED else None,
                url=field(payload, "link", "url"),
                id=field(payload, "id"),
            ),
        }

    return read


def tried(_: Object) -> Data:
    return notice("Test of the media type", None, "Zabbix")


def _event(payload: Object) -> str | None:
    linked = _EVENT.search(field(payload, "link", "url") or "")
    return field(payload, "id") or (linked[1] if linked else None)


def _title(payload: Object) -> str | None:
    return field(payload, "trigger", "name")


def _severity(payload: Object) -> str | None:
    return _LEVELS.get((field(payload, "severity") or "").lower())


PROVIDER = Provider(
    name="zabbix",
    label="Zabbix",
    kind="monitor",
    homepage="https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook",
    verification=SharedToken(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=happened,
    subject=lambda inbound: {"payload": an_object(inbound.payload), "at": happened(inbound)},
    events={
        "PROBLEM": problem(watched(FIRING), level),
        "OK": recovery(watched(RESOLVED)),
        "acknowledged": On("alert.acknowledged", watched(ACKNOWLEDGED)),
        "test": On("notice.received", tried),
    },
    settings=(TIMEZONE,),
    alerts=Alerts(outage=outage),
    secret="ours",
)
