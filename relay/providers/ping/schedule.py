"""When a check's next ping is expected: every so often, or by a cron expression in a time zone.

Durations are lengths of time, whatever the clocks do meanwhile. A cron expression is civil, and where the clock is set
differently it means what Debian's cron makes of it (`man 8 cron`): a job at fixed times runs once a day, at the change
itself where its time is skipped and the first time where its time comes twice; one whose minute or hour begins with
`*` runs whenever the clock shows such a time.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadCronError, CroniterBadDateError, CroniterNotAlphaError, croniter

from relay.formats.values import Unfit
from relay.formats.wall_clock import moment_of, next_change
from relay.sdk.errors import ConfigError

_DURATION = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=400)
_OFTEN = re.compile(r"@hourly|\*|\S+\s+\*")
_SECOND = timedelta(seconds=1)


def expected_by(settings: Mapping[str, Any], now: datetime) -> datetime:
    """By when (UTC) the next success has to be told, given one at `now` (aware): the schedule's next time and the
    grace."""
    grace = grace_of(settings)
    every = str(settings.get("every") or "1d").strip()
    now = now.astimezone(UTC)
    if _DURATION.fullmatch(every):
        return now + _duration("every", every) + grace
    zone = _zone(str(settings.get("timezone") or "UTC"))
    runs = _whenever_shown if _OFTEN.match(every) else _at_fixed_times
    try:
        return runs(every, zone, now.replace(microsecond=0)) + grace
    except (CroniterBadCronError, CroniterBadDateError, CroniterNotAlphaError, ValueError):
        raise ConfigError(
            f"The setting every must be a duration such as 15m, 6h or 1d, or a cron expression such as `30 2 * * *`;"
            f" it is {every[:60]!r}."
        ) from None


def _at_fixed_times(expression: str, zone: ZoneInfo, now: datetime) -> datetime:
    moments = (moment_of(civil, zone) for civil in _civil_times(expression, now.astimezone(zone)))
    return next(moment for moment in moments if moment > now)


def _whenever_shown(expression: str, zone: ZoneInfo, now: datetime) -> datetime:
    """Between two changes a zone is no more than an offset; and what the clock shows as it is set counts too."""
    begin, after, offset = now, now, _offset(zone, now)
    while True:
        found = next(_civil_times(expression, after + offset)).replace(tzinfo=UTC) - offset
        change = next_change(zone, begin, found)
        if change is None:
            return found
        begin, after, offset = change, change - _SECOND, _offset(zone, change)


def _civil_times(expression: str, after: datetime) -> Iterator[datetime]:
    times = croniter(expression, after.replace(tzinfo=None))
    while True:
        yield times.get_next(datetime)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def grace_of(settings: Mapping[str, Any]) -> timedelta:
    """How much later than expected is still fine; also how long a run may take that said when it began."""
    return _duration("grace", str(settings.get("grace") or "1h").strip())


def checked(name: str) -> Callable[[str], str]:
    """What a setting of the schedule is checked with when it is set: whether a check can be expected by it."""

    def check(text: str) -> str:
        try:
            expected_by({name: text}, datetime.now(UTC))
        except ConfigError:
            raise Unfit(f"it is {text[:60]!r}") from None
        return text

    return check


def _duration(name: str, text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < length <= _LONGEST:
        raise ConfigError(
            f"The setting {name} must be a duration of at most 400 days, such as 15m, 6h or 1d; it is {text[:60]!r}."
        )
    return length


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"The setting timezone must be a name such as Europe/Berlin or UTC; it is {name[:60]!r}."
        ) from None
