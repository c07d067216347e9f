"""When a check's next ping is expected: every so often, or by a cron expression in a time zone."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadCronError, CroniterBadDateError, CroniterNotAlphaError, croniter

from relay.errors import ConfigError

_DURATION = re.compile(r"(\d{1,6})\s*([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=400)


def expected_by(settings: Mapping[str, Any], now: datetime) -> datetime:
    """By when the next success has to be told, given one at `now` (aware): the schedule's next time and the grace."""
    grace = grace_of(settings)
    every = str(settings.get("every") or "1d").strip()
    if _DURATION.fullmatch(every):
        return now + _duration("every", every) + grace
    zone = _zone(str(settings.get("timezone") or "UTC"))
    try:
        following: datetime = croniter(every, now.astimezone(zone)).get_next(datetime)
    except (CroniterBadCronError, CroniterBadDateError, CroniterNotAlphaError, ValueError):
        raise ConfigError(
            f"The setting every must be a duration such as 15m, 6h or 1d, or a cron expression such as `30 2 * * *`;"
            f" it is {every[:60]!r}."
        ) from None
    return following + grace


def grace_of(settings: Mapping[str, Any]) -> timedelta:
    """How much later than expected is still fine; also how long a run may take that said when it began."""
    return _duration("grace", str(settings.get("grace") or "1h").strip())


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
