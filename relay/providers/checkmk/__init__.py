"""Checkmk: notifications of hosts and services, by a small script on the site; setup.md has it.

Its variables: https://docs.checkmk.com/latest/en/notifications.html#environment_variables
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from relay.formats.times import instant, local
from relay.sdk.alerts import (
    ACKNOWLEDGED,
    CRITICAL,
    FIRING,
    RESOLVED,
    TIMEZONE,
    WARNING,
    alert,
    monitor,
    problem,
    recovery,
)
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Alerts, On, Provider, by_arrival
from relay.security.verification import SharedToken

# As they are written out, and as the variables with SHORT in their names have them.
_LEVELS = {
    "DOWN": CRITICAL,
    "UNREACHABLE": CRITICAL,
    "UNREACH": CRITICAL,
    "CRITICAL": CRITICAL,
    "CRIT": CRITICAL,
    "WARNING": WARNING,
    "WARN": WARNING,
    "UNKNOWN": WARNING,
    "UNKN": WARNING,
}


def value(payload: Object, name: str) -> str | None:
    """A variable with or without the prefix that the environment has."""
    return scalar(payload.get(f"NOTIFY_{name}")) or scalar(payload.get(name))


def event_name(inbound: Inbound) -> str | None:
    """Of what it tells, and what: `ALERTHANDLER (OK)` is an alert handler, whatever became of it."""
    payload = an_object(inbound.payload)
    what, kind = value(payload, "WHAT"), value(payload, "NOTIFICATIONTYPE")
    return f"{what} {kind.split(' ')[0]}" if what and kind else None


def _is_service(payload: Object) -> bool:
    return value(payload, "WHAT") == "SERVICE"


def key(payload: Object) -> str | None:
    site, host = scalar(payload.get("OMD_SITE")), value(payload, "HOSTNAME")
    service = value(payload, "SERVICEDESC") if _is_service(payload) else None
    return "/".join(part for part in (site, host, service) if part) or None


def happened(inbound: Inbound) -> datetime | None:
    payload = an_object(inbound.payload)
    micros = value(payload, "MICROTIME") or ""
    return instant(micros[:-6]) or local(value(payload, "SHORTDATETIME"), inbound.settings.get("timezone"))


def level(inbound: Inbound) -> str | None:
    payload = an_object(inbound.payload)
    return _LEVELS.get(value(payload, "SERVICESTATE" if _is_service(payload) else "HOSTSTATE") or "")


def outage(told: Object) -> str | None:
    """The number of the problem; where all is well again it may be that of the last one, beside a 0."""
    payload = an_object(told.get("payload"))
    what = "SERVICE" if _is_service(payload) else "HOST"
    numbers = (value(payload, name) for name in (f"{what}PROBLEMID", f"LAST{what}PROBLEMID"))
    return next((number for number in numbers if number and number != "0"), None)


def watched(status: str) -> Callable[[Object], Data]:
    def read(told: Object) -> Data:
        payload, at = an_object(told.get("payload")), told.get("at")
        host, service = value(payload, "HOSTNAME"), value(payload, "SERVICEDESC") if _is_service(payload) else None
        what = "SERVICE" if service else "HOST"
        own = alert(
            key(payload),
            " / ".join(part for part in (host, service) if part) or None,
            status,
            severity=_LEVELS.get(value(payload, f"{what}STATE") or ""),
            message=value(payload, f"{what}OUTPUT") or value(payload, f"LONG{what}OUTPUT"),
            resource=host,
            started=at if status == FIRING else None,
            ended=at if status == RESOLVED else None,
            id=outage(told),
            acknowledged_by=value(payload, f"{what}ACKAUTHOR") or value(payload, "NOTIFICATIONAUTHOR"),
        )
        if status == ACKNOWLEDGED:
            return {"alert": own}
        return {
            "monitor": monitor(key(payload), service or host, url=value(payload, "HOSTADDRESS"), kind=what.lower()),
            "alert": own,
        }

    return read


def down(inbound: Inbound) -> Sequence[On]:
    return (On("monitor.down", watched(FIRING), severity=level(inbound)),)


def event_id(inbound: Inbound) -> str:
    payload = an_object(inbound.payload)
    at = value(payload, "MICROTIME")
    return f"{key(payload)}:{event_name(inbound)}:{at}" if at else by_arrival(inbound)


_KINDS = ("HOST", "SERVICE")

PROVIDER = Provider(
    name="checkmk",
    label="Checkmk",
    kind="monitor",
    homepage="https://docs.checkmk.com/latest/en/notifications.html",
    verification=SharedToken(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=happened,
    subject=lambda inbound: {"payload": an_object(inbound.payload), "at": happened(inbound)},
    events={
        "HOST PROBLEM": down,
        "HOST RECOVERY": On("monitor.up", watched(RESOLVED)),
        "SERVICE PROBLEM": problem(watched(FIRING), level),
        "SERVICE RECOVERY": recovery(watched(RESOLVED)),
        **{f"{kind} ACKNOWLEDGEMENT": On("alert.acknowledged", watched(ACKNOWLEDGED)) for kind in _KINDS},
    },
    # What flaps, is planned or was tried out is no outage.
    ignored=frozenset(
        f"{kind} {name}"
        for kind in _KINDS
        for name in (
            "FLAPPINGSTART",
            "FLAPPINGSTOP",
            "FLAPPINGDISABLED",
            "DOWNTIMESTART",
            "DOWNTIMEEND",
            "DOWNTIMECANCELLED",
            "CUSTOM",
            "ALERTHANDLER",
        )
    ),
    settings=(TIMEZONE,),
    alerts=Alerts(outage=outage),
    secret="ours",
)
