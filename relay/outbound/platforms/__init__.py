"""What is known of the platforms that hooks belong to: how fast they may be sent to, what they need, what they answer.

A platform is one file here with `PLATFORM`, found by itself. A hook of any other, or of none, gets Standard Webhooks
and is judged by the HTTP status.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from relay.model import Hook
from relay.outbound.verdicts import Reply, Verdict


def _no_headers(hook: Hook, event_id: str, stamp: str) -> dict[str, str]:
    return {}


def _no_meaning(reply: Reply) -> Verdict | None:
    return None


@dataclass(frozen=True, slots=True)
class Platform:
    name: str
    """As `platform` of a hook; the name of the file, too."""

    rate: float | None = None
    """Requests per second to a hook that has no rate limit of its own; None is no limit."""

    headers: Callable[[Hook, str, str], Mapping[str, str]] = _no_headers
    """From a hook, an event's id and the attempt's time stamp to the headers that it gets besides the usual ones."""

    meaning: Callable[[Reply], Verdict | None] = _no_meaning
    """What a reply with an error means here and nowhere else; None where it means the usual.

    A `retry` keeps to the usual times, but waits for `wait` seconds at least.
    """


_OTHER = Platform("")


@cache
def known() -> Mapping[str, Platform]:
    """By name, in alphabetical order."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    return MappingProxyType({name: import_module(f"{__name__}.{name}").PLATFORM for name in names})


def of(hook: Hook) -> Platform:
    return known().get(hook.platform or "", _OTHER)


def rates_in_words() -> str:
    """Such as "25 for `make` and `zapier`, else no limit"."""
    rates: dict[float, list[str]] = {}
    for platform in known().values():
        if platform.rate is not None:
            rates.setdefault(platform.rate, []).append(f"`{platform.name}`")
    said = [f"{rate:g} for {' and '.join(names)}" for rate, names in rates.items()]
    return ", ".join([*said, "else no limit"])
