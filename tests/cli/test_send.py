"""`relay send` says what became of the sample; and where nobody listens, so in a sentence."""

from cli.conftest import Terminal
from kit.workbench import Belt
from relay.cli import outcome
from relay.context import Workspace

TOLD = {"type": "invoice.paid", "data": {"invoice": {"id": "in_1", "status": "paid"}}}


def here(belt: Belt) -> Workspace:
    return belt.bench.working_in()


def test_a_dead_address_is_one_sentence_that_names_the_option(relay: Terminal) -> None:
    relay.json("source", "add", "standard", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    said = relay.refused("send", "standard:deploy.finished", "--to", "standard")

    assert said == (
        f"relay: {relay.environment['RELAY_PUBLIC_URL']} cannot be reached: Connection refused. Is the relay up?"
        " If it is, relay send ... --url http://127.0.0.1:8080 sets its address."
    )


def test_an_address_without_its_scheme_is_refused(relay: Terminal) -> None:
    relay.json("source", "add", "zabbix")

    said = relay.refused("send", "stripe:invoice.paid", "--to", "zabbix", "--url", "127.0.0.1:8080")

    assert said.startswith("relay: --url must be an address with its scheme")


def test_the_events_that_came_of_it_are_named(relay: Terminal, belt: Belt) -> None:
    inside, source = here(belt), belt.bench.source()
    before = outcome.newest(inside, source)
    belt.bench.accept(source, TOLD)
    belt.process()

    (event,) = belt.bench.events()
    assert outcome.lines(inside, source, before) == [f"{event['id']}  invoice.paid: {event['summary']}"]


def test_what_was_told_before_is_named(relay: Terminal, belt: Belt) -> None:
    inside, source = here(belt), belt.bench.source("zabbix")
    stripe = belt.bench.source("stripe")
    paid = {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "in_1", "object": "invoice"}}}
    belt.bench.accept(stripe, paid)
    belt.process()
    told = {event["id"] for event in belt.bench.events()}
    before = outcome.newest(inside, stripe)

    belt.bench.accept(stripe, paid | {"id": "evt_2"})
    belt.process()

    (line,) = outcome.lines(inside, stripe, before)
    assert line.startswith("No new event: earlier webhooks already reported this, as evt_")
    assert {each.strip(",.") for each in line.split() if each.startswith("evt_")} <= told
    assert outcome.newest(inside, source) is None


def test_a_repeat_and_what_is_knowingly_not_told_are_said_to_be_that(relay: Terminal, belt: Belt) -> None:
    inside, source = here(belt), belt.bench.source("stripe")
    belt.bench.accept(source, {"id": "evt_1", "type": "invoice.deleted", "data": {"object": {"id": "in_1"}}})
    belt.process()
    last = outcome.newest(inside, source)

    assert outcome.lines(inside, source, None) == ["No event: the relay ignores this kind of webhook on purpose."]
    assert outcome.lines(inside, source, last) == [
        "No new event: the relay already has this webhook, or treated it as a check of the address."
    ]


def test_what_no_worker_has_read_is_said_to_wait(relay: Terminal, belt: Belt, monkeypatch) -> None:
    monkeypatch.setattr(outcome, "_PATIENCE_SECONDS", 0.0)
    inside, source = here(belt), belt.bench.source()
    belt.bench.accept(source, TOLD)

    (line,) = outcome.lines(inside, source, None)

    assert line.startswith("Not read after 0 s: it waits for a worker")
