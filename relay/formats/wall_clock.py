"""The clock on the wall: which moment it means by a time, and when it is set differently.

A civil time is a date and a time without a zone, as people say it. Twice a year an hour of it comes twice or not at
all (half an hour on Lord Howe, midnight itself in Chile), so nothing is added to it: lengths of time are added in UTC.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_STEP_SECONDS = 24 * 3600
"""No zone sets its clock twice within a day."""


def moment_of(civil: datetime, zone: ZoneInfo) -> datetime:
    """The first moment (UTC) at which the clock shows this time; when it is set past it, that moment."""
    first, second = (civil.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    # Python reads a time that is skipped by the offset before and by the one after: the change lies between them.
    return next_change(zone, second, first) or first


def next_change(zone: ZoneInfo, after: datetime, until: datetime) -> datetime | None:
    """When (UTC, to the second) the clock is first set differently, later than `after` and not later than `until`."""
    low, end = int(after.timestamp()), int(until.timestamp())
    while low < end:
        high = min(low + _STEP_SECONDS, end)
        if _offset(zone, high) != _offset(zone, low):
            return _between(zone, low, high)
        low = high
    return None


def _between(zone: ZoneInfo, low: int, high: int) -> datetime:
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == _offset(zone, low):
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(zone: ZoneInfo, second: int) -> timedelta | None:
    return datetime.fromtimestamp(second, zone).utcoffset()
