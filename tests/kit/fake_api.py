"""What a gateway's webhook becomes after its API was asked: a vendor on loopback, and the ways in which it fails."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from kit.provider import ProviderUnderTest, types_of
from kit.vendor import Vendor
from kit.waiting import PATIENCE_SECONDS
from relay.http import GuardedClient
from relay.inbound import lookups
from relay.model import Event

KEY = "key_of_the_tests"


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a webhook once its vendor was asked."""

    events: list[Event]
    complete: bool

    @property
    def types(self) -> list[str]:
        return types_of(self.events)

    @property
    def amounts(self) -> list[tuple[str, int | None, str | None]]:
        """Type, amount in minor units and customer's address of each."""
        entities = [next(iter(event.envelope["data"].values())) for event in self.events]
        return [(e.type, of.get("amount_minor"), e.customer_email) for e, of in zip(self.events, entities, strict=True)]

    @property
    def enriched(self) -> list[bool | None]:
        return [event.envelope["enriched"] for event in self.events]


def ask(tested: ProviderUnderTest, body: Any, vendor: Vendor, *, key: str = KEY, **fields: Any) -> Told:
    webhook = tested.webhook(body, settings={"api_url": vendor.url, "api_key": key}, **fields)
    look_up = tested.provider.look_up
    assert look_up is not None
    api_reader = lookups.ApiReader(lambda: GuardedClient(allow_private=frozenset(["127.0.0.1"])))
    try:
        answers = api_reader.look_up(look_up, webhook).result(timeout=PATIENCE_SECONDS)
    finally:
        api_reader.close()
    found = tested.normalized(replace(webhook, looked_up=answers.told))
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
