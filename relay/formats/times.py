"""Instants as vendors write them. An unreadable date never costs an event: it becomes None."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from relay.model import iso

__all__ = ["Day", "day", "days_until", "instant", "iso", "local", "local_timestamp", "timestamp"]

_LONG_FRACTION = re.compile(r"(\.\d{6})\d+")
_DOTTED_DAY = re.compile(r"^(\d{4})\.(\d{2})\.(\d{2})")
_BARE_DAY = re.compile(r"\d{4}([-.])\d{2}\1\d{2}", re.ASCII)
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
        moment = datetime.fromisoformat(_DOTTED_DAY.sub(r"\1-\2-\3", value.strip()))
        return moment.replace(tzinfo=moment.tzinfo or _zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def timestamp(value: Any) -> str | None:
    """`instant`, written as every event writes it: ISO 8601 with Z."""
    return iso(instant(value))


class Day(str):
    """A civil date, written as events write it: midnight UTC of that date. It lasts until its day is over, so what is
    left of it is counted in days of the calendar (`days_until`)."""

    __slots__ = ()


def day(value: Any) -> Day | None:
    """A civil date (`2026-12-01`, perhaps with a time behind it). `0000-00-00` and the like are None."""
    if not isinstance(value, str):
        return None
    try:
        return Day(f"{date.fromisoformat(value.strip()[:10]).isoformat()}T00:00:00Z")
    except ValueError:
        return None


def local_timestamp(value: Any, zone: Any) -> str | None:
    """`local`, written as every event writes it. A date without a time is a `Day`: it begins in no zone."""
    if isinstance(value, str) and _BARE_DAY.fullmatch(value.strip()):
        return day(value.strip().replace(".", "-"))
    return iso(local(value, zone))


def days_until(moment: str | None, now: datetime, zone: Any = None) -> int | None:
    """Whole days from `now` to a timestamp as `timestamp` writes it; negative once it has passed.

    To a `Day` it is days of the calendar, of the one in `zone` where that is known: none are left on the day itself.
    """
    if isinstance(moment, Day):
        return (date.fromisoformat(moment[:10]) - now.astimezone(_zone(zone)).date()).days
    then = instant(moment)
    return None if then is None else (then - now) // timedelta(days=1)


def _zone(name: Any) -> ZoneInfo:
    """A time zone by its name; one that is not known counts as UTC."""
    try:
        return ZoneInfo(str(name or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
