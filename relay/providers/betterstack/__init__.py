"""Better Stack: incidents that start, are acknowledged and are resolved.

What it posts: https://betterstack.com/docs/uptime/webhooks/
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from relay.formats.times import instant
from relay.sdk.alerts import ACKNOWLEDGED, CRITICAL, FIRING, RESOLVED, alert, monitor
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, dig, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Alerts, On, Provider
from relay.security.verification import SharedToken

_STATES = {"started": FIRING, "acknowledged": ACKNOWLEDGED, "resolved": RESOLVED}
_WHEN = {FIRING: "started_at", ACKNOWLEDGED: "acknowledged_at", RESOLVED: "resolved_at"}


def incident(payload: Any) -> Object:
    return an_object(dig(payload, "data", "attributes"))


def state(payload: Any) -> str:
    return (text(incident(payload).get("status")) or "").lower()


def event_name(inbound: Inbound) -> str | None:
    """What changed; of incidents also how they stand. Its other webhooks are not about outages."""
    kind = text(dig(inbound.payload, "data", "type"))
    return f"incident {state(inbound.payload)}" if kind == "incident" else kind


def happened(inbound: Inbound) -> datetime | None:
    stands = _STATES.get(state(inbound.payload))
    return instant(incident(inbound.payload).get(_WHEN[stands])) if stands else None


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        found, key = incident(payload), scalar(dig(payload, "data", "id"))
        name, url = text(found.get("name")), text(found.get("url"))
        regions = found.get("regions")
        region = ", ".join(each for each in regions if isinstance(each, str)) if isinstance(regions, list) else None
        return {
            "monitor": monitor(_watching(payload), name, url=url, region=region or None),
            "alert": alert(
                key,
                name,
                status,
                message=text(found.get("cause")),
                resource=url,
                started=instant(found.get("started_at")),
                ended=instant(found.get("resolved_at")) if status == RESOLVED else None,
                url=text(found.get("response_url")),
                id=key,
                acknowledged_by=_name(found.get("acknowledged_by")),
            ),
        }

    return read


def _watching(payload: Object) -> str | None:
    """The monitor or heartbeat that found it out. What a person or another product reported has none."""
    relations = dig(payload, "data", "relationships")
    return scalar(dig(relations, "monitor", "data", "id")) or scalar(dig(relations, "heartbeat", "data", "id"))


def started(inbound: Inbound) -> tuple[On, ...]:
    return (On("monitor.down" if _watching(inbound.payload) else "alert.raised", watched(FIRING), severity=CRITICAL),)


def resolved(inbound: Inbound) -> tuple[On, ...]:
    return (On("monitor.up" if _watching(inbound.payload) else "alert.resolved", watched(RESOLVED)),)


def _name(value: Any) -> str | None:
    return text(value) or text(dig(value, "name")) or text(dig(value, "email"))


def _acknowledged(payload: Object) -> Data:
    return {"alert": watched(ACKNOWLEDGED)(payload)["alert"]}


def event_id(inbound: Inbound) -> str | None:
    key = scalar(dig(inbound.payload, "data", "id"))
    return f"{key}:{state(inbound.payload)}" if key else None


PROVIDER = Provider(
    name="betterstack",
    label="Better Stack",
    kind="monitor",
    homepage="https://betterstack.com/docs/uptime/webhooks/",
    verification=SharedToken(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=happened,
    events={
        "incident started": started,
        "incident acknowledged": On("alert.acknowledged", _acknowledged),
        "incident resolved": resolved,
    },
    # A monitor was made, changed or paused; somebody else is on call.
    ignored=frozenset(["monitor", "on_call", "on_call_contact"]),
    alerts=Alerts(outage=lambda payload: scalar(dig(payload, "data", "id"))),
    secret="ours",
)
