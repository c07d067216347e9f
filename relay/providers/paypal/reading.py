"""How PayPal writes things down, in the older (v1) and the newer (v2) version of its resources.

A webhook carries whichever version its app uses: https://developer.paypal.com/api/rest/webhooks/event-names/
Nothing here or in the readers trusts a field to be there.
"""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from relay.formats.money import NO_MONEY, Money, from_decimal
from relay.formats.times import days_until, instant, timestamp
from relay.sdk.fields import dig, objects

Object = dict[str, Any]
"""A resource of PayPal's, or a whole event, as parsed."""


def subject(event: Object) -> Object:
    """The resource that an event is about."""
    found: Object = event["resource"]
    return found


def text(*values: Any) -> str | None:
    """The first text that is not empty, without blanks around it."""
    stripped = (each.strip() for each in values if isinstance(each, str))
    return next(filter(None, stripped), None)


def word(value: Any) -> str | None:
    """A code in lower case, such as `completed`: v1 and v2 differ in it."""
    return (text(value) or "").lower() or None


def plain(code: Any) -> str | None:
    """A code as plain words: `PAYER_CANNOT_PAY` is `Payer cannot pay`."""
    return (word(code) or "").replace("_", " ").capitalize() or None


def number(value: Any) -> int | Decimal | None:
    """A quantity, which v2 writes as text."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        found = Decimal(value)
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) >= 10**9:
        return None
    return int(found) if found == found.to_integral_value() else found


def whole(value: Any) -> int | None:
    """A count, which v1 writes as text."""
    found = number(value)
    return found if isinstance(found, int) and found >= 0 else None


def milliseconds(value: Any) -> int | None:
    """Unix seconds of a time that is counted in milliseconds."""
    return value // 1000 if isinstance(value, int) and not isinstance(value, bool) else None


def money(amount: Any, currency: Any = None) -> Money:
    """Money from {value, currency_code} (v2) or {total or value, currency} (v1).

    The older subscriptions name their currency once, beside the amounts.
    """
    value = dig(amount, "value")
    code = dig(amount, "currency_code") or dig(amount, "currency") or currency
    return from_decimal(dig(amount, "total") if value is None else value, code)


def unsigned(sum_of_money: Money) -> Money:
    """The same without its sign: what is given back is negative in some versions and positive in others."""
    amount, minor = sum_of_money["amount"], sum_of_money["amount_minor"]
    return {
        "amount": None if amount is None else abs(amount),
        "amount_minor": None if minor is None else abs(minor),
        "currency": sum_of_money["currency"],
    }


def times(price: Money, quantity: int | Decimal | None) -> Money:
    """What this many cost; unknown where either is."""
    if price["amount"] is None or quantity is None:
        return NO_MONEY | {"currency": price["currency"]}
    return from_decimal(price["amount"] * quantity, price["currency"])


def link(resource: Object, rel: str) -> str | None:
    """The address of a link by its `rel`."""
    return next((text(each.get("href")) for each in objects(resource.get("links")) if each.get("rel") == rel), None)


def linked_id(resource: Object, rel: str, kinds: str) -> str | None:
    """The id at the end of a link, if that leads to one of these kinds. It is read, never followed."""
    match = re.search(rf"/(?:{kinds})/([A-Z0-9-]+)$", link(resource, rel) or "")
    return match[1] if match else None


def told_at(event: Object) -> str | None:
    """When the event happened."""
    return timestamp(event.get("create_time"))


def days_from(event: Object, moment: str | None) -> int | None:
    """Whole days from the event, not from now, so that a replay says the same."""
    now = instant(event.get("create_time"))
    return None if now is None else days_until(moment, now)
