"""How Square writes things down: an object below `data.object.NAME`, money as {amount, currency}, days without a time.

Nothing here or in the readers trusts a field to be there. https://developer.squareup.com/docs/webhooks/overview
"""

from typing import Any

from relay.formats.money import NO_MONEY, Money, from_minor
from relay.formats.times import days_until, instant, timestamp
from relay.sdk.entities import Customer
from relay.sdk.fields import dig, integer, text
from relay.sdk.inbound import Inbound

_BRANDS = {
    "american_express": "amex",
    "discover_diners": "diners",
    "china_unionpay": "unionpay",
    "other_brand": None,
}

Object = dict[str, Any]
"""An object of Square's, or a whole event, as parsed."""


def subject(event: Object, name: str) -> Object:
    """The object that an event is about. An event without it cannot be told: KeyError."""
    found: Object = event["data"]["object"][name]
    return found


def status(inbound: Inbound, name: str) -> str:
    return str(dig(inbound.payload, "data", "object", name, "status"))


def word(code: Any) -> str | None:
    """A code in small letters: `BANK_ACCOUNT` is `bank_account`."""
    return (text(code) or "").lower() or None


def plain(code: Any) -> str | None:
    """A code as plain words: `CARD_DECLINED` is `Card declined`."""
    return (word(code) or "").replace("_", " ").capitalize() or None


def money(value: Any) -> Money:
    """Money from {amount, currency}, in the currency's smallest unit."""
    return from_minor(dig(value, "amount"), dig(value, "currency"))


def total(*values: Any) -> Money:
    """The sum of sums of money; unknown where they differ in currency or one cannot be read."""
    parts = [money(each) for each in values]
    codes = {part["currency"] for part in parts}
    minors = [part["amount_minor"] for part in parts if part["amount_minor"] is not None]
    if len(codes) != 1 or len(minors) != len(parts):
        return NO_MONEY
    return from_minor(sum(minors), codes.pop())


def person(told: Any) -> Customer:
    """Id, name, e-mail address and company, by Square's names for them."""
    names = (text(dig(told, "given_name")), text(dig(told, "family_name")))
    return {
        "id": text(dig(told, "customer_id")),
        "name": " ".join(name for name in names if name) or None,
        "email": text(dig(told, "email_address")),
        "company": text(dig(told, "company_name")),
    }


def brand(card: Any) -> str | None:
    name = word(dig(card, "card_brand"))
    return _BRANDS.get(name, name) if name else None


def last4(card: Any) -> str | None:
    return (text(dig(card, "last_4")) or "")[-4:] or None


def expiry(card: Any) -> tuple[int | None, int | None]:
    """Month and year, where they can be ones."""
    month, year = integer(dig(card, "exp_month")) or 0, integer(dig(card, "exp_year")) or 0
    return (month, year) if 1 <= month <= 12 and 2000 <= year < 2200 else (None, None)


def told_at(event: Object) -> str | None:
    """When the event happened."""
    return timestamp(event.get("created_at"))


def days_from(event: Object, moment: str | None, about: Object) -> int | None:
    """Whole days from the event, not from now, so that a replay says the same; by the calendar of what it is about."""
    now = instant(event.get("created_at"))
    return None if now is None else days_until(moment, now, about.get("timezone"))
