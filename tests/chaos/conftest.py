"""The two set-ups, and the scenarios that are played on them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest

from kit.relays import Apart, Embedded, Relay
from kit.sender import Stream
from kit.servers import Postgres, Redis
from kit.subscriber import Subscriber
from kit.waiting import until

LONG = os.environ.get("RELAY_CHAOS") == "long"
ROUNDS = 5 if LONG else 1
EMBEDDED, APART = "SQLite", "PostgreSQL"


@dataclass
class Scenario:
    """One source, its sender's stream, and the subscribers that are to get everything that it tells."""

    name: str
    source_id: str
    address: str
    relay: Relay
    _stack: ExitStack
    subscribers: list[Subscriber] = field(default_factory=list)
    ordered: list[Subscriber] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)

    def subscriber(self, **hook: object) -> Subscriber:
        """One more that is healthy at first. `hook` are fields of its hook."""
        subscriber = self._stack.enter_context(Subscriber())
        self.relay.hook(subscriber.url, self.source_id, **hook)
        self.subscribers.append(subscriber)
        if hook.get("ordered"):
            self.ordered.append(subscriber)
        return subscriber

    @contextmanager
    def stream(self, *, more: int = 10, senders: int = 2) -> Iterator[Stream]:
        """A stream that flows during the block; every webhook of it is accepted behind it."""
        stream = Stream(self.address, f"{self.name.replace(' ', '_')}-{len(self.accepted)}", more=more, senders=senders)
        with stream:
            yield stream
        self.accepted |= stream.accepted

    def goes_on(self, *subscribers: Subscriber) -> None:
        """See that what was accepted last is delivered, whatever became of what came before it."""
        last = set(list(self.accepted)[-10:])
        for each in subscribers or self.subscribers:
            until(lambda each=each: last <= set(each.times_taken()), f"{self.name}: life goes on")  # type: ignore[misc]

    def missing(self) -> set[str]:
        """What some subscriber has not got."""
        return {webhook for each in self.subscribers for webhook in set(self.accepted) - set(each.times_taken())}


@dataclass
class World:
    """A running relay and every scenario that was played on it."""

    relay: Relay
    _stack: ExitStack
    scenarios: list[Scenario] = field(default_factory=list)

    def scenario(self, name: str) -> Scenario:
        source_id = self.relay.source(name)
        made = Scenario(name, source_id, self.relay.address(source_id), self.relay, self._stack)
        self.scenarios.append(made)
        return made


@pytest.fixture(scope="session", params=[EMBEDDED, APART])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("chaos")
    with ExitStack() as stack:
        if request.param == EMBEDDED:
            relay: Relay = stack.enter_context(Embedded(directory / "relay"))
        else:
            postgres = stack.enter_context(Postgres())
            redis = stack.enter_context(Redis(directory / "redis"))
            relay = stack.enter_context(Apart(directory / "relay", postgres, redis))
        yield World(relay, stack)
