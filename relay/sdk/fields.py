"""Reading what others wrote down: nothing here trusts a field to be there, or to be what it should be."""

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from relay.sdk.entities import Customer

Object = dict[str, Any]
"""A JSON object of somebody else's, as parsed."""

_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)


def dig(value: Any, *path: str) -> Any:
    """What lies under these keys, or None as soon as one is missing or null."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def an_object(value: Any) -> Object:
    """An object, empty when there is none."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Object]:
    """The objects of a list; none where there is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def first(value: Any) -> Object:
    """The first object of a list; empty when there is none."""
    return next(iter(objects(value)), {})


def text(*values: Any) -> str | None:
    """The first text that is not empty."""
    return next((each for each in values if isinstance(each, str) and each), None)


def scalar(value: Any) -> str | None:
    """Text without blanks around it, or a whole number as text; None for nothing and for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def id_text(value: Any) -> str | None:
    """What an account's owner noted, where an id may be a number too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value)


def integer(value: Any) -> int | None:
    """A whole number, written as one or as text."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def host_of(address: Any) -> str | None:
    """The host of an address, or of a bare `host:port`, in lower case: no user, port or path, no brackets of IPv6."""
    written = scalar(address) or ""
    try:
        return str(ip_address(written.strip("[]")))
    except ValueError:
        pass
    try:
        host = urlsplit(written if "://" in written else f"//{written}").hostname
    except ValueError:
        return None
    return host.rstrip(".") or None if host else None


def one_record(*records: Customer) -> Customer:
    """The first of these that has an id, with what others of the same id know beside it; without any id the first that
    tells something. So no name or address of one stands beside the id of another.
    """
    told = [record for record in records if any(record.values())]
    first_known = next((record for record in told if record.get("id")), None)
    if first_known is None:
        return told[0] if told else {}
    same = [first_known, *(record for record in told if record.get("id") == first_known["id"])]
    return {
        "id": first_known["id"],
        "name": text(*(record.get("name") for record in same)),
        "email": text(*(record.get("email") for record in same)),
        "company": text(*(record.get("company") for record in same)),
    }
