"""How Razorpay writes things down: entities below `payload.NAME.entity`, money in its smallest unit, Unix seconds.

Nothing here or in the readers trusts a field to be there. https://razorpay.com/docs/webhooks/payloads/
"""

from typing import Any

from relay.formats.money import Money, from_minor
from relay.formats.times import days_until, instant, timestamp
from relay.sdk.fields import an_object, dig, text

# What Razorpay writes for a payer who gave no address.
_NOBODY = "void@razorpay.com"

Object = dict[str, Any]
"""An entity of Razorpay's, or a whole event, as parsed."""


def entity(event: Object, name: str) -> Object:
    """One of the entities that came along; empty where it did not."""
    return an_object(dig(event, "payload", name, "entity"))


def subject(event: Object, name: str) -> Object:
    """The entity that an event is about. An event without it cannot be told: KeyError."""
    found: Object = event["payload"][name]["entity"]
    return found


def noted(about: Object, name: str) -> str | None:
    """What the account's owner noted, where an id may be a number too."""
    value = dig(about, "notes", name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)


def email(*values: Any) -> str | None:
    return text(*(each for each in values if each != _NOBODY))


def plain(code: Any) -> str | None:
    """A code as plain words: `insufficient_funds` is `Insufficient funds`."""
    return (text(code) or "").replace("_", " ").capitalize() or None


def money(minor: Any, currency: Any) -> Money:
    """Money as Razorpay counts it: three decimals of a dinar, the last of which is 0.

    https://razorpay.com/docs/payments/international-payments/
    """
    return from_minor(minor, currency)


def told_at(event: Object) -> str | None:
    """When the event happened."""
    return timestamp(event.get("created_at"))


def days_from(event: Object, moment: str | None) -> int | None:
    """Whole days from the event, not from now, so that a replay says the same."""
    now = instant(event.get("created_at"))
    return None if now is None else days_until(moment, now)
