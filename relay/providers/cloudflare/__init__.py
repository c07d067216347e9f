"""Cloudflare: notifications of health checks, tunnels, certificates and attacks, with a secret in a header.

What it posts: https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/
"""

from collections.abc import Callable

from relay.formats.times import instant, timestamp
from relay.sdk.alerts import CRITICAL, FIRING, INFO, RESOLVED, WARNING, alert, monitor, notice
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, integer, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import TOLD_ON_CHANGE, On, Provider, by_arrival
from relay.security.verification import SharedToken

_START, _END = "ALERT_STATE_EVENT_START", "ALERT_STATE_EVENT_END"
_LEVELS = {"CRITICAL": CRITICAL, "HIGH": CRITICAL, "MEDIUM": WARNING, "WARNING": WARNING, "LOW": INFO, "INFO": INFO}
_REACHABILITY = ("health_check", "load_balancing_health", "tunnel_health", "magic_tunnel_health", "real_origin")
_HEALTH = ("new_health_status", "new_status", "new_health")
_WATCHED = ("health_check_id", "tunnel_id", "pool_id")
_WATCHED_NAMES = (
    "health_check_name",
    "tunnel_name",
    "origin_name",
    "pool_name",
    "target_hostname",
    "name",
    "zone_name",
)


def kind(payload: Object) -> str:
    return (text(payload.get("alert_type")) or "").lower()


def is_reachability(payload: Object) -> bool:
    return kind(payload).startswith(_REACHABILITY)


def event_name(inbound: Inbound) -> str | None:
    """Whether an alert begins or ends; certificates and what has no end are told by their kind.

    A health check says of a recovery too that something begins: the health that it has now decides.
    """
    payload = an_object(inbound.payload)
    if "certificate" in kind(payload) or "_ssl_" in kind(payload):
        return "certificate expires" if is_about_expiry(payload) else "certificate"
    state = text(payload.get("alert_event"))
    found = health(payload)
    if is_reachability(payload) and found:
        state = _END if found.endswith("healthy") and not found.endswith("unhealthy") else _START
    if state in (_START, _END):
        return state
    return "notification" if text(payload.get("text"), payload.get("name")) else None


def health(payload: Object) -> str:
    """`Healthy`, or `TUNNEL_STATUS_TYPE_DOWN`; nothing where it does not say."""
    data = an_object(payload.get("data"))
    return (text(*(data.get(name) for name in _HEALTH)) or "").lower()


def is_about_expiry(payload: Object) -> bool:
    """Notifications of one kind tell of certificates that were issued, replaced or expire."""
    data = an_object(payload.get("data"))
    said = (kind(payload), data.get("event_type"), data.get("certificate_status"), payload.get("text"))
    return payload.get("alert_event") != _END and any("expir" in each.lower() for each in said if isinstance(each, str))


def level(payload: Object) -> str | None:
    data = an_object(payload.get("data"))
    return _LEVELS.get((text(data.get("severity"), payload.get("severity")) or "").upper())


def key(payload: Object) -> str | None:
    return _own_key(payload) or text(payload.get("policy_id"))


def _own_key(payload: Object) -> str | None:
    """What one alert alone is known by: a policy may tell of many."""
    data = an_object(payload.get("data"))
    return text(payload.get("alert_correlation_id"), *(data.get(name) for name in _WATCHED))


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        data, at = an_object(payload.get("data")), instant(payload.get("ts"))
        what = text(*(data.get(name) for name in _WATCHED_NAMES))
        name = text(payload.get("name"), payload.get("policy_name"))
        own_id = text(*(data.get(each) for each in _WATCHED)) or key(payload)
        return {
            "monitor": monitor(own_id, what or name, kind=text(payload.get("alert_type"))),
            "alert": alert(
                key(payload),
                name,
                status,
                message=text(payload.get("text"), data.get("reason")),
                severity=level(payload),
                resource=what,
                started=at if status == FIRING else None,
                ended=at if status == RESOLVED else None,
                url=text(data.get("dashboard_link")),
            ),
        }

    return read


def certificate(payload: Object) -> Data:
    data = an_object(payload.get("data"))
    named = data.get("hostnames")
    hosts = named.replace(",", " ").split() if isinstance(named, str) else named if isinstance(named, list) else []
    names = [each for each in hosts if isinstance(each, str)]
    return {
        "certificate": {
            "id": text(data.get("certificate_id"), data.get("certificate_pack_id")),
            "domain": text(*names, data.get("zone_name")),
            "names": names,
            "issuer": text(data.get("pack_ca")),
            "expires_at": timestamp(data.get("expires_on")),
            "days_until_expiry": integer(data.get("days_til_expiration")),
        }
    }


def told(payload: Object) -> Data:
    """Also the test of a new address, which is nothing but a text."""
    title = text(payload.get("name"), payload.get("policy_name")) or "Message from Cloudflare"
    return notice(title, text(payload.get("text")), "Cloudflare")


def _opening(inbound: Inbound) -> tuple[On, ...]:
    payload = an_object(inbound.payload)
    answers = not is_reachability(payload) or health(payload).endswith("degraded")
    our_type = "alert.raised" if answers else "monitor.down"
    return (On(our_type, watched(FIRING), severity=level(payload), lasts=_own_key(payload) is not None),)


def _closing(inbound: Inbound) -> tuple[On, ...]:
    payload = an_object(inbound.payload)
    our_type = "monitor.up" if is_reachability(payload) else "alert.resolved"
    return (On(our_type, watched(RESOLVED), lasts=_own_key(payload) is not None),)


def event_id(inbound: Inbound) -> str:
    payload = an_object(inbound.payload)
    own_id, at = text(payload.get("alert_correlation_id")), scalar(payload.get("ts"))
    return f"{own_id}:{event_name(inbound)}:{at}" if own_id and at else by_arrival(inbound)


PROVIDER = Provider(
    name="cloudflare",
    label="Cloudflare",
    kind="monitor",
    homepage="https://developers.cloudflare.com/notifications/",
    verification=SharedToken("cloudflare_token", header="cf-webhook-auth"),
    event_name=event_name,
    event_id=event_id,
    occurred_at=lambda inbound: instant(an_object(inbound.payload).get("ts")),
    events={
        _START: _opening,
        _END: _closing,
        "certificate expires": On("certificate.expiring", certificate),
        "certificate": On("notice.received", told),
        "notification": On("notice.received", told),
    },
    alerts=TOLD_ON_CHANGE,
    secret="ours",
)
