"""Claimed webhooks are opened, enriched by what their provider's API says, and normalized."""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from relay.errors import ConfigError
from relay.inbound import normalize as stage
from relay.inbound.identity import read
from relay.inbound.lookups import Answers, ApiReader
from relay.inbound.normalize import Origin
from relay.inbound.stored import open_stored
from relay.logs import Logger
from relay.model import Event, Inbound, Source, now_ms
from relay.providers import of_source
from relay.queue.retries import doubling
from relay.sdk.provider import LookUp, Provider
from relay.security.vault import Vault
from relay.storage import Database, inbound, sources
from relay.storage.fresh import Fresh

_SOURCES_FRESH_SECONDS = 5.0
_SOURCES_KEPT = 1000
_ASK_AGAIN_MS = 2000
_ASK_LATER_MS = 1000

log = Logger("normalize")


@dataclass(frozen=True, slots=True)
class Opened:
    """One webhook, read; not yet said in our words."""

    webhook: inbound.Claimed
    provider: Provider
    inbound: Inbound
    origin: Origin


@dataclass(frozen=True, slots=True)
class Normalized:
    """One webhook and its events, not yet stored."""

    webhook: inbound.Claimed
    events: Sequence[Event]


class Reader:
    """Opens webhooks, and has their providers asked for what they leave out.

    Nothing waits for an answer: webhooks that have theirs come out of `answered`, and `take_deferred` gives those that
    are to be claimed again later.
    """

    def __init__(self, database: Database, vault: Vault, api_reader: ApiReader) -> None:
        self._database = database
        self._vault = vault
        self._api_reader = api_reader
        self._asked: list[tuple[Opened, LookUp, Future[Answers]]] = []
        self._deferred: dict[int, int] = {}
        self._sources: Fresh[str, Source] = Fresh(_SOURCES_FRESH_SECONDS, most=_SOURCES_KEPT)

    @property
    def asking(self) -> bool:
        """Whether any webhook waits for an answer."""
        return bool(self._asked)

    @property
    def deferring(self) -> bool:
        return bool(self._deferred)

    def take_deferred(self) -> dict[int, int]:
        """When (Unix ms) webhooks are to be claimed again, by their place; each is given once."""
        deferred, self._deferred = self._deferred, {}
        return deferred

    def open(self, claimed: Iterable[inbound.Claimed]) -> list[Opened]:
        """Without those that wait for the operator, who has to bring a key or a provider back."""
        return [opened for webhook in claimed if (opened := self._open(webhook)) is not None]

    def enrich(self, opened: Iterable[Opened], *, may_ask: bool) -> list[Opened]:
        """Those that leave nothing out. The others' providers are asked now or, unless `may_ask`, in a moment."""
        complete = []
        for each in opened:
            look_up = each.provider.look_up
            if look_up is None or each.inbound.unreadable is not None:
                complete.append(each)
            elif may_ask:
                self._asked.append((each, look_up, self._api_reader.look_up(look_up, each.inbound)))
            else:
                self._deferred[each.webhook.place] = now_ms() + _ASK_LATER_MS
        return complete

    def answered(self) -> list[Opened]:
        """Webhooks whose look-ups have finished or timed out."""
        if not self._asked:
            return []
        done = [(opened, look_up, future.result()) for opened, look_up, future in self._asked if future.done()]
        self._asked = [each for each in self._asked if not each[2].done()]
        answered = []
        for opened, look_up, answers in done:
            webhook, now = opened.webhook, now_ms()
            age = now - webhook.received_at
            not_yet = age < look_up.settling * 1000 and None in answers.told.values()
            if not_yet or (age < look_up.patience * 1000 and not answers.complete):
                pause = doubling(_ASK_AGAIN_MS, webhook.put_off, longest=inbound.FURTHEST_MS)
                self._deferred[webhook.place] = now + int(pause)
            else:
                answered.append(replace(opened, inbound=replace(opened.inbound, looked_up=answers.told)))
        return answered

    def _open(self, webhook: inbound.Claimed) -> Opened | None:
        try:
            source = self._sources.get(webhook.source_id, self._read_source)
            assert source is not None  # sources are marked deleted, never removed
            provider = of_source(source.provider)
            stored = open_stored(self._vault, webhook, source)
        except ConfigError as error:
            log.error("webhook_does_not_open", inbound=webhook.id, reason=error.message)
            return None
        origin = Origin(source, webhook.place, webhook.verified_by)
        return Opened(webhook, provider, read(provider, stored), origin)

    def _read_source(self, source_id: str) -> Source | None:
        with self._database.read() as connection:
            return sources.get_any(connection, self._vault, source_id)


def normalize(opened: Iterable[Opened]) -> list[Normalized]:
    """The events of opened webhooks. A webhook that cannot be understood is an event that says so."""
    batch = [Normalized(each.webhook, _events_of(each)) for each in opened]
    if batch:
        log.info(
            "normalized",
            count=len(batch),
            webhooks=tuple(
                {"inbound": each.webhook.id, "events": [event.id for event in each.events]} for each in batch
            ),
        )
    return batch


def _events_of(opened: Opened) -> Sequence[Event]:
    events = stage.normalize(opened.provider, opened.inbound, opened.origin)
    for event in events:
        if event.defect is not None:
            inbound_id = opened.webhook.id
            log.warning("defect", event_id=event.id, type=event.type, inbound=inbound_id, why=event.defect)
    return events
