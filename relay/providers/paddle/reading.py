"""How Paddle writes things down: entities below `data`, money as text in the smallest unit, ids with a prefix.

Nothing here or in the readers trusts a field to be there. https://developer.paddle.com/api-reference/about/data-types
"""

from typing import Any

from relay.formats.money import Money, from_minor
from relay.formats.times import days_until, instant, timestamp
from relay.sdk.fields import text

Object = dict[str, Any]
"""An entity of Paddle's, or a whole event, as parsed."""


def entity(event: Object) -> Object:
    """What the event is about."""
    found: Object = event["data"]
    return found


def plain(code: Any) -> str | None:
    """A code as plain words: `blocked_card` is `Blocked card`."""
    return (text(code) or "").replace("_", " ").capitalize() or None


def whole(value: Any) -> int | None:
    """A whole number, written as one or as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value) if len(value) < 10 else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def money(minor: Any, currency: Any) -> Money:
    """Money as Paddle counts it: `"65215"` is 652.15 USD.

    https://developer.paddle.com/concepts/sell/supported-currencies
    """
    return from_minor(minor, currency)


def minor_of(sum_of_money: Money) -> int:
    """An amount to reckon with: 0 where none is known."""
    return sum_of_money["amount_minor"] or 0


def told_at(event: Object) -> str | None:
    """When the event happened."""
    return timestamp(event.get("occurred_at"))


def days_from(event: Object, moment: str | None) -> int | None:
    """Whole days from the event, not from now, so that a replay says the same."""
    now = instant(event.get("occurred_at"))
    return None if now is None else days_until(moment, now)
