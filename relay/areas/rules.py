"""Rules: what the clock does every so often. An area hands them out as `RULES`."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import chain

from relay.areas.discovery import handed_out
from relay.context import Relay

Turn = Callable[[int], bool | None]
"""One turn of a rule, at a time in Unix ms. True asks for the next turn at the next tick, as there is more to do."""


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    seconds: float
    """How long after the end of a turn the next one is due; 0 is at every tick, which is once a second."""

    start: Callable[[Relay], AbstractContextManager[Turn]]
    """Called once by each clock. What it gives is called for every turn, and is closed when the clock stops."""


def each_turn(do: Callable[[Relay, int], bool | None]) -> Callable[[Relay], AbstractContextManager[Turn]]:
    """The `start` of a rule that keeps nothing between its turns."""

    def start(relay: Relay) -> AbstractContextManager[Turn]:
        return nullcontext(partial(do, relay))

    return start


def all_rules() -> tuple[Rule, ...]:
    """Those of every area."""
    return tuple(chain.from_iterable(handed_out("RULES")))
