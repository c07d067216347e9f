"""What a provider declares whose sources are checks: a job asks an address of ours each time that it ran.

The relay takes the pings, works out which one is missing, and says so to the provider as the action `missed`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

START, SUCCESS, FAIL, LOG, MISSED = "start", "success", "fail", "log", "missed"
"""The actions of a ping: how its address ended, or that it did not come."""

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """How the sources of a provider are checked."""

    expected_by: Callable[[Settings, datetime], datetime]
    """By when the next success has to be told, given one at this moment (aware). Raises `ConfigError` for settings
    that say no such thing."""

    grace: Callable[[Settings], timedelta]
    """How long a run may take that said when it began."""

    ran: Callable[[Settings, str], str | None]
    """What a run did, by what it printed, where that is not what the check is for."""

    broke_off: Callable[[Settings, str], str | None]
    """The same of a run that failed, where it does one thing after the other and ends with the one that failed."""
