"""What is peculiar to Paddle: text for money, transactions that are invoices and payments, adjustments of all kinds."""

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.errors import VerificationError
from relay.model import Inbound
from relay.providers.paddle import PROVIDER
from relay.security.verification import Credentials

PADDLE = ProviderUnderTest("paddle", subject="data")
NOW = 1_795_330_800
OLD, NEW = "pdl_ntfset_the_old_one", "pdl_ntfset_the_new_one"


def priced(currency: str, total: Any) -> dict[str, Any]:
    payload = PADDLE.changed("transaction.completed", currency_code=currency)
    payload["data"]["details"]["totals"] |= {"currency_code": currency, "grand_total": total, "balance": "0"}
    return payload


@cases(
    ("currency", "total", "expected"),
    [
        ("USD", "65215", (Decimal("652.15"), 65215)),
        ("USD", 65215, (Decimal("652.15"), 65215)),
        ("JPY", "2400", (Decimal(2400), 2400)),
        ("KRW", "31900", (Decimal(31900), 31900)),
        ("KWD", "7500", (Decimal("7.500"), 7500)),
        ("USD", "", (None, None)),
        ("USD", None, (Decimal("28.56"), 2856)),
        ("USD", "12,00", (None, None)),
    ],
)
def test_money_is_text_in_the_currencys_smallest_unit(currency, total, expected):
    bill = PADDLE.data(priced(currency, total), "invoice.paid")["invoice"]

    assert (bill["amount"], bill["amount_minor"]) == expected
    assert bill["currency"] == currency


def test_a_payment_is_told_once_though_two_events_tell_of_it():
    booked = PADDLE.changed("transaction.completed")
    arrived = PADDLE.changed("transaction.completed", status="paid") | {
        "event_type": "transaction.paid",
        "event_id": "evt_2",
    }

    told = {event.id: event.type for payload in (arrived, booked) for event in PADDLE.events(payload)}

    assert list(told.values()) == ["payment.succeeded", "invoice.paid", "subscription.renewed"]


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("subscription_recurring", ["invoice.paid", "payment.succeeded", "subscription.renewed"]),
        ("subscription_charge", ["invoice.paid", "payment.succeeded"]),
        ("web", ["invoice.paid", "payment.succeeded"]),
        (None, ["invoice.paid", "payment.succeeded"]),
    ],
)
def test_only_what_paddle_charges_by_itself_renews(origin, expected):
    assert PADDLE.types(PADDLE.changed("transaction.completed", origin=origin)) == expected


@cases(
    ("terms", "expected"),
    [
        ({"interval": "day", "frequency": 14}, "2026-02-14T08:00:00Z"),
        ({"interval": "week", "frequency": "2"}, "2026-02-14T08:00:00Z"),
        ({"interval": "month", "frequency": 1}, "2026-02-28T08:00:00Z"),
        ({"interval": "year", "frequency": 2}, "2028-01-31T08:00:00Z"),
        ({"interval": "year", "frequency": 9000}, None),
        ({"interval": "day", "frequency": 999999999}, None),
        ({"interval": "fortnight", "frequency": 1}, None),
        (None, None),
    ],
)
def test_an_invoice_is_due_by_its_terms(terms, expected):
    payload = PADDLE.changed(
        "transaction.billed", billed_at="2026-01-31T08:00:00Z", billing_details={"payment_terms": terms}
    )

    assert PADDLE.data(payload, "invoice.finalized")["invoice"]["due_at"] == expected


@cases(
    ("native", "action", "status", "expected"),
    [
        ("adjustment.created", "refund", "pending_approval", ["refund.created"]),
        ("adjustment.created", "refund", "approved", ["refund.succeeded"]),
        ("adjustment.updated", "refund", "rejected", ["refund.failed"]),
        ("adjustment.updated", "refund", "reversed", []),
        ("adjustment.created", "chargeback", "approved", ["dispute.opened"]),
        ("adjustment.created", "chargeback_warning", "approved", ["dispute.opened"]),
        ("adjustment.updated", "chargeback", "approved", ["dispute.updated"]),
        ("adjustment.updated", "chargeback", "reversed", ["dispute.won"]),
        ("adjustment.created", "chargeback_reverse", "approved", ["dispute.won"]),
        ("adjustment.created", "credit", "approved", []),
        ("adjustment.created", None, None, []),
    ],
)
def test_an_adjustment_means_what_its_action_and_status_say(native, action, status, expected):
    payload = PADDLE.changed("adjustment.created", action=action, status=status) | {"event_type": native}

    assert PADDLE.types(payload) == expected


def test_a_planned_cancellation_is_told_once():
    first = PADDLE.payload("subscription.updated--cancellation-planned")
    again = PADDLE.changed("subscription.updated--cancellation-planned", custom_data={"note": "x"}) | {
        "event_id": "evt_again"
    }
    gone = PADDLE.changed(
        "subscription.updated", scheduled_change={"action": "pause", "effective_at": "2026-12-22T07:00:00Z"}
    )

    assert len({event.id for payload in (first, again) for event in PADDLE.events(payload)}) == 1
    assert PADDLE.types(gone) == ["subscription.updated"]


def test_a_price_of_another_currency_is_not_guessed():
    found = PADDLE.data(PADDLE.changed("subscription.updated", currency_code="USD"), "subscription.updated")[
        "subscription"
    ]

    assert (found["amount"], found["currency"]) == (None, "USD")


@pytest.mark.parametrize(
    "fields",
    [
        {"items": None, "details": None, "payments": None, "checkout": None, "billing_period": None},
        {"items": [None, 7], "details": {"totals": [], "line_items": "x"}, "payments": [1], "billed_at": 7},
        {"items": {}, "details": [], "payments": {}, "currency_code": 5, "custom_data": [], "billing_details": []},
    ],
)
@pytest.mark.parametrize("name", ["transaction.completed", "transaction.payment_failed", "subscription.updated"])
def test_odd_values_cost_no_event_but_the_payment_that_they_hold(name, fields):
    payload = PADDLE.changed(name, **fields)

    told = PADDLE.types(PADDLE.payload(name))
    assert PADDLE.types(payload) == [each for each in told if each != "payment.succeeded"]


@pytest.mark.parametrize(
    "payload", [{}, {"event_type": 7}, {"event_type": "transaction.paid"}, {"event_type": "new.one"}]
)
def test_a_body_that_is_no_event_is_kept_as_unknown(payload):
    assert PADDLE.types(payload) == ["unknown"]


def header(body: bytes, *secrets: str, stamp: int = NOW) -> str:
    """As Paddle signs, written out."""
    signed = f"{stamp}:".encode() + body
    made = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ";".join((f"ts={stamp}", *(f"h1={each}" for each in made)))


@pytest.mark.parametrize("known", [(OLD,), (NEW,), (NEW, OLD)])
def test_while_a_secret_is_rotated_either_one_proves(known):
    inbound = Inbound(b'{"event_id":"evt_1"}', headers={"paddle-signature": header(b'{"event_id":"evt_1"}', NEW, OLD)})

    assert PROVIDER.verification.verify(inbound, Credentials(known), NOW) == "paddle_signature"


def test_what_we_sign_is_what_they_sign():
    inbound = PROVIDER.verification.sign(Inbound(b"{}"), Credentials((NEW,)), NOW)

    assert inbound.headers["paddle-signature"] == header(b"{}", NEW)


@pytest.mark.parametrize(
    ("tolerance", "age", "code"),
    [
        (None, 300, None),
        (None, 301, "timestamp_too_old"),
        (None, -301, "timestamp_in_future"),
        ("5", 6, "timestamp_too_old"),
        ("600", 599, None),
    ],
)
def test_the_window_is_set_by_the_source(tolerance, age, code):
    inbound = Inbound(b"{}", headers={"paddle-signature": header(b"{}", NEW, stamp=NOW - age)})
    settings = PROVIDER.usual_settings | ({"tolerance": tolerance} if tolerance else {})

    try:
        PROVIDER.verification.verify(inbound, Credentials((NEW,), settings), NOW)
        found = None
    except VerificationError as refusal:
        found = refusal.code

    assert found == code


ADJ, CTM, TXN = "adj_01hvgf2s84dr6reszzg29zbvcm", "ctm_01hv6y1jedq4p1n0yqn5ba3ky4", "txn_01hv8wptq8987qeep44cyrewp9"
METHOD, SUB = "paymtd_01hs8zx6x377xfsfrt2bqsevbw", "sub_01hv8x29kz0t586xy6zn1a62ny"
PUBLISHED = {
    "adjustment.created.json": [("refund.created", ADJ, 100, "USD", CTM)],
    "customer.created.special_chars_payload.json": [
        ("customer.created", "ctm_01hs0t94g83hs5jdw282ztqa4z", None, None, "ctm_01hs0t94g83hs5jdw282ztqa4z")
    ],
    "customer.created.standard_payload.json": [
        ("customer.created", "ctm_01hs0tqf76sxmp7ba5e4mw1sc8", None, None, "ctm_01hs0tqf76sxmp7ba5e4mw1sc8")
    ],
    "payment_method.deleted.json": [("payment_method.removed", METHOD, None, None, CTM)],
    "payment_method.saved.json": [("payment_method.added", METHOD, None, None, CTM)],
    "subscription.activated.json": [("subscription.activated", SUB, 40000, "USD", CTM)],
    "subscription.canceled.json": [("subscription.canceled", SUB, 95000, "USD", CTM)],
    "subscription.paused.json": [("subscription.paused", SUB, 40000, "USD", CTM)],
    "transaction.billed.json": [("invoice.finalized", "txn_01hv8m0mnx3sj85e7gxc6kga03", 2763149, "USD", CTM)],
    "transaction.completed.json": [
        ("invoice.paid", TXN, 65215, "USD", CTM),
        ("payment.succeeded", TXN, 65215, "USD", CTM),
    ],
    "transaction.payment_failed.json": [
        ("payment.failed", TXN, 65215, "USD", CTM),
        ("invoice.payment_failed", TXN, 65215, "USD", CTM),
    ],
}


@of_every_file("gateways/paddle/*.json")
def test_a_published_payload_is_told_exactly(path):
    found = PADDLE.events(json.loads(path.read_bytes()))

    told = []
    for event in found:
        about = event.envelope["data"][event.type.partition(".")[0]]
        told.append((event.type, about["id"], about.get("amount_minor"), about.get("currency"), event.customer_id))
    assert [event.defect for event in found] == [None] * len(found)
    assert told == PUBLISHED[path.name]
