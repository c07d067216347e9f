"""Quiet hours: when they are, and when they end."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from relay.errors import InvalidRequest
from relay.formats.values import ZONE
from relay.formats.wall_clock import moment_of

_DAY = timedelta(days=1)
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-3]):([0-5]\d)")


def checked_quiet(text: str) -> str:
    """Raises `InvalidRequest`."""
    found = _HOURS.fullmatch(text.strip())
    if found is None or found.groups()[:2] == found.groups()[2:]:
        raise InvalidRequest(f"Quiet hours are written as 22:00-07:00; this is {text[:40]!r}.")
    return text.strip()


def checked_zone(name: str) -> str:
    """Raises `InvalidRequest`."""
    return ZONE.fit("zone", name)


def quiet_until(quiet: str | None, zone: str, now: int) -> int | None:
    """When the quiet hours end (Unix ms) that it is in now; None if it is in none.

    They last from the first time that the clock on the wall shows their beginning until it first shows their end, so
    that a night in which it is set differently ends when people get up.
    """
    found = _HOURS.fullmatch(quiet or "")
    if found is None:
        return None
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    at, moment = ZoneInfo(zone), datetime.fromtimestamp(now / 1000, UTC)
    today = moment.astimezone(at).date()
    for day in (today - _DAY, today):
        last = day if begin < end else day + _DAY
        over = moment_of(datetime.combine(last, end), at)
        if moment_of(datetime.combine(day, begin), at) <= moment < over:
            return int(over.timestamp() * 1000)
    return None
