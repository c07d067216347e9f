"""Instants as vendors write them. An unreadable date never costs an event: it becomes None."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from relay.model import iso

_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")
_DOTTED_DAY = re.compile(r"^(\d{4})\.(\d{2})\.(\d{2})")
_SHORT_OFFSET = re.compile(r"([+-]\d\d)$")
_LATEST = 253_402_300_799  # the last second of the year 9999


def instant(value: Any) -> datetime | None:
    """An aware time in UTC from Unix seconds or from ISO 8601 text with an offset; None for anything else.

    Text without an offset is local time of an unknown place, so it is not an instant. Digits past
    microseconds are cut (Authorize.Net sends seven).
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value) if len(value) <= 12 else None
    if isinstance(value, int | Decimal):
        return datetime.fromtimestamp(int(value), UTC) if 0 < value <= _LATEST else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(_SHORT_OFFSET.sub(r"\1:00", _LONG_FRACTION.sub(r"\1", value.strip())))
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def local(value: Any, zone: Any) -> datetime | None:
    """An aware time in UTC from text: with an offset as `instant` reads it, without one as it is said in a zone.

    `zone` is a name such as Europe/Berlin; one that is not known counts as UTC.
    """
    found = instant(value)
    if found is not None or not isinstance(value, str):
        return found
    try:
        known = ZoneInfo(str(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = ZoneInfo("UTC")
    try:
        moment = datetime.fromisoformat(_DOTTED_DAY.sub(r"\1-\2-\3", value.strip()))
        return moment.replace(tzinfo=moment.tzinfo or known).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def timestamp(value: Any) -> str | None:
    """`instant`, written as every event writes it: ISO 8601 with Z."""
    return iso(instant(value))


def day(value: Any) -> str | None:
    """Midnight UTC of a civil date (`2026-12-01`, perhaps with a time behind it), as a timestamp.

    `0000-00-00` and the like are None.
    """
    if not isinstance(value, str):
        return None
    try:
        return f"{date.fromisoformat(value.strip()[:10]).isoformat()}T00:00:00Z"
    except ValueError:
        return None


def days_until(moment: str | None, now: datetime) -> int | None:
    """Whole days from `now` to a timestamp as `timestamp` writes it; negative once it has passed."""
    then = instant(moment)
    return None if then is None else (then - now) // timedelta(days=1)
