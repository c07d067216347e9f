"""What a webhook leaves out is looked up by the worker: in time, later, or never, but the event is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.vendor import Vendor
from kit.waiting import PATIENCE_SECONDS, until
from kit.workbench import Belt, Workbench, sqlite_url
from relay.accounts.sources import create as create_source
from relay.model import Inbound, Source, new_id, now_ms
from relay.pipeline import read
from relay.sdk.provider import LookUp, On, Poll, Provider, Question, Setting, segment
from relay.security.verification import STANDARD_WEBHOOKS
from relay.storage import inbound, polls, sources
from relay.watch.polling import Poller

LOOPBACK = frozenset(["127.0.0.1"])


def questions(inbound: Inbound) -> Mapping[str, Question]:
    return {"notice": Question(f"/notices/{segment(inbound.payload['id'])}")} if inbound.payload.get("id") else {}


def subject(inbound: Inbound) -> Any:
    return inbound.looked_up.get("notice") or {}


MADE_UP = Provider(
    name="made_up",
    label="Made up",
    kind="generic",
    homepage="https://example.com",
    verification=STANDARD_WEBHOOKS,
    event_name=lambda _: "said",
    event_id=lambda inbound: inbound.payload.get("id"),
    subject=subject,
    events={"said": On("notice.received", lambda notice: {"notice": {"title": notice.get("title")}})},
    settings=(Setting("api_url", "API", "Where."), Setting("api_key", "Key", "Which.")),
    look_up=LookUp(questions, patience=60),
    poll=Poll(lambda _: {"id": Question("/newest")}, seconds=3600),
    secret="ours",
)


class Relay:
    """A worker whose provider's API is a vendor of the test's own."""

    def __init__(self, bench: Workbench, vendor: Vendor) -> None:
        self.bench = bench
        self.vendor = vendor
        self.belt = Belt(bench)
        self.source, _ = create_source(
            bench.working_in(), "made_up", settings={"api_url": vendor.url, "api_key": "key_1"}
        )

    def accept(self, native_id: str = "n1", *, at: int | None = None, source: Source | None = None) -> None:
        self.bench.accept(source or self.source, {"id": native_id}, key=native_id, at=at)

    def work(self) -> None:
        """Until nothing is asked any more."""
        self.belt.process()

    def told(self) -> list[tuple[str | None, bool | None]]:
        """Title and `enriched` of every event, in order."""
        events = sorted(self.bench.events(), key=lambda event: int(event["sequence"]))
        return [(event["data"]["notice"]["title"], event["enriched"]) for event in events]

    def waits_until(self) -> list[int]:
        with self.bench.database.read() as connection:
            found = [inbound.get(connection, place) for place in range(1, 10)]
            return [each.put_off for each in found if each is not None]


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    for module in (
        "relay.pipeline.read.of_source",
        "relay.watch.polling.of_source",
        "relay.inbound.own_events.of_source",
        "relay.accounts.sources.of_source",
    ):
        monkeypatch.setattr(module, lambda _: MADE_UP)
    monkeypatch.setattr("relay.accounts.sources._provider", lambda _: MADE_UP)
    monkeypatch.setattr("relay.accounts.sources.setup", lambda _: "")
    monkeypatch.setattr("kit.workbench.get_provider", lambda _: MADE_UP)
    monkeypatch.setattr(read, "_ASK_AGAIN_MS", 0)
    with Workbench(sqlite_url(tmp_path)) as bench, Vendor() as vendor:
        made = Relay(bench, vendor)
        yield made
        made.belt.api_reader.close()


def test_what_is_found_is_told(relay: Relay) -> None:
    relay.vendor.answers = {"/notices/n1": {"title": "Hello"}}
    relay.accept()

    relay.work()

    assert relay.told() == [("Hello", True)]


def test_what_leaves_nothing_out_is_not_asked_about(relay: Relay) -> None:
    relay.bench.accept(relay.source, {"id": None}, key="k")

    relay.work()

    assert relay.told() == [(None, None)]
    assert relay.vendor.asked == []


def test_what_the_api_does_not_know_is_told_without(relay: Relay) -> None:
    relay.accept()

    relay.work()

    assert relay.told() == [(None, False)]


def test_an_api_that_is_away_is_asked_again(relay: Relay) -> None:
    answers = iter([503, 429, {"title": "At last"}])
    relay.vendor.answers = {"/notices/n1": lambda: next(answers)}
    relay.accept()

    until(lambda: relay.work() or relay.told(), "it is told")

    assert relay.told() == [("At last", True)]
    assert len(relay.vendor.asked) == 3


def test_what_cannot_be_had_in_time_is_told_without(relay: Relay) -> None:
    relay.vendor.answers = {"/notices/n1": 500}
    relay.accept(at=now_ms() - 61_000)

    relay.work()

    assert relay.told() == [(None, False)]


def test_nobody_waits_for_an_api_that_is_away(relay: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "_ASK_AGAIN_MS", 60_000)
    relay.vendor.answers = {"/notices/n1": 500, "/notices/n2": {"title": "Second"}}
    relay.accept("n1")
    relay.accept("n2")

    relay.work()

    assert relay.told() == [("Second", True)]
    assert relay.waits_until() == [1, 0]


def test_without_credentials_it_is_told_without_at_once(relay: Relay) -> None:
    without = Source(new_id("src"), relay.bench.workspace_id, "made_up", "Without", settings={})
    with relay.bench.database.write() as connection:
        sources.add(connection, relay.bench.vault, without, now_ms())
    relay.accept(source=without)

    relay.work()

    assert relay.told() == [(None, False)]
    assert relay.vendor.asked == []


def test_ordered_hooks_wait_a_while_for_what_is_put_off_and_then_no_more(relay: Relay) -> None:
    relay.accept()

    def first_unfinished() -> int | None:
        with relay.bench.database.read() as connection:
            return inbound.first_unfinished(connection, relay.bench.workspace_id)

    assert first_unfinished() == 1
    for _ in range(inbound.NOT_WAITED_FOR):
        with relay.bench.database.write() as connection:
            inbound.put_off(connection, 1, now_ms() + 60_000)
    assert first_unfinished() is None


def polled(relay: Relay, now: int) -> None:
    poller = Poller(relay.bench.database, relay.bench.vault, relay.belt.api_reader, lambda _: None)
    poller.tick(now)
    for _, future in poller._asked:
        future.exception(timeout=PATIENCE_SECONDS)
    poller.tick(now)


def test_where_nothing_is_posted_the_api_is_asked_in_its_time(relay: Relay) -> None:
    relay.vendor.answers = {"/newest": "n7", "/notices/n7": {"title": "Polled"}}
    now = now_ms()

    polled(relay, now)
    polled(relay, now + 60_000)
    relay.work()

    assert relay.told() == [("Polled", True)]
    assert relay.vendor.paths.count("/newest") == 1
    (event,) = relay.bench.events()
    assert (event["source"]["verified_by"], event["source"]["signed"]) == ("polled", "fetched")


def test_a_poll_without_an_answer_is_repeated_sooner(relay: Relay) -> None:
    relay.vendor.answers = {"/newest": 500}
    now = now_ms()

    for minute in (0, 2, 3, 5):
        polled(relay, now + minute * 60_000)

    assert relay.vendor.paths == ["/newest"] * 3
    with relay.bench.database.read() as connection:
        assert polls.failures(connection) == {relay.source.id: 3}


def test_a_source_that_is_gone_is_polled_no_more(relay: Relay) -> None:
    with relay.bench.database.write() as connection:
        sources.delete(connection, relay.bench.workspace_id, relay.source.id, now_ms())

    polled(relay, now_ms())

    assert relay.vendor.asked == []
    with relay.bench.database.read() as connection:
        assert not polls.any_due(connection, now_ms() + 10**10)
