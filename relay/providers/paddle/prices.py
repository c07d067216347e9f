"""What is sold: the items of a subscription or of a transaction, with their prices and products."""

from decimal import Decimal
from typing import Any

from relay.formats.money import NO_MONEY, Money, currency_code
from relay.providers.paddle.reading import Object, money, whole
from relay.sdk.entities import Subscription
from relay.sdk.fields import an_object, dig, text

_INTERVALS = ("day", "week", "month", "year")


def names_of(items: list[Object]) -> str | None:
    """The products by their names; a transaction's items name only their prices."""
    names = (text(dig(item, "product", "name"), dig(item, "price", "name")) for item in items)
    return ", ".join(name for name in names if name) or None


def rhythm(cycle: Any) -> Subscription:
    """How often it is charged, from `{"interval": "month", "frequency": 3}`."""
    interval, count = dig(cycle, "interval"), whole(dig(cycle, "frequency"))
    return {
        "interval": interval if interval in _INTERVALS else None,
        "interval_count": count if count and count > 0 else None,
    }


def is_recurring(item: Object) -> bool:
    return bool(dig(item, "price", "billing_cycle")) or item.get("recurring") is True


def cost(items: list[Object], currency: Any) -> Money:
    """What these items cost in a period, before tax and discounts.

    Unknown where a price is in another currency: the customer's country may have a price of its own.
    """
    code = currency_code(currency)
    total = Decimal(0)
    for item in items:
        price = an_object(dig(item, "price", "unit_price"))
        unit = money(price.get("amount"), price.get("currency_code"))
        count = whole(item.get("quantity"))
        if unit["amount_minor"] is None or unit["currency"] != code or count is None:
            return NO_MONEY | {"currency": code}
        total += unit["amount_minor"] * count
    return money(total if items else None, code)
