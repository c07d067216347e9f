"""What is peculiar to Mercado Pago: an id is signed and nothing else, so nothing else is believed."""

from dataclasses import replace
from typing import Any

import pytest

from corpus import files, of_corpus, published
from kit.cases import cases
from kit.fake_api import KEY, ask, complete, failing, vendor
from kit.provider import ProviderUnderTest, brief
from kit.vendor import Vendor
from relay.formats import jsontext
from relay.model import Event, Inbound
from relay.security.verification import Credentials

__all__ = ["failing", "vendor"]

MERCADOPAGO = ProviderUnderTest("mercadopago")
NOW = 1_795_330_800

PUBLISHED = {
    "order.updated.json": [],
    "payment.updated.json": [("unknown", "payment (not looked up)", "2026-09-12T14:04:58.396000Z", True)],
    "subscription_authorized_payment.created.json": [
        ("unknown", "subscription_authorized_payment (not looked up)", "2026-09-12T14:04:58.396000Z", True)
    ],
}
PAYMENT = {
    "id": 123,
    "status": "approved",
    "transaction_amount": 2490.5,
    "currency_id": "ARS",
    "payer": {"id": "17", "email": "zoe@example.com"},
}


@of_corpus
@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items(), ids=PUBLISHED)
def test_a_published_payload_is_told(name: str, expected: list[Any]) -> None:
    found = [each.envelope for each in MERCADOPAGO.events(published(f"gateways/mercadopago/{name}"))]

    told = [(each["type"], each["provider_event"]["type"], each["occurred_at"], each["livemode"]) for each in found]
    assert told == expected


@of_corpus
def test_every_published_payload_is_in_the_table() -> None:
    assert {path.name for path in files("gateways/mercadopago/*")} <= set(PUBLISHED)


def notified(kind: str, number: int = 1, **fields: Any) -> bytes:
    return jsontext.dumps({"id": number, "type": kind, "action": "payment.updated", "data": {"id": "123"}} | fields)


def told(kind: str, resource: dict[str, Any], number: int = 1, **fields: Any) -> list[Event]:
    others = {name: fields.pop(name) for name in ("payment", "subscription") if name in fields}
    body = notified(kind, number, **fields)
    return MERCADOPAGO.events(body, query={"data.id": "123"}, looked_up={"resource": resource, **others})


@cases(
    ("status", "expected"),
    [
        ("approved", ["payment.succeeded"]),
        ("rejected", ["payment.failed"]),
        ("cancelled", ["payment.failed"]),
        ("pending", ["payment.pending"]),
        ("in_process", ["payment.pending"]),
        ("authorized", ["payment.pending"]),
        ("in_mediation", ["dispute.opened"]),
        ("charged_back", ["dispute.opened"]),
        ("refunded", ["refund.succeeded"]),
        ("not_yet_invented", ["unknown"]),
    ],
)
def test_a_payment_is_told_by_its_state(status: str, expected: list[str]) -> None:
    assert [each.type for each in told("payment", PAYMENT | {"status": status})] == expected


@pytest.mark.parametrize(
    ("status", "action", "expected"),
    [
        ("pending", "created", ["subscription.created"]),
        ("authorized", "created", ["subscription.activated"]),
        ("authorized", "updated", ["subscription.activated", "subscription.updated"]),
        ("paused", "updated", ["subscription.paused"]),
        ("cancelled", "updated", ["subscription.canceled"]),
        ("not_yet_invented", "updated", ["unknown"]),
    ],
)
def test_a_subscription_is_told_by_its_state(status: str, action: str, expected: list[str]) -> None:
    found = told("subscription_preapproval", {"id": "2c93", "status": status}, action=action)

    assert [each.type for each in found] == expected


@pytest.mark.parametrize(
    ("charge", "expected"),
    [
        (
            {"status": "processed", "payment": {"id": 9, "status": "approved"}},
            ["subscription.renewed", "payment.succeeded"],
        ),
        (
            {"status": "processed", "payment": {"id": 9, "status": "rejected"}},
            ["subscription.renewal_failed", "payment.failed"],
        ),
        (
            {"status": "recycling", "payment": {"id": 9, "status": "rejected"}},
            ["subscription.renewal_failed", "payment.failed", "payment.retry_scheduled"],
        ),
        ({"status": "scheduled"}, []),
    ],
)
def test_a_charge_of_a_subscription_is_told_by_its_payment(charge: dict[str, Any], expected: list[str]) -> None:
    assert [each.type for each in told("subscription_authorized_payment", charge)] == expected


@pytest.mark.parametrize(
    ("decision", "expected"), [(None, "dispute.opened"), (True, "dispute.won"), (False, "dispute.lost")]
)
def test_a_chargeback_is_told_by_its_decision(decision: bool | None, expected: str) -> None:
    chargeback = {"id": "217", "payments": [123], "amount": 10, "currency": "CLP", "coverage_applied": decision}

    [found] = told("topic_chargebacks_wh", chargeback)

    assert brief(found, "id", "payment_id", "amount_minor") == (expected, "217", "123", 10)


def test_a_state_is_told_once_however_often_it_is_notified() -> None:
    charge = {"id": 6, "preapproval_id": "2c93", "payment": {"id": 123, "status": "approved"}}
    paid = told("payment", PAYMENT, number=1)
    again = told("payment", PAYMENT, number=2)
    charged = told("subscription_authorized_payment", charge, number=3, payment=PAYMENT)

    assert {event.id for event in paid} == {event.id for event in again}
    assert {event.id for event in paid} < {event.id for event in charged}


def test_a_chargeback_and_its_payment_open_one_dispute() -> None:
    chargeback = {"id": "217", "payments": [123], "amount": 10, "currency": "CLP", "coverage_applied": None}

    ids = [
        each.id
        for each in (*told("topic_chargebacks_wh", chargeback), *told("payment", PAYMENT | {"status": "charged_back"}))
    ]

    assert ids[0] == ids[1]


def test_a_part_that_was_given_back_is_told_with_its_own_amount() -> None:
    refunds = [
        {"id": 1, "amount": 400, "status": "approved"},
        {"id": 2, "amount": 90.5, "status": "in_process"},
        {"id": 3, "amount": 5, "status": "rejected"},
    ]

    found = told("payment", PAYMENT | {"transaction_amount_refunded": 490.5, "refunds": refunds})

    assert [brief(each, "id", "amount_minor") for each in found] == [
        ("payment.succeeded", "123", 249050),
        ("refund.succeeded", "1", 40000),
        ("refund.created", "2", 9050),
        ("refund.failed", "3", 500),
    ]
    assert len({each.id for each in found}) == 4


@pytest.mark.parametrize(
    ("status", "refunded", "expected"),
    [("approved", 10, [249050, 1000]), ("refunded", 0, [249050]), ("refunded", 2490.5, [249050])],
)
def test_refunds_that_are_not_listed_are_told_by_their_sum(status: str, refunded: Any, expected: list[int]) -> None:
    found = told("payment", PAYMENT | {"status": status, "transaction_amount_refunded": refunded})

    assert [brief(each, "amount_minor")[1] for each in found] == expected


@pytest.mark.parametrize(
    "kind", ["refund", "refund.approved", "payment.approved", "subscription_preapproval.authorized"]
)
def test_what_a_body_says_of_itself_is_not_believed(kind: str) -> None:
    forged = notified(kind, refund={"id": 1, "amount": 9999, "status": "approved"}, transaction_amount=9999)

    found = MERCADOPAGO.events(forged, query={"data.id": "123"})

    assert not [each for each in found if b"9999" in each.body]


def test_a_charge_leads_to_its_payment_and_its_subscription(vendor: Vendor) -> None:
    vendor.answers = {
        "/authorized_payments/123": {"id": 123, "preapproval_id": "2c93", "payment": {"id": 9, "status": "approved"}},
        "/v1/payments/9": PAYMENT | {"id": 9},
        "/preapproval/2c93": {
            "id": "2c93",
            "status": "authorized",
            "reason": "Hosting",
            "auto_recurring": {
                "frequency": 12,
                "frequency_type": "months",
                "transaction_amount": 2490.5,
                "currency_id": "ARS",
            },
            "next_payment_date": "2027-11-22T03:00:00.000-04:00",
        },
    }

    found = ask(MERCADOPAGO, notified("subscription_authorized_payment"), vendor, query={"data.id": "123"})

    renewed, paid = found.events
    assert brief(renewed, "id", "plan", "interval_count", "renews_at", "amount_minor") == (
        "subscription.renewed",
        "2c93",
        "Hosting",
        12,
        "2027-11-22T07:00:00Z",
        249050,
    )
    assert (brief(paid, "id", "amount_minor"), paid.customer_email) == (
        ("payment.succeeded", "9", 249050),
        "zoe@example.com",
    )
    assert found.enriched == [True, True]
    assert {each.headers["authorization"] for each in vendor.asked} == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("payer", "subscriber", "expected"),
    [
        ({"id": "17"}, {"payer_id": 17, "payer_email": "zoe@example.com"}, ("17", "zoe@example.com")),
        ({"id": "17"}, {"payer_id": 18, "payer_email": "ada@example.com"}, ("17", None)),
        ({"email": "zoe@example.com"}, {"payer_id": 18}, ("18", None)),
        ({"email": "zoe@example.com"}, {}, (None, "zoe@example.com")),
    ],
)
def test_a_payer_is_of_one_record(payer: Any, subscriber: Any, expected: Any) -> None:
    charge = {"id": 1, "status": "processed", "payment": {"id": 123, "status": "approved"}}
    answers = {"resource": charge, "payment": PAYMENT | {"payer": payer}, "subscription": subscriber}

    found = MERCADOPAGO.events(
        notified("subscription_authorized_payment"),
        query={"data.id": "1"},
        looked_up=answers,
    )

    assert {(each.customer_id, each.customer_email) for each in found} == {expected}


@cases("kind", ["payment", "subscription_preapproval", "topic_chargebacks_wh"])
def test_without_an_answer_nothing_is_told(kind: str, failing: Vendor) -> None:
    found = ask(MERCADOPAGO, notified(kind), failing, query={"data.id": "123"})

    assert (found.types, found.enriched, found.complete) == (["unknown"], [False], complete(failing))


def test_the_signed_id_is_asked_for_and_not_the_bodys(vendor: Vendor) -> None:
    ask(MERCADOPAGO, notified("payment", data={"id": "666"}), vendor, query={"data.id": "123"})

    assert vendor.paths == ["/v1/payments/123"]


def test_an_id_cannot_lead_elsewhere(vendor: Vendor) -> None:
    ask(MERCADOPAGO, notified("payment"), vendor, query={"data.id": "../users/me?x="})

    assert vendor.paths == ["/v1/payments/..%2Fusers%2Fme%3Fx%3D"]


def test_a_topic_that_says_nothing_is_ignored() -> None:
    assert MERCADOPAGO.types(notified("mp-connect")) == []


def test_mercado_pagos_body_must_not_name_another_thing_than_what_is_signed() -> None:
    provider = MERCADOPAGO.provider
    body = b'{"id":1,"type":"payment","action":"payment.updated","data":{"id":"123"}}'
    signed = provider.verification.sign(Inbound(body, query={"data.id": "123"}), Credentials(("secret",)), NOW)

    assert provider.verification.verify(signed, Credentials(("secret",)), NOW) == "mercadopago_signature"
    assert (
        MERCADOPAGO.refusal(replace(signed, body=body.replace(b'"123"', b'"124"')), "secret", now=NOW)
        == "signature_mismatch"
    )
    assert MERCADOPAGO.refusal(replace(signed, query={"data.id": "124"}), "secret", now=NOW) == "signature_mismatch"
    assert MERCADOPAGO.refusal(replace(signed, query={}), "secret", now=NOW) == "signature_mismatch"
    assert MERCADOPAGO.refusal(signed, "secret", now=NOW + 3600) == "timestamp_too_old"
    assert MERCADOPAGO.refusal(signed, "secret", now=NOW - 3600) == "timestamp_in_future"


def test_mercado_pago_is_believed_only_by_what_it_answers(vendor: Vendor) -> None:
    vendor.answers = {
        "/v1/payments/123": {"id": 123, "status": "approved", "transaction_amount": 10.5, "currency_id": "BRL"}
    }
    body = b'{"id":1,"type":"payment","data":{"id":"123"},"transaction_amount":9999}'

    assert ask(MERCADOPAGO, body, vendor, query={"data.id": "123"}).amounts == [("payment.succeeded", 1050, None)]
