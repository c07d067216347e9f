"""How WHMCS writes things down, read without ever raising.

PHP sends ids as numbers or text, 0 for no id, an empty array or "" where a row is missing, and 0000-00-00 for
no date. Its times are local and tell no zone, so of each only the day is kept.
"""

from typing import Any

from relay.formats.money import Money, currency_code, from_decimal
from relay.formats.times import day
from relay.sdk.entities import Customer

Hook = dict[str, Any]
"""The variables of one hook, with what the agent looked up beside them."""


def row(value: Any) -> Hook:
    """A row of a table; empty where there is none."""
    return value if isinstance(value, dict) else {}


def rows(value: Any, inner: str) -> list[Hook]:
    """The rows of a list, which the API wraps as `{"item": [...]}`. One row alone is a list of one."""
    if isinstance(value, dict):
        value = value.get(inner, value)
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, dict) and each]


def text(value: Any) -> str | None:
    """Text or a whole number as text; None for nothing and for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def ident(value: Any) -> str | None:
    """An id as text. 0 is WHMCS's word for none."""
    found = text(value)
    return None if found == "0" else found


def whole(value: Any) -> int | None:
    """A whole number, perhaps written as text."""
    found = text(value)
    digits = found.removeprefix("-") if found else ""
    return int(found) if found and digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def date(value: Any) -> str | None:
    """The day of a date or a local time. PHP's own date objects hold it under `date`."""
    return day(row(value).get("date", value))


def web_address(value: Any) -> str | None:
    found = text(value)
    return found if found and found.startswith(("https://", "http://")) else None


def host(value: Any) -> str | None:
    found = text(value)
    return found.lower().rstrip(".") if found else None


def params(hook: Hook) -> Hook:
    """What modules and registrars are called with; full of secrets, so only ever read field by field."""
    return row(hook.get("params"))


def client(hook: Hook) -> Hook:
    """The profile of the client, as it was looked up or as modules are given it."""
    return row(hook.get("client")) or row(params(hook).get("clientsdetails"))


def client_id(hook: Hook) -> str | None:
    """The client's id, which has a name in each corner of WHMCS.

    Since version 8 a client has users. `user_id` and a profile's `owner_user_id` are theirs; `userid` and
    `userId` are still the client's.
    """
    for place, names in (
        (client(hook), ("client_id", "userid", "id")),
        (params(hook), ("userid",)),
        (hook, ("client_id", "clientId", "userid", "userId")),
        (row(hook.get("invoice")), ("userid",)),
    ):
        for name in names:
            found = ident(place.get(name))
            if found:
                return found
    return None


def full_name(profile: Hook) -> str | None:
    return " ".join(filter(None, (text(profile.get("firstname")), text(profile.get("lastname"))))) or None


def customer(hook: Hook) -> Customer:
    """Whom the event is about."""
    profile = client(hook)
    return {
        "id": client_id(hook),
        "name": full_name(profile),
        "email": text(profile.get("email")),
        "company": text(profile.get("companyname")),
    }


def currency(hook: Hook) -> str | None:
    """The ISO code that the agent looked up. WHMCS itself gives a number, which says nothing outside."""
    return currency_code(hook.get("currency")) or currency_code(client(hook).get("currency_code"))


def money(amount: Any, hook: Hook) -> Money:
    return from_decimal(amount, currency(hook))


def days(hook: Hook) -> int | None:
    """Whole days until what the daily sweep tells of, as the panel counted them in its own zone."""
    return whole(hook.get("days"))
