"""How Lemon Squeezy writes things down: JSON:API objects, numbers for ids, money in its smallest unit.

Nothing here or in the readers trusts a field to be there. https://docs.lemonsqueezy.com/help/webhooks/webhook-requests
"""

from typing import Any

from relay.formats.money import Money, from_minor
from relay.formats.times import days_until, instant, timestamp
from relay.sdk.entities import Payment
from relay.sdk.fields import dig, text

Object = dict[str, Any]
"""An object of Lemon Squeezy's, or a whole webhook, as parsed."""


def attributes(event: Object) -> Object:
    """What is told of the object that the webhook is about."""
    found: Object = event["data"]["attributes"]
    return found


def own_id(event: Object) -> str | None:
    """The id of the object that the webhook is about."""
    return identity(dig(event, "data", "id"))


def meta(event: Object, name: str) -> Any:
    return dig(event, "meta", name)


def noted(event: Object, name: str) -> str | None:
    """What was put into the checkout as custom data: it comes along with all that follows from it."""
    return identity(dig(event, "meta", "custom_data", name))


def identity(value: Any) -> str | None:
    """An id as text: most are numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)


def money(minor: Any, currency: Any) -> Money:
    return from_minor(minor, currency)


def changed_at(event: Object) -> str | None:
    """When it happened: an object's last change, since the webhook itself has no time."""
    told = attributes(event)
    return timestamp(told.get("updated_at")) or timestamp(told.get("created_at"))


def days_from(event: Object, moment: str | None) -> int | None:
    """Whole days from the event, not from now, so that a replay says the same."""
    now = instant(changed_at(event))
    return None if now is None else days_until(moment, now)


def card(told: Object) -> Payment:
    """The card as far as it is told. The last digits are sometimes more than four."""
    brand, digits = text(told.get("card_brand")), identity(told.get("card_last_four"))
    return {
        "method": "card" if brand else None,
        "card_brand": brand.lower() if brand else None,
        "card_last4": digits[-4:] if digits else None,
    }
