"""How Adyen writes things down: items in wrappings, text for booleans, money with exponents of its own."""

import re
from datetime import datetime
from typing import Any

from relay.formats.money import Money, currency_code, from_minor
from relay.formats.times import instant, timestamp
from relay.providers.adyen.verification import items_of
from relay.sdk.inbound import Inbound

Item = dict[str, Any]
"""A NotificationRequestItem, or the body of a newer family."""

# Where Adyen counts otherwise than ISO 4217: https://docs.adyen.com/development-resources/currency-codes
_EXPONENTS = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}

_LAST4 = re.compile(r"\d{4}", re.ASCII)


def item_of(payload: Any) -> Item:
    """The one item of a piece, or an item that stands alone; empty for the newer families."""
    for item in items_of(payload):
        return item
    return payload if isinstance(payload, dict) and "eventCode" in payload else {}


def when(inbound: Inbound) -> datetime | None:
    return instant(item_of(inbound.payload).get("eventDate") or inbound.payload.get("createdAt"))


def told_at(item: Item) -> str | None:
    return timestamp(item.get("eventDate"))


def text(value: Any) -> str | None:
    """A text or a whole number as text; None where there is nothing or the word null, which examples hold."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return None if value in ("", "null") else str(value)


def extra(item: Item, *names: str) -> str | None:
    """The first of these in additionalData. None of it is signed: nothing of worth may hang on it alone."""
    held = item.get("additionalData")
    return next(filter(None, (text(held.get(name)) for name in names)), None) if isinstance(held, dict) else None


def last4(item: Item) -> str | None:
    """The end of a card's number."""
    found = extra(item, "cardSummary") or ""
    return found if _LAST4.fullmatch(found) else None


def money(item: Item) -> Money:
    amount = item.get("amount")
    told = amount if isinstance(amount, dict) else {}
    currency = currency_code(told.get("currency"))
    return from_minor(told.get("value"), currency, vendor_exponent=_EXPONENTS.get(currency or ""))
