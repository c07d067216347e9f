"""What the engine promises: an effect once, nothing before a person said yes, nothing repeated that nobody knows of."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from actions.bench import Bench
from kit.waiting import PATIENCE_SECONDS
from relay.actions import adapters, policy
from relay.actions.planned import Planned, fingerprint, in_words, planned
from relay.actions.policy import checked
from relay.actions.requests import decide_by_link, linked
from relay.catalogue.action_types import actions
from relay.errors import Conflict, Forbidden, InvalidRequest, NotFound
from relay.formats.money import from_decimal
from relay.model import now_ms
from relay.providers import load
from relay.queue.lanes import ACT, FRESH
from relay.sdk import amounts
from relay.sdk import client as vendor_module
from relay.sdk.actions import Adapter, Task
from relay.sdk.outcomes import Done, Failed
from relay.security.approval_links import Link
from relay.storage import audit, runs, sources
from relay.storage.runs import Policy
from relay.storage.tables import action_runs

SUSPEND, REFUND, FETCH = "service.suspend", "payment.refund", "service.fetch"


class Panel:
    """A vendor's server: `accounts` are suspended by POST; `mood` is what it does with the next requests."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.mood = "well"
        self.answers = {
            "well": b'{"id": "p_1"}',
            "marks": b'\xef\xbb\xbf{"id": "p_1"}',
            "cuts": b'{"id": "p_1", "note": "\\ud83d"}',
            "speaks Latin-1": b'{"id": "p_1", "note": "Zo\xeb"}',
        }
        self.release = threading.Event()
        panel = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer(200, b'{"done": %d}' % len(panel.effects))

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if panel.mood == "busy":
                    self.answer(429, b"{}")
                    return
                if panel.mood == "declines":
                    self.answer(402, b'{"error": "no money"}')
                    return
                panel.effects.append(self.headers.get("idempotency-key") or "")
                if panel.mood == "hangs":
                    panel.release.wait(PATIENCE_SECONDS)
                elif panel.mood == "fails":
                    self.answer(500, b"oops")
                elif panel.mood == "breaks off":
                    self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id": "p_1"}')
                else:
                    self.answer(200, panel.answers.get(panel.mood, b"<html>"))

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = False  # each is waited for at the end
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(vendor_module, "SECONDS", 0.5)
    made = Panel()
    yield made
    made.close()


def tell(task: Task) -> Done:
    reply = task.vendor.change("POST", "/do", headers={"idempotency-key": task.key, "authorization": "Bearer s3cret"})
    reply.expect(lambda body: body.get("error"))
    return Done("It was done.", {"service_id": reply.object()["id"]})


def mark(task: Task) -> Done:
    task.vendor.change("POST", "/mark").expect(lambda body: body.get("error"))
    return Done("It was marked.")


def look(task: Task) -> Done | None:
    return Done("It was done, as was found out.") if task.vendor.read("/").object()["done"] else None


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, panel: Panel) -> Bench:
    does = {
        SUSPEND: Adapter(tell, look_up_outcome=look, needs=("api_key",)),
        REFUND: Adapter(tell, look_up_outcome=look),
        "invoice.void": Adapter(mark),
        FETCH: Adapter(lambda _: Done("It is told.", {"service_id": None, "plan": None}), repeatable=True),
        "invoice.send": Adapter(tell, repeatable=True, kept=timedelta(hours=24)),
    }
    made = Bench(tmp_path, does, monkeypatch)
    made.point(panel.url)
    return made


def test_what_is_asked_for_is_done_and_told(bench: Bench, panel: Panel) -> None:
    run = bench.carry_out(bench.ask(SUSPEND, service_id="acme"))

    assert (run.state, run.content["text"]) == (runs.SUCCEEDED, "It was done.")
    assert run.content["output"] == {"service_id": "p_1", "service_status": None, "domain": None, "plan": None}
    assert bench.told() == [f"action.completed:{run.id}:succeeded"]
    with bench.database.read() as connection:
        assert audit.verify(connection) == audit.Verdict(2)


@pytest.mark.parametrize("mood", ["marks", "cuts", "speaks Latin-1"])
def test_an_answer_is_read_as_leniently_as_a_webhook(bench: Bench, panel: Panel, mood: str) -> None:
    panel.mood = mood

    run = bench.carry_out(bench.ask(SUSPEND, service_id="acme"))

    assert (run.state, run.content["output"]["service_id"]) == (runs.SUCCEEDED, "p_1")


def test_a_hundred_calls_with_one_key_have_one_effect(bench: Bench, panel: Panel) -> None:
    with ThreadPoolExecutor(20) as pool:
        asked = list(pool.map(lambda _: bench.ask(SUSPEND, idempotency="k1", service_id="acme"), range(100)))

    bench.carry_out(asked[0])

    assert len({run.id for run in asked}) == 1
    assert panel.effects == [asked[0].id]


@pytest.mark.parametrize("named", [True, False], ids=["named", "the only one that can"])
def test_only_the_source_that_is_asked_is_opened_and_under_no_lock(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    for _ in range(5):
        bench.add_source("ping")
    opened = []
    unseal = sources._source

    def watched(vault: Any, row: Any) -> Any:
        opened.append((row.id, bench.database._gate.locked()))
        return unseal(vault, row)

    monkeypatch.setattr(sources, "_source", watched)

    run = bench.ask(SUSPEND, service_id="acme", **({"source": bench.source.name} if named else {}))

    assert run.source_id == bench.source.id
    assert opened == [(bench.source.id, False)]


def test_a_key_is_for_one_request(bench: Bench) -> None:
    bench.ask(SUSPEND, idempotency="k1", service_id="acme")

    with pytest.raises(Conflict, match="another request"):
        bench.ask(SUSPEND, idempotency="k1", service_id="other")


@pytest.mark.parametrize("mood", ["hangs", "fails", "babbles", "breaks off"])
def test_an_unknown_outcome_is_looked_up_and_never_repeated(bench: Bench, panel: Panel, mood: str) -> None:
    panel.mood = mood

    run = bench.carry_out(bench.approved(REFUND, payment_id="p"))

    assert (run.state, run.content["text"]) == (runs.SUCCEEDED, "It was done, as was found out.")
    assert len(panel.effects) == 1


def test_a_success_that_breaks_off_is_one_where_only_the_status_counts(bench: Bench, panel: Panel) -> None:
    panel.mood = "breaks off"

    run = bench.carry_out(bench.approved("invoice.void", invoice_id="inv_1"))

    assert (run.state, run.content["text"]) == (runs.SUCCEEDED, "It was marked.")
    assert len(panel.effects) == 1


def test_one_that_was_killed_between_effect_and_record_finds_out(bench: Bench, panel: Panel) -> None:
    asked = bench.approved(REFUND, payment_id="p")
    with bench.database.write() as connection:
        (taken,) = runs.take(connection, bench.vault, now_ms(), now_ms() + 50, 1, "wrk_1")
        assert runs.hold(connection, taken, now_ms() + 50, told=True)
    panel.effects.append("the killed one's")

    run = bench.carry_out(asked)

    assert run.state == runs.SUCCEEDED
    assert panel.effects == ["the killed one's"]


@pytest.mark.parametrize("hours", [1, 25])
def test_a_key_that_the_vendor_may_have_forgotten_is_not_trusted(bench: Bench, panel: Panel, hours: int) -> None:
    """Doing it again under the same key is safe for as long as the vendor keeps the key."""
    asked = bench.ask("invoice.send", invoice_id="i")
    with bench.database.write() as connection:
        (taken,) = runs.take(connection, bench.vault, now_ms(), now_ms() + 50, 1, "wrk_1")
        assert runs.hold(connection, taken, now_ms() + 50, told=True)
        aged = update(action_runs).where(action_runs.c.id == asked.id)
        connection.execute(aged.values(created_at=now_ms() - hours * 3_600_000))

    run = bench.carry_out(asked)

    assert run.state == (runs.SUCCEEDED if hours < 24 else runs.UNKNOWN)
    assert len(panel.effects) == (1 if hours < 24 else 0)


def test_what_cannot_be_looked_up_stays_unknown_and_a_person_is_told(bench: Bench, panel: Panel) -> None:
    panel.mood = "fails"

    run = bench.carry_out(bench.approved("invoice.void", invoice_id="i"))

    assert (run.state, run.content["code"]) == (runs.UNKNOWN, "unknown")
    assert len(panel.effects) == 1
    assert f"action.completed:{run.id}:unknown" in bench.told()


def test_a_source_that_tells_nothing_of_a_thing_has_no_such_thing(bench: Bench) -> None:
    run = bench.carry_out(bench.ask(FETCH, service_id="acme"))

    assert (run.state, run.content["code"]) == (runs.FAILED, "no_such_thing")


def test_a_look_up_that_finds_nothing_is_no_reason_to_do_it_again(bench: Bench, panel: Panel) -> None:
    asked = bench.approved(REFUND, payment_id="p")
    with bench.database.write() as connection:
        (taken,) = runs.take(connection, bench.vault, now_ms(), now_ms() + 50, 1, "wrk_1")
        assert runs.hold(connection, taken, now_ms() + 50, told=True)

    run = bench.carry_out(asked)

    assert (run.state, run.content["code"]) == (runs.FAILED, "not_done")
    assert panel.effects == []


def test_what_was_not_reached_is_tried_again(bench: Bench, panel: Panel) -> None:
    panel.mood = "busy"
    asked = bench.ask(SUSPEND, service_id="acme")
    waiting = bench.carry_out(asked, until=lambda run: run.attempts == 1)
    assert (waiting.state, waiting.told) == (runs.QUEUED, False)
    panel.mood = "well"

    assert bench.carry_out(asked).state == runs.SUCCEEDED
    assert len(panel.effects) == 1


def test_what_was_taken_while_a_worker_ends_is_carried_out(
    bench: Bench, panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = bench.ask(SUSPEND, service_id="acme")
    actor, take = bench.actor(), runs.take
    closing = threading.Thread(target=actor.close)

    def slowly(*given: Any) -> list[runs.Run]:
        closing.start()
        closing.join(0.2)  # it would be over by now, did it not wait
        return take(*given)

    monkeypatch.setattr(runs, "take", slowly)
    actor.carry_out_due()
    closing.join()

    assert bench.run(asked.id).state == runs.SUCCEEDED


def test_what_is_never_reached_fails_and_says_how_often_it_was_tried(bench: Bench) -> None:
    bench.point("http://127.0.0.1:9")

    run = bench.carry_out(bench.ask(SUSPEND, service_id="acme"))

    assert (run.state, run.content["code"]) == (runs.FAILED, "connection_failed")
    assert "tried 3 times" in run.content["text"]


def test_a_fallback_is_asked_after_a_decline(bench: Bench, panel: Panel) -> None:
    second = Panel()
    other = bench.add_source("hmac", api_url=second.url)
    panel.mood = "declines"
    try:
        fallback = {"source": other.id, "input": {"payment_id": "q"}}
        asked = bench.approved(REFUND, payment_id="p", source=bench.source.id, fallback=fallback)

        run = bench.carry_out(asked)
    finally:
        second.close()

    assert (run.state, run.on_fallback) == (runs.SUCCEEDED, True)
    assert (len(panel.effects), len(second.effects)) == (0, 1)


def test_no_fallback_is_asked_after_an_unknown_outcome(bench: Bench, panel: Panel) -> None:
    second = Panel()
    other = bench.add_source("hmac", api_url=second.url)
    panel.mood = "fails"
    try:
        asked = bench.approved(REFUND, payment_id="p", source=bench.source.id, fallback={"source": other.id})

        run = bench.carry_out(asked)
    finally:
        second.close()

    assert (run.state, run.on_fallback) == (runs.SUCCEEDED, False)
    assert (len(panel.effects), second.effects) == (1, [])


def test_a_decline_without_a_fallback_is_a_failure_with_the_vendors_words(bench: Bench, panel: Panel) -> None:
    panel.mood = "declines"

    run = bench.carry_out(bench.approved(REFUND, payment_id="p"))

    assert (run.state, run.content["code"]) == (runs.FAILED, "declined")
    assert "no money" in run.content["text"]


# Approval


def test_what_moves_money_waits_for_a_person(bench: Bench, panel: Panel) -> None:
    asked = bench.ask(REFUND, payment_id="p")
    bench.actor().carry_out_due()

    assert (asked.state, panel.effects) == (runs.PENDING, [])
    assert bench.told() == [f"action.approval_requested:{asked.id}"]


def test_what_is_asked_for_and_decided_wakes_the_workers_of_its_lane(bench: Bench) -> None:
    bench.ask(SUSPEND, service_id="acme")
    waits, other = bench.ask(REFUND, payment_id="p"), bench.ask(REFUND, payment_id="q")
    bench.desk("key_2").decide(waits.id, approve=True)
    bench.desk("key_2").decide(other.id, approve=False)
    bench.desk("key_2").dry_run(SUSPEND, {"service_id": "acme"})

    assert bench.woken == [ACT, FRESH, FRESH, ACT, FRESH]


@pytest.mark.parametrize(("action", "given", "lane"), [(SUSPEND, "service_id", ACT), (REFUND, "payment_id", FRESH)])
def test_a_repeat_wakes_the_workers_again_as_long_as_the_run_waits(
    bench: Bench, action: str, given: str, lane: str
) -> None:
    """What woke them the first time may have been lost, with Redis."""
    first = bench.ask(action, idempotency="k1", **{given: "p"})
    bench.woken.clear()

    again = bench.ask(action, idempotency="k1", **{given: "p"})

    assert (again.id, bench.woken) == (first.id, [lane])


def test_a_repeat_of_what_is_done_wakes_nobody(bench: Bench) -> None:
    bench.carry_out(bench.ask(SUSPEND, idempotency="k1", service_id="acme"))
    bench.woken.clear()

    again = bench.ask(SUSPEND, idempotency="k1", service_id="acme")

    assert (again.state, bench.woken) == (runs.SUCCEEDED, [])


def test_a_run_is_followed_by_its_id(bench: Bench, panel: Panel) -> None:
    with capture_logs() as lines:
        run = bench.carry_out(bench.approved(REFUND, payment_id="p"))

    of_it = [(line["event"], line.get("state"), line.get("inbound") is not None) for line in lines]
    assert of_it == [
        ("asked_for", runs.PENDING, True),
        ("decided", runs.QUEUED, False),
        ("begun", None, False),
        ("ended", runs.SUCCEEDED, True),
    ]
    assert {(line["stage"], line["run"], line["action"]) for line in lines} == {("act", run.id, REFUND)}


def test_a_link_leads_to_its_run_and_decides_once(bench: Bench, panel: Panel) -> None:
    asked = bench.ask(REFUND, payment_id="p")
    link = Link(asked.id, "sent to hook hk_1", "key_2")
    token = bench.desk("tests").links.url(link).rpartition("/")[2]

    assert linked(bench.relay, token) == (link, asked)
    decide_by_link(bench.relay, token, approve=True)
    with pytest.raises(Conflict, match="already decided"):
        decide_by_link(bench.relay, token, approve=False)

    assert bench.carry_out(asked).decided_by == "approval link sent to hook hk_1"
    assert len(panel.effects) == 1


def test_the_key_that_asked_approves_neither_by_the_api_nor_by_a_link_of_its_own(bench: Bench, panel: Panel) -> None:
    asked = bench.ask(REFUND, payment_id="p")
    token = bench.desk("tests").links.url(Link(asked.id, "sent to hook hk_1", "key_1")).rpartition("/")[2]

    with pytest.raises(Forbidden, match="The key that requested this run cannot approve it"):
        bench.desk("key_1").decide(asked.id, approve=True)
    with pytest.raises(Forbidden, match="The key that requested this run cannot approve it"):
        decide_by_link(bench.relay, token, approve=True)

    assert bench.run(asked.id).state == runs.PENDING
    assert bench.desk("key_1").decide(asked.id, approve=False).state == runs.REJECTED


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é"])
def test_a_link_that_was_not_made_here_leads_nowhere(bench: Bench, token: str) -> None:
    with pytest.raises(NotFound):
        linked(bench.relay, token)


def test_what_is_rejected_is_never_done(bench: Bench, panel: Panel) -> None:
    asked = bench.ask(REFUND, payment_id="p")

    bench.desk("key_2").decide(asked.id, approve=False)
    bench.actor().carry_out_due()

    assert (bench.run(asked.id).state, panel.effects) == (runs.REJECTED, [])
    assert bench.told()[-1] == f"action.completed:{asked.id}:rejected"


def test_what_nobody_approves_expires(bench: Bench, panel: Panel) -> None:
    asked = bench.ask(REFUND, payment_id="p")
    with bench.database.write() as connection:
        over = replace(asked, due_at=now_ms() - 1, expires_at=now_ms() - 1)
        assert runs.save(connection, bench.vault, over, was_due=asked.due_at)

    with pytest.raises(Conflict, match="expired"):
        bench.desk("key_2").decide(asked.id, approve=True)
    assert bench.carry_out(asked).state == runs.EXPIRED
    assert panel.effects == []


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        ({"amount": 50, "currency": "EUR"}, False),
        ({"amount": 50.01, "currency": "eur"}, True),
        ({"amount": 1, "currency": "USD"}, True),
        ({}, True),
    ],
)
def test_a_policy_may_ask_above_an_amount(bench: Bench, given: dict[str, Any], waits: bool) -> None:
    bench.desk("key_1").set_policy(checked(REFUND, "above", 50, "eur"))

    assert (bench.ask(REFUND, payment_id="p", **given).state == runs.PENDING) is waits


def test_what_passed_the_days_sum_when_it_was_asked_for_is_done(bench: Bench, panel: Panel) -> None:
    bench.desk("key_2").set_policy(checked(REFUND, "above", 50, "EUR", 100))
    asked = [bench.ask(REFUND, payment_id="p", amount=40, currency="EUR") for _ in range(3)]

    ended = [bench.carry_out(each, until=lambda run: run.state in (runs.SUCCEEDED, runs.PENDING)) for each in asked]

    assert [each.state for each in ended] == [runs.SUCCEEDED, runs.SUCCEEDED, runs.PENDING]
    assert len(panel.effects) == 2


def test_what_only_the_source_knew_counts_towards_the_days_sum(reading: Bench, panel: Panel) -> None:
    """All of a payment of 60 EUR, which a person approved."""
    reading.desk("key_2").set_policy(checked(REFUND, "above", 50, "EUR", 100))
    reading.carry_out(reading.approved(REFUND, payment_id="p"))

    states = [reading.ask(REFUND, payment_id="p", amount=amount, currency="EUR").state for amount in (40, 0.01)]

    assert states == [runs.QUEUED, runs.PENDING]


@pytest.mark.parametrize(
    ("given", "kept", "words"),
    [
        (("above", 50, "eur"), Policy(REFUND, "above", "50", "EUR"), "above 50 EUR"),
        (
            ("above", 50, "EUR", 500),
            Policy(REFUND, "above", "50", "EUR", "500"),
            "above 50 EUR, or 500 EUR in a day",
        ),
        (
            ("above", None, "EUR", "500"),
            Policy(REFUND, "above", "500", "EUR", "500"),
            "above 500 EUR, or 500 EUR in a day",
        ),
        (("always",), Policy(REFUND, "always"), "always"),
    ],
)
def test_a_policy_says_what_it_is(given: tuple[Any, ...], kept: Policy, words: str) -> None:
    assert checked(REFUND, *given) == kept
    assert policy.words(kept) == words


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("above", 50, "EUR", -1), "per_day"),
        (("above", 50, "EUR", "much"), "per_day"),
        (("above", 50, "EUR", "1e300"), "per_day"),
        (("above", None, "EUR"), "amount"),
        (("above", 50, None, 500), "currency"),
        (("never", None, None, 500), "per_day"),
    ],
)
def test_a_policy_that_means_nothing_is_refused(given: tuple[Any, ...], field: str) -> None:
    with pytest.raises(InvalidRequest, match=field):
        checked(REFUND, *given)


@pytest.fixture
def reading(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An adapter that reads of its payment that it is one of 60.00 EUR."""

    def refund(task: Task) -> Done:
        amounts.agreed(task, "The payment p", "EUR", from_decimal(60, "EUR"))
        return tell(task)

    monkeypatch.setattr(
        adapters, "of", lambda name: {REFUND: Adapter(refund, look_up_outcome=look)} if name == "standard" else {}
    )
    return bench


def test_what_was_read_is_judged_again_before_anything_is_told(reading: Bench, panel: Panel) -> None:
    reading.desk("key_2").set_policy(checked(REFUND, "never"))
    asked = reading.ask(REFUND, payment_id="p")
    reading.desk("key_2").set_policy(checked(REFUND, "above", 50, "EUR"))

    waiting = reading.carry_out(asked, until=lambda run: run.state == runs.PENDING)

    assert (asked.state, waiting.told, panel.effects) == (runs.QUEUED, False, [])
    assert reading.told() == [f"action.approval_requested:{asked.id}"]
    reading.desk("key_2").decide(asked.id, approve=True)
    assert reading.carry_out(asked).state == runs.SUCCEEDED
    assert len(panel.effects) == 1


def test_the_currency_is_that_of_the_thing_not_of_the_caller(reading: Bench, panel: Panel) -> None:
    """The attack: 5,000 INR, below the policy's limit, of a payment that is in another currency."""
    reading.desk("key_2").set_policy(checked(REFUND, "above", 5000, "INR"))

    run = reading.carry_out(reading.ask(REFUND, payment_id="p", amount=5000, currency="INR"))

    assert (run.state, run.content["code"], panel.effects) == (runs.FAILED, "other_currency", [])
    assert run.content["text"] == "The payment p is in EUR; 5000 INR was requested."


def test_a_dry_run_says_that_what_was_read_needs_a_person(reading: Bench) -> None:
    body = {"payment_id": "p", "amount": 50, "currency": "EUR"}
    reading.desk("key_2").set_policy(checked(REFUND, "above", 50, "EUR"))

    said = [
        reading.desk("tests").dry_run(REFUND, given)["needs_approval"]
        for given in (body, {**body, "amount": 51}, {"payment_id": "p"})
    ]

    assert said == [False, True, True]


@pytest.mark.parametrize(
    ("given", "differs", "named"),
    [
        ({"amount": 1, "currency": "EUR"}, {"payment_id": "q", "amount": 9000}, "amount"),
        ({"amount": 1, "currency": "EUR"}, {"amount": 1, "currency": "KWD"}, "currency"),
        ({}, {"amount": 9000}, "amount"),
        ({}, {"currency": "KWD"}, "currency"),
        ({"amount": 1, "currency": "EUR"}, {"amount": {"a": 1}}, "amount"),
        ({"amount": 1, "currency": "EUR"}, {"amount": 0}, "amount"),
        ({"amount": 1, "currency": "EUR"}, {"currency": "NOPE"}, "currency"),
        ({}, {"payment_id": {"a": 1}}, "payment_id"),
        ({}, {"payment": "q"}, "payment"),
        ({}, {"source": "src_1"}, "source"),
    ],
)
def test_a_fallback_is_checked_and_changes_no_money(
    bench: Bench, given: dict[str, Any], differs: dict[str, Any], named: str
) -> None:
    """The attack: to ask for 1 EUR, below the policy's 50, and to fall back to 9,000."""
    other = bench.add_source("hmac")
    bench.desk("key_1").set_policy(checked(REFUND, "above", 50, "eur"))
    body = {"payment_id": "p", "source": bench.source.id, "fallback": {"source": other.id, "input": differs}, **given}

    with pytest.raises(InvalidRequest, match=rf"^fallback\.input\.{named} "):
        bench.ask(REFUND, **body)
    with pytest.raises(InvalidRequest, match=rf"^fallback\.input\.{named} "):
        bench.desk("tests").dry_run(REFUND, body)


@pytest.mark.parametrize("differs", [{}, {"payment_id": "q"}, {"amount": "1.00"}, {"currency": "eur", "reason": ""}])
def test_a_fallback_about_the_same_money_waits_for_nobody_below_the_limit(
    bench: Bench, differs: dict[str, Any]
) -> None:
    other = bench.add_source("hmac")
    bench.desk("key_1").set_policy(checked(REFUND, "above", 50, "eur"))
    same = {**differs, **({"amount": Decimal(differs["amount"])} if "amount" in differs else {})}
    given = {"payment_id": "p", "amount": 1, "currency": "EUR", "source": bench.source.id}

    assert bench.ask(REFUND, **given, fallback={"source": other.id, "input": same}).state == runs.QUEUED


def test_a_fallback_is_named_as_a_source_is(bench: Bench) -> None:
    other = bench.add_source("hmac")
    given = {"payment_id": "p", "source": bench.source.name}

    assert bench.ask(REFUND, **given, fallback={"source": other.name}).content["fallback"]["source_id"] == other.id
    with pytest.raises(InvalidRequest, match=r"^fallback\.source must be the id of a source"):
        bench.ask(REFUND, **given, fallback={"source": "src_none"})


def test_all_that_may_be_done_is_shown_to_who_approves_it(bench: Bench) -> None:
    other = bench.add_source("hmac")
    given = {"payment_id": "p", "amount": 1, "currency": "EUR", "source": bench.source.id}

    asked = bench.ask(REFUND, **given, fallback={"source": other.id, "input": {"payment_id": "tr_other"}})

    assert planned(asked) == [
        Planned(bench.source.id, given),
        Planned(other.id, {**given, "payment_id": "tr_other"}),
    ]
    assert in_words(asked, lambda source_id: "A" if source_id == bench.source.id else "B") == (
        "Refund Payment at A: Payment p, Amount 1, Currency EUR."
        " If it is declined or not reached: B: Payment tr_other, Amount 1, Currency EUR."
    )


def test_an_approval_is_for_what_was_seen(bench: Bench, panel: Panel) -> None:
    asked = bench.ask(REFUND, payment_id="p")

    with pytest.raises(Conflict, match="has changed since it was shown"):
        bench.desk("key_2").decide(asked.id, approve=True, seen="f" * 64)
    bench.desk("key_2").decide(asked.id, approve=True, seen=fingerprint(asked))

    assert bench.carry_out(asked).state == runs.SUCCEEDED
    assert len(panel.effects) == 1


def test_what_is_not_what_was_approved_is_not_done(bench: Bench, panel: Panel) -> None:
    approved = bench.approved(REFUND, payment_id="p")
    other = replace(approved, content={**approved.content, "input": {"payment_id": "q"}})
    with bench.database.write() as connection:
        assert runs.save(connection, bench.vault, other, was_due=approved.due_at)

    run = bench.carry_out(approved)

    assert (run.state, run.content["code"], panel.effects) == (runs.FAILED, "not_approved", [])


# Choice of the source, and rehearsal


def test_the_only_source_that_can_is_chosen_and_several_are_named(bench: Bench) -> None:
    assert bench.ask(SUSPEND, service_id="acme").source_id == bench.source.id
    bench.add_source("hmac")

    with pytest.raises(InvalidRequest, match=r"source is required: 2 sources support service.suspend"):
        bench.ask(SUSPEND, service_id="acme")


def test_a_source_without_its_credentials_says_what_to_set(bench: Bench) -> None:
    bare = bench.add_source("hmac", api_key=None)

    with pytest.raises(InvalidRequest, match=rf"relay source set {bare.id} api_key="):
        bench.ask(SUSPEND, service_id="acme", source=bare.id)


def test_a_rehearsal_says_what_would_be_sent_without_secrets_and_sends_nothing(bench: Bench, panel: Panel) -> None:
    told = bench.desk("tests").dry_run(SUSPEND, {"service_id": "acme", "dry_run": True})

    assert (told["status"], panel.effects) == ("dry_run", [])
    (request,) = told["would_send"]
    assert (request["method"], request["url"]) == ("POST", f"{panel.url}/do")
    assert request["headers"]["authorization"] == "[removed]"
    assert "s3cret" not in str(told)


def test_a_vendor_that_repeats_a_secret_does_not_get_it_into_the_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_: Task) -> Done:
        raise Failed("whsec_x")

    monkeypatch.setattr(adapters, "of", lambda _: {SUSPEND: Adapter(refuses)})

    run = bench.carry_out(bench.ask(SUSPEND, service_id="acme"))

    assert (run.state, run.content["text"]) == (runs.FAILED, "[removed]")


# The relay itself


@pytest.mark.parametrize(
    ("name", "given", "event"),
    [
        ("alert.raise", {"key": "disk", "title": "Full"}, "alert.raised"),
        ("alert.acknowledge", {"key": "disk"}, "alert.acknowledged"),
        ("alert.resolve", {"key": "disk"}, "alert.resolved"),
    ],
)
def test_the_relay_tells_of_its_own_alerts(bench: Bench, name: str, given: dict[str, Any], event: str) -> None:
    run = bench.carry_out(bench.ask(name, **given))

    assert run.state == runs.SUCCEEDED
    assert f"{event}:{run.id}" in bench.told()
    assert run.content["output"]["alert_key"] == "disk"


def test_a_note_needs_its_event(bench: Bench) -> None:
    run = bench.carry_out(bench.ask("event.note", event_id="evt_none", note="Called."))

    assert (run.state, run.content["code"]) == (runs.FAILED, "no_such_thing")


def test_an_adapter_that_breaks_before_it_told_anything_did_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(task: Task) -> Done:
        raise KeyError("id")

    bench = Bench(tmp_path, {SUSPEND: Adapter(broken)}, monkeypatch)

    run = bench.carry_out(bench.ask(SUSPEND, service_id="acme"))

    assert (run.state, run.content["code"]) == (runs.FAILED, "internal_error")


def test_every_action_is_done_by_somebody() -> None:
    providers = [name for name in load() if name != "relay"]
    done = {action for name in providers for action in adapters.of(name)}

    assert done | {each.name for each in actions().values() if each.own} == set(actions())
