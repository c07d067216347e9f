"""Cards and other means of payment in our words.

v2 is a payment token: https://developer.paypal.com/docs/api/payment-tokens/v3/ (the API counts its own versions)
v1 is a card in the vault: https://developer.paypal.com/docs/api/vault/v1/
"""

import re
from calendar import monthrange
from typing import Any

from relay.providers.paypal.reading import Object, days_from, subject, text, whole, word
from relay.sdk.entities import Data, Payment, PaymentMethod
from relay.sdk.fields import an_object, dig

# Year and month of a card, both or neither.
Expiry = tuple[int | None, int | None]

_NO_CARD: Payment = {"card_brand": None, "card_last4": None, "card_exp_month": None, "card_exp_year": None}
_MONTH = re.compile(r"(\d{4})-(\d\d)")


def token(event: Object) -> Data:
    """A saved means of payment: a card, a PayPal account or another wallet."""
    saved = subject(event)
    kind, inner = source(saved.get("payment_source"))
    card = _card(kind, inner)
    return _method(
        event,
        _expiry(card),
        {
            "id": text(saved.get("id")),
            "type": kind,
            "brand": word(card.get("brand")),
            "last4": _last4(card.get("last_digits")),
            "holder_name": text(inner.get("name"), dig(inner, "name", "full_name"), card.get("name")),
            "country": text(dig(card, "billing_address", "country_code"), dig(inner, "address", "country_code")),
        },
    )


def vaulted_card(event: Object) -> Data:
    """A card in the older vault."""
    card = trimmed(subject(event))
    names = (text(card.get("first_name")), text(card.get("last_name")))
    return _method(
        event,
        _valid(whole(card.get("expire_year")), whole(card.get("expire_month"))),
        {
            "id": text(card.get("id")),
            "type": "card",
            "brand": word(card.get("type")),
            "last4": _last4(card.get("number")),
            "holder_name": " ".join(filter(None, names)) or None,
            "country": text(dig(card, "billing_address", "country_code")),
        },
    )


def card_of(payment_source: Any) -> Payment:
    """How it was paid, and with which card."""
    kind, inner = source(payment_source)
    card = _card(kind, inner)
    if not card:
        return {"method": kind, **_NO_CARD}
    year, month = _expiry(card)
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


def _method(event: Object, expiry: Expiry, told: PaymentMethod) -> Data:
    year, month = expiry
    expires_at = _end_of_month(year, month)
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


def _expiry(card: Object) -> Expiry:
    match = _MONTH.fullmatch(text(card.get("expiry")) or "")
    return _valid(int(match[1]), int(match[2])) if match else (None, None)


def _valid(year: int | None, month: int | None) -> Expiry:
    if year is None or month is None or not (2000 <= year <= 2199 and 1 <= month <= 12):
        return None, None
    return year, month


def _last4(digits: Any) -> str | None:
    return (text(digits) or "")[-4:] or None


def _end_of_month(year: int | None, month: int | None) -> str | None:
    """A card is good until the end of the month printed on it."""
    if year is None or month is None:
        return None
    return f"{year}-{month:02}-{monthrange(year, month)[1]}T23:59:59Z"
