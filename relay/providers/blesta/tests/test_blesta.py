"""What is peculiar to Blesta: a name in a header, ids only, PHP's forms, payments that may have been declined."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest, types_of
from relay.develop.samples import RECEIVED_AT
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.model import Event, Inbound
from relay.providers.blesta import PROVIDER, questions
from relay.sdk.provider import Question

BLESTA = ProviderUnderTest("blesta")
PUBLISHED = {
    "clients_create.json": ("Clients.create", "customer.created"),
    "invoices_set_closed.json": ("Invoices.setClosed", "invoice.paid"),
    "services_suspend_after.json": ("Services.suspendAfter", "service.suspended"),
}
KEY = {"api_user": "relay", "api_key": "k3y"}
BASIC = {"authorization": "Basic cmVsYXk6azN5"}


def webhook(event: str, body: bytes, **told: Any) -> Inbound:
    answers = {name: {"response": row} for name, row in told.items()}
    inbound = Inbound(body, headers={"x-blesta-event": event}, received_at=RECEIVED_AT, settings=KEY, looked_up=answers)
    return read(PROVIDER, inbound)


def posted(event: str, params: Any, /, **told: Any) -> list[Event]:
    return BLESTA.events(webhook(event, jsontext.dumps(params), **told))


@cases(
    ("status", "expected"),
    [
        ("approved", ["payment.succeeded"]),
        ("declined", ["payment.failed"]),
        ("error", ["payment.failed"]),
        ("pending", ["payment.pending"]),
        ("refunded", ["refund.succeeded"]),
        ("void", []),
        ("something new", []),
    ],
)
@cases("event", ["Transactions.add", "Transactions.addAfter", "Transactions.editAfter"])
def test_a_transaction_is_told_by_its_status(event: str, status: str, expected: list[str]) -> None:
    row = {"id": "877", "amount": "24.0000", "currency": "EUR", "status": status}

    assert types_of(posted(event, {"transaction_id": "877"}, transaction=row)) == expected
    assert types_of(posted(event, {"transaction_id": "877", "vars": row})) == expected


@pytest.mark.parametrize("event", ["Transactions.add", "Transactions.addAfter", "Transactions.edit"])
def test_a_transaction_is_unknown_until_the_api_has_told_of_it(event: str) -> None:
    (bare,) = posted(event, {"transaction_id": "877"})

    assert types_of([bare]) == ["unknown"]
    assert (bare.envelope["enriched"], bare.envelope["provider_event"]["type"]) == (False, event)
    assert "set api_user and api_key" in bare.envelope["data"]["unknown"]["reason"]
    assert types_of(posted(event, {"transaction_id": "877"}, transaction={"status": "declined"})) == ["payment.failed"]


def test_an_edit_of_anything_else_is_no_news_of_money() -> None:
    assert types_of(posted("Transactions.edit", {"transaction_id": "877", "vars": {"note": "x"}})) == []
    assert types_of(posted("Transactions.add", {"transaction_id": "877", "vars": {"amount": "5"}})) == [
        "payment.succeeded"
    ]


def test_a_clients_id_and_address_come_from_one_record() -> None:
    client = {"id": "5", "email": "zoe@acme.example"}

    (event,) = posted("Services.suspendAfter", {"service_id": "88", "client": client, "vars": {"client_id": "6"}})

    assert event.envelope["customer"] == {"id": "5", "name": None, "email": "zoe@acme.example", "company": None}


def test_a_transaction_that_is_told_twice_in_one_state_is_one_event() -> None:
    row = {"id": "877", "status": "approved"}

    (added,) = posted("Transactions.addAfter", {"transaction_id": "877"}, transaction=row)
    (edited,) = posted("Transactions.editAfter", {"transaction_id": "877", "vars": {"note": "x"}}, transaction=row)

    assert added.id == edited.id


def test_an_invoice_that_was_voided_is_not_told_as_paid() -> None:
    assert types_of(posted("Invoices.setClosed", {"invoice_id": 7}, invoice={"id": 7, "status": "void"})) == [
        "invoice.voided"
    ]
    assert types_of(posted("Invoices.setClosed", {"invoice_id": 7}, invoice=None)) == ["invoice.paid"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-12-31 00:00:00", "service.cancellation_requested"),
        ("2026-11-22 06:00:00", "service.terminated"),
        ("0000-00-00", "service.terminated"),
        (None, "service.terminated"),
    ],
)
def test_a_service_runs_until_the_day_it_is_canceled_for(day: str | None, expected: str) -> None:
    assert types_of(posted("Services.cancelAfter", {"service_id": "88", "vars": {"date_canceled": day}})) == [expected]


def test_what_is_behind_an_id_is_asked_and_then_whose_it_is() -> None:
    first = webhook("Invoices.setClosed", b'{"invoice_id": "10 42"}')
    then = webhook("Invoices.setClosed", b'{"invoice_id": "10 42"}', invoice={"client_id": 5})

    assert questions(first) == {"invoice": Question("/invoices/get.json?invoice_id=10+42", BASIC)}
    assert questions(then)["client"] == Question("/clients/get.json?client_id=5", BASIC)


def test_a_client_that_is_told_whole_is_not_asked_for() -> None:
    assert questions(webhook("Clients.create", b'{"client": {"id": 5}}')) == {}


def test_a_form_of_php_is_read_as_what_it_was_made_of() -> None:
    form = urlencode({"client[id]": "5", "client[first_name]": "Zoë", "client[settings][a]": "1", "client": "x"})

    inbound = webhook("Clients.create", form.encode())

    assert inbound.payload["client"] == "x"
    assert webhook("Clients.create", form[:-9].encode()).payload == {
        "client": {"id": "5", "first_name": "Zoë", "settings": {"a": "1"}}
    }


@cases(
    "params", [{}, [], {"client": []}, {"vars": "x"}, {"invoice_id": None, "service_id": [], "transaction_id": True}]
)
@cases("event", sorted(name for name in PROVIDER.events if "Transactions" not in name))
def test_parameters_of_another_shape_cost_no_event(event: str, params: Any) -> None:
    assert "unknown" not in types_of(posted(event, params))


@of_every_file("panels/blesta/*.json")
def test_a_published_payload_is_told_without_a_defect(path: Path) -> None:
    name, expected = PUBLISHED[path.name]

    by_header = BLESTA.events(webhook(name, path.read_bytes()))
    by_argument = BLESTA.events(path.read_bytes(), native=name)

    assert types_of(by_header) == types_of(by_argument) == [expected]
