"""What is peculiar to Lemon Squeezy: names of events in the body, ids made of what is told, one answer that counts."""

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest

from corpus import of_every_file
from kit.provider import ProviderUnderTest
from relay.inbound.identity import native_id, read
from relay.model import Inbound
from relay.providers.lemonsqueezy import PROVIDER
from relay.sdk.provider import Reply
from relay.security.verification import Credentials

LEMONSQUEEZY = ProviderUnderTest("lemonsqueezy", subject="data.attributes")
NOW = 1_795_330_800


def inbound(payload: dict[str, Any], **headers: str) -> Inbound:
    return read(PROVIDER, Inbound(json.dumps(payload).encode(), headers=headers))


def test_only_200_counts_as_an_answer():
    assert PROVIDER.accepted == Reply(200, "ok")


def test_the_header_does_not_name_the_event():
    payload = LEMONSQUEEZY.payload("subscription_expired")

    [event] = LEMONSQUEEZY.events(inbound(payload, **{"x-event-name": "subscription_resumed"}))

    assert event.type == "subscription.expired"


def test_an_id_is_the_same_for_the_same_change_and_no_other():
    first = LEMONSQUEEZY.payload("subscription_payment_failed")
    later = LEMONSQUEEZY.changed("subscription_payment_failed", updated_at="2026-11-25T07:00:00.000000Z")
    other = LEMONSQUEEZY.changed("subscription_payment_failed", "meta", event_name="subscription_payment_recovered")
    nameless = LEMONSQUEEZY.changed("subscription_payment_failed", updated_at=None)

    ids = [native_id(PROVIDER, inbound(each)) for each in (first, first, later, other, nameless)]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_without_a_webhook_id_what_is_told_is_the_id():
    payload = LEMONSQUEEZY.payload("subscription_payment_failed")
    del payload["meta"]["webhook_id"]

    assert native_id(PROVIDER, inbound(payload)) == (
        "subscription_payment_failed:subscription-invoices:2201042:2026-11-22T07:00:00.000000Z"
    )


@pytest.mark.parametrize(
    ("meta", "attribute", "expected"),
    [(True, False, False), (False, True, True), (None, True, False), (None, False, True), (None, None, None)],
)
def test_test_mode_is_told_beside_the_event_or_in_it(meta, attribute, expected):
    payload = LEMONSQUEEZY.changed("order_created", test_mode=attribute)
    payload["meta"]["test_mode"] = meta

    event = LEMONSQUEEZY.event(payload)

    assert event.envelope["livemode"] is expected


@pytest.mark.parametrize(
    ("currency", "total", "expected"),
    [
        ("EUR", 2856, (Decimal("28.56"), 2856)),
        ("EUR", "2856", (Decimal("28.56"), 2856)),
        ("JPY", 2856, (Decimal(2856), 2856)),
        ("KWD", 2856, (Decimal("2.856"), 2856)),
        ("EUR", None, (None, None)),
    ],
)
def test_money_is_counted_in_the_currencys_smallest_unit(currency, total, expected):
    bill = LEMONSQUEEZY.data(
        LEMONSQUEEZY.changed("subscription_payment_success", currency=currency, total=total), "invoice.paid"
    )["invoice"]

    assert (bill["amount"], bill["amount_minor"]) == expected


def test_a_payment_that_recovers_is_told_once():
    payloads = (
        LEMONSQUEEZY.payload("subscription_payment_success"),
        LEMONSQUEEZY.changed("subscription_payment_success", "meta", event_name="subscription_payment_recovered"),
    )

    told = {event.id: event.type for payload in payloads for event in LEMONSQUEEZY.events(payload)}

    assert list(told.values()) == ["invoice.paid", "payment.succeeded", "subscription.renewed"]


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("renewal", ["invoice.paid", "payment.succeeded", "subscription.renewed"]),
        ("initial", ["invoice.paid", "payment.succeeded"]),
        ("updated", ["invoice.paid", "payment.succeeded"]),
        (None, ["invoice.paid", "payment.succeeded"]),
    ],
)
def test_only_a_renewal_renews(reason, expected):
    assert LEMONSQUEEZY.types(LEMONSQUEEZY.changed("subscription_payment_success", billing_reason=reason)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("active", ["subscription.updated"]),
        ("cancelled", ["subscription.updated"]),
        ("past_due", ["subscription.updated", "subscription.past_due"]),
        ("unpaid", ["subscription.updated", "subscription.past_due"]),
        (None, ["subscription.updated"]),
    ],
)
def test_an_update_tells_of_a_subscription_that_is_behind(status, expected):
    assert LEMONSQUEEZY.types(LEMONSQUEEZY.changed("subscription_updated--past-due", status=status)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("paid", ["checkout.completed"]),
        ("pending", ["checkout.completed"]),
        ("failed", ["payment.failed"]),
        ("fraudulent", ["payment.failed"]),
    ],
)
def test_an_order_that_failed_is_no_completed_checkout(status, expected):
    assert LEMONSQUEEZY.types(LEMONSQUEEZY.changed("order_created", status=status)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"refunded": False, "refunded_amount": 1000}, Decimal("10.00")),
        ({"refunded": True, "refunded_amount": 2856}, Decimal("28.56")),
        ({"refunded": True, "refunded_amount": None}, Decimal("28.56")),
        ({"refunded": False, "refunded_amount": None}, None),
    ],
)
def test_what_is_given_back_is_told(fields, expected):
    payload = LEMONSQUEEZY.changed("subscription_payment_refunded", **fields)

    assert LEMONSQUEEZY.data(payload, "refund.succeeded")["refund"]["amount"] == expected


@pytest.mark.parametrize(("digits", "expected"), [("42424", "2424"), ("4242", "4242"), (4242, "4242"), ("", None)])
def test_a_card_has_four_last_digits(digits, expected):
    payload = LEMONSQUEEZY.changed("subscription_payment_failed", card_last_four=digits)

    assert LEMONSQUEEZY.data(payload, "payment.failed")["payment"]["card_last4"] == expected


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"urls": None, "first_subscription_item": None, "first_order_item": None, "customer_id": None}, []),
        (
            {"urls": "x", "first_subscription_item": [], "total": {}, "currency": 7, "card_brand": 5, "status": []},
            ["payment.succeeded"],
        ),
        ({"renews_at": "soon", "ends_at": 5, "updated_at": None, "created_at": None, "refunded_amount": "10,00"}, []),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "order_created",
        "order_refunded",
        "subscription_cancelled",
        "subscription_payment_success",
        "subscription_payment_refunded",
    ],
)
def test_odd_values_cost_no_event_but_the_payment_that_they_hold(name, fields, lost):
    payload = LEMONSQUEEZY.changed(name, **fields)

    assert LEMONSQUEEZY.types(payload) == [
        each for each in LEMONSQUEEZY.types(LEMONSQUEEZY.payload(name)) if each not in lost
    ]


@pytest.mark.parametrize(
    "payload", [{}, {"meta": []}, {"meta": {"event_name": "order_created"}}, {"meta": {"event_name": "new_one"}}]
)
def test_a_body_that_is_no_event_is_kept_as_unknown(payload):
    assert LEMONSQUEEZY.types(payload) == ["unknown"]


def test_what_we_sign_is_what_they_sign():
    ours = PROVIDER.verification.sign(Inbound(b"{}"), Credentials(("made-up-secret",)), NOW)

    assert ours.headers == {"x-signature": hmac.new(b"made-up-secret", b"{}", hashlib.sha256).hexdigest()}


def test_what_they_sign_satisfies_us():
    header = hmac.new(b"made-up-secret", b'{"a": 1}', hashlib.sha256).hexdigest()
    sent = Inbound(b'{"a": 1}', headers={"x-signature": header})

    assert PROVIDER.verification.verify(sent, Credentials(("made-up-secret",)), NOW) == "lemonsqueezy_signature"


PUBLISHED = {
    "subscription_created.json": [("subscription.created", "1", None, None, "2")],
    "subscription_expired.json": [("subscription.expired", "1", None, None, "2")],
    "subscription_payment_failed.json": [
        ("invoice.payment_failed", "1", 999, "USD", "1"),
        ("payment.failed", None, 999, "USD", "1"),
        ("subscription.renewal_failed", "1", 999, "USD", "1"),
    ],
    "subscription_payment_refunded.json": [
        ("refund.succeeded", None, 999, "USD", "1"),
        ("invoice.refunded", "1", 999, "USD", "1"),
    ],
    "subscription_payment_success.json": [
        ("invoice.paid", "1", 999, "USD", "1"),
        ("payment.succeeded", None, 999, "USD", "1"),
    ],
}


@of_every_file("gateways/lemonsqueezy/*.json")
def test_a_published_payload_is_told_exactly(path):
    found = LEMONSQUEEZY.events(json.loads(path.read_bytes()))

    told = []
    for event in found:
        about = event.envelope["data"][event.type.partition(".")[0]]
        told.append((event.type, about["id"], about["amount_minor"], about["currency"], event.customer_id))
    assert [event.defect for event in found] == [None] * len(found)
    assert told == PUBLISHED[path.name]
