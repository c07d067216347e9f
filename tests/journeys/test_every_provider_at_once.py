"""Every sample of every provider, posted in parallel to a running relay, becomes what its golden says."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from relay import jsontext
from relay.model import Inbound
from relay.providers import get
from relay.providers.base import Provider
from relay.samples import Sample, all_samples
from relay.verification import Credentials
from running.relays import Embedded
from running.sender import Answer, Line
from running.signing import credentials, signing_scheme
from running.subscriber import Subscriber
from running.vendor import Vendor
from running.waiting import until

_AT_LEAST = 200
_DEPENDS_ON_TODAY = ("days_until", "days_since")
_MEANT_FOR_ITS_MOMENT = {"healthchecks:down--failed"}
"""A ping a moment before says that a job failed; a ping of long ago, that it was missed."""


@dataclass(frozen=True, slots=True)
class Posted:
    """One sample and the source that it goes to. `monitored` where only the provider itself could sign it."""

    sample: Sample
    provider: Provider
    source_id: str
    held: Credentials
    monitored: bool

    @property
    def webhook(self) -> Inbound:
        if self.monitored:
            return self.sample.inbound
        return self.provider.verification.sign(self.sample.inbound, self.held, time.time())


def prepare(relay: Embedded, vendor: Vendor) -> list[Posted]:
    """A source of its own for each sample, so that no two tell the relay the same."""
    prepared = []
    for sample in all_samples():
        provider = get(sample.provider)
        if provider.kind == "relay" or provider.poll is not None or sample.id in _MEANT_FOR_ITS_MOMENT:
            continue
        held = credentials(provider)
        settings = {**held.settings, **sample.inbound.settings}
        if provider.look_up is not None:
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


def post(relay: Embedded, each: Posted) -> Answer | None:
    webhook = each.webhook
    query = f"?{urlencode(webhook.query)}" if webhook.query else ""
    with Line(f"{relay.address(each.source_id)}{query}") as line:
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


@pytest.mark.timeout(300)
def test_every_sample_becomes_what_its_golden_says(tmp_path: Path) -> None:
    with Embedded(tmp_path / "relay") as relay, Vendor() as vendor, Subscriber() as subscriber:
        relay.hook(subscriber.url, None, event_types=["*", "unknown"])
        prepared = prepare(relay, vendor)
        golden = {each.source_id: jsontext.loads(each.sample.golden.read_bytes()) for each in prepared}
        order = random.Random(3).sample(prepared, len(prepared))

        with ThreadPoolExecutor(16) as pool:
            answers = {
                each.sample.id: answer
                for each, answer in zip(order, pool.map(lambda each: post(relay, each), order), strict=True)
            }

        assert len(prepared) >= _AT_LEAST
        refused = {name: answer for name, answer in answers.items() if answer is None or answer.status >= 300}
        assert refused == {}
        expected = sum(len(events) for events in golden.values())
        until(lambda: not relay.left()["webhooks"], "every webhook has become events")
        until(lambda: len({each.event_id for each in subscriber.received}) >= expected, "every event is delivered")
        told: dict[str, dict[str, dict[str, Any]]] = {source_id: {} for source_id in golden}
        for received in subscriber.received:
            told[received.event["source"]["id"]][received.event_id] = received.event
        for each in prepared:
            events = sorted(told[each.source_id].values(), key=lambda event: event["sequence"])
            wanted = golden[each.source_id]
            assert [comparable(event) for event in events] == [comparable(event) for event in wanted], each.sample.id
