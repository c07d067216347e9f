"""How Polar writes things down: an object below `data`, money in its smallest unit, currencies in small letters.

Nothing here or in the readers trusts a field to be there. https://polar.sh/docs/api-reference
"""

from typing import Any

from relay.formats.money import Money, from_minor
from relay.formats.times import days_until, instant, timestamp
from relay.sdk.fields import dig, integer, text
from relay.sdk.inbound import Inbound

Object = dict[str, Any]
"""An object of Polar's, or a whole event, as parsed."""


def about(event: Object) -> Object:
    """What the event is about."""
    found: Object = event["data"]
    return found


def status(inbound: Inbound) -> str:
    """The status of what the event is about."""
    return str(dig(inbound.payload, "data", "status"))


def plain(code: Any) -> str | None:
    """A code as plain words: `too_expensive` is `Too expensive`."""
    return (text(code) or "").replace("_", " ").capitalize() or None


def money(minor: Any, currency: Any) -> Money:
    """Money as Polar counts it, which is as Stripe does: https://polar.sh/docs/features/products"""
    return from_minor(minor, currency)


def given_back(amount: Any, tax: Any, currency: Any) -> Money:
    """What a customer gets back: Polar counts a refund before tax, and its tax beside it."""
    before_tax = integer(amount)
    return money(None if before_tax is None else before_tax + (integer(tax) or 0), currency)


def minor_of(sum_of_money: Money) -> int:
    """An amount to reckon with: 0 where none is known."""
    return sum_of_money["amount_minor"] or 0


def told_at(event: Object) -> str | None:
    """When the event happened."""
    return timestamp(event.get("timestamp"))


def days_from(event: Object, moment: str | None) -> int | None:
    """Whole days from the event, not from now, so that a replay says the same."""
    now = instant(event.get("timestamp"))
    return None if now is None else days_until(moment, now)
