"""Uptime Kuma: monitors that are up or down, and notices of certificates and domains that expire.

What it posts: https://github.com/louislam/uptime-kuma/blob/master/server/notification-providers/webhook.js

It posts JSON, or form data that holds it in the field `data`, or it asks with GET for an address that holds it.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from relay.formats import jsontext
from relay.formats.times import local
from relay.sdk.alerts import FIRING, RESOLVED, alert, monitor, notice
from relay.sdk.entities import Data
from relay.sdk.errors import Unreadable
from relay.sdk.fields import Object, an_object, host_of, integer, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, Alerts, BodyFormat, On, Provider, by_arrival, inner_json
from relay.security.verification import SharedToken

_STATES = {0: "down", 1: "up", 2: "pending", 3: "maintenance"}
_INNER = ("data", "heartbeat", "monitor")
_DOMAIN = re.compile(r"Domain name (\S+) will expire in (-?\d+) days?")
# `[NAME][ADDRESS] KIND certificate COMMON NAME will expire in N days`: a name may hold whatever it likes, an address
# brackets, and there may be none. Only what stands at the end is always the same.
_CERTIFICATE = re.compile(
    r"\[(?P<name>.*)\](?P<kind>[^\[\]]*?)\bcertificate\b(?P<common>.*?)\swill expire in (?P<days>-?\d+) days?\W*\Z",
    re.IGNORECASE | re.DOTALL,
)
_ADDRESS = re.compile(
    r"(?P<name>.*)\]\[(?P<address>[a-z][a-z0-9+.-]*://\S*|null|undefined|)", re.IGNORECASE | re.DOTALL
)
_HOST = re.compile(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)+")


def _read(inbound: Inbound) -> Any:
    """What lies in `data` beside the other fields, so that what is stored is all that came."""
    fields = ANY.read(inbound)
    if not isinstance(fields, dict):
        raise Unreadable("The body must be a JSON object, or form data that holds one in `data`; it is neither.")
    told = {name: inner_json(value) if name in _INNER else value for name, value in fields.items()}
    if any(isinstance(told.get(name), str) and told[name].lstrip().startswith("{") for name in _INNER):
        raise Unreadable(f"The fields {', '.join(_INNER)} must be JSON where they begin with a brace; one is not.")
    inner = told.pop("data", None)
    return told | inner if isinstance(inner, dict) else told


def event_name(inbound: Inbound) -> str | None:
    state = an_object(inbound.payload.get("heartbeat")).get("status")
    if state is not None:
        number = integer(state)
        return _STATES.get(-1 if number is None else number, f"status {scalar(state)}")
    said = text(inbound.payload.get("msg"))
    if said is None:
        return None
    if _DOMAIN.search(said):
        return "domain expiry"
    return "certificate expiry" if _CERTIFICATE.search(said) else "message"


def happened(inbound: Inbound) -> datetime | None:
    """`time` is in UTC and does not say so."""
    return local(an_object(inbound.payload.get("heartbeat")).get("time"), "UTC")


def event_id(inbound: Inbound) -> str:
    beat = an_object(inbound.payload.get("heartbeat"))
    key, at = scalar(beat.get("monitorID")), text(beat.get("time"))
    return f"{key}:{beat.get('status')}:{at}" if key and at else by_arrival(inbound)


def outage(payload: Object) -> datetime | None:
    """The beat that it began with. One that only repeats that a monitor is down is not important to it."""
    beat = an_object(payload.get("heartbeat"))
    begins = integer(beat.get("status")) == 0 and beat.get("important") in (True, "1", "true")
    return local(beat.get("time"), "UTC") if begins else None


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        beat, watching = an_object(payload.get("heartbeat")), an_object(payload.get("monitor"))
        key = scalar(watching.get("id")) or scalar(beat.get("monitorID"))
        name, url = text(watching.get("name")), text(watching.get("url"), watching.get("hostname"))
        # What its form holds before an address is typed in, as for a ping or a port.
        shown = text(watching.get("hostname")) if url == "https://" else url
        at = local(beat.get("time"), "UTC")
        return {
            "monitor": monitor(key, name, url=shown, kind=text(watching.get("type"))),
            "alert": alert(
                key,
                name,
                status,
                message=text(beat.get("msg"), payload.get("msg")),
                resource=shown,
                started=local(beat.get("lastDownTime"), "UTC") if status == RESOLVED else outage(payload),
                ended=at if status == RESOLVED else None,
            ),
        }

    return read


def domain(payload: Object) -> Data:
    found = _DOMAIN.search(text(payload.get("msg")) or "")
    name, days = (found[1], integer(found[2])) if found else (None, None)
    return {"domain": {"name": name and name.lower(), "days_until_expiry": days}}


def certificate(payload: Object) -> Data:
    """Its message names the monitor, in newer versions its address and the certificate, and the days that are left."""
    found = _CERTIFICATE.search(text(payload.get("msg")) or "")
    if found is None:
        return {"certificate": {}}
    named = _ADDRESS.fullmatch(found["name"])
    name, address = (named["name"], named["address"]) if named else (found["name"], "")
    common = found["common"].strip()
    # An authority's certificate is named after the authority, and is told for what is watched.
    own = common.lower() if _HOST.fullmatch(common) and "ca" not in found["kind"].lower().split() else None
    watched_host = host_of(address) if "://" in address else None
    return {"certificate": {"domain": watched_host or own or name, "days_until_expiry": integer(found["days"])}}


def message(payload: Object) -> Data:
    """Its test, and whatever else it says without a heartbeat."""
    return notice("Message from Uptime Kuma", text(payload.get("msg")), "Uptime Kuma")


PROVIDER = Provider(
    name="uptime_kuma",
    label="Uptime Kuma",
    kind="monitor",
    homepage="https://uptime.kuma.pet",
    verification=SharedToken(),
    body=BodyFormat("any", _read, jsontext.dumps),
    event_name=event_name,
    event_id=event_id,
    occurred_at=happened,
    events={
        "down": On("monitor.down", watched(FIRING)),
        "up": On("monitor.up", watched(RESOLVED)),
        "domain expiry": On("domain.expiring", domain),
        "certificate expiry": On("certificate.expiring", certificate),
        "message": On("notice.received", message),
    },
    ignored=frozenset(["pending", "maintenance"]),
    alerts=Alerts(outage=outage),
    # What it posts of a monitor beside what it shows:
    # https://github.com/louislam/uptime-kuma/blob/master/server/model/monitor.js (includeSensitiveData)
    secret_fields=frozenset(
        [
            "authdomain",
            "authworkstation",
            "basic_auth_pass",
            "basic_auth_user",
            "body",
            "databaseconnectionstring",
            "grpcbody",
            "grpcmetadata",
            "headers",
            "kafkaproducersasloptions",
            "mqttpassword",
            "mqttusername",
            "oauth_client_id",
            "oauth_client_secret",
            "pushtoken",
            "rabbitmqpassword",
            "rabbitmqusername",
            "radiuspassword",
            "radiussecret",
            "radiususername",
            "tlsca",
            "tlscert",
            "tlskey",
        ]
    ),
    secret="ours",
)
