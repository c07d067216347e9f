"""How an action can end: it is done, it certainly was not done, or nobody knows yet.

The difference decides everything: only what certainly was not done may be tried again, or elsewhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.errors import RelayError

_NONE = re.compile(
    r"\b(?:does(?: not|n't)|do(?: not|n't)) exist|\bnot found|\bcould(?: not|n't) be found|\bunable to find|\bno such\b"
    r"|\bunknown (?:user|account|domain|service|client)\b|\binvalid (?:\w+ )?id\b",
    re.IGNORECASE,
)
"""How panels say that there is no such thing."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is done, or was so already. `output` has the keys of the action's output schema, those left out are null;
    `text` says it in one sentence."""

    text: str
    output: Mapping[str, Any] = field(default_factory=dict)


class Failed(RelayError):
    """It certainly was not done, and asking again the same way would not help. `code` says why:

    `refused`, `credentials_refused`, `not_permitted`, `no_such_thing`, `wrong_state`, `needs_customer`,
    `other_currency`.
    """

    code = "refused"
    status = 422


class Declined(Failed):
    """The bank or the gateway said no to a payment. Another gateway may be asked."""

    code = "declined"
    status = 422


class NotReached(Failed):
    """Nobody answered, or too many asked, and nothing was done: it may be tried again later (`after`, seconds)."""

    code = "not_reached"
    status = 503

    def __init__(self, message: str, *, after: float | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.after = after


def not_shown(what: str, reason: str | None) -> Failed:
    """Returns what to raise where a source did not show a thing. There is none only where its `reason` says so: a
    source may refuse to show what is there. Without a reason the answer was none that its documentation has, so it
    says nothing of the thing, and is asked for again.
    """
    if reason is None:
        return NotReached(f"{what}: its answer is not in the documented form.", code="unreadable_answer")
    return Failed(f"{what}: {reason}", code="no_such_thing" if _NONE.search(reason) else "refused")


def shown(thing: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    """What a source answered of a thing. Raises `NotReached` if that is nothing, so that nothing is made of the id that
    was asked for: where there is no such thing, a source says so by its status."""
    if not thing:
        raise not_shown(f"The source did not return {what}", None)
    return thing


class Uncertain(RelayError):
    """It was asked for and no answer can be trusted: it may have been done. It is looked up, never repeated."""

    code = "unknown"
    status = 503


class NeedsPerson(Exception):
    """By what was read, somebody has to approve it first. Nothing was told."""


class Deferred(Exception):
    """It is not yet time: nothing was done, and it is done after `until` (Unix ms). Till then `output` says so."""

    def __init__(self, until: int, text: str, output: Mapping[str, Any] | None = None) -> None:
        super().__init__(text)
        self.until = until
        self.text = text
        self.output = output or {}
