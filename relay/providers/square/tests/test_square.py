"""What is peculiar to Square: a signature over the URL, updates that say how it is now, money in payment requests."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest

from corpus import of_corpus, of_every_file, published, rows
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.errors import VerificationError
from relay.model import Inbound
from relay.providers.square import PROVIDER
from relay.security.verification import Credentials

SQUARE = ProviderUnderTest("square", subject="data.object.*")
NOW = 1_795_330_800
URL, KEY = "https://relay.example.com/in/src_1", "made-up-key"


def named(native: str) -> dict[str, str]:
    """Makes another event of a payload."""
    return {"type": native, "event_id": f"the-other-{native}"}


def pounds(minor: Any) -> dict[str, Any]:
    return {"amount": minor, "currency": "GBP"}


def request(asked: Any, received: Any, due: str | None = None) -> dict[str, Any]:
    return {
        "computed_amount_money": pounds(asked),
        "total_completed_amount_money": pounds(received),
        "due_date": due,
    }


@pytest.mark.parametrize(
    ("status", "requests", "expected"),
    [
        ("UNPAID", [request(2400, 0, "2026-12-06")], (2400, 2400, 0, "2026-12-06T00:00:00Z")),
        (
            "PARTIALLY_PAID",
            [request(500, 500, "2026-12-01"), request(700, 100, "2026-12-22")],
            (1200, 600, 600, "2026-12-22T00:00:00Z"),
        ),
        (
            "PAID",
            [request(500, 500, "2026-12-01"), request(700, 0, "2026-12-22")],
            (1200, 0, 1200, "2026-12-22T00:00:00Z"),
        ),
        ("UNPAID", [request("2400", None)], (2400, None, None, None)),
        ("UNPAID", [request(None, 0, "soon")], (None, None, 0, None)),
        ("DRAFT", [], (None, None, None, None)),
        ("DRAFT", None, (None, None, None, None)),
    ],
)
def test_an_invoice_is_the_sum_of_its_payment_requests(status, requests, expected):
    payload = SQUARE.changed("invoice.published", status=status, payment_requests=requests)

    bill = SQUARE.data(payload, "invoice.sent")["invoice"]

    assert tuple(bill[name] for name in ("amount_minor", "amount_due_minor", "amount_paid_minor", "due_at")) == expected


@pytest.mark.parametrize(
    ("currency", "amount", "expected"),
    [
        ("USD", 12500, Decimal("125.00")),
        ("USD", "12500", Decimal("125.00")),
        ("JPY", 12500, Decimal(12500)),
        ("KWD", 12500, Decimal("12.500")),
        ("USD", None, None),
    ],
)
def test_money_is_counted_in_the_currencys_smallest_unit(currency, amount, expected):
    payload = SQUARE.changed("refund.updated", amount_money={"amount": amount, "currency": currency})

    assert SQUARE.data(payload, "refund.succeeded")["refund"]["amount"] == expected


@cases(
    ("fields", "expected"),
    [
        ({"status": "ACTIVE"}, ["subscription.updated"]),
        ({"status": "PENDING"}, ["subscription.updated"]),
        ({"status": "ACTIVE", "canceled_date": "2026-12-22"}, ["subscription.cancellation_scheduled"]),
        ({"status": "PAUSED"}, ["subscription.paused"]),
        ({"status": "DEACTIVATED"}, ["subscription.paused"]),
        ({"status": "CANCELED", "canceled_date": "2026-11-22"}, ["subscription.canceled"]),
        ({"status": "COMPLETED"}, ["subscription.expired"]),
        ({"status": None}, ["subscription.updated"]),
    ],
)
def test_an_updated_subscription_is_told_by_its_status(fields, expected):
    assert SQUARE.types(SQUARE.changed("subscription.created", **fields) | named("subscription.updated")) == expected


@pytest.mark.parametrize(
    ("native", "status", "expected"),
    [
        ("invoice.payment_made", "PAID", ["invoice.paid", "subscription.renewed"]),
        ("invoice.payment_made", "PARTIALLY_PAID", []),
        ("invoice.updated", "PAID", ["invoice.paid", "subscription.renewed"]),
        ("invoice.updated", "CANCELED", ["invoice.voided"]),
        ("invoice.updated", "UNPAID", []),
        ("invoice.updated", None, []),
        ("invoice.canceled", "CANCELED", ["invoice.voided"]),
    ],
)
def test_an_updated_invoice_is_told_by_its_status(native, status, expected):
    assert SQUARE.types(SQUARE.changed("invoice.payment_made", status=status) | named(native)) == expected


@cases(
    ("status", "expected"),
    [
        ("APPROVED", ["payment.pending"]),
        ("PENDING", ["payment.pending"]),
        ("COMPLETED", ["payment.succeeded"]),
        ("CANCELED", ["payment.failed"]),
        ("FAILED", ["payment.failed"]),
        ("NEW", []),
    ],
)
@cases("native", ["payment.created", "payment.updated"])
def test_a_payment_is_told_by_its_status(native, status, expected):
    assert SQUARE.types(SQUARE.changed("payment.updated--yen", status=status) | named(native)) == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [("WON", "dispute.won"), ("LOST", "dispute.lost"), ("ACCEPTED", "dispute.lost"), ("PROCESSING", "dispute.updated")],
)
def test_a_dispute_is_told_by_its_state(state, expected):
    assert SQUARE.types(SQUARE.changed("dispute.state.updated", state=state)) == [expected]


def test_what_several_events_tell_is_told_once():
    payloads = (
        SQUARE.payload("invoice.payment_made"),
        SQUARE.payload("invoice.payment_made") | named("invoice.updated"),
        SQUARE.payload("payment.updated--yen"),
        SQUARE.changed("payment.updated--yen", processing_fee=[]) | named("payment.created"),
        SQUARE.payload("refund.updated"),
        SQUARE.payload("refund.updated") | named("refund.created"),
        SQUARE.payload("invoice.refunded"),
        SQUARE.payload("subscription.updated--canceled"),
        SQUARE.changed("subscription.updated--canceled", version=9) | named("subscription.updated"),
    )

    told = {event.id: event.type for payload in payloads for event in SQUARE.events(payload)}

    assert list(told.values()) == [
        "invoice.paid",
        "subscription.renewed",
        "payment.succeeded",
        "refund.succeeded",
        "invoice.refunded",
        "subscription.canceled",
    ]


def test_how_much_was_given_back_of_an_invoice_is_known_where_it_is_all():
    told = [
        SQUARE.data(SQUARE.changed("invoice.refunded", status=status), "invoice.refunded")["refund"]["amount_minor"]
        for status in ("REFUNDED", "PARTIALLY_REFUNDED")
    ]

    assert told == [2400, None]


@cases(
    "fields",
    [
        {
            "amount_money": None,
            "total_money": None,
            "card_details": None,
            "primary_recipient": None,
            "card_brand": None,
        },
        {"amount_money": [], "total_money": 7, "card_details": "x", "processing_fee": {}, "payment_requests": [7]},
        {"primary_recipient": [], "due_at": 7, "canceled_date": 7, "start_date": [], "exp_month": 13, "exp_year": "x"},
    ],
)
@cases(
    "name",
    [
        "card.automatically_updated",
        "customer.created",
        "dispute.created",
        "invoice.payment_made",
        "invoice.refunded",
        "invoice.scheduled_charge_failed",
        "payment.updated--failed",
        "refund.created",
        "subscription.updated--cancellation-planned",
    ],
)
def test_odd_values_break_nothing(name, fields):
    payload = SQUARE.changed(name, **fields)

    assert SQUARE.types(payload) == SQUARE.types(SQUARE.payload(name))


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, ["unknown"]),
        ({"type": 7}, ["unknown"]),
        ({"type": "new.one"}, ["unknown"]),
        ({"type": "refund.updated", "data": 1}, []),
    ],
)
def test_a_body_that_is_no_event_is_told_as_unknown_or_not_at_all(payload, expected):
    assert SQUARE.types(payload) == expected


def mac(url: str, body: bytes, key: str = KEY) -> str:
    """As Square signs, written out."""
    return base64.b64encode(hmac.new(key.encode(), url.encode() + body, hashlib.sha256).digest()).decode()


def verdict(inbound: Inbound, **settings: str) -> str:
    try:
        return PROVIDER.verification.verify(inbound, Credentials((KEY,), settings), NOW)
    except VerificationError as refusal:
        return refusal.code


@pytest.mark.parametrize(
    ("registered", "signed_for", "expected"),
    [
        (URL, URL, "square_signature"),
        (f" {URL}\n", URL, "square_signature"),
        (URL, f"{URL}/", "signature_mismatch"),
        (URL, URL.replace("https", "http"), "signature_mismatch"),
        ("https://relay.example.com/{body}", "https://relay.example.com/{body}", "square_signature"),
        ("", URL, "no_notification_url"),
    ],
)
def test_the_registered_url_is_signed_to_the_letter(registered, signed_for, expected):
    inbound = Inbound(b"{}", headers={"x-square-hmacsha256-signature": mac(signed_for, b"{}")})

    assert verdict(inbound, notification_url=registered) == expected


def test_what_we_sign_is_what_they_sign():
    ours = PROVIDER.verification.sign(Inbound(b"{}"), Credentials((KEY,), {"notification_url": URL}), NOW)

    assert (ours.body, ours.headers) == (b"{}", {"x-square-hmacsha256-signature": mac(URL, b"{}")})


def test_the_older_signature_is_no_proof():
    old = base64.b64encode(hmac.new(KEY.encode(), URL.encode() + b"{}", hashlib.sha1).digest()).decode()

    assert verdict(Inbound(b"{}", headers={"x-square-signature": old}), notification_url=URL) == "missing_signature"


PUBLISHED = {
    "card.automatically_updated.json": [
        ("payment_method.updated", "ccof:uIbfJXhXETSP197M3GB", None, None, "VDKXEEKPJN48QDG3BGGFAK05P8")
    ],
    "dispute.created.json": [("dispute.opened", "XDgyFu7yo1E2S5lQGGpYn", 2500, "USD", None)],
    "invoice.payment_made.json": [
        ("invoice.paid", "inv:0-ChCHu2mZEabLeeHahQnXDjZQECY", 10000, "USD", "JDKYHBWT1D4F8MFH63DBMEN8Y4")
    ],
    "refund.updated.json": [
        (
            "refund.succeeded",
            "bP9mAsEMYPUGjjGNaNO5ZDVyLhSZY_69MmgHubkLqx9wGhnmenRUHOaKitE6llfZuxcWYjGxd",
            555,
            "USD",
            None,
        )
    ],
    "special-chars.json": [("unknown", None, None, None, None)],
    "subscription.created.json": [
        ("subscription.created", "56214fb2-cc85-47a1-93bc-44f3766bb56f", None, None, "CHFGVKYY8RSV93M5KCYTG4PN0G")
    ],
    "webhooks.test_notification.json": [],
}


@of_every_file("gateways/square/*.json")
def test_a_published_payload_is_told_exactly(path):
    found = SQUARE.events(json.loads(path.read_bytes()))

    told = []
    for event in found:
        about = event.envelope["data"][event.type.partition(".")[0]]
        told.append((event.type, about.get("id"), about.get("amount_minor"), about.get("currency"), event.customer_id))
    assert [event.defect for event in found] == [None] * len(found)
    assert told == PUBLISHED[path.name]


SIGNED = [each for each in rows("gateways/index.json") if each["provider"] == "square" and "signature" in each]


@of_corpus
@pytest.mark.parametrize("entry", SIGNED, ids=[each["file"] for each in SIGNED])
def test_a_published_signature_is_accepted(entry):
    said = entry["signature"]
    sent = Inbound(published(f"gateways/{entry['file']}"), headers={said["header"]: said["value"]})
    credentials = Credentials((said["secret"],), {"notification_url": said["notification_url"]})

    assert PROVIDER.verification.verify(sent, credentials, NOW) == "square_signature"
