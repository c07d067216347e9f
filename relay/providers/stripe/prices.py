"""What is sold: prices, and the plans that they replaced, on an invoice's line or a subscription's item."""

import re
from decimal import Decimal

from relay.formats.money import NO_MONEY, Money
from relay.providers.stripe.reading import Object, expanded, identity, money, number, text
from relay.sdk.entities import Subscription
from relay.sdk.fields import dig

# What Stripe writes onto a line, in the customer's language: "1 × Business Hosting (at €24.00 / month)".
_DESCRIPTION = re.compile(r"\d+ × (.+) \([^()]+\)", re.DOTALL)
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_INTERVALS = ("day", "week", "month", "year")


def name_of(item: Object) -> str | None:
    """The name that the owner gave to the price, its product or its plan, or an id that the owner chose."""
    price, plan = _price(item), expanded(item.get("plan"))
    names = (
        price.get("nickname"),
        plan.get("nickname"),
        dig(price, "product", "name"),
        dig(item, "pricing", "price_details", "product", "name"),
        plan.get("name"),
        _described(item),
    )
    own_id = identity(price) or ""
    chosen = None if own_id.startswith(("price_", "plan_")) else own_id
    return next(filter(None, map(text, (*names, chosen))), None)


def sold(item: Object) -> Subscription:
    """The product, and how often it is charged."""
    price, plan = _price(item), expanded(item.get("plan"))
    product = price.get("product") or dig(item, "pricing", "price_details", "product")
    rhythm = expanded(price.get("recurring")) or (price if price.get("interval") else plan)
    return {
        "product_id": identity(product or plan.get("product")),
        "interval": rhythm.get("interval") if rhythm.get("interval") in _INTERVALS else None,
        "interval_count": number(rhythm.get("interval_count")),
    }


def cost(items: list[Object], currency: str | None) -> Money:
    """What these items cost in a period, before tax and discounts.

    Unknown when they differ in currency, or when use, tiers or packages decide.
    """
    codes = {str(_price(item).get("currency")) for item in items}
    if len(codes) != 1:
        return NO_MONEY
    code = currency or codes.pop()
    amounts = [_cost_of(item) for item in items]
    known = [amount for amount in amounts if amount is not None]
    return money(sum(known) if len(known) == len(amounts) else None, code)


def _price(item: Object) -> Object:
    """The price, as far as it came along: since basil a line has only its id."""
    price = item.get("price") or dig(item, "pricing", "price_details", "price")
    return expanded(price) or expanded(item.get("plan"))


def _described(line: Object) -> str | None:
    """The product's name as a line tells it, which since basil is all that an invoice knows of it."""
    match = _DESCRIPTION.fullmatch(text(line.get("description")) or "")
    return match[1] if match else None


def _cost_of(item: Object) -> Decimal | None:
    price, quantity = _price(item), number(item.get("quantity"))
    unit = _unit_amount(price)
    if unit is None or quantity is None or price.get("transform_quantity"):
        return None
    return unit * quantity


def _unit_amount(price: Object) -> Decimal | None:
    """In minor units, of which a price may have fractions. Plans, from before prices, call it `amount`."""
    units = (price.get(name) for name in ("unit_amount", "unit_amount_decimal", "amount"))
    written = next((str(each) for each in units if each is not None), "")
    return Decimal(written) if _DECIMAL.fullmatch(written) else None
