"""Every sample of every provider, posted twice at once to a running relay, becomes what its golden says."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from kit.relays import Embedded
from kit.sender import Answer, Line
from kit.signing import credentials, signing_scheme
from kit.subscriber import Subscriber
from kit.vendor import Vendor
from kit.waiting import until
from relay.develop.samples import Sample, all_samples
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Inbound, Source
from relay.providers import get
from relay.sdk.provider import Provider
from relay.security.verification import Credentials

_AT_LEAST = 200
_DEPENDS_ON_TODAY = ("days_until", "days_since")
_MEANT_FOR_ITS_MOMENT = {"healthchecks:down--failed", "ping:success--timed"}
"""A ping a moment before says that a job failed; a ping of long ago, that it was missed. A run lasts until its ping."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One sample and the source that it goes to. `monitored` where only the provider itself could sign it."""

    sample: Sample
    provider: Provider
    source_id: str
    held: Credentials
    monitored: bool

    def webhooks(self) -> tuple[Inbound, Inbound]:
        """The same twice, as two senders of a pair post it: told apart by a blank, where that says nothing."""
        first = self._signed(self.sample.inbound)
        return first, self._signed(replace(first, body=first.body + b" " * (first.body[:1] in (b"{", b"["))))

    def _signed(self, webhook: Inbound) -> Inbound:
        return webhook if self.monitored else self.provider.verification.sign(webhook, self.held, time.time())

    def told_each_time(self) -> set[str]:
        """The types of its events that the second tells anew: its sender numbers nothing, and they are no alert that
        lasts, which is told once by itself."""
        source = Source(self.source_id, "ws_1", self.provider.name, "")
        first, second = (
            normalize(self.provider, read(self.provider, each), Origin(source, 1, "token"))
            for each in (
                replace(
                    webhook, received_at=webhook.received_at + timedelta(seconds=later), settings=self.held.settings
                )
                for later, webhook in enumerate(self.webhooks())
            )
        )
        known = {event.id for event in first}
        return {event.type for event in second if event.id not in known and event.alert is None}


def prepare(relay: Embedded, vendor: Vendor) -> list[Posted]:
    """A source of its own for each sample, so that no two tell the relay the same."""
    prepared = []
    for sample in all_samples():
        provider = get(sample.provider)
        if provider.kind == "relay" or provider.poll is not None or sample.id in _MEANT_FOR_ITS_MOMENT:
            continue
        held = credentials(provider)
        settings = {**held.settings, **sample.inbound.settings}
        if provider.look_up is not None and provider.look_up.instead is None:
            settings["api_url"] = f"{vendor.url}/{len(prepared)}"
            asked = replace(sample.inbound, payload=provider.body.read(sample.inbound), settings=settings)
            for name, question in provider.look_up.questions(asked).items():
                if name in sample.inbound.looked_up:
                    vendor.answers[f"/{len(prepared)}{question.path}"] = sample.inbound.looked_up[name]
        monitored = signing_scheme(provider) is not provider.verification
        source_id = relay.source(
            sample.id, sample.provider, held.secrets[0] if held.secrets else None, settings, monitor=monitored
        )
        prepared.append(Posted(sample, provider, source_id, Credentials(held.secrets, settings), monitored))
    return prepared


def post(relay: Embedded, source_id: str, webhook: Inbound) -> Answer | None:
    query = f"?{urlencode(webhook.query)}" if webhook.query else ""
    with Line(f"{relay.address(source_id)}{query}") as line:
        return line.post(webhook.body, webhook.headers, method=webhook.method)


def comparable(event: dict[str, Any]) -> dict[str, Any]:
    """What an event says, without what follows from when and where it was received."""
    kept = {name: event[name] for name in ("type", "version", "livemode", "severity", "customer", "data")}
    return {"native": event["provider_event"]["type"], **_timeless(kept, event["received_at"])}


def _timeless(value: Any, received_at: str) -> Any:
    if isinstance(value, dict):
        return {
            name: _timeless(item, received_at) for name, item in value.items() if not name.startswith(_DEPENDS_ON_TODAY)
        }
    if isinstance(value, list):
        return [_timeless(item, received_at) for item in value]
    return "(now)" if value == received_at else value


def without_repeats(events: Sequence[dict[str, Any]], types: set[str]) -> list[dict[str, Any]]:
    """What events say, less those of these types that say the same as one before them."""
    kept: list[dict[str, Any]] = []
    for event in map(comparable, events):
        if event["type"] not in types or event not in kept:
            kept.append(event)
    return kept


def test_every_sample_becomes_what_its_golden_says_however_often_it_comes(tmp_path: Path) -> None:
    with Embedded(tmp_path / "relay") as relay, Vendor() as vendor, Subscriber() as subscriber:
        relay.hook(subscriber.url, None, event_types=["*", "unknown"])
        prepared = prepare(relay, vendor)
        golden = {each.source_id: jsontext.loads(each.sample.golden.read_bytes()) for each in prepared}
        order = random.Random(3).sample(prepared, len(prepared))
        posts = [(each.source_id, webhook) for each in order for webhook in each.webhooks()]

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda each: post(relay, *each), posts))

        assert len(prepared) >= _AT_LEAST
        names = [each.sample.id for each in order for _ in range(2)]
        refused = [name for name, at in zip(names, answers, strict=True) if at is None or at.status >= 300]
        assert refused == []
        until(lambda: not any(relay.left().values()), "every webhook has become events, and every event is delivered")
        told: dict[str, dict[str, dict[str, Any]]] = {source_id: {} for source_id in golden}
        for received in subscriber.received:
            told[received.event["source"]["id"]][received.event_id] = received.event
        for each in prepared:
            events = sorted(told[each.source_id].values(), key=lambda event: event["sequence"])
            heard = without_repeats(events, each.told_each_time())
            assert heard == [comparable(event) for event in golden[each.source_id]], each.sample.id
