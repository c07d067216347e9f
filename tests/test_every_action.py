"""What every adapter must do, whichever vendor it is. A new one is picked up by itself, and fails here until its
provider's folder has `tests/vendor.py`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from actions.fake_vendor import BASE, Answer, FakeVendor, Trouble
from actions.vendors import Account, KnownVendor, refusals_of, vendor_of
from kit.cases import Check, cases
from relay.actions import adapters
from relay.catalogue.action_types import get as get_action
from relay.providers import get as get_provider
from relay.providers import load
from relay.sdk.actions import Adapter, Task
from relay.sdk.outcomes import Done, Failed, NotReached, Uncertain

ALL = [(provider, action) for provider in load() for action in adapters.of(provider)]
CHANGING = [(provider, action) for provider, action in ALL if get_action(action).risk != "read"]
PROMISED = [
    (provider, action)
    for provider, action in CHANGING
    if adapters.of(provider)[action].repeatable or adapters.of(provider)[action].look_up_outcome
]
LOST: tuple[Trouble, ...] = ("closes_after", "fails_after", "babbles")
SECRETS = ("k3y", "s3cret", "t0ken", "rk_test_s3cret")
RUN = "run_0123456789abcdef0123456789abcdef"


@dataclass(frozen=True)
class Usual:
    """What an adapter does when all goes well: its effects, the places of its changes, and how often it asks."""

    effects: list[str]
    changes: list[int]
    requests: int


@dataclass(frozen=True)
class Case:
    """An adapter beside its vendor."""

    provider: str
    action: str

    @property
    def known(self) -> KnownVendor:
        return vendor_of(self.provider)

    @property
    def adapter(self) -> Adapter:
        return adapters.of(self.provider)[self.action]

    @contextmanager
    def vendor(self) -> Iterator[tuple[FakeVendor, Account]]:
        account = self.known.prepared(self.action)
        with FakeVendor(account) as vendor:
            yield vendor, account

    def task(self, vendor: FakeVendor, *, dry: bool = False) -> Task:
        settings = {**self.known.keys, "api_base": BASE}
        return vendor.task(self.known.input(self.action), settings, key=RUN, dry=dry)

    @cache  # noqa: B019  there are as many as adapters
    def usual(self) -> Usual:
        with self.vendor() as (vendor, account):
            self.adapter.run(self.task(vendor))
            return Usual(list(account.effects), list(vendor.changes), len(vendor.requests))

    def refusal(self, vendor: FakeVendor) -> str | None:
        """The code with which it is not done; None where it is."""
        try:
            self.adapter.run(self.task(vendor))
        except (Failed, Uncertain) as error:
            return error.code
        return None

    @property
    def find_out(self) -> Callable[[Task], Done | None] | None:
        """What the relay does once an outcome is unknown."""
        return self.adapter.run if self.adapter.repeatable else self.adapter.look_up_outcome


def each(which: list[tuple[str, str]]) -> Callable[[Check], Check]:
    """One test for each provider, over all its actions."""
    ids = [":".join(names) for names in which]
    return cases("case", [Case(*names) for names in which], ids, by=lambda case: case.provider)


@each(ALL)
def test_it_is_done_and_told_in_the_words_of_its_schema(case: Case) -> None:
    with case.vendor() as (vendor, account):
        done = case.adapter.run(case.task(vendor))

    assert done.text
    assert set(done.output) <= set(get_action(case.action).outputs)
    assert bool(account.effects) == (get_action(case.action).risk != "read") == bool(vendor.changes)


@each(PROMISED)
def test_done_twice_it_has_one_effect(case: Case) -> None:
    assert case.find_out is not None
    with case.vendor() as (vendor, account):
        case.adapter.run(case.task(vendor))
        once = list(account.effects)

        found = case.find_out(case.task(vendor))

        assert (found is None, account.effects) == (False, once)


@cases("trouble", LOST)
@each(CHANGING)
def test_an_answer_that_is_lost_leaves_one_effect(case: Case, trouble: Trouble) -> None:
    """Wherever the answer is lost. Of a success whose words are lost, the status alone may be enough."""
    usual = case.usual()
    for place in usual.changes:
        with case.vendor() as (vendor, account):
            vendor.at(place, trouble)
            try:
                case.adapter.run(case.task(vendor))
                assert trouble == "babbles"
            except Uncertain:
                assert account.effects == usual.effects[: usual.changes.index(place) + 1]
                if case.find_out is not None:
                    assert case.find_out(case.task(vendor)) is not None

            if case.adapter.repeatable:
                assert account.effects == usual.effects
            assert account.effects == usual.effects[: len(account.effects)]


@cases("trouble", ["closes_before", "fails_before"])
@each(CHANGING)
def test_a_request_that_is_lost_is_not_taken_for_done(case: Case, trouble: Trouble) -> None:
    usual = case.usual()
    for step, place in enumerate(usual.changes):
        with case.vendor() as (vendor, account):
            vendor.at(place, trouble)
            with pytest.raises(Uncertain):
                case.adapter.run(case.task(vendor))
            assert account.effects == usual.effects[:step]

            if case.adapter.repeatable:
                case.adapter.run(case.task(vendor))
                assert account.effects == usual.effects
            elif case.adapter.look_up_outcome is not None:
                assert (case.adapter.look_up_outcome(case.task(vendor)) is None) == (step == 0)


@each(ALL)
def test_a_busy_vendor_is_asked_again_later(case: Case) -> None:
    usual = case.usual()
    for place in range(usual.requests):
        with case.vendor() as (vendor, account):
            vendor.at(place, "busy")
            with pytest.raises(NotReached) as error:
                case.adapter.run(case.task(vendor))

            assert error.value.after == 7
            assert account.effects == usual.effects[: len([each for each in usual.changes if each < place])]


@cases("trouble", ["closes_before", "fails_before", "babbles"])
@each(ALL)
def test_a_read_that_fails_changes_nothing(case: Case, trouble: Trouble) -> None:
    """What is no answer at all is never taken for one, nor for a word that there is no such thing."""
    usual = case.usual()
    for place in set(range(usual.requests)).difference(usual.changes):
        with case.vendor() as (vendor, account):
            vendor.at(place, trouble)
            with pytest.raises(NotReached):
                case.adapter.run(case.task(vendor))

            assert account.effects == usual.effects[: len([each for each in usual.changes if each < place])]


@cases("body", [b"{}", b"null", b"10", b'"OK"', b'{"data": null}'])
@each(ALL)
def test_an_answer_of_another_form_does_not_say_that_there_is_no_such_thing(case: Case, body: bytes) -> None:
    usual = case.usual()
    for place in set(range(usual.requests)).difference(usual.changes):
        with case.vendor() as (vendor, _):
            vendor.at(place, Answer(200, body))

            assert case.refusal(vendor) != "no_such_thing"


@each(ALL)
def test_a_refusal_is_told_in_the_vendors_words(case: Case) -> None:
    refusals = refusals_of(case.provider)
    for refusal in refusals:
        with case.vendor() as (vendor, account):
            vendor.at(0 if case.known.login is None else 1, refusal.answer)
            with pytest.raises(Failed) as error:
                case.adapter.run(case.task(vendor))

            assert (error.value.code, account.effects) == (refusal.code, [])
            assert refusal.says is None or refusal.says in error.value.message
            assert not any(secret in error.value.message for secret in SECRETS)
    assert {refusal.code for refusal in refusals} & {"credentials_refused", "not_permitted"}, "record how it says no"


@each(ALL)
def test_a_dry_run_sends_nothing_and_shows_no_secret(case: Case) -> None:
    secrets = {
        value for name, value in case.known.keys.items() if value in ("k3y", "s3cret", "t0ken", "rk_test_s3cret")
    }
    with case.vendor() as (vendor, account):
        task = case.task(vendor, dry=True)

        case.adapter.run(task)

        assert account.effects == []
        assert bool(task.vendor.told) == (get_action(case.action).risk != "read")
        assert not any(secret in str(task.vendor.told) for secret in secrets)
    assert secrets


class Read(dict[str, Any]):
    """Settings that know which of them were looked at, and which had to be there."""

    def __init__(self, known: dict[str, Any]) -> None:
        super().__init__(known)
        self.read: set[str] = set()
        self.needed: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.needed.add(name)
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


@each(ALL)
def test_the_settings_that_it_reads_are_declared(case: Case) -> None:
    declared = get_provider(case.provider).settings
    with case.vendor() as (vendor, _):
        task = case.task(vendor)
        settings = Read(dict(task.settings))

        case.adapter.run(replace(task, settings=settings))

    assert settings.read | set(case.adapter.needs) <= {setting.name for setting in declared}
    assert settings.needed <= set(case.adapter.needs)
