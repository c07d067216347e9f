"""Anybody who signs with Standard Webhooks: https://www.standardwebhooks.com, or with its older names at Svix.

A webhook whose type is one of our own event types, with data in the shape of its schema, becomes that event.
Every other one becomes a `custom` event that carries the data as it came.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

from relay.formats.times import instant
from relay.sdk.entities import Customer, Data
from relay.sdk.event_types import event_types, fit
from relay.sdk.fields import Object, dig
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Alerts, On, Provider
from relay.security.redaction import without_secrets
from relay.security.verification import STANDARD_WEBHOOKS, SVIX, FirstOffered

_UNNAMED = "custom"
_SCHEME = FirstOffered((STANDARD_WEBHOOKS, SVIX))
_IDS = {STANDARD_WEBHOOKS: "webhook-id", SVIX: "svix-id"}


def event_name(inbound: Inbound) -> str:
    name = inbound.payload.get("type")
    return name if isinstance(name, str) and name else _UNNAMED


def event_id(inbound: Inbound) -> str | None:
    """The id that was signed: another one beside it is anybody's."""
    return inbound.headers.get(_IDS[_SCHEME.chosen(inbound)])


def customer(message: Object) -> Customer | None:
    """Beside the data, or in it."""
    for found in (message.get("customer"), dig(message, "data", "customer")):
        if isinstance(found, dict):
            return {
                "id": found.get("id"),
                "name": found.get("name"),
                "email": found.get("email"),
                "company": found.get("company"),
            }
    return None


def custom(message: Object) -> Data:
    """The data as it came, less what is named like a secret; the whole message where it is no object."""
    data = _data(message)
    cleaned, _ = without_secrets(message if data is None else data)
    return {"custom": cleaned}


def outage(message: Object) -> datetime | None:
    """When it began, for whoever says so."""
    return instant(dig(message, "data", "alert", "started_at"))


def ours(event_type: str) -> On:
    """An event of our own vocabulary: what its schema does not have is left out."""
    return On(event_type, lambda message: fit(event_type, _data(message) or {}))


def _data(message: Object) -> Object | None:
    found = message.get("data")
    return found if isinstance(found, dict) else None


class EveryEvent(Mapping[str, On]):
    """Our own types by their names, and for every other name a custom event."""

    def __init__(self, known: Mapping[str, On]) -> None:
        self._known = known

    def __getitem__(self, name: str) -> On:
        return self._known.get(name, _CUSTOM)

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


_CUSTOM = On("custom", custom)

PROVIDER = Provider(
    name="standard",
    label="Standard Webhooks",
    kind="generic",
    homepage="https://www.standardwebhooks.com",
    verification=_SCHEME,
    event_name=event_name,
    event_id=event_id,
    occurred_at=lambda inbound: instant(inbound.payload.get("timestamp")),
    customer=customer,
    events=EveryEvent({name: ours(name) for name, each in event_types().items() if each.family != "relay"}),
    aliases=("standardwebhooks",),
    alerts=Alerts(outage=outage),
)
