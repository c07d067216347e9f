"""Alerts in the form of Prometheus, which Grafana posts too."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from relay.formats import jsontext
from relay.formats.times import instant
from relay.model import Inbound
from relay.sdk.alerts import CRITICAL, FIRING, INFO, RESOLVED, WARNING, alert, monitor, notice
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, first, integer, objects, scalar, text

# A label, so that its words are those of whoever wrote the rule.
_LEVELS = {
    "critical": CRITICAL,
    "page": CRITICAL,
    "emergency": CRITICAL,
    "fatal": CRITICAL,
    "error": CRITICAL,
    "high": CRITICAL,
    "warning": WARNING,
    "warn": WARNING,
    "medium": WARNING,
    "low": WARNING,
    "info": INFO,
    "informational": INFO,
    "none": INFO,
}
_WHERE = (
    "instance",
    "host",
    "hostname",
    "nodename",
    "node",
    "server",
    "target",
    "service",
    "pod",
    "container",
    "namespace",
    "cluster",
    "job",
)
CUT = "truncated"


def split(inbound: Inbound) -> Sequence[Inbound]:
    """Each alert, with what the group says beside it; and that some were left out, where there were too many."""
    group = {name: value for name, value in inbound.payload.items() if name != "alerts"}
    found = objects(inbound.payload.get("alerts"))
    pieces = [replace(inbound, payload={"alert": each, "group": group}) for each in found]
    if integer(group.get("truncatedAlerts")):
        cut = {"status": CUT, "startsAt": first(found).get("startsAt")}
        pieces.append(replace(inbound, payload={"alert": cut, "group": group}))
    return pieces


def status(inbound: Inbound) -> str | None:
    return text(_alert(inbound.payload).get("status"))


def event_id(inbound: Inbound) -> str | None:
    """An alert is known by its fingerprint, when it began and how it stands, however often it is repeated."""
    told = _alert(inbound.payload)
    if not told:
        return None
    if told.get("status") == CUT:
        group = an_object(inbound.payload.get("group"))
        return f"{scalar(group.get('groupKey'))}:{told.get('startsAt')}:{CUT}:{integer(group.get('truncatedAlerts'))}"
    key = _key(told)
    return f"{key}:{told.get('startsAt')}:{told.get('status')}" if key else None


def started(inbound: Inbound) -> datetime | None:
    """When an alert began, or ended."""
    told = _alert(inbound.payload)
    return _moment(told.get("endsAt")) if told.get("status") == "resolved" else _moment(told.get("startsAt"))


def outage(told: Object) -> datetime | None:
    """When it began, which is the same in all repeats and at its end."""
    return _moment(_alert(told).get("startsAt"))


def level(inbound: Inbound) -> str | None:
    return _severity(_alert(inbound.payload))


def read(told: Object) -> Data:
    found, group = _alert(told), an_object(told.get("group"))
    labels, notes = an_object(found.get("labels")), an_object(found.get("annotations"))
    key, name = _key(found), text(labels.get("alertname"))
    over = found.get("status") == "resolved"
    return {
        "monitor": monitor(key, name or text(group.get("title")), kind="alert rule"),
        "alert": alert(
            key,
            text(notes.get("summary")) or name,
            RESOLVED if over else FIRING,
            message=text(notes.get("description"), notes.get("message")),
            severity=_severity(found),
            resource=text(*(labels.get(each) for each in _WHERE)),
            started=_moment(found.get("startsAt")),
            ended=_moment(found.get("endsAt")) if over else None,
            url=text(found.get("dashboardURL"), found.get("generatorURL"), group.get("externalURL")),
        ),
    }


def cut(told: Object) -> Data:
    group = an_object(told.get("group"))
    count = integer(group.get("truncatedAlerts"))
    return notice("Alerts were left out", f"{count} more alerts did not fit into this message.")


def _alert(payload: Any) -> Object:
    return an_object(an_object(payload).get("alert"))


def _key(found: Object) -> str | None:
    """Its fingerprint; versions that send none make it of the labels, and so do we."""
    own = scalar(found.get("fingerprint"))
    labels = an_object(found.get("labels"))
    if own or not labels:
        return own
    return hashlib.sha256(jsontext.dumps(sorted(labels.items()))).hexdigest()[:16]


def _severity(found: Object) -> str | None:
    return _LEVELS.get((text(an_object(found.get("labels")).get("severity")) or "").lower())


def _moment(value: Any) -> datetime | None:
    """Year 1 stands for no time at all."""
    found = instant(value)
    return found if found is not None and found.year > 1 else None
