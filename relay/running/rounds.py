"""Plain posts that came together are answered together, in the server's loop, through the application's door.

They are proved one after the other, and their commit is waited for a moment: it takes about a millisecond, in which two
threads that compute would only be in each other's way, and more posts come in for the next. A commit that takes longer
is not waited for: the loop goes on, and answers when it hears of it, or says that it is too late. While one is late,
none is waited for.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from relay.areas.resources import Answer
from relay.web.framework.door import Door, Post

MOMENT_SECONDS = 0.02
MOST_AT_ONCE = 100
"""Posts in one round: those beyond wait for the next, so that others have their turn between."""


@dataclass(frozen=True, slots=True)
class _Came:
    """A request that may be answered here. `place` is what the door found for its `path`."""

    conn: Any
    data: bytes
    path: str
    place: Any


@dataclass(slots=True, eq=False)
class _Round:
    """Requests under way together. `late` once nobody waits for their `answers`."""

    came: list[_Came]
    late: bool
    give_up_at: float
    answers: Sequence[Answer | None] | None = None
    there: threading.Event = field(default_factory=threading.Event)


class Rounds:
    """One for each web process, of its loop's thread.

    `send` writes an answer to a connection, `long_way` has a thread answer the request that is given with its
    connection, and `defer` has something called in the loop's thread.
    """

    def __init__(
        self,
        door: Door,
        send: Callable[[Any, Answer], None],
        long_way: Callable[[Any, bytes], None],
        defer: Callable[..., None],
    ) -> None:
        self._door = door
        self._send = send
        self._long_way = long_way
        self._defer = defer
        self._next: deque[_Came] = deque()
        self._late: dict[_Round, None] = {}
        self._lock = threading.Lock()

    def takes(self, conn: Any, data: bytes, path: str) -> bool:
        """Whether this request is answered here, in the next round."""
        place = self._door.find(path)
        if place is None:
            return False
        self._next.append(_Came(conn, data, path, place))
        return True

    def patience(self, seconds: float) -> float:
        """For how many of so many seconds the loop may wait for something to come in."""
        if self._next:
            return 0.0
        if self._late:
            return max(0.0, min(seconds, next(iter(self._late)).give_up_at - time.monotonic()))
        return seconds

    def answer(self) -> None:
        """Call once in every round of the loop."""
        came, posts = self._posts()
        if not posts:
            return
        round_ = _Round(came, bool(self._late), time.monotonic() + self._door.patience)
        if round_.late:
            self._late[round_] = None
        self._door.answer(posts, partial(self._said, round_))
        if round_.late:
            return
        round_.there.wait(MOMENT_SECONDS)
        with self._lock:
            round_.late = round_.answers is None
        if round_.late:
            self._late[round_] = None
        else:
            self._send_all(round_)

    def give_up(self) -> None:
        """Call now and then: what is waited for in vain is answered."""
        now = time.monotonic()
        while self._late and (round_ := next(iter(self._late))).give_up_at <= now:
            del self._late[round_]
            for each in round_.came:
                self._send(each.conn, self._door.too_late())

    def _posts(self) -> tuple[list[_Came], list[Post]]:
        """The next requests, read by the parser that reads all others; what it does not take for a plain post either
        goes the long way."""
        came, posts = [], []
        for _ in range(min(len(self._next), MOST_AT_ONCE)):
            each = self._next.popleft()
            post = _read(each)
            if post is None:
                self._long_way(each.conn, each.data)
            else:
                came.append(each)
                posts.append(post)
        return came, posts

    def _said(self, round_: _Round, answers: Sequence[Answer | None]) -> None:
        """Called in whatever thread has the answers."""
        with self._lock:
            round_.answers = answers
        if round_.late:
            self._defer(self._send_late, round_)
        else:
            round_.there.set()

    def _send_late(self, round_: _Round) -> None:
        if round_ in self._late:
            del self._late[round_]
            self._send_all(round_)

    def _send_all(self, round_: _Round) -> None:
        for each, answer in zip(round_.came, round_.answers or (), strict=True):
            if answer is None:
                self._long_way(each.conn, each.data)
            else:
                self._send(each.conn, answer)


def _read(came: _Came) -> Post | None:
    parser = came.conn.parser
    parser.unreader.give(came.data)
    try:
        request = next(parser)
        body = request.body.read()
    except Exception:  # noqa: BLE001  what cannot be read is answered by whoever has the words for it
        return None
    as_seen = (request.method, request.uri, request.version) == ("POST", came.path, (1, 1))
    if not as_seen or parser.unreader.take_buffered():
        return None
    return Post(came.place, _headers(request.headers), body)


def _headers(pairs: Sequence[tuple[str, str]]) -> Mapping[str, str]:
    """As an application gets them: repeated ones are joined, and an empty type is none."""
    headers: dict[str, str] = {}
    for given, value in pairs:
        name = given.lower()
        if name in headers:
            headers[name] = f"{headers[name]},{value}"
        elif value or name not in ("content-type", "content-length"):
            headers[name] = value
    return headers
