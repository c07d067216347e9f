"""Quiet hours: when they are, and when they end."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from relay.errors import InvalidRequest

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")


def checked_quiet(text: str) -> str:
    """Raises `InvalidRequest`."""
    found = _HOURS.fullmatch(text.strip())
    if found is None or found.groups()[:2] == found.groups()[2:]:
        raise InvalidRequest(f"Quiet hours are written as 22:00-07:00; this is {text[:40]!r}.")
    return text.strip()


def checked_zone(name: str) -> str:
    """Raises `InvalidRequest`."""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidRequest(f"A time zone has a name such as Europe/Paris; there is no {name[:60]!r}.") from None


def quiet_until(quiet: str | None, zone: str, now: int) -> int | None:
    """When the quiet hours end (Unix ms) that it is in now; None if it is in none."""
    found = _HOURS.fullmatch(quiet or "")
    if found is None:
        return None
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))
    clock = local.time().replace(second=0, microsecond=0)
    over_night = begin > end
    if not (clock >= begin or clock < end if over_night else begin <= clock < end):
        return None
    # By the wall clock, so that a night in which it is set differently ends when people get up.
    day = local.date() + timedelta(days=1) if over_night and clock >= begin else local.date()
    return int(datetime.combine(day, end, ZoneInfo(zone)).timestamp() * 1000)
