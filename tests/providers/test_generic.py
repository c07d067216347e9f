"""Senders that nobody here knows: anything signed becomes an event, ours where it speaks our words."""

from decimal import Decimal
from typing import Any

import pytest

from relay.accounts.settings import kept
from relay.catalogue.vocabulary import catalogue
from relay.develop.samples import RECEIVED_AT
from relay.errors import InvalidRequest
from relay.formats import jsontext
from relay.inbound.identity import native_id, read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers import get
from relay.security.verification import fingerprint


def posted(provider: str, body: Any, **headers: str) -> list[Event]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    webhook = Inbound(body=jsontext.dumps(body), headers=named, received_at=RECEIVED_AT)
    source = Source("src_generic", "ws_test", provider, "A script")
    origin = Origin(source, place=1, verified_by=get(provider).verification.name)
    return normalize(get(provider), read(get(provider), webhook), origin)


def told(provider: str, body: Any, **headers: str) -> dict[str, Any]:
    (event,) = posted(provider, body, **headers)
    return dict(event.envelope)


ALL_OF_OURS = [each for each in catalogue().types.values() if each.family != "relay"]


@pytest.mark.parametrize("event_type", ALL_OF_OURS, ids=lambda each: each.type)
def test_the_example_of_every_type_of_ours_is_told_as_that_type(event_type: Any) -> None:
    example = event_type.schema["examples"][0]

    (event,) = posted("standard", {"type": event_type.type, "data": example})

    assert (event.type, event.defect) == (event_type.type, None)
    assert event.envelope["data"] == example


def test_what_our_schema_does_not_have_is_left_out_and_what_it_lacks_is_null() -> None:
    invoice = {"id": "1", "amount": Decimal("9.00"), "colour": "red", "items": [{"kind": "domain", "sku": "D1"}]}

    event = told("standard", {"type": "invoice.paid", "data": {"invoice": invoice, "shop": "acme"}})

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

    event = told("standard", {"type": "invoice.paid", "data": {"invoice": invoice}})

    found = event["data"]["invoice"]
    assert (str(found["amount"]), found["amount_minor"], found["currency"]) == (told_as, minor, currency.upper())
    assert (str(found["amount_due"]), found["amount_due_minor"]) == (told_as, minor)
    assert (str(found["items"][0]["amount"]), found["items"][0]["amount_minor"]) == (told_as, minor)
    assert event["summary"] == f"Invoice A-0 of {told_as} {currency.upper()} was paid."


@pytest.mark.parametrize("data", [None, [], "text", {}, {"invoice": 7}, {"invoice": {"amount": "9.00"}}])
def test_data_that_does_not_fit_its_type_carries_a_defect(data: Any) -> None:
    (event,) = posted("standard", {"type": "invoice.paid", "data": data})

    assert event.type == "invoice.paid"
    assert event.defect is not None
    assert event.defect.endswith("of invoice.paid")


@pytest.mark.parametrize("name", ["deploy.finished", "custom", "unknown", "hook.switched_off", "source.silent"])
def test_another_type_is_a_custom_event_that_keeps_its_name(name: str) -> None:
    event = told("standard", {"type": name, "timestamp": "2026-11-22T06:59:58Z", "data": {"seconds": 48}})

    assert event["type"] == "custom"
    assert event["provider_event"]["type"] == name
    assert event["occurred_at"] == "2026-11-22T06:59:58Z"
    assert event["data"] == {"custom": {"seconds": 48}}


@pytest.mark.parametrize("name", [None, "", 7, ["x"]])
def test_a_message_without_a_type_is_a_custom_event_too(name: Any) -> None:
    event = told("standard", {"type": name, "data": {"seconds": 48}})

    assert (event["type"], event["data"]) == ("custom", {"custom": {"seconds": 48}})


def test_a_message_without_data_is_its_own_data() -> None:
    assert told("standard", {"type": "ping", "n": 1})["data"] == {"custom": {"type": "ping", "n": 1}}


@pytest.mark.parametrize(
    "body",
    [
        {"customer": {"id": "c-1", "email": "zoe@acme.example"}, "data": {"backup": {}}},
        {"data": {"backup": {}, "customer": {"id": "c-1", "email": "zoe@acme.example"}}},
    ],
)
def test_a_customer_is_found_beside_the_data_or_in_it(body: dict[str, Any]) -> None:
    event = told("standard", {"type": "backup.failed"} | body)

    assert event["customer"] == {"id": "c-1", "name": None, "email": "zoe@acme.example", "company": None}
    assert set(event["data"]) == {"backup", "service"}


def test_a_standard_webhook_is_known_by_its_id() -> None:
    events = [told("standard", {"type": "a", "data": {"n": n}}, webhook_id="msg_1") for n in (1, 2)]

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
    assert told("standard", {"type": "a"}, **headers)["provider_event"]["id"] == expected


@pytest.mark.parametrize("provider", ["standard", "hmac"])
def test_what_is_named_like_a_secret_is_not_told(provider: str) -> None:
    event = told(provider, {"type": "x", "data": {"api_key": "k-1", "deep": [{"password": "hunter2"}]}})

    custom = event["data"]["custom"]

    assert custom.get("data", custom) == {"api_key": "[removed]", "deep": [{"password": "[removed]"}]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"type": "a", "event": "b"}, "a"),
        ({"event": "b", "name": "d"}, "b"),
        ({"event": {"name": "x"}, "event_type": "c"}, "c"),
        ({"name": "d"}, "d"),
        ({"n": 1}, "custom"),
    ],
)
def test_the_name_of_an_event_is_looked_for_where_senders_put_it(body: dict[str, Any], expected: str) -> None:
    event = told("hmac", body)

    assert (event["type"], event["provider_event"]["type"]) == ("custom", expected)
    assert event["data"] == {"custom": body}


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({"event_id": "e-1"}, {"x_event_id": "h-1"}, "e-1"),
        ({"event_id": 17}, {}, "17"),
        ({"event_id": ""}, {"x_delivery_id": "h-2"}, "h-2"),
        ({"n": 1}, {"idempotency_key": "h-3"}, "h-3"),
        ({"n": 1}, {"x_github_delivery": "h-4", "x_request_id": "proxy"}, "h-4"),
        ({"n": 1}, {"x_shopify_webhook_id": "h-5", "x_shopify_event_id": "cause"}, "h-5"),
        ({"n": 1}, {"x_webhook_id": "wh"}, "wh:" + fingerprint(b'{"n":1}')[:32]),
        ({"n": 1}, {"x_request_id": "proxy"}, fingerprint(b'{"n":1}')),
        ({"event_id": 0}, {}, "0:" + fingerprint(b'{"event_id":0}')[:32]),
    ],
)
def test_the_id_of_an_event_is_looked_for_where_senders_put_it(
    body: dict[str, Any], headers: dict[str, str], expected: str
) -> None:
    assert told("hmac", body, **headers)["provider_event"]["id"] == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"id_header": "X-Job-Run"}, "run-7"),
        ({"id_path": "data.run"}, "7"),
        ({"id_header": "X-Absent"}, fingerprint(b'{"event_id":"e-1","data":{"run":7}}')),
    ],
)
def test_where_the_id_stands_can_be_set(settings: dict[str, str], expected: str) -> None:
    body = jsontext.dumps({"event_id": "e-1", "data": {"run": 7}})
    webhook = Inbound(body=body, headers={"x-job-run": "run-7"}, settings=settings)

    assert native_id(get("hmac"), read(get("hmac"), webhook)) == expected


@pytest.mark.parametrize("setting", [{"id_header": "X-Api-Token"}, {"id_path": "data.secret"}, {"id_path": "data..id"}])
def test_an_id_is_no_secret(setting: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        kept(get("hmac"), {"header": "X-Signature", **setting})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<order><id>1</id></order>", {"order": {"id": "1"}}),
        (b"order=1&city=Z%C3%BCrich", {"order": "1", "city": "Zürich"}),
        (b"payload=%7B%22action%22%3A%22completed%22%7D", {"action": "completed"}),
        (b"payload=text", {"payload": "text"}),
    ],
)
def test_whatever_is_signed_is_told(body: bytes, expected: dict[str, Any]) -> None:
    origin = Origin(Source("src_generic", "ws_test", "hmac", "A script"), place=1, verified_by="hmac")

    (event,) = normalize(get("hmac"), read(get("hmac"), Inbound(body)), origin)

    assert event.envelope["data"] == {"custom": expected}


@pytest.mark.parametrize("body", [b"", b" ", b"[1]"])
def test_what_is_no_object_is_told_as_unknown(body: bytes) -> None:
    assert read(get("hmac"), Inbound(body, query={"a": "1"})).unreadable is not None


def test_two_changes_of_one_thing_are_two_events() -> None:
    events = [told("hmac", {"type": "order.updated", "id": 5512, "status": status}) for status in ("new", "paid")]

    assert events[0]["id"] != events[1]["id"]
    assert events[0]["provider_event"]["id"] == fingerprint(b'{"type":"order.updated","id":5512,"status":"new"}')
