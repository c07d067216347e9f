"""updown.io: checks that go down and up again, and certificates. One webhook may hold several events.

What it posts: https://updown.io/api#webhooks
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from relay.formats.times import instant, timestamp
from relay.sdk.alerts import FIRING, RESOLVED, alert, monitor, notice
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, dig, host_of, integer, objects, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import JSON, Alerts, On, Provider, by_arrival
from relay.security.verification import SharedToken


def split(inbound: Inbound) -> Sequence[Inbound]:
    return [replace(inbound, payload=event) for event in objects(inbound.payload)] or (inbound,)


def _downtime(payload: Any) -> Object:
    return an_object(an_object(payload).get("downtime"))


def happened(inbound: Inbound) -> datetime | None:
    """An outage began or ended when it did, and not when it was told."""
    found = _downtime(inbound.payload)
    at = found.get("ended_at" if event_name(inbound) == "check.up" else "started_at")
    return instant(at) or instant(an_object(inbound.payload).get("time"))


def event_name(inbound: Inbound) -> str | None:
    return text(an_object(inbound.payload).get("event"))


def event_id(inbound: Inbound) -> str:
    check, at = an_object(an_object(inbound.payload).get("check")), happened(inbound)
    key = text(check.get("token"), check.get("url"))
    return f"{key}:{event_name(inbound)}:{at.isoformat()}" if key and at else by_arrival(inbound)


def _known(payload: Object) -> tuple[str | None, str | None, str | None]:
    """Key, name and address of a check."""
    check = an_object(payload.get("check"))
    url = text(check.get("url"))
    return text(check.get("token"), url), text(check.get("alias"), url), url


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        check, downtime = an_object(payload.get("check")), _downtime(payload)
        key, name, url = _known(payload)
        own = alert(
            key,
            name,
            status,
            message=text(downtime.get("error"), check.get("error")),
            resource=url,
            started=instant(downtime.get("started_at")),
            ended=instant(downtime.get("ended_at")),
            url=text(downtime.get("details_url")),
            id=scalar(downtime.get("id")),
        )
        return {
            "monitor": monitor(key, name, url=url),
            "alert": own | {"duration_seconds": own["duration_seconds"] or integer(downtime.get("duration"))},
        }

    return read


def distrusted(status: str) -> Callable[[Object], Data]:
    """A certificate that browsers refuse, whatever its date: beside the outages, and under a key of its own."""

    def read(payload: Object) -> Data:
        key, name, url = _known(payload)
        own = alert(
            f"{key}:ssl" if key else None,
            f"Certificate of {name}" if name else None,
            status,
            message=text(dig(payload, "ssl", "error"), payload.get("description")),
            resource=url,
        )
        return {"monitor": monitor(key, name, url=url), "alert": own}

    return read


def slower(payload: Object) -> Data:
    return notice("A check has become slower", text(payload.get("description")), "updown.io")


def certificate(payload: Object) -> Data:
    ssl, url = an_object(payload.get("ssl")), _known(payload)[2]
    cert = an_object(ssl.get("cert")) or an_object(ssl.get("new_cert"))
    return {
        "certificate": {
            "domain": host_of(url) or text(cert.get("subject")),
            "issuer": text(cert.get("issuer")),
            "valid_from": timestamp(cert.get("from")),
            "expires_at": timestamp(cert.get("to")),
            "days_until_expiry": integer(ssl.get("days_before_expiration")),
        }
    }


PROVIDER = Provider(
    name="updown",
    label="updown.io",
    kind="monitor",
    homepage="https://updown.io",
    verification=SharedToken(),
    body=JSON,
    split=split,
    event_name=event_name,
    event_id=event_id,
    occurred_at=happened,
    events={
        "check.down": On("monitor.down", watched(FIRING)),
        "check.still_down": On("monitor.down", watched(FIRING)),
        "check.up": On("monitor.up", watched(RESOLVED)),
        "check.ssl_expiration": On("certificate.expiring", certificate),
        "check.ssl_renewed": On("certificate.renewed", certificate),
        "check.ssl_invalid": On("alert.raised", distrusted(FIRING)),
        "check.ssl_valid": On("alert.resolved", distrusted(RESOLVED)),
        "check.performance_drop": On("notice.received", slower),
    },
    # What it calls a token names a check on its public pages.
    plain_fields=frozenset(["token"]),
    alerts=Alerts(outage=lambda event: instant(_downtime(event).get("started_at"))),
    secret="ours",
)
