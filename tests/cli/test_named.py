"""What is not there is an error, also in a filter; a name, a beginning or an id is taken; an empty list says why."""

import pytest

from cli.conftest import Terminal
from kit.workbench import Belt, Workbench
from relay.running import anchors
from relay.storage import audit

TOLD = {"type": "deploy.finished", "data": {}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("source", "setup", "stripe"), "There is no source 'stripe'. `relay source list` shows them."),
        (("source", "secret", "stripe", "whsec_1"), "There is no source 'stripe'."),
        (("source", "set", "stripe", "a=b"), "There is no source 'stripe'."),
        (("source", "install", "stripe"), "There is no source 'stripe'."),
        (("source", "remove", "stripe"), "There is no source 'stripe'."),
        (("source", "remove", "Standart Webhooks"), "Did you mean Standard Webhooks?"),
        (("source", "remove", "src_relay_1"), "There is no source 'src_relay_1'."),
        (("source", "add", "strip"), "There is no provider 'strip'. Did you mean stripe?"),
        (("source", "add", "relay"), "the relay already has its own source"),
        (("hook", "rotate", "hk_1"), "There is no hook 'hk_1'. `relay hook list` shows them."),
        (("hook", "remove", "hk_1"), "There is no hook 'hk_1'."),
        (
            ("hook", "add", "https://hooks.example.com/1", "--events", "invoice.payed"),
            "event_types[0] is no event type. GET /api/v1/event-types lists them. Did you mean invoice.paid?",
        ),
        (("key", "revoke", "key_1"), "There is no key 'key_1'. `relay key list` shows them."),
        (("key", "add", "--scopes", "events:reed"), "scopes holds 'events:reed', which is not a scope."),
        (("channel", "remove", "desk"), "There is no channel 'desk'. `relay channel list` shows them."),
        (("channel", "test", "desk"), "There is no channel 'desk'."),
        (("channel", "preview", "invoice", "--event", "evt_1"), "There is no event 'evt_1'."),
        (("channel", "preview", "invoice", "--zone", "Europe/Berln"), "Did you mean Europe/Berlin?"),
        (("events", "--type", "invoice.payed"), "'invoice.payed' is no event type. Did you mean invoice.paid?"),
        (("events", "--source", "src_1"), "There is no source 'src_1'."),
        (("deliveries", "--event", "evt_1"), "There is no event 'evt_1'. `relay events` shows the newest."),
        (("deliveries", "--hook", "hk_1"), "There is no hook 'hk_1'."),
        (("replay", "evt_1"), "There is no event 'evt_1'"),
        (("replay", "--since", "2026-11-22T07:00:00Z", "--hook", "hk_1"), "There is no hook 'hk_1'."),
        (("action", "run", "invoice.sed"), "There is no action 'invoice.sed'. Did you mean invoice.send?"),
        (("action", "run", "alert.raise", "--set", "titel=b"), "has no field 'titel'. Did you mean title?"),
        (("action", "approve", "run_1"), "There is no run with this id"),
        (("action", "policy", "invoice.sed", "never"), "there is no 'invoice.sed'"),
        (("samples", "strip"), "There is no provider 'strip'. Did you mean stripe?"),
        (("send", "stripe:invoice.payd", "--to", "stripe"), "Did you mean invoice.paid?"),
        (("send", "stripe:invoice.paid", "--to", "src_1"), "There is no source 'src_1'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_does_not_exist_is_an_error(relay: Terminal, bench: Workbench, words: tuple[str, ...], said: str) -> None:
    bench.source()

    assert said in relay.refused(*words)


def test_a_name_in_any_case_a_beginning_and_an_id_mean_the_same_source(relay: Terminal, bench: Workbench) -> None:
    made = relay.json("source", "add", "Stripe", "--name", "Stripe EU")

    shown = [relay("source", "setup", text).stdout for text in ("stripe eu", "Str", made["id"], made["id"][:-4])]

    assert made["provider"] == "stripe"
    assert len(set(shown)) == 1
    assert made["url"] in shown[0]


def test_a_beginning_of_several_is_refused_and_they_are_named(relay: Terminal, bench: Workbench) -> None:
    first = relay.json("source", "add", "stripe", "--name", "Stripe EU")
    second = relay.json("source", "add", "stripe", "--name", "Stripe US")

    said = relay.refused("source", "remove", "stripe")

    assert said == (f"relay: 'stripe' is not one source but 2: {second['id']} (Stripe US), {first['id']} (Stripe EU).")
    assert len(relay.json("source", "list")) == 2


def test_a_name_that_two_have_means_neither(relay: Terminal, bench: Workbench) -> None:
    for _ in range(2):
        relay.json("source", "add", "stripe", "--name", "Stripe")

    assert "is not one source but 2" in relay.refused("source", "remove", "stripe")


def test_a_filter_that_finds_nothing_does_not_say_that_there_is_nothing(relay: Terminal, belt: Belt) -> None:
    bench = belt.bench
    source, hook = bench.source(), bench.hook()
    for _ in range(3):
        bench.accept(source, TOLD)
    belt.process()
    relay("action", "run", "alert.raise", "--set", "key=a", "--set", "title=b")

    assert {
        words: relay(*words).stdout
        for words in (
            ("events", "--type", "invoice.voided"),
            ("events", "--customer", "cus_1"),
            ("deliveries", "--state", "gave_up"),
            ("deliveries", "--hook", hook.id, "--state", "canceled"),
            ("action", "runs", "--status", "failed"),
        )
    } == {
        ("events", "--type", "invoice.voided"): "Nothing matches. Without the filter there are 3.\n",
        ("events", "--customer", "cus_1"): "Nothing matches. Without the filter there are 3.\n",
        ("deliveries", "--state", "gave_up"): "Nothing matches. Without the filter there are 3.\n",
        ("deliveries", "--hook", hook.id, "--state", "canceled"): "Nothing matches. Without the filter there are 3.\n",
        ("action", "runs", "--status", "failed"): "Nothing matches. Without the filter there are 1.\n",
    }
    assert relay.json("events", "--type", "invoice.voided") == []


def test_a_relay_that_has_nothing_yet_says_how_to_begin(relay: Terminal, bench: Workbench) -> None:
    assert [relay(*words).stdout for words in (("events", "--type", "invoice.voided"), ("deliveries",))] == [
        "No events yet. See them flow: relay up --demo, or relay send SAMPLE --to SOURCE\n",
        "No deliveries yet. A hook gets events that come in after it was added.\n",
    ]


def test_the_source_by_which_the_relay_tells_of_itself_is_not_offered(relay: Terminal, belt: Belt) -> None:
    relay("action", "run", "alert.raise", "--set", "key=a", "--set", "title=b")

    assert relay.json("source", "list") == []


def test_a_key_is_revoked_by_its_name_and_that_is_noted(relay: Terminal, bench: Workbench) -> None:
    relay.json("key", "add", "--name", "Zapier")

    done = relay("key", "revoke", "zapier")

    assert done.stdout == "Key Zapier was revoked.\n"
    assert relay.json("key", "list") == []
    with bench.database.read() as connection:
        assert audit.verify(connection) == audit.Verdict(2)


def test_the_audit_log_is_held_against_an_anchor_that_was_noted(relay: Terminal, bench: Workbench) -> None:
    relay.json("key", "add", "--name", "Zapier")
    anchor = relay.json("audit", "verify")["anchor"]
    relay.json("key", "add", "--name", "Make")

    assert relay.json("audit", "verify", "--expect", anchor)["chain"] == "whole"
    assert "It does not go through 1:000000000000" in relay.refused("audit", "verify", "--expect", "1:000000000000")
    assert "--expect must be N:HASH" in relay.refused("audit", "verify", "--expect", "yesterday")


def test_a_log_that_was_put_back_is_found_by_what_the_clock_noted(relay: Terminal, bench: Workbench) -> None:
    relay.json("key", "add", "--name", "Zapier")
    assert anchors.note(bench.database, relay.directory)
    with bench.database.write() as connection:
        for table in ("audit", "audit_anchors"):
            connection.exec_driver_sql(f"DELETE FROM {table}")

    said = relay.refused("audit", "verify")

    assert said.startswith("relay: It does not go through 1:")
    assert not anchors.note(bench.database, relay.directory)
