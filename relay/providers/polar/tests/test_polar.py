"""What is peculiar to Polar: two ways to read a secret, orders that are invoices, refunds counted before tax."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal

import pytest

from corpus import of_every_file
from kit.provider import ProviderUnderTest
from relay.errors import VerificationError
from relay.model import Inbound
from relay.providers.polar import PROVIDER
from relay.security.verification import Credentials

POLAR = ProviderUnderTest("polar", subject="data")
NOW = 1_795_330_800
BODY = b'{"type":"order.paid","data":{}}'


@pytest.mark.parametrize(
    ("currency", "total", "balance", "expected"),
    [
        ("usd", 2856, 0, (Decimal("28.56"), 2856, "USD")),
        ("usd", 2856, -856, (Decimal("20.00"), 2000, "USD")),
        ("usd", 2856, 144, (Decimal("30.00"), 3000, "USD")),
        ("jpy", 2856, None, (Decimal(2856), 2856, "JPY")),
        ("kwd", 2856, "?", (Decimal("2.856"), 2856, "KWD")),
    ],
)
def test_a_payment_is_the_total_and_what_the_balance_does_to_it(currency, total, balance, expected):
    payload = POLAR.changed("order.paid", currency=currency, total_amount=total, applied_balance_amount=balance)

    found = POLAR.data(payload, "payment.succeeded")["payment"]

    assert (found["amount"], found["amount_minor"], found["currency"]) == expected


def test_a_customer_that_came_along_is_told_alone():
    person = {"id": "cus_1", "email": "zoe@acme.example"}

    [event, _] = POLAR.events(POLAR.changed("order.paid", customer=person, customer_id="cus_2", customer_name="Ada"))

    assert event.envelope["customer"] == {"id": "cus_1", "name": None, "email": "zoe@acme.example", "company": None}


@pytest.mark.parametrize("due", [0, 2856])
def test_a_paid_order_owes_nothing_whatever_its_due_amount_says(due):
    bill = POLAR.data(POLAR.changed("order.paid", due_amount=due), "invoice.paid")["invoice"]

    assert (bill["amount_minor"], bill["amount_due_minor"], bill["amount_paid_minor"]) == (2856, 0, 2856)


def test_a_refund_is_told_with_its_tax():
    refund = POLAR.data(POLAR.payload("refund.updated"), "refund.succeeded")["refund"]

    assert (refund["amount"], refund["payment_id"]) == (Decimal("11.90"), POLAR.payload("order.paid")["data"]["id"])


@pytest.mark.parametrize(
    ("native", "status", "expected"),
    [
        ("refund.created", "pending", ["refund.created"]),
        ("refund.created", "succeeded", ["refund.succeeded"]),
        ("refund.updated", "pending", []),
        ("refund.updated", "succeeded", ["refund.succeeded"]),
        ("refund.updated", "failed", ["refund.failed"]),
        ("refund.updated", "canceled", ["refund.failed"]),
        ("refund.updated", None, []),
    ],
)
def test_a_refund_means_what_its_status_says(native, status, expected):
    assert POLAR.types(POLAR.changed("refund.created", status=status) | {"type": native}) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [("open", []), ("confirmed", []), ("succeeded", ["checkout.completed"]), ("failed", []), (None, [])],
)
def test_only_a_checkout_that_succeeded_is_told(status, expected):
    assert POLAR.types(POLAR.changed("checkout.updated", status=status)) == expected


def test_what_several_events_tell_is_told_once():
    payloads = [
        POLAR.changed("refund.updated") | {"type": "refund.created"},
        POLAR.payload("refund.updated"),
        POLAR.payload("order.refunded"),
        POLAR.payload("checkout.updated"),
        POLAR.changed("checkout.updated", metadata={"note": "x"}),
        POLAR.payload("subscription.canceled--at-once"),
        POLAR.payload("subscription.canceled--at-once") | {"type": "subscription.revoked"},
    ]

    told = {
        event.id: event.type
        for index, each in enumerate(payloads)
        for event in POLAR.events(each, headers={"webhook-id": f"msg_{index}"})
    }

    assert list(told.values()) == [
        "refund.succeeded",
        "invoice.refunded",
        "checkout.completed",
        "subscription.canceled",
    ]


@pytest.mark.parametrize(("status", "expected"), [("void", ["invoice.voided"]), ("paid", []), (None, [])])
def test_an_updated_order_is_told_only_when_it_is_void(status, expected):
    assert POLAR.types(POLAR.changed("order.created", status=status) | {"type": "order.updated"}) == expected


def test_a_canceled_subscription_runs_on_and_does_not_renew():
    found = POLAR.data(POLAR.payload("subscription.canceled"), "subscription.cancellation_scheduled")["subscription"]

    assert (found["status"], found["cancel_at"], found["renews_at"]) == ("active", "2026-12-22T07:00:00Z", None)


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"customer": None, "product": None, "subscription": None, "items": None, "metadata": None}, []),
        (
            {"customer": "x", "product": [], "subscription": 7, "items": [1], "metadata": [], "currency": 9},
            ["payment.succeeded"],
        ),
        (
            {"total_amount": "2856", "amount": "24", "current_period_end": 12, "status": 5, "started_at": "yesterday"},
            [],
        ),
    ],
)
@pytest.mark.parametrize("name", ["order.paid", "order.refunded", "subscription.cycled", "customer.created"])
def test_odd_values_cost_no_event_but_the_payment_that_they_hold(name, fields, lost):
    payload = POLAR.changed(name, **fields)

    assert POLAR.types(payload) == [each for each in POLAR.types(POLAR.payload(name)) if each not in lost]


@pytest.mark.parametrize("payload", [{}, {"type": 7}, {"type": "order.paid"}, {"type": "new.one", "data": {}}])
def test_a_body_that_is_no_event_is_kept_as_unknown(payload):
    assert POLAR.types(payload) == ["unknown"]


def signed(key: bytes) -> Inbound:
    """As the standard signs, written out."""
    mac = hmac.new(key, b"msg_1." + str(NOW).encode() + b"." + BODY, hashlib.sha256).digest()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW)}
    return Inbound(BODY, headers=headers | {"webhook-signature": f"v1,{base64.b64encode(mac).decode()}"})


WHSEC = "whsec_bWFkZS11cC1mb3ItYS10ZXN0LW9ubHkh"


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (WHSEC, WHSEC.encode()),
        (WHSEC, b"made-up-for-a-test-only!"),
        ("polar_whs_MadeUpForATest", b"polar_whs_MadeUpForATest"),
    ],
)
def test_a_secret_is_text_and_perhaps_base64(secret, key):
    assert PROVIDER.verification.verify(signed(key), Credentials((secret,)), NOW) == "polar_signature"


@pytest.mark.parametrize("key", [b"", WHSEC.removeprefix("whsec_").encode(), b"polar_whs_MadeUpForATest"])
def test_no_other_key_proves(key):
    with pytest.raises(VerificationError) as refusal:
        PROVIDER.verification.verify(signed(key), Credentials((WHSEC,)), NOW)

    assert refusal.value.code == "signature_mismatch"


def test_what_we_sign_is_what_they_sign():
    ours = PROVIDER.verification.sign(Inbound(BODY, headers={"webhook-id": "msg_1"}), Credentials((WHSEC,)), NOW)

    assert ours.headers == signed(WHSEC.encode()).headers


ORDER, CUSTOMER = "57107b74-8400-4d80-a2fc-54c2b4239cb3", "992fae2a-2a17-4b7a-8d9e-e287cf90131b"
NOBODY, SUB = "00000000-0000-0000-0000-000000000000", "e5149aae-e521-42b9-b24c-abb3d71eea2e"
PUBLISHED = {
    "order.paid.json": [
        ("invoice.paid", ORDER, 1500, "USD", CUSTOMER),
        ("payment.succeeded", ORDER, 1500, "USD", CUSTOMER),
    ],
    "refund.created.json": [("refund.created", NOBODY, None, None, NOBODY)],
    "subscription.active.json": [("subscription.activated", SUB, 1500, "USD", CUSTOMER)],
    "subscription.canceled.json": [("subscription.cancellation_scheduled", SUB, 1500, "USD", CUSTOMER)],
    "subscription.cycled.json": [("subscription.renewed", SUB, 1500, "USD", CUSTOMER)],
}


@of_every_file("gateways/polar/*.json")
def test_a_published_payload_is_told_exactly(path):
    found = POLAR.events(json.loads(path.read_bytes()))

    told = []
    for event in found:
        about = event.envelope["data"][event.type.partition(".")[0]]
        told.append((event.type, about["id"], about["amount_minor"], about["currency"], event.customer_id))
    assert [event.defect for event in found] == [None] * len(found)
    assert told == PUBLISHED[path.name]
