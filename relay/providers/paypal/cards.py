"""Cards and other means of payment in our words.

v2 is a payment token: https://developer.paypal.com/docs/api/payment-tokens/v3/ ; v1 a card in the vault:
https://developer.paypal.com/docs/api/vault/v1/
"""

import re
from calendar import monthrange
from typing import Any

from relay.providers.base import Data
from relay.providers.paypal.reading import Object, an_object, days_from, subject, text, under, whole, word

_NO_CARD = {"card_brand": None, "card_last4": None, "card_exp_month": None, "card_exp_year": None}
_MONTH = re.compile(r"(\d{4})-(\d\d)")


def token(event: Object) -> Data:
    """A saved means of payment: a card, a PayPal account or another wallet."""
    saved = subject(event)
    kind, inner = source(saved.get("payment_source"))
    card = _card(kind, inner)
    month, year = _expiry(card)
    return _method(
        event,
        month,
        year,
        {
            "id": text(saved.get("id")),
            "type": kind,
            "brand": word(card.get("brand")),
            "last4": _last4(card.get("last_digits")),
            "holder_name": text(inner.get("name"), under(inner, "name", "full_name"), card.get("name")),
            "country": text(
                under(card, "billing_address", "country_code"), under(inner, "address", "country_code")
            ),
        },
    )


def vaulted_card(event: Object) -> Data:
    """A card in the older vault."""
    card = trimmed(subject(event))
    names = (text(card.get("first_name")), text(card.get("last_name")))
    return _method(
        event,
        whole(card.get("expire_month")),
        whole(card.get("expire_year")),
        {
            "id": text(card.get("id")),
            "type": "card",
            "brand": word(card.get("type")),
            "last4": _last4(card.get("number")),
            "holder_name": " ".join(filter(None, names)) or None,
            "country": text(under(card, "billing_address", "country_code")),
        },
    )


def card_of(payment_source: Any) -> Data:
    """How it was paid, and with which card."""
    kind, inner = source(payment_source)
    card = _card(kind, inner)
    if not card:
        return {"method": kind, **_NO_CARD}
    month, year = _expiry(card)
    return {
        "method": kind,
        "card_brand": word(card.get("brand")),
        "card_last4": _last4(card.get("last_digits")),
        "card_exp_month": month,
        "card_exp_year": year,
    }


def source(payment_source: Any) -> tuple[str | None, Object]:
    """The one kind that a payment source has, such as `card`, `paypal` or `venmo`, and what is told of it."""
    kind, inner = next(iter(an_object(payment_source).items()), (None, None))
    return kind, an_object(inner)


def trimmed(value: Any) -> Any:
    """The same without blanks around names and texts: PayPal's samples of vaulted cards are full of them."""
    if isinstance(value, dict):
        return {name.strip(): trimmed(item) for name, item in value.items()}
    return value.strip() if isinstance(value, str) else value


def _method(event: Object, month: int | None, year: int | None, told: Data) -> Data:
    expires_at = _end_of_month(month, year)
    return {
        "payment_method": told
        | {
            "exp_month": month,
            "exp_year": year,
            "expires_at": expires_at,
            "days_until_expiry": days_from(event, expires_at),
        }
    }


def _card(kind: str | None, inner: Object) -> Object:
    """The card itself, which a wallet may hold inside."""
    return inner if kind == "card" else an_object(inner.get("card"))


def _expiry(card: Object) -> tuple[int | None, int | None]:
    match = _MONTH.fullmatch(text(card.get("expiry")) or "")
    return (int(match[2]), int(match[1])) if match else (None, None)


def _last4(digits: Any) -> str | None:
    return (text(digits) or "")[-4:] or None


def _end_of_month(month: int | None, year: int | None) -> str | None:
    """A card is good until the end of the month printed on it."""
    if month is None or year is None or not (1 <= month <= 12 and 1970 <= year <= 9999):
        return None
    return f"{year}-{month:02}-{monthrange(year, month)[1]}T23:59:59Z"
