"""How Stripe writes things down: references that may be expanded, wrapped lists, money in its smallest unit.

Nothing here or in the readers trusts a field to be there: what an endpoint gets depends on the API version it
was made with. Version 2025-03-31 ("basil") moved most of what an invoice said about its subscription and its
payment: https://docs.stripe.com/changelog/basil#2025-03-31.basil
"""

from decimal import Decimal
from typing import Any

from relay.formats.money import Money, currency_code, exponent, from_decimal, from_minor
from relay.formats.times import days_until, instant, timestamp
from relay.sdk.fields import dig

Object = dict[str, Any]
"""A Stripe object, or a whole event, as parsed."""

# https://docs.stripe.com/currencies: ISK and UGX lost their decimals and are still sent with two; the ariary
# (MGA), which has two in ISO 4217, is sent with none.
_EXPONENTS = {"ISK": 2, "UGX": 2, "MGA": 0}


def subject(event: Object) -> Object:
    """The object that a snapshot event is about. A thin event has none: KeyError."""
    found: Object = event["data"]["object"]
    return found


def before(event: Object) -> Object:
    """What an `updated` event changed, with the values from before; empty where that is not told."""
    return expanded(dig(event, "data", "previous_attributes"))


def text(value: Any) -> str | None:
    """A text, or None where there is none or an empty one."""
    return value if isinstance(value, str) and value else None


def number(value: Any) -> int | None:
    """A whole number, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def identity(reference: Any) -> str | None:
    """The id of a reference, which is its text, or the whole object where the endpoint expands it."""
    return text(reference.get("id") if isinstance(reference, dict) else reference)


def expanded(reference: Any) -> Object:
    """The object of an expanded reference; empty when only its id came, or nothing."""
    return reference if isinstance(reference, dict) else {}


def listed(value: Any) -> list[Object]:
    """The objects of a list, which Stripe wraps as `{"object": "list", "data": [...]}`."""
    found = dig(value, "data")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def first(value: Any) -> Object:
    """The first object of a list; empty when there is none."""
    return next(iter(listed(value)), {})


def money(minor: Any, currency: Any) -> Money:
    """Money as Stripe counts it."""
    return from_minor(minor, currency, vendor_exponent=_EXPONENTS.get(currency_code(currency) or ""))


def minor(amount: Decimal, currency: str) -> int | None:
    """An amount in the unit that Stripe counts in; None where it is not one that Stripe takes.

    Amounts without decimals in our count have none in Stripe's, and those with three end in 0.
    https://docs.stripe.com/currencies#zero-decimal
    """
    known = from_decimal(amount, currency)
    if known["amount"] is None or known["amount_minor"] is None or known["currency"] is None:
        return None
    code = known["currency"]
    places = _EXPONENTS.get(code, exponent(code))
    scaled = known["amount"].scaleb(places)
    step = 10 if places == 3 else 1
    return int(scaled) if scaled % step == 0 else None


def whole(minor: Any) -> int:
    """An amount to reckon with: 0 where none came."""
    return number(minor) or 0


def told_at(event: Object) -> str | None:
    """When the event happened."""
    return timestamp(event.get("created"))


def days_from(event: Object, moment: str | None) -> int | None:
    """Whole days from the event, not from now, so that a replay says the same."""
    now = instant(event.get("created"))
    return None if now is None else days_until(moment, now)
