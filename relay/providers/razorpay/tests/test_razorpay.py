"""What is peculiar to Razorpay: one payment told by up to four events, entities that may not come along."""

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.inbound.identity import native_id, read
from relay.model import Inbound
from relay.providers.razorpay import PROVIDER
from relay.security.verification import Credentials

RAZORPAY = ProviderUnderTest("razorpay")
NOW = 1_795_330_800


def inbound(payload: dict[str, Any], event_id: str = "") -> Inbound:
    headers = {"x-razorpay-event-id": event_id} if event_id else {}
    return read(PROVIDER, Inbound(json.dumps(payload).encode(), headers=headers))


def without(name: str, entity: str) -> dict[str, Any]:
    payload = RAZORPAY.payload(name)
    del payload["payload"][entity]
    return payload


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        ("INR", 49900, (Decimal("499.00"), 49900)),
        ("INR", "49900", (Decimal("499.00"), 49900)),
        ("JPY", 295, (Decimal(295), 295)),
        ("KWD", 295990, (Decimal("295.990"), 295990)),
        ("INR", None, (None, None)),
    ],
)
def test_money_is_counted_in_the_currencys_smallest_unit(currency, amount, expected):
    payload = RAZORPAY.changed("payment.captured--dinar", "payload.payment.entity", currency=currency, amount=amount)

    found = RAZORPAY.data(payload, "payment.succeeded")["payment"]

    assert (found["amount"], found["amount_minor"]) == expected


def test_one_payment_is_told_once():
    captured = RAZORPAY.payload("subscription.charged") | {"event": "payment.captured"}
    authorized = captured | {"event": "payment.authorized"}
    payloads = (
        authorized,
        captured,
        RAZORPAY.payload("subscription.charged"),
        RAZORPAY.payload("invoice.paid"),
        RAZORPAY.payload("order.paid"),
    )

    told = {
        event.id: event.type
        for index, each in enumerate(payloads)
        for event in RAZORPAY.events(each, headers={"x-razorpay-event-id": f"evt_{index}"})
    }

    assert sorted(told.values()) == ["invoice.paid", "order.paid", "payment.succeeded", "subscription.renewed"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [("authorized", ["payment.pending"]), ("captured", ["payment.succeeded"]), (None, ["payment.pending"])],
)
def test_an_authorized_payment_may_be_captured_by_now(status, expected):
    assert RAZORPAY.types(RAZORPAY.changed("payment.authorized", "payload.payment.entity", status=status)) == expected


@pytest.mark.parametrize(
    ("name", "entity", "expected"),
    [
        ("subscription.charged", "payment", ["subscription.renewed"]),
        ("subscription.charged", "subscription", ["unknown"]),
        ("invoice.paid", "payment", ["invoice.paid"]),
        ("invoice.partially_paid", "payment", []),
        ("payment_link.paid", "payment", ["checkout.completed"]),
        ("refund.created", "payment", ["refund.created"]),
        ("payment.dispute.created", "payment", ["dispute.opened"]),
    ],
)
def test_what_does_not_come_along_is_not_told(name, entity, expected):
    assert RAZORPAY.types(without(name, entity)) == expected


def test_a_failed_charge_is_tried_again_until_it_is_halted():
    pending = RAZORPAY.data(RAZORPAY.payload("subscription.pending"), "payment.failed")["payment"]
    [halted] = RAZORPAY.events(RAZORPAY.payload("subscription.halted"))

    assert (pending["next_attempt_at"], pending["subscription_id"]) == ("2026-11-23T07:00:00Z", "sub_NorthSub1042")
    assert (halted.type, halted.envelope["severity"]) == ("subscription.past_due", "critical")
    assert halted.envelope["data"]["subscription"]["failed_payments"] == 4


@cases(
    ("now", "expected"),
    [("captured", "succeeded"), ("refunded", "refunded"), ("authorized", "pending"), (None, None)],
)
@cases("name", ["refund.created", "payment.dispute.created"])
def test_a_payment_that_is_given_back_is_told_as_it_stands(name, now, expected):
    event = RAZORPAY.event(RAZORPAY.changed(name, "payload.payment.entity", status=now))

    assert event.envelope["data"]["payment"]["status"] == expected


def test_an_older_invoice_does_not_say_how_much_was_paid():
    payload = RAZORPAY.changed("invoice.paid", "payload.invoice.entity", amount_paid=None, amount_due=None)

    bill = RAZORPAY.data(payload, "invoice.paid")["invoice"]

    assert (bill["amount_paid_minor"], bill["amount_due_minor"]) == (49900, 0)


def test_an_address_that_stands_for_none_is_none():
    event = RAZORPAY.event(
        RAZORPAY.changed("payment.failed", "payload.payment.entity", email="void@razorpay.com", customer_id=None)
    )

    assert event.envelope["customer"] is None


@pytest.mark.parametrize(
    ("payer", "expected"),
    [
        ({"customer_id": "cust_NorthCus1042"}, ("cust_NorthCus1042", "anaya@example.com")),
        ({"customer_id": "cust_Another"}, ("cust_NorthCus1042", None)),
        ({"customer_id": None}, ("cust_NorthCus1042", None)),
    ],
)
def test_an_address_of_another_payer_is_not_the_customers(payer, expected):
    """What is typed in at a checkout is not looked up among the customers."""
    for event in RAZORPAY.events(RAZORPAY.changed("subscription.charged", "payload.payment.entity", **payer)):
        assert (event.customer_id, event.customer_email) == expected


def test_a_payer_whom_nobody_numbered_is_known_by_the_address():
    for payment in ({"customer_id": None}, {"customer_id": None, "email": "void@razorpay.com"}):
        event = RAZORPAY.event(RAZORPAY.changed("payment.failed", "payload.payment.entity", **payment))

        found = event.customer_id, event.customer_email
        assert found == (None, None if "email" in payment else "anaya@example.com")


def test_the_id_is_in_a_header_or_is_made_of_the_body():
    payload = RAZORPAY.payload("payment.failed")

    ids = {native_id(PROVIDER, inbound(payload, given)) for given in ("", "", "evt_1")}

    assert ids == {"evt_1", hashlib.sha256(json.dumps(payload).encode()).hexdigest()}


@cases(
    "fields",
    [
        {"notes": None, "card": None, "line_items": None, "customer_details": None, "created_at": None},
        {"notes": "x", "card": [], "line_items": [7], "customer_details": 7, "currency": 7, "status": {}},
        {"created_at": "soon", "charge_at": {}, "fee": "1,178", "quantity": "two", "expire_by": 10**30},
    ],
)
@cases(
    ("name", "entity"),
    [
        ("payment.failed", "payment"),
        ("subscription.charged", "subscription"),
        ("subscription.charged", "payment"),
        ("invoice.paid", "invoice"),
        ("refund.processed", "refund"),
        ("payment.dispute.lost", "dispute"),
        ("payment_link.paid", "payment_link"),
    ],
)
def test_odd_values_break_nothing(name, entity, fields):
    payload = RAZORPAY.changed(name, f"payload.{entity}.entity", **fields)

    assert RAZORPAY.types(payload) == RAZORPAY.types(RAZORPAY.payload(name))


@pytest.mark.parametrize(
    "payload", [{}, {"event": 7}, {"event": "payment.failed"}, {"event": "new.one", "payload": {}}]
)
def test_a_body_that_is_no_event_is_kept_as_unknown(payload):
    assert RAZORPAY.types(payload) == ["unknown"]


def test_what_we_sign_is_what_they_sign():
    ours = PROVIDER.verification.sign(Inbound(b"{}"), Credentials(("made-up-secret",)), NOW)

    assert ours.headers == {"x-razorpay-signature": hmac.new(b"made-up-secret", b"{}", hashlib.sha256).hexdigest()}


def test_what_is_tried_again_is_signed_with_the_secret_from_before():
    header = hmac.new(b"the-old-one", b"{}", hashlib.sha256).hexdigest()
    sent = Inbound(b"{}", headers={"x-razorpay-signature": header})

    assert PROVIDER.verification.verify(sent, Credentials(("the-new-one", "the-old-one")), NOW) == "razorpay_signature"


CUSTOMER, SUB = "cust_8kipRefUGdjnqY", "sub_8kip7ybbcOyc9J"
PUBLISHED = {
    "invoice.paid.json": [
        ("invoice.paid", "random_id", 100, "INR", None),
        ("payment.succeeded", "fake_payment_id", 500, "INR", None),
    ],
    "payment.authorized.json": [("payment.succeeded", "pay_6koWN7bvxujzxM", 1000000, "INR", None)],
    "payment.failed.json": [("payment.failed", "fake_payment_id", 500, "INR", None)],
    "subscription.charged.json": [
        ("subscription.renewed", SUB, 500, "INR", CUSTOMER),
        ("payment.succeeded", "fake_payment_id", 500, "INR", CUSTOMER),
    ],
    "subscription.pending.json": [
        ("subscription.past_due", SUB, None, None, CUSTOMER),
        ("subscription.renewal_failed", SUB, None, None, CUSTOMER),
        ("payment.failed", None, None, None, CUSTOMER),
    ],
}


@of_every_file("gateways/razorpay/*.json")
def test_a_published_payload_is_told_exactly(path):
    found = RAZORPAY.events(json.loads(path.read_bytes()))

    told = []
    for event in found:
        about = event.envelope["data"][event.type.partition(".")[0]]
        told.append((event.type, about["id"], about["amount_minor"], about["currency"], event.customer_id))
    assert [event.defect for event in found] == [None] * len(found)
    assert told == PUBLISHED[path.name]
