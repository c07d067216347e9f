"""What came back from an attempt, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass

DELIVERED, RETRY, GAVE_UP, GONE = "delivered", "retry", "gave_up", "gone"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from one attempt. `status` is None when nothing did; then `error` says why.

    `body` is as far as it came; `whole` unless there was more of it.
    """

    status: int | None
    headers: Mapping[str, str]
    body: bytes
    error: str | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an attempt. `wait` is in seconds, only for `retry`."""

    outcome: str
    wait: float = 0.0
    error: str | None = None
