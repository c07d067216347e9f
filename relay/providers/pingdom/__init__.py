"""Pingdom: checks that go up or down, and transactions that fail or succeed.

What it posts: https://www.pingdom.com/resources/webhooks/
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from relay.formats.times import instant
from relay.sdk.alerts import FIRING, RESOLVED, WARNING, alert, monitor
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, dig, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Alerts, On, Provider, by_arrival
from relay.security.verification import SharedToken

_STATES = {"DOWN": "down", "FAILING": "down", "UP": "up", "SUCCESS": "up"}


def event_name(inbound: Inbound) -> str | None:
    """`DOWN` of a check and `FAILING` of a transaction are the same to us."""
    return _state(inbound.payload)


def _state(payload: Object) -> str | None:
    state = text(payload.get("current_state"))
    return _STATES.get(state.upper(), state) if state else None


def event_id(inbound: Inbound) -> str:
    key, at = scalar(inbound.payload.get("check_id")), scalar(inbound.payload.get("state_changed_timestamp"))
    return f"{key}:{event_name(inbound)}:{at}" if key and at else by_arrival(inbound)


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        params, key = an_object(payload.get("check_params")), scalar(payload.get("check_id"))
        name, url = text(payload.get("check_name")), text(params.get("full_url"), params.get("hostname"))
        at = instant(payload.get("state_changed_timestamp"))
        return {
            "monitor": monitor(
                key,
                name,
                url=url,
                kind=text(payload.get("check_type")),
                region=text(dig(payload, "first_probe", "location")),
            ),
            "alert": alert(
                key,
                name,
                status,
                message=text(payload.get("long_description"), payload.get("description")),
                resource=url,
                started=at if status == FIRING else None,
                ended=at if status == RESOLVED else None,
            ),
        }

    return read


def outage(payload: Object) -> datetime | None:
    """When it went down: the time of that is the same in the repeats that it can be told to send."""
    return instant(payload.get("state_changed_timestamp")) if _state(payload) == "down" else None


def down(inbound: Inbound) -> Sequence[On]:
    """A check that its owner holds to be of low importance warns only."""
    low = text(inbound.payload.get("importance_level")) == "LOW"
    return (On("monitor.down", watched(FIRING), severity=WARNING if low else None),)


PROVIDER = Provider(
    name="pingdom",
    label="Pingdom",
    kind="monitor",
    homepage="https://www.pingdom.com/resources/webhooks/",
    verification=SharedToken(),
    event_name=event_name,
    event_id=event_id,
    occurred_at=lambda inbound: instant(inbound.payload.get("state_changed_timestamp")),
    events={"down": down, "up": On("monitor.up", watched(RESOLVED))},
    alerts=Alerts(outage=outage),
    # A request header of a check may log in; a transaction types in what it is told to.
    secret_fields=frozenset(["header", "headers", "postdata", "steps"]),
    secret="ours",
)
