"""How Polar writes things down: an object below `data`, money in its smallest unit, currencies in small letters.

Nothing here or in the readers trusts a field to be there. https://polar.sh/docs/api-reference
"""

import re
from typing import Any

from relay.model import Inbound
from relay.money import Money, from_minor
from relay.times import days_until, instant, timestamp

_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)

Object = dict[str, Any]
"""An object of Polar's, or a whole event, as parsed."""


def under(value: Any, *path: str) -> Any:
    """What lies under these keys, or None as soon as one is missing or null."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def about(event: Object) -> Object:
    """What the event is about."""
    found: Object = event["data"]
    return found


def status(inbound: Inbound) -> str:
    """The status of what the event is about."""
    return str(under(inbound.payload, "data", "status"))


def an_object(value: Any) -> Object:
    """An object, empty when there is none."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Object]:
    """The objects of a list; none where there is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(*values: Any) -> str | None:
    """The first text that is not empty."""
    return next((each for each in values if isinstance(each, str) and each), None)


def noted(value: Any) -> str | None:
    """What the account's owner noted in metadata, where an id may be a number too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)


def plain(code: Any) -> str | None:
    """A code as plain words: `too_expensive` is `Too expensive`."""
    return (text(code) or "").replace("_", " ").capitalize() or None


def whole(value: Any) -> int | None:
    """A whole number, written as one or as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def money(minor: Any, currency: Any) -> Money:
    """Money as Polar counts it, which is as Stripe does: https://polar.sh/docs/features/products"""
    return from_minor(minor, currency)


def given_back(amount: Any, tax: Any, currency: Any) -> Money:
    """What a customer gets back: Polar counts a refund before tax, and its tax beside it."""
    before_tax = whole(amount)
    return money(None if before_tax is None else before_tax + (whole(tax) or 0), currency)


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
