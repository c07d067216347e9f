"""The dispatcher with real connections to a subscriber on loopback, and its outcomes in a real database."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from kit.processes import free_port
from kit.subscriber import HEALTHY, Answer, Subscriber
from kit.waiting import PATIENCE_SECONDS, until
from kit.workbench import HOLDER, Workbench, sqlite_url
from relay.errors import StorageUnavailable
from relay.http import GuardedClient
from relay.model import Hook, now_ms
from relay.outbound import dispatcher as dispatcher_module
from relay.outbound.deliver import CIRCUIT
from relay.outbound.dispatcher import (
    AT_ONCE_AT_FIRST,
    AT_ONCE_PER_HOOK,
    GONE_REASON,
    TIMEOUT_SECONDS,
    WAITING_PER_HOOK,
    Dispatcher,
)
from relay.storage import Connection, deliveries, hooks


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with Subscriber() as made:
        yield made


class Told:
    """What the dispatcher told whoever it works for."""

    def __init__(self) -> None:
        self.gone: list[str] = []
        self.turns = 0

    def on_gone(self, _: Connection, hook: Hook) -> None:
        self.gone.append(hook.id)

    def on_turn(self) -> None:
        self.turns += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def dispatcher(bench: Workbench, told: Told) -> Iterator[Dispatcher]:
    made = Dispatcher(
        bench.database,
        lambda: GuardedClient(allow_private=frozenset({"127.0.0.1"})),
        HOLDER,
        on_gone=told.on_gone,
        on_turn=told.on_turn,
    )
    yield made
    made.close(patience=5)


def settled(dispatcher: Dispatcher) -> None:
    until(lambda: dispatcher.load == 0, "everything that was handed over is at an outcome")


class Gate:
    """An answer that waits until the gate is opened."""

    def __init__(self, then: Answer = HEALTHY) -> None:
        self._then = then
        self._open = threading.Event()

    def __call__(self, _: bytes) -> Answer:
        self._open.wait(PATIENCE_SECONDS)
        return self._then

    def open(self) -> None:
        self._open.set()


def test_a_parcel_arrives_signed_and_is_written_down(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    hook = bench.hook(subscriber.url)
    [parcel] = bench.due(hook)

    dispatcher.hand([parcel])
    settled(dispatcher)

    [received] = subscriber.received
    assert received.body == parcel.body
    assert received.event_id == parcel.event_id
    assert received.headers["x-relay-token"] == hook.token
    assert received.headers["user-agent"] == "relay"
    Webhook(hook.secrets[0].value).verify(received.body, dict(received.headers))
    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.attempts, delivery.status_code) == ("delivered", 1, 200)
    assert delivery.due_at is None
    assert delivery.error is None
    assert delivery.finished_at is not None


@pytest.mark.parametrize(
    ("status", "state", "error"),
    [
        (204, "delivered", None),
        (302, "pending", "HTTP 302"),
        (404, "pending", "HTTP 404"),
        (429, "pending", "HTTP 429"),
        (500, "pending", "HTTP 500"),
    ],
)
def test_an_answer_decides_what_becomes_of_a_delivery(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, status: int, state: str, error: str | None
) -> None:
    subscriber.answer = lambda _: (status, {})
    before = now_ms()

    dispatcher.hand(bench.due(bench.hook(subscriber.url)))
    settled(dispatcher)

    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.attempts, delivery.status_code, delivery.error) == (state, 1, status, error)
    assert (delivery.due_at is not None and delivery.due_at >= before + 4500) == (state == "pending")


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Security-Policy: " + b"x" * 9000 + b"\r\nContent-Length: 2\r\n\r\nok", 200),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok", 200),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", 204),
        (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 202),
        (b"HTTP/1.1 299 Odd\r\nX Y: z\r\n", 299),
    ],
    ids=["a long header", "a cut body", "a body after 204", "a bad chunk", "a cut head"],
)
def test_a_success_is_one_whatever_comes_with_it(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, raw: bytes, status: int
) -> None:
    subscriber.raw = raw

    dispatcher.hand(bench.due(bench.hook(subscriber.url)))
    settled(dispatcher)

    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.attempts, delivery.status_code, delivery.error) == ("delivered", 1, status, None)
    assert len(subscriber.received) == 1


def test_a_hook_is_gone_whatever_comes_with_410(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    subscriber.raw = b"HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\nbye"
    hook = bench.hook(subscriber.url)

    dispatcher.hand(bench.due(hook))
    settled(dispatcher)

    assert bench.reread(hook).status == hooks.SWITCHED_OFF


def test_retry_after_is_written_down(bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber) -> None:
    subscriber.answer = lambda _: (429, {"Retry-After": "100"})
    before = now_ms()

    dispatcher.hand(bench.due(bench.hook(subscriber.url)))
    settled(dispatcher)

    [delivery] = bench.deliveries()
    assert delivery.due_at is not None
    assert delivery.due_at >= before + 100_000


def test_a_target_that_nobody_listens_at_is_tried_again(bench: Workbench, dispatcher: Dispatcher) -> None:
    dispatcher.hand(bench.due(bench.hook(f"http://127.0.0.1:{free_port()}/")))
    settled(dispatcher)

    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.status_code) == ("pending", None)
    assert delivery.error is not None
    assert delivery.error.startswith("connection_failed: http://127.0.0.1:")


def test_a_target_that_hangs_is_given_up_after_a_while(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "TIMEOUT_SECONDS", 0.2)
    subscriber.answer = gate = Gate()

    dispatcher.hand(bench.due(bench.hook(subscriber.url)))
    settled(dispatcher)
    gate.open()

    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.status_code) == ("pending", None)
    assert delivery.error is not None
    assert delivery.error.startswith("timeout: ")


def test_a_fault_of_ours_is_an_outcome_too(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> dict[str, str]:
        raise ZeroDivisionError

    monkeypatch.setattr(dispatcher_module, "headers_for", fail)

    dispatcher.hand(bench.due(bench.hook(subscriber.url)))
    settled(dispatcher)

    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert delivery.error == "The request could not be made: ZeroDivisionError."


def test_410_switches_the_hook_off_and_ends_all_that_is_left_for_it(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, told: Told
) -> None:
    subscriber.answer = lambda _: (410, {})
    hook, other = bench.hook(subscriber.url), bench.hook(subscriber.url)
    parcels = bench.due(hook, 50)
    bench.due(other)

    dispatcher.hand(parcels[:40])
    settled(dispatcher)

    assert bench.reread(hook).status == hooks.SWITCHED_OFF
    with bench.database.read() as connection:
        assert hooks.status_reason(connection, hook.id) == GONE_REASON
    assert [each.state for each in bench.deliveries(hook)] == ["canceled"] * 50
    assert len(subscriber.received) <= AT_ONCE_AT_FIRST
    assert [each.state for each in bench.deliveries(other)] == ["pending"]
    assert told.gone == [hook.id]


def test_what_failed_while_its_hook_was_switched_off_does_not_come_back(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    subscriber.answer = gate = Gate((500, {}))
    hook = bench.hook(subscriber.url)
    dispatcher.hand(bench.due(hook))
    until(lambda: subscriber.waiting, "the request is under way")
    with bench.database.write() as connection:
        deliveries.cancel_of_hook(connection, hook.id, now_ms(), "The hook was deleted.")

    gate.open()
    settled(dispatcher)

    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.due_at, delivery.error) == ("canceled", None, "The hook was deleted.")


def test_what_waits_behind_a_failure_is_given_back(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    subscriber.answer = gate = Gate((503, {}))
    hook = bench.hook(subscriber.url)

    dispatcher.hand(bench.due(hook, 20))
    until(lambda: subscriber.waiting == AT_ONCE_AT_FIRST, "the first are under way")
    gate.open()
    settled(dispatcher)

    found = bench.deliveries(hook)
    assert [each.attempts for each in found].count(1) == len(subscriber.received) < 20
    untried = [each for each in found if each.attempts == 0]
    assert all(each.due_at is not None and each.due_at <= now_ms() for each in untried)


def test_more_are_sent_at_once_while_all_goes_well(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    hook = bench.hook(subscriber.url)
    gate = Gate()
    subscriber.answer = lambda body: gate(body) if len(subscriber.received) >= 40 else HEALTHY

    dispatcher.hand(bench.due(hook, 40 + AT_ONCE_PER_HOOK * 2))
    until(lambda: subscriber.waiting == AT_ONCE_PER_HOOK, "as many as may be are under way")
    gate.open()
    settled(dispatcher)

    assert {each.state for each in bench.deliveries(hook)} == {"delivered"}


def test_a_hook_that_hangs_is_in_nobodys_way(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher_module, "SLOW_SECONDS", 0.0)
    healthy = bench.hook(subscriber.url)
    with Subscriber(gate := Gate()) as hanging:
        sick = bench.hook(hanging.url)
        dispatcher.hand(bench.due(sick, 50))
        until(lambda: hanging.waiting == AT_ONCE_AT_FIRST, "the sick one hangs")

        dispatcher.hand(bench.due(healthy, 50))
        until(lambda: len(subscriber.received) == 50, "the healthy one has everything")

        assert hanging.received == []
        assert dispatcher.room(sick, fresh=True) == 0
        assert dispatcher.room(sick, fresh=False) == WAITING_PER_HOOK - 50
        assert dispatcher.under_way(sick) == 50
        until(lambda: dispatcher.room(healthy, fresh=True) > 0, "there is room for the healthy one")
        gate.open()
        settled(dispatcher)


def test_failures_open_the_circuit_and_a_success_closes_it(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    hook = bench.hook(subscriber.url)
    subscriber.answer = lambda _: (500, {})
    stood = []
    for _ in range(CIRCUIT.threshold + 1):
        dispatcher.hand(bench.due(bench.reread(hook)))
        settled(dispatcher)
        stood.append((bench.reread(hook).failures, bench.reread(hook).open_until > now_ms()))

    assert stood == [(1, False), (2, False), (3, False), (4, False), (5, True), (6, True)]

    subscriber.answer = lambda _: HEALTHY
    dispatcher.hand(bench.due(bench.reread(hook)))
    settled(dispatcher)

    assert (bench.reread(hook).failures, bench.reread(hook).open_until) == (0, 0)


def test_one_at_a_time_is_sent_while_a_circuit_is_not_closed(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    hook = bench.hook(subscriber.url)
    with bench.database.write() as connection:
        hooks.count_failures(connection, {hook.id: (CIRCUIT.threshold, now_ms() - 1)})
    most = 0

    def answer(_: bytes) -> Answer:
        nonlocal most
        most = max(most, subscriber.waiting)
        return (500, {})

    subscriber.answer = answer
    dispatcher.hand(bench.due(bench.reread(hook), 5))
    settled(dispatcher)

    assert most == 1
    assert len(subscriber.received) == 1


def test_an_ordered_hook_is_told_of_its_turn(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, told: Told
) -> None:
    dispatcher.hand(bench.due(bench.hook(subscriber.url)))
    settled(dispatcher)
    until(lambda: told.turns == 0, "nobody has a turn")

    dispatcher.hand(bench.due(bench.hook(subscriber.url, ordered=True)))
    until(lambda: told.turns == 1, "the next may be taken")

    subscriber.answer = lambda _: (500, {})
    dispatcher.hand(bench.due(bench.hook(subscriber.url, ordered=True)))
    until(lambda: told.turns == 2, "the next may be taken after a failure too")


def test_a_parcel_leaves_no_earlier_than_its_slot(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    [parcel] = bench.due(bench.hook(subscriber.url))
    slot = now_ms() + 300

    dispatcher.hand([replace(parcel, not_before=slot)])
    settled(dispatcher)

    assert now_ms() >= slot
    assert [each.state for each in bench.deliveries()] == ["delivered"]


def test_a_parcel_whose_lease_would_end_on_the_way_is_given_back(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    hook = bench.hook(subscriber.url)

    dispatcher.hand(bench.due(hook, at=now_ms() - deliveries.LEASE_MS + int(TIMEOUT_SECONDS * 1000) - 1))
    settled(dispatcher)

    assert subscriber.received == []
    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.attempts) == ("pending", 0)
    assert delivery.due_at is not None
    assert delivery.due_at <= now_ms()


def test_closing_finishes_what_is_under_way_and_gives_back_the_rest(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    subscriber.answer = gate = Gate()
    hook = bench.hook(subscriber.url)
    dispatcher.hand(bench.due(hook, 10))
    until(lambda: subscriber.waiting == AT_ONCE_AT_FIRST, "the first are under way")

    threading.Timer(0.2, gate.open).start()
    dispatcher.close()

    assert dispatcher.load == 0
    found = bench.deliveries(hook)
    assert [each.state for each in found].count("delivered") == AT_ONCE_AT_FIRST
    assert all(each.due_at is not None and each.due_at <= now_ms() for each in found if each.state == "pending")


def test_closing_cuts_what_takes_too_long_and_gives_it_back(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber
) -> None:
    subscriber.answer = gate = Gate()
    dispatcher.hand(bench.due(bench.hook(subscriber.url)))
    until(lambda: subscriber.waiting, "the request is under way")

    dispatcher.close(patience=0)
    gate.open()

    assert dispatcher.load == 0
    [delivery] = bench.deliveries()
    assert (delivery.state, delivery.attempts) == ("pending", 0)
    assert delivery.due_at is not None
    assert delivery.due_at <= now_ms()


def test_outcomes_that_cannot_be_written_leave_the_lease_to_end(
    bench: Workbench, dispatcher: Dispatcher, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StorageUnavailable("The database did not take it: OperationalError. Try again.")

    hook = bench.hook(subscriber.url)
    parcels = bench.due(hook, 2)
    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "record", away)
        dispatcher.hand(parcels[:1])
        settled(dispatcher)

    dispatcher.hand(parcels[1:])
    settled(dispatcher)

    found = {each.id: (each.state, each.due_at) for each in bench.deliveries(hook)}
    lost, written = parcels
    assert found == {
        lost.delivery_id: ("pending", lost.lease_until),
        written.delivery_id: ("delivered", None),
    }
