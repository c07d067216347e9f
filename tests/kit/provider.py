"""What a provider makes of a webhook: of its samples, of samples in which something is changed, of a test's own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from relay.develop.samples import RECEIVED_AT, find
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers import get
from relay.sdk.provider import Provider
from relay.security.verification import Credentials


@dataclass(frozen=True, slots=True)
class ProviderUnderTest:
    """A provider by its name. `subject` is where in a payload the thing lies that `changed` changes: names and indexes
    with dots between them, such as `data.object`; `*` is the only value.

    A `body` is bytes, an `Inbound` such as a sample's, or what is sent as JSON; `fields` are those of an `Inbound`.
    """

    name: str
    subject: str = ""

    @property
    def provider(self) -> Provider:
        return get(self.name)

    def sample(self, name: str) -> Inbound:
        return find(f"{self.name}:{name}").inbound

    def payload(self, sample: str) -> Any:
        """The JSON of a sample."""
        return jsontext.loads(self.sample(sample).body)

    def changed(self, sample: str, subject: str = "", /, **fields: Any) -> Any:
        """The JSON of a sample whose subject has other values in these fields."""
        payload = self.payload(sample)
        found = payload
        for step in (subject or self.subject).split("."):
            found = _only(found) if step == "*" else found[int(step) if isinstance(found, list) else step]
        found |= fields
        return payload

    def webhook(self, body: Any, **fields: Any) -> Inbound:
        """The webhook as it is read, with the usual settings where `settings` says nothing else. Answers of the
        provider's API (`looked_up`) are as they come over the wire."""
        given = body if isinstance(body, Inbound) else Inbound(_bytes(body), received_at=RECEIVED_AT)
        made = replace(given, **fields)
        settings = self.provider.usual_settings | dict(made.settings)
        answers = jsontext.loads(jsontext.dumps(dict(made.looked_up)))
        return read(self.provider, replace(made, settings=settings, looked_up=answers))

    def normalized(self, webhook: Inbound) -> list[Event]:
        """The events of a webhook that was read, those with a defect too."""
        source = Source("src_test", "ws_test", self.name, self.provider.label)
        proof = webhook.verified_by or self.provider.verification.name
        return normalize(self.provider, webhook, Origin(source, 7, proof))

    def events(self, body: Any, **fields: Any) -> list[Event]:
        """The events of a webhook. None of them has a defect."""
        found = self.normalized(self.webhook(body, **fields))
        assert [event.defect for event in found if event.defect] == []
        return found

    def sent(self, event: str, data: Any, *, sent_at: Any = 1795330798) -> list[Event]:
        """The events of what our own sender on a panel posts."""
        return self.events({"event": event, "data": data, "sent_at": sent_at})

    def event(self, body: Any, **fields: Any) -> Event:
        """The only event of a webhook."""
        (found,) = self.events(body, **fields)
        return found

    def types(self, body: Any, **fields: Any) -> list[str]:
        return types_of(self.events(body, **fields))

    def data(self, body: Any, event_type: str, **fields: Any) -> dict[str, Any]:
        """The data of the only event of this type."""
        (found,) = [event for event in self.events(body, **fields) if event.type == event_type]
        return dict(found.envelope["data"])

    def refusal(self, inbound: Inbound, *secrets: str, now: float, settings: Mapping[str, Any] | None = None) -> str:
        """The code with which the webhook is refused."""
        with pytest.raises(VerificationError) as refused:
            self.provider.verification.verify(inbound, Credentials(secrets, settings or {}), now)
        return refused.value.code


def types_of(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def only(events: list[Event], entity: str) -> dict[str, Any]:
    """What the only event says of an entity, without what is null or an empty list."""
    (event,) = events
    return known(event.envelope["data"][entity])


def known(entity: Mapping[str, Any]) -> dict[str, Any]:
    """An entity without what is null or an empty list."""
    return {name: value for name, value in entity.items() if value not in (None, [])}


def brief(event: Event, *fields: str) -> tuple[Any, ...]:
    """Type, then these fields of the entity that the type is named by."""
    entity = next(iter(event.envelope["data"].values()))
    return (event.type, *(entity[name] for name in fields))


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else jsontext.dumps(body)


def _only(found: Any) -> Any:
    (value,) = found.values() if isinstance(found, dict) else found
    return value
