"""A program with an API key does not write what it likes to whomever it likes."""

from typing import Any

import pytest
from sqlalchemy import select

from notify.office import SEND, TWILIO, Office
from notify.post_office import MailServer
from relay.actions import adapters, mails
from relay.actions.policy import ALWAYS, NEVER
from relay.formats import jsontext
from relay.model import OWN_SOURCES, now_ms, record_id
from relay.notify.people import mailboxes, person
from relay.sdk.actions import Adapter
from relay.sdk.outcomes import Done
from relay.storage import runs
from relay.storage.bulk import write_over
from relay.storage.runs import Run
from relay.storage.tables import notices, records

ZOE = "zoe@acme-shop.example"
WORDS = {"subject": "Hello", "message": "There is news."}
EMAIL_CUSTOMER = "customer.send_email"
HOUR = 3600 * 1000


@pytest.fixture
def strict(office: Office, mail_server: MailServer) -> Office:
    """Where nothing was decided: what is usual holds."""
    office.decide(None)
    office.mail_channel(mail_server)
    return office


def know(office: Office, source_id: str, native_id: str, email: str | None, kind: str = "customer") -> None:
    row = {column.name: None for column in records.columns} | {
        "id": record_id(source_id, kind, native_id),
        "workspace_id": office.workspace_id,
        "kind": kind,
        "source_id": source_id,
        "native_id": native_id,
        "email": email,
        "occurred_at": 1,
        "sequence": 1,
        "body": jsontext.dumps({}),
        "moments": jsontext.dumps({}),
    }
    with office.database.write() as connection:
        write_over(connection, records, tuple(row), [tuple(row.values())])


def state(office: Office, actor: str = "key_1", action: str = SEND, **given: Any) -> str:
    return office.desk(actor).request(action, given).state


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (WORDS, runs.PENDING),
        ({"message": "There is news."}, runs.PENDING),
        ({"subject": "Buy now", "template": "incident", "event_id": "evt_1"}, runs.PENDING),
        ({"message": "Buy now", "template": "incident", "event_id": "evt_1"}, runs.PENDING),
        ({"template": "incident", "event_id": "evt_1"}, runs.QUEUED),
        ({"event_id": "evt_1"}, runs.QUEUED),
        ({"event_id": "evt_1", "message": "  "}, runs.QUEUED),
    ],
)
def test_words_of_ones_own_to_an_address_that_nobody_knows_wait_for_a_person(
    strict: Office, given: dict[str, str], expected: str
) -> None:
    assert state(strict, channel="mail", to=ZOE, **given) == expected


@pytest.mark.parametrize(
    ("known", "to", "expected"),
    [
        (ZOE, ZOE, runs.QUEUED),
        (ZOE, " Zoe@ACME-shop.example ", runs.QUEUED),
        (ZOE, "zoe+invoices@acme-shop.example", runs.QUEUED),
        ("zoe+shop@acme-shop.example", "zoe+shop@acme-shop.example", runs.QUEUED),
        ("zoe+shop@acme-shop.example", ZOE, runs.PENDING),
        (ZOE, "max@acme-shop.example", runs.PENDING),
        (ZOE, "zoe@acme-shop.example.evil.example", runs.PENDING),
        (None, ZOE, runs.PENDING),
    ],
)
def test_a_customer_of_a_source_is_written_to(strict: Office, known: str | None, to: str, expected: str) -> None:
    know(strict, strict.source.id, "cus_1", known)

    assert state(strict, channel="mail", to=to, **WORDS) == expected


def test_a_program_that_tells_of_a_customer_does_not_make_it_known(strict: Office) -> None:
    know(strict, f"{OWN_SOURCES}0123", "cus_1", ZOE)

    assert state(strict, channel="mail", to=ZOE, **WORDS) == runs.PENDING


def test_an_address_in_another_workspace_is_not_known(strict: Office) -> None:
    know(strict, strict.source.id, "cus_1", ZOE)
    with strict.database.write() as connection:
        connection.execute(records.update().values(workspace_id="ws_other"))

    assert state(strict, channel="mail", to=ZOE, **WORDS) == runs.PENDING


@pytest.mark.parametrize("actor", ["command line", "relay", "rule:reminders"])
def test_the_command_line_and_rules_write_to_whom_they_like(strict: Office, actor: str) -> None:
    assert state(strict, actor, channel="mail", to=ZOE, **WORDS) == runs.QUEUED


@pytest.mark.parametrize(("mode", "expected"), [(NEVER, runs.QUEUED), (ALWAYS, runs.PENDING)])
def test_what_the_workspace_decided_holds(strict: Office, mode: str, expected: str) -> None:
    strict.decide(mode)

    assert state(strict, channel="mail", to=ZOE, **WORDS) == expected


def test_a_number_is_not_known_and_a_chat_is_the_operators(strict: Office) -> None:
    strict.channel("sms", TWILIO)
    strict.channel("on call", TWILIO + "/+33612345678")
    strict.channel("ops", "json://127.0.0.1:9/")

    assert state(strict, channel="sms", to="+33612345678", message="Buy now") == runs.PENDING
    assert state(strict, channel="ops,sms", to="+33612345678", message="Buy now") == runs.PENDING
    assert state(strict, channel="on call", message="The house is on fire") == runs.QUEUED
    assert state(strict, channel="ops", to="+33612345678", message="There is news") == runs.QUEUED


def test_what_waits_is_sent_once_a_person_says_yes(strict: Office, mail_server: MailServer) -> None:
    run = strict.ask(SEND, channel="mail", to=ZOE, **WORDS)
    before = len(mail_server.box.mails)
    strict.desk("key_2").decide(run.id, approve=True)

    done = strict.carry_out(run)

    assert before == 0
    assert done.content["output"]["delivery_status"] == "sent"


def test_a_dry_run_says_that_a_person_is_needed(strict: Office) -> None:
    body = {"channel": "mail", "to": ZOE, **WORDS}

    shown = [strict.desk(actor).dry_run(SEND, body) for actor in ("key_1", "command line")]

    assert [each["needs_approval"] for each in shown] == [True, False]


def put_off(run: Run) -> bool:
    return " is delayed until " in str(run.content.get("text"))


def test_over_a_channel_go_so_many_messages_of_programs_in_an_hour(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, per_channel_hour=3)
    office.mail_channel(mail_server, "second", per_channel_hour=3)
    for number in range(3):
        office.send(channel="mail", to=f"victim{number}@shop.example", message="Buy now")

    fourth = office.carry_out(office.ask(SEND, channel="mail", to=ZOE, message="Buy now", urgent=True), until=put_off)
    elsewhere = office.send(channel="mail,second", to=ZOE, message="Buy now")
    asked = office.desk("rule:reminders").request(SEND, {"channel": "mail", "to": ZOE, "message": "Buy now"})
    of_a_rule = office.carry_out(asked)

    assert fourth.state == runs.QUEUED
    assert fourth.due_at is not None
    assert 50 * 60_000 < fourth.due_at - now_ms() <= HOUR + 300_000
    assert elsewhere.content["output"]["channel"] == "second"
    assert of_a_rule.content["output"]["delivery_status"] == "sent"


def test_messages_of_rules_take_no_room_from_programs(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, per_channel_hour=1)
    for number in range(3):
        given = {"channel": "mail", "to": f"zoe{number}@shop.example", "message": "A reminder"}
        office.carry_out(office.desk("rule:reminders").request(SEND, given))

    run = office.send(channel="mail", to=ZOE, message="There is news.")

    assert run.content["output"]["delivery_status"] == "sent"


def test_addresses_of_one_mailbox_count_as_one_and_each_gets_its_text(office: Office, mail_server: MailServer) -> None:
    office.mail_channel(mail_server, per_hour=2)
    sent = [
        office.send(channel="mail", to=f"victim{tag}@shop.example", message="Buy now").content["output"]
        for tag in ("+1", "+2")
    ]

    third = office.carry_out(office.ask(SEND, channel="mail", to="victim@shop.example", message="X"), until=put_off)

    assert [each["delivery_status"] for each in sent] == ["sent", "sent"]
    assert third.state == runs.QUEUED


@pytest.mark.parametrize(
    ("kind", "to", "whom"),
    [
        ("mail", "Zoe+a+b@Shop.example", "zoe@shop.example"),
        ("mail", "+zoe@shop.example", "+zoe@shop.example"),
        ("mail", "zoe+@shop.example", "zoe+@shop.example"),
        ("sms", "0033 6 12-34.56(78)", "+33612345678"),
        ("sms", "+33612345678", "+33612345678"),
    ],
)
def test_a_person_is_who_is_meant(kind: str, to: str, whom: str) -> None:
    assert person(kind, to) == whom
    assert mailboxes("zoe@shop.example") == ["zoe@shop.example"]


@pytest.fixture
def billing(strict: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A billing system that sends mails for us."""
    does = {EMAIL_CUSTOMER: Adapter(lambda task: Done("Sent.", {"customer_id": "42", "subject": "Hello"}))}
    monkeypatch.setattr(adapters, "of", lambda provider: does if provider == "standard" else {})
    monkeypatch.setattr(adapters, "able", lambda name: ["standard"])
    return strict


def test_a_mail_of_the_billing_system_in_own_words_goes_to_customers_that_are_known(billing: Office) -> None:
    know(billing, billing.source.id, "42", None)
    to_42 = {"action": EMAIL_CUSTOMER, "customer_id": "42", "source": billing.source.id}
    to_43 = to_42 | {"customer_id": "43"}

    states = [
        state(billing, **to_42, **WORDS),
        state(billing, **to_43, **WORDS),
        state(billing, **to_43, template="Invoice"),
        state(billing, "relay", **to_43, **WORDS),
    ]

    assert states == [runs.QUEUED, runs.PENDING, runs.QUEUED, runs.QUEUED]


def test_a_billing_system_sends_so_many_mails_for_programs_in_an_hour(
    billing: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "PER_CHANNEL_HOUR", 2)
    given = {"customer_id": "42", "template": "Invoice"}
    sent = [billing.carry_out(billing.ask(EMAIL_CUSTOMER, **given)).state for _ in range(2)]

    third = billing.carry_out(billing.ask(EMAIL_CUSTOMER, **given), until=put_off)

    assert sent == [runs.SUCCEEDED, runs.SUCCEEDED]
    assert (third.state, third.told) == (runs.QUEUED, False)
    with billing.database.read() as connection:
        assert len(list(connection.execute(select(notices.c.run_id)))) == 2
