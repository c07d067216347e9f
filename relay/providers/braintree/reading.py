"""How Braintree writes things down: one subject below its name, lists of transactions, decimal text for money."""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import Money, currency_code, from_decimal
from relay.formats.times import days_until, instant
from relay.sdk.inbound import Inbound

Object = dict[str, Any]


class Told:
    """A notification: its kind, when it was sent, what it is about, and the currency where it names none."""

    def __init__(self, notification: Mapping[str, Any], currency: Any = None) -> None:
        self.kind = text(notification.get("kind"))
        self.at = text(notification.get("timestamp"))
        self.subject = under(notification, "subject")
        self._currency = currency

    def about(self, *names: str) -> Object:
        """The subject of one of these names; empty when it is another."""
        return next((found for name in names if (found := under(self.subject, name))), {})

    def currency_of(self, *objects: Object) -> str | None:
        """The first that one of these names, else the one set for the source."""
        told = [currency_code(each.get("currency_iso_code")) for each in objects]
        return next(filter(None, told), currency_code(self._currency))

    def money(self, amount: Any, *objects: Object) -> Money:
        return from_decimal(amount, self.currency_of(*objects))

    def days_until(self, moment: str | None) -> int | None:
        """From the notification, not from now, so that a replay says the same."""
        now = instant(self.at)
        return None if now is None else days_until(moment, now)


def told(inbound: Inbound) -> Told:
    return Told(inbound.payload["notification"], inbound.settings.get("currency"))


def under(value: Any, *path: str) -> Object:
    """The object below these names; empty where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return dict(value) if isinstance(value, Mapping) else {}


def listed(value: Any, name: str) -> list[Object]:
    """The objects of a list, which may also be one below its own name."""
    if isinstance(value, Mapping):
        value = value.get(name)
        value = [value] if isinstance(value, Mapping) else value
    return [dict(each) for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """A text or a whole number as text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def number(value: Any, least: int = 0, most: int = 999_999) -> int | None:
    """A whole number, also as text; None where it cannot be meant."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if least <= value <= most else None


def last4(value: Any) -> str | None:
    """The end of a card's or an account's number."""
    found = text(value) or ""
    return found if len(found) <= 4 and found.isascii() and found.isdigit() else None


def joined(*names: Any) -> str | None:
    return " ".join(filter(None, map(text, names))) or None
