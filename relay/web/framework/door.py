"""What an application answers in the web server's own loop: plain posts, many at once, none of which waits.

A request that finds no door, or that the door does not want after all, is answered by a thread as all others are, in
the same words: the door saves work, and decides nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from relay.areas.resources import Answer


@dataclass(frozen=True, slots=True)
class Post:
    """A whole, small post without query. `place` is what the door found at its address; names of headers are in lower
    case."""

    place: Any
    headers: Mapping[str, str]
    body: bytes


Said = Callable[[Sequence[Answer | None]], None]
"""Is told the answer to each post, in order; None for one that a thread has to answer."""


class Door(Protocol):
    """Whatever it does in the loop keeps all connections of the process waiting: it asks nobody, and opens no file."""

    patience: float
    """Seconds after which `too_late` is answered."""

    def find(self, path: str) -> Any | None:
        """What posts to this address go to; None where a thread has to answer."""

    def answer(self, posts: Sequence[Post], said: Said) -> None:
        """Answer all of them. Does not wait: `said` is called once, at once or by another thread."""

    def too_late(self) -> Answer:
        """The answer to a post whose own did not come in time."""
