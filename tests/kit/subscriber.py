"""Somebody who subscribed: a web server on loopback that keeps what it is sent and answers as a test wants."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kit.listener import Listener, Reply, Request
from relay.formats import jsontext


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in, and what it was answered."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: float
    status: int

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = jsontext.loads(self.body)
        return found

    @property
    def native_id(self) -> str:
        """The id that the event's sender gave it."""
        return str(self.event["provider_event"]["id"])


Answer = tuple[int, dict[str, str]]
HEALTHY: Answer = (200, {})


class Subscriber(Listener):
    """`answer` may be exchanged at any time; it gets the body and may take its time.

    With `raw`, that is what is sent instead, byte for byte, before the connection ends.
    """

    def __init__(self, answer: Callable[[bytes], Answer] = lambda _: HEALTHY) -> None:
        self.answer = answer
        self.raw: bytes | None = None
        self.received: list[Received] = []
        super().__init__()

    @property
    def taken(self) -> list[Received]:
        """What was answered 2xx, in order."""
        return [each for each in list(self.received) if 200 <= each.status < 300]

    def times_taken(self) -> Counter[str]:
        """How often each native event was answered 2xx."""
        return Counter(each.native_id for each in self.taken)

    def take(self, request: Request) -> Reply:
        at = time.monotonic()
        status, more = self.answer(request.body)
        self.received.append(Received(request.headers, request.body, at, status))
        return Reply(status, more, raw=self.raw)
