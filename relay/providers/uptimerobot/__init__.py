"""UptimeRobot: monitors that are up or down. The body is whatever template its owner wrote; setup.md has ours.

Its variables: https://uptimerobot.com/help/webhook/
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from relay.formats.times import days_until, instant, timestamp
from relay.sdk.alerts import FIRING, RESOLVED, alert, monitor
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, host_of, integer, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, TOLD_ON_CHANGE, On, Provider, by_arrival
from relay.security.verification import SharedToken

# Names of variables in templates: the vendor's own, and those in the template that Zulip hands out.
_NAMES = {
    "id": ("monitorID", "monitor_id"),
    "name": ("monitorFriendlyName", "monitor_friendly_name"),
    "url": ("monitorURL", "monitor_url"),
    "type": ("alertType", "alert_type"),
    "type in words": ("alertTypeFriendlyName", "alert_type_friendly_name"),
    "details": ("alertDetails", "alert_details"),
    "at": ("alertDateTime", "alert_date_time", "alert_datetime"),
    "duration": ("alertDuration", "alert_duration"),
    "expires": ("sslExpiryDate", "ssl_expiry_date"),
    "days": ("sslExpiryDaysLeft", "ssl_expiry_days_left"),
}
_TYPES = {"down": "1", "up": "2"}


def field(payload: Any, name: str) -> str | None:
    """A field by any of its spellings. A variable that was not replaced (`*monitorID*`) says nothing."""
    for spelling in _NAMES[name]:
        value = scalar(an_object(payload).get(spelling))
        if value is not None and not (value.startswith("*") and value.endswith("*")):
            return value
    return None


def event_name(inbound: Inbound) -> str | None:
    words = (field(inbound.payload, "type in words") or "").lower()
    kind = field(inbound.payload, "type") or _TYPES.get(words)
    return f"alertType {kind}" if kind else None


def happened(inbound: Inbound) -> datetime | None:
    return instant(field(inbound.payload, "at"))


def event_id(inbound: Inbound) -> str:
    at, key = field(inbound.payload, "at"), field(inbound.payload, "id")
    return f"{key}:{event_name(inbound)}:{at}" if at and key else by_arrival(inbound)


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        name, url = field(payload, "name"), field(payload, "url")
        key, at = field(payload, "id") or name or url, instant(field(payload, "at"))
        lasted = integer(field(payload, "duration"))
        own = alert(
            key,
            name or url,
            status,
            message=field(payload, "details"),
            resource=url,
            started=at if status == FIRING else None,
            ended=at if status == RESOLVED else None,
        )
        return {
            "monitor": monitor(key, name, url=url),
            "alert": own | {"duration_seconds": lasted if status == RESOLVED else None},
        }

    return read


def certificate(payload: Object) -> Data:
    expires = timestamp(field(payload, "expires"))
    left, at = integer(field(payload, "days")), instant(field(payload, "at"))
    if left is None and at is not None:
        left = days_until(expires, at)
    return {
        "certificate": {
            "domain": host_of(field(payload, "url")) or field(payload, "name"),
            "expires_at": expires,
            "days_until_expiry": left,
        }
    }


PROVIDER = Provider(
    name="uptimerobot",
    label="UptimeRobot",
    kind="monitor",
    homepage="https://uptimerobot.com",
    verification=SharedToken(),
    body=ANY,
    event_name=event_name,
    event_id=event_id,
    occurred_at=happened,
    events={
        "alertType 1": On("monitor.down", watched(FIRING)),
        "alertType 2": On("monitor.up", watched(RESOLVED)),
        "alertType 3": On("certificate.expiring", certificate),
    },
    # A monitor was paused (99) or started again (98): nothing went wrong.
    ignored=frozenset(["alertType 98", "alertType 99"]),
    alerts=TOLD_ON_CHANGE,
    secret="ours",
)
