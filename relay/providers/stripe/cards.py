"""Cards and other means of payment in our words."""

from calendar import monthrange
from typing import Any

from relay.providers.stripe.reading import Object, days_from, expanded, identity, number, subject, text
from relay.sdk.entities import Data, Payment
from relay.sdk.fields import dig

# Cards kept as sources spell the names of their brands, payment methods use codes:
# https://docs.stripe.com/api/cards/object#card_object-brand
_BRANDS = {"american express": "amex", "diners club": "diners"}


def read(event: Object) -> Data:
    """A card, bank account or mandate, whether kept as a payment method or, the older way, as a source."""
    means = subject(event)
    kind = _type(means)
    inner = _inside(means, kind)
    month, year = _expiry(inner)
    expires_at = _end_of_month(month, year)
    return {
        "payment_method": {
            "id": identity(means),
            "type": kind,
            "brand": _brand(inner.get("brand")) or text(inner.get("bank_name")),
            "last4": text(inner.get("last4")),
            "exp_month": month,
            "exp_year": year,
            "expires_at": expires_at,
            "holder_name": _holder(means),
            "country": text(inner.get("country")) or text(dig(means, "billing_details", "address", "country")),
            "days_until_expiry": days_from(event, expires_at),
        }
    }


def card_of(*means: Any) -> Payment:
    """The card that paid, from the first of these that tells of one; otherwise only how it was paid."""
    known = [each for each in means if isinstance(each, dict) and _type(each)]
    card = next((inner for each in known if (inner := _inside(each, "card"))), {})
    month, year = _expiry(card)
    return {
        "method": _type(known[0]) if known else None,
        "card_brand": _brand(card.get("brand")),
        "card_last4": text(card.get("last4")),
        "card_exp_month": month,
        "card_exp_year": year,
    }


def _type(means: Object) -> str | None:
    """`card`, `sepa_debit` and so on; what is kept as a source is a card or a bank account by itself."""
    if means.get("object") in ("card", "bank_account"):
        return str(means["object"])
    return text(means.get("type"))


def _inside(means: Object, kind: str | None) -> Object:
    """What is told of this kind: below its name, or flat where it is kept as a source."""
    if means.get("object") in ("card", "bank_account"):
        return means if means["object"] == kind else {}
    return expanded(means.get(kind)) if kind else {}


def _brand(value: Any) -> str | None:
    name = (text(value) or "").lower()
    return _BRANDS.get(name, name) or None


def _holder(means: Object) -> str | None:
    names = (
        dig(means, "billing_details", "name"),
        means.get("account_holder_name"),
        means.get("name") if means.get("object") == "card" else None,
        dig(means, "owner", "name"),
    )
    return next(filter(None, map(text, names)), None)


def _expiry(card: Object) -> tuple[int | None, int | None]:
    """Month and year, where they can be ones."""
    month, year = number(card.get("exp_month")) or 0, number(card.get("exp_year")) or 0
    return (month, year) if 1 <= month <= 12 and 2000 <= year < 2200 else (None, None)


def _end_of_month(month: int | None, year: int | None) -> str | None:
    """A card is good until the end of the month printed on it."""
    if month is None or year is None:
        return None
    return f"{year}-{month:02}-{monthrange(year, month)[1]}T23:59:59Z"
