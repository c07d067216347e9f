"""What is peculiar to Standard Webhooks: anything signed becomes an event, ours where it speaks our words."""

from decimal import Decimal
from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.catalogue.vocabulary import catalogue

STANDARD = ProviderUnderTest("standard")


def told(body: Any, **headers: str) -> dict[str, Any]:
    """The envelope of the only event. A name with `_` stands for a header with `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return dict(STANDARD.event(body, headers=named).envelope)


ALL_OF_OURS = [each for each in catalogue().types.values() if each.family != "relay"]


@cases("event_type", ALL_OF_OURS, ids=lambda each: each.type)
def test_the_example_of_every_type_of_ours_is_told_as_that_type(event_type: Any) -> None:
    example = event_type.schema["examples"][0]

    (event,) = STANDARD.events({"type": event_type.type, "data": example})

    assert (event.type, event.defect) == (event_type.type, None)
    assert event.envelope["data"] == example


def test_what_our_schema_does_not_have_is_left_out_and_what_it_lacks_is_null() -> None:
    invoice = {"id": "1", "amount": Decimal("9.00"), "colour": "red", "items": [{"kind": "domain", "sku": "D1"}]}

    event = told({"type": "invoice.paid", "data": {"invoice": invoice, "shop": "acme"}})

    assert set(event["data"]) == {"invoice", "subscription", "payment"}
    assert {name: value for name, value in event["data"]["invoice"].items() if value is not None} == {
        "id": "1",
        "amount": Decimal("9.00"),
        "items": [dict.fromkeys(event["data"]["invoice"]["items"][0]) | {"kind": "domain"}],
    }


@pytest.mark.parametrize(
    ("amount", "currency", "told_as", "minor"),
    [(Decimal("24.5"), "EUR", "24.50", 2450), (1200, "jpy", "1200", 1200), (Decimal("3.5"), "KWD", "3.500", 3500)],
)
def test_amounts_of_our_own_types_are_told_in_both_forms(
    amount: object, currency: str, told_as: str, minor: int
) -> None:
    line = {"description": "Hosting", "amount": amount}
    invoice = {"number": "A-0", "amount": amount, "amount_due_minor": minor, "currency": currency, "items": [line]}

    event = told({"type": "invoice.paid", "data": {"invoice": invoice}})

    found = event["data"]["invoice"]
    assert (str(found["amount"]), found["amount_minor"], found["currency"]) == (told_as, minor, currency.upper())
    assert (str(found["amount_due"]), found["amount_due_minor"]) == (told_as, minor)
    assert (str(found["items"][0]["amount"]), found["items"][0]["amount_minor"]) == (told_as, minor)
    assert event["summary"] == f"Invoice A-0 of {told_as} {currency.upper()} was paid."


@pytest.mark.parametrize("data", [None, [], "text", {}, {"invoice": 7}, {"invoice": {"amount": "9.00"}}])
def test_data_that_does_not_fit_its_type_carries_a_defect(data: Any) -> None:
    (event,) = STANDARD.normalized(STANDARD.webhook({"type": "invoice.paid", "data": data}))

    assert event.type == "invoice.paid"
    assert event.defect is not None
    assert event.defect.endswith("of invoice.paid")


@pytest.mark.parametrize("name", ["deploy.finished", "custom", "unknown", "hook.switched_off", "source.silent"])
def test_another_type_is_a_custom_event_that_keeps_its_name(name: str) -> None:
    event = told({"type": name, "timestamp": "2026-11-22T06:59:58Z", "data": {"seconds": 48}})

    assert event["type"] == "custom"
    assert event["provider_event"]["type"] == name
    assert event["occurred_at"] == "2026-11-22T06:59:58Z"
    assert event["data"] == {"custom": {"seconds": 48}}


@pytest.mark.parametrize("name", [None, "", 7, ["x"]])
def test_a_message_without_a_type_is_a_custom_event_too(name: Any) -> None:
    event = told({"type": name, "data": {"seconds": 48}})

    assert (event["type"], event["data"]) == ("custom", {"custom": {"seconds": 48}})


def test_a_message_without_data_is_its_own_data() -> None:
    assert told({"type": "ping", "n": 1})["data"] == {"custom": {"type": "ping", "n": 1}}


@pytest.mark.parametrize(
    "body",
    [
        {"customer": {"id": "c-1", "email": "zoe@acme.example"}, "data": {"backup": {}}},
        {"data": {"backup": {}, "customer": {"id": "c-1", "email": "zoe@acme.example"}}},
    ],
)
def test_a_customer_is_found_beside_the_data_or_in_it(body: dict[str, Any]) -> None:
    event = told({"type": "backup.failed"} | body)

    assert event["customer"] == {"id": "c-1", "name": None, "email": "zoe@acme.example", "company": None}
    assert set(event["data"]) == {"backup", "service"}


def test_a_standard_webhook_is_known_by_its_id() -> None:
    events = [told({"type": "a", "data": {"n": n}}, webhook_id="msg_1") for n in (1, 2)]

    assert [event["provider_event"]["id"] for event in events] == ["msg_1", "msg_1"]
    assert events[0]["id"] == events[1]["id"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"svix_id": "msg_1", "svix_signature": "v1,x"}, "msg_1"),
        ({"svix_id": "msg_1", "svix_signature": "v1,x", "webhook_id": "other"}, "msg_1"),
        ({"svix_id": "other", "webhook_signature": "v1,x", "webhook_id": "msg_1"}, "msg_1"),
    ],
)
def test_a_standard_webhook_is_known_by_the_id_that_was_signed(headers: dict[str, str], expected: str) -> None:
    assert told({"type": "a"}, **headers)["provider_event"]["id"] == expected


def test_what_is_named_like_a_secret_is_not_told() -> None:
    event = told({"type": "x", "data": {"api_key": "k-1", "deep": [{"password": "hunter2"}]}})

    custom = event["data"]["custom"]

    assert custom.get("data", custom) == {"api_key": "[removed]", "deep": [{"password": "[removed]"}]}
