"""What a gateway's webhook becomes after its API was asked: a vendor on loopback, and the ways in which it fails."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from kit.vendor import Vendor
from kit.waiting import PATIENCE_SECONDS
from relay.develop.samples import RECEIVED_AT
from relay.formats import jsontext
from relay.http import GuardedClient
from relay.inbound import lookups
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers import get

KEY = "key_of_the_tests"


def origin(name: str) -> Origin:
    provider = get(name)
    return Origin(Source("src_test", "ws_test", name, provider.label), 7, provider.verification.name)


def webhook(name: str, body: bytes, *, looked_up: Mapping[str, Any] | None = None, **fields: Any) -> Inbound:
    """As it came in a moment ago, read; its answers as they come over the wire."""
    provider = get(name)
    told = jsontext.loads(jsontext.dumps(dict(looked_up or {})))
    settings = provider.usual_settings | fields.pop("settings", {})
    inbound = Inbound(body, received_at=RECEIVED_AT, settings=settings, looked_up=told, **fields)
    return read(provider, inbound)


def events(name: str, body: bytes, **fields: Any) -> list[Event]:
    """The events of a webhook and these answers, none of which our schemas refuse."""
    found = normalize(get(name), webhook(name, body, **fields), origin(name))
    assert [event.defect for event in found if event.defect] == []
    return found


def types(name: str, body: bytes, **fields: Any) -> list[str]:
    return [event.type for event in events(name, body, **fields)]


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a webhook once its vendor was asked."""

    events: list[Event]
    complete: bool

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def enriched(self) -> list[bool | None]:
        return [event.envelope["enriched"] for event in self.events]


def ask(name: str, body: bytes, vendor: Vendor, *, key: str = KEY, **fields: Any) -> Told:
    inbound = webhook(name, body, settings={"api_url": vendor.url, "api_key": key}, **fields)
    api_reader = lookups.ApiReader(lambda: GuardedClient(allow_private=frozenset(["127.0.0.1"])))
    look_up = get(name).look_up
    assert look_up is not None
    try:
        answers = api_reader.look_up(look_up, inbound).result(timeout=PATIENCE_SECONDS)
    finally:
        api_reader.close()
    found = normalize(get(name), replace(inbound, looked_up=answers.told), origin(name))
    assert [event.defect for event in found if event.defect] == []
    return Told(found, answers.complete)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as made:
        yield made


FAILURES = ("not found", "out of order", "slow", "wrong key")


STATUSES = {"not found": 404, "out of order": 500, "wrong key": 401}


class Failing(dict[str, Any]):
    """A vendor's answers: the same failure to whatever is asked."""

    def __init__(self, failure: str) -> None:
        super().__init__()
        self.is_final = failure == "not found"
        """Whether asking again would not change it."""
        self.released = threading.Event()
        self._failure = failure

    def get(self, key: str, default: Any = None) -> Any:
        return self._answer

    def _answer(self) -> Any:
        if self._failure == "slow":
            self.released.wait()
        return STATUSES.get(self._failure, {})


@pytest.fixture(params=FAILURES)
def failing(request: pytest.FixtureRequest, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """A vendor that answers nothing of what it is asked; whether asking again may help is `request.param`'s."""
    monkeypatch.setattr(lookups, "TOTAL_SECONDS", 0.3 if request.param == "slow" else PATIENCE_SECONDS)
    answers = vendor.answers = Failing(request.param)
    yield vendor
    answers.released.set()


def complete(failing: Vendor) -> bool:
    """Whether the last answer was one that asking again would not change."""
    assert isinstance(failing.answers, Failing)
    return failing.answers.is_final


def brief(event: Event, *fields: str) -> tuple[Any, ...]:
    """Type, then these fields of the entity that the type is named by."""
    entity = next(iter(event.envelope["data"].values()))
    return (event.type, *(entity[name] for name in fields))


def dumped(value: Any) -> bytes:
    return jsontext.dumps(value)
