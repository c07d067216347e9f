"""Asks the APIs of providers that post nothing; what they tell goes the way of a webhook."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from relay.areas.rules import Rule, Turn
from relay.context import Relay
from relay.errors import ProviderMissing
from relay.formats import jsontext
from relay.http import GuardedClient
from relay.inbound.lookups import Answers, ApiReader
from relay.inbound.normalize import POLLED
from relay.inbound.own_events import keep
from relay.logs import Logger
from relay.model import Inbound, now_ms
from relay.providers import of_source
from relay.queue.lanes import FRESH
from relay.queue.retries import doubling
from relay.security.vault import Vault
from relay.storage import Database, polls, sources

_AT_ONCE = 20
_PATIENCE_MS = 60_000
_FIRST_PAUSE_MS = 60_000

log = Logger("poll")


class Poller:
    """`tick` asks what is due and keeps what was told since; it waits for nobody."""

    def __init__(self, database: Database, vault: Vault, api_reader: ApiReader, wake: Callable[[str], object]) -> None:
        self._database = database
        self._vault = vault
        self._api_reader = api_reader
        self._wake = wake
        self._asked: list[tuple[polls.Poll, Future[Answers]]] = []

    def tick(self, now: int) -> None:
        """Raises `StorageUnavailable`."""
        with self._database.read() as connection:
            waiting = polls.any_due(connection, now)
        if waiting and len(self._asked) < _AT_ONCE:
            with self._database.write() as connection:
                taken = polls.take(connection, now, _AT_ONCE, now + _PATIENCE_MS)
            for poll in taken:
                self._begin(poll)
        answered = [(poll, future.result()) for poll, future in self._asked if future.done()]
        self._asked = [(poll, future) for poll, future in self._asked if not future.done()]
        for poll, answers in answered:
            self._keep(poll, answers, now)

    def close(self) -> None:
        self._api_reader.close()

    def _begin(self, poll: polls.Poll) -> None:
        with self._database.read() as connection:
            source = sources.get(connection, self._vault, poll.source_id, even_shut=True)
        try:
            declared = of_source(source.provider).poll if source else None
        except ProviderMissing:
            self._put_off(poll, _FIRST_PAUSE_MS)
            return
        if source is None or declared is None:
            with self._database.write() as connection:
                polls.forget(connection, poll.source_id)
            return
        if not source.opens:
            self._put_off(poll, declared.seconds * 1000)
            return
        questions, settings = declared.questions, source.settings
        future = self._api_reader.ask(lambda _: questions(settings), settings, declared.needs)
        self._asked.append((poll, future))

    def _put_off(self, poll: polls.Poll, period: int) -> None:
        """Its credentials do not open, or its provider is not installed: the others are asked meanwhile."""
        log.error("source_does_not_open", source=poll.source_id)
        with self._database.write() as connection:
            polls.settle(connection, poll.source_id, now_ms() + period, poll.failures + 1)

    def _keep(self, poll: polls.Poll, answers: Answers, now: int) -> None:
        with self._database.write() as connection:
            source = sources.get(connection, self._vault, poll.source_id, even_shut=True)
            declared = of_source(source.provider).poll if source else None
            if source is None or declared is None:
                polls.forget(connection, poll.source_id)
                return
            period = declared.seconds * 1000
            if not answers.complete or not answers.told:
                pause = int(doubling(_FIRST_PAUSE_MS, poll.failures, longest=period))
                polls.settle(connection, poll.source_id, now + pause, poll.failures + 1)
                log.warning("not_told", source=poll.source_id, failures=poll.failures + 1)
                return
            polls.settle(connection, poll.source_id, now + period, 0)
            body = jsontext.dumps(dict(answers.told))
            # Of the same answer a later day may have more to tell, so each is kept.
            keep(connection, self._vault, source, Inbound(body=body), f"poll:{now}", POLLED)
        self._wake(FRESH)


@contextmanager
def _started(relay: Relay) -> Iterator[Turn]:
    client = ApiReader(lambda: GuardedClient(allow_private=relay.config.allow_private_sources))
    poller = Poller(relay.database, relay.vault, client, relay.wake)
    try:
        yield poller.tick
    finally:
        poller.close()


RULES = (Rule("polling", 0, _started),)
