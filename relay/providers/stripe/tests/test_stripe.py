"""What is peculiar to Stripe: what an update means, an invoice in two shapes, one payment told once."""

import json
import re
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
import stripe

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import read_http
from relay.errors import VerificationError
from relay.inbound.identity import read
from relay.model import Inbound
from relay.providers.stripe import PROVIDER
from relay.security.verification import Credentials

STRIPE = ProviderUnderTest("stripe", subject="data.object")
FOLDER = Path(__file__).parents[1]
SAMPLES = sorted((FOLDER / "samples").glob("*.http"))
NOW = 1_795_330_800
OLD, NEW = "whsec_the_old_one", "whsec_the_new_one"


RUNS, ENDS = 1_798_000_000, 1_795_400_000
SET = {"cancel_at": RUNS}


@cases(
    ("before", "after", "expected"),
    [
        ({"status": "active"}, {"status": "past_due"}, ["subscription.past_due"]),
        ({"status": "past_due"}, {"status": "unpaid"}, ["subscription.past_due"]),
        ({"status": "trialing"}, {"status": "active"}, ["subscription.activated"]),
        ({"status": "incomplete"}, {"status": "active"}, ["subscription.activated"]),
        ({"status": "incomplete"}, {"status": "incomplete_expired"}, ["subscription.expired"]),
        ({"status": "active"}, {"status": "paused"}, ["subscription.updated"]),
        ({"status": "active"}, {"status": "canceled"}, ["subscription.updated"]),
        (
            {"cancel_at_period_end": False},
            {"cancel_at_period_end": True},
            ["subscription.cancellation_scheduled"],
        ),
        ({"cancel_at": None}, SET, ["subscription.cancellation_scheduled"]),
        ({"cancel_at_period_end": False, "cancel_at": None}, SET, ["subscription.cancellation_scheduled"]),
        ({"cancel_at": RUNS}, {"cancel_at": RUNS + 1}, ["subscription.updated"]),
        ({"cancel_at_period_end": True}, {"cancel_at_period_end": False}, ["subscription.resumed"]),
        ({"pause_collection": None}, {"pause_collection": {"behavior": "void"}}, ["subscription.paused"]),
        ({"pause_collection": {"behavior": "void"}}, {"pause_collection": None}, ["subscription.resumed"]),
        ({"current_period_end": ENDS}, {"current_period_end": RUNS}, ["subscription.renewed"]),
        ({"current_period_end": RUNS}, {"current_period_end": ENDS}, ["subscription.updated"]),
        ({"items": {"data": [{"current_period_end": ENDS}]}}, {}, ["subscription.renewed"]),
        (
            {"current_period_end": ENDS},
            {"current_period_end": RUNS, "status": "past_due"},
            ["subscription.updated"],
        ),
        (
            {"current_period_end": ENDS, "trial_end": None},
            {"current_period_end": RUNS, "trial_end": RUNS},
            ["subscription.updated"],
        ),
        (
            {"current_period_end": ENDS, "status": "past_due"},
            {"current_period_end": RUNS},
            ["subscription.activated", "subscription.renewed"],
        ),
        ({"metadata": {"note": "x"}}, {}, ["subscription.updated"]),
        ({}, {}, ["subscription.updated"]),
        (None, {}, ["subscription.updated"]),
    ],
)
def test_an_update_means_what_its_previous_values_say(before, after, expected):
    payload = STRIPE.changed("customer.subscription.updated", **after)
    payload["data"]["previous_attributes"] = before

    assert STRIPE.types(payload) == expected


@pytest.mark.parametrize(
    ("before", "status", "expected"),
    [
        ({"status": "pending"}, "succeeded", ["refund.succeeded"]),
        ({"status": "pending"}, "failed", ["refund.failed"]),
        ({"status": "requires_action"}, "canceled", ["refund.failed"]),
        ({"destination_details": {"card": {"reference_status": "pending"}}}, "succeeded", []),
        ({"status": "requires_action"}, "pending", []),
        (None, "succeeded", ["refund.succeeded"]),
    ],
)
def test_an_updated_refund_is_told_when_its_status_is_new(before, status, expected):
    payload = STRIPE.changed("refund.failed", status=status) | {"type": "refund.updated"}
    payload["data"]["previous_attributes"] = before

    assert STRIPE.types(payload) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("won", "dispute.won"),
        ("lost", "dispute.lost"),
        ("warning_closed", "dispute.updated"),
        ("prevented", "dispute.updated"),
    ],
)
def test_a_closed_dispute_is_won_or_lost_or_neither(status, expected):
    payload = STRIPE.changed("charge.dispute.created", status=status) | {"type": "charge.dispute.closed"}

    event = STRIPE.event(payload)

    assert event.type == expected
    assert event.envelope["data"]["dispute"]["closed_at"] == "2026-11-22T07:00:00Z"


@pytest.mark.parametrize("event_type", ["invoice.paid", "payment.succeeded", "subscription.renewed"])
def test_an_invoice_says_the_same_in_both_shapes(event_type):
    """But for what since basil is not in it: the payment's id and how often the price is charged."""
    since = deepcopy(STRIPE.data(STRIPE.payload("invoice.paid"), event_type))
    until = deepcopy(STRIPE.data(STRIPE.payload("invoice.paid--before-basil"), event_type))
    assert until["payment"].pop("id") == "pi_3SwHostRenew1042"
    assert since["payment"].pop("id") is None
    for each in (since, until):
        each["subscription"] |= {"interval": None, "interval_count": None}

    assert since == until


def test_ids_may_be_whole_objects():
    payload = STRIPE.changed(
        "invoice.paid--before-basil",
        customer={"id": "cus_9", "object": "customer", "name": "Ada", "business_name": "Ada Ltd"},
        subscription=STRIPE.payload("customer.subscription.updated")["data"]["object"],
        payment_intent={"id": "pi_9", "object": "payment_intent"},
    )

    paid, _, renewed = STRIPE.events(payload)

    assert paid.envelope["customer"] == {
        "id": "cus_9",
        "name": "Ada",
        "email": "zoe@example.com",
        "company": "Ada Ltd",
    }
    assert paid.envelope["data"]["payment"]["id"] == "pi_9"
    assert renewed.envelope["data"]["subscription"]["status"] == "active"


def test_a_period_is_the_next_to_end_of_the_items():
    items = deepcopy(STRIPE.payload("customer.subscription.created")["data"]["object"]["items"])
    items["data"][0] |= {"current_period_start": RUNS - 10, "current_period_end": RUNS}
    items["data"][1] |= {"current_period_start": ENDS - 10, "current_period_end": ENDS}

    found = STRIPE.data(STRIPE.changed("customer.subscription.created", items=items), "subscription.created")[
        "subscription"
    ]

    assert found["current_period_end"] == "2026-11-23T02:13:20Z"


def test_a_payment_of_an_invoice_is_told_by_the_invoice_and_once():
    paid = STRIPE.payload("invoice.paid")["data"]["object"]
    payloads = (
        STRIPE.payload("invoice.paid"),
        STRIPE.payload("invoice.paid") | {"type": "invoice.payment_succeeded", "id": "evt_the_other"},
        STRIPE.changed("payment_intent.succeeded", invoice=paid["id"], amount_received=paid["amount_paid"]),
        STRIPE.changed("payment_intent.succeeded", invoice={"id": paid["id"]}, amount_received=paid["amount_paid"]),
        charge(),
    )

    told = {event.id: event.type for payload in payloads for event in STRIPE.events(payload)}

    assert list(told.values()) == ["invoice.paid", "payment.succeeded", "subscription.renewed"]


def test_a_term_is_renewed_once_though_its_invoice_and_the_subscription_tell_of_it():
    paid = STRIPE.payload("invoice.paid")
    line = paid["data"]["object"]["lines"]["data"][0]
    sub = deepcopy(STRIPE.payload("customer.subscription.updated")["data"]["object"])
    sub |= {"id": line["parent"]["subscription_item_details"]["subscription"], "status": "active"}
    sub["items"]["data"][0]["current_period_end"] = line["period"]["end"]
    before = {"items": {"data": [{"current_period_end": line["period"]["start"]}]}}
    moved = STRIPE.payload("customer.subscription.updated")
    moved["data"] = {"object": sub, "previous_attributes": before}

    renewed = {
        event.id
        for payload in (paid, moved)
        for event in STRIPE.events(payload)
        if event.type == "subscription.renewed"
    }

    assert len(renewed) == 1


def test_a_payment_of_its_own_is_told_by_its_intent():
    session = STRIPE.changed("checkout.session.completed", payment_intent="pi_1", subscription=None, invoice=None)
    told = [
        type_
        for payload in (
            STRIPE.payload("payment_intent.succeeded"),
            charge(),
            session | {"type": "checkout.session.async_payment_succeeded"},
        )
        for type_ in STRIPE.types(payload)
    ]

    assert told == ["payment.succeeded"]


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        ("charge.succeeded", "payment.succeeded"),
        ("charge.failed", "payment.failed"),
        ("charge.captured", "payment.succeeded"),
        ("charge.pending", "payment.pending"),
    ],
)
def test_a_charge_without_an_intent_tells_for_itself(native, expected):
    payload = charge(payment_intent=None, failure_code="card_declined", outcome={"reason": "lost_card"})

    assert STRIPE.types(payload | {"type": native}) == [expected]


def intent_that_failed(charge_id: str | None, code: str = "card_declined") -> dict[str, Any]:
    error = {"type": "card_error", "code": code, "charge": charge_id}
    return STRIPE.changed("payment_intent.payment_failed", last_payment_error=error)


def failed_charge(charge_id: str) -> dict[str, Any]:
    return STRIPE.changed("charge.failed", id=charge_id)


def test_a_try_that_failed_is_told_once_by_its_charge_and_its_intent():
    tries = (intent_that_failed("ch_1"), failed_charge("ch_1"), failed_charge("ch_2"), intent_that_failed("ch_2"))

    told = [(event.type, event.id) for payload in tries for event in STRIPE.events(payload)]

    assert [name for name, _ in told] == ["payment.failed"] * 4
    assert [told.index(each) for each in told] == [0, 0, 2, 2]
    assert STRIPE.data(failed_charge("ch_1"), "payment.failed")["payment"]["id"] == "pi_3SwHostRenew1042"


def test_an_intent_of_before_2022_lists_its_charge():
    listed = {"object": "list", "data": [{"id": "ch_1", "object": "charge"}]}
    payload = STRIPE.changed(
        "payment_intent.payment_failed", last_payment_error=None, latest_charge=None, charges=listed
    )

    assert [event.id for event in STRIPE.events(payload)] == [
        event.id for event in STRIPE.events(failed_charge("ch_1"))
    ]


def test_a_confirmation_that_failed_is_no_repeat_of_the_try_before():
    """Nothing was charged, so the latest charge is that of an earlier try."""
    [declined] = STRIPE.events(failed_charge("ch_3SwHostRenew1042"))

    [unconfirmed] = STRIPE.events(intent_that_failed(None, "payment_intent_authentication_failure"))

    assert unconfirmed.id != declined.id


@pytest.mark.parametrize("intent", [None, "pi_3SwHostMigrate1"])
def test_a_charge_that_is_only_authorized_is_not_paid(intent):
    assert STRIPE.types(charge(captured=False, amount_captured=0, payment_intent=intent)) == []


@pytest.mark.parametrize(
    ("fields", "minor"),
    [
        ({"amount_captured": 5900}, 5900),
        ({"amount_captured": 4900, "amount_refunded": 1000}, 4900),
        ({"amount_captured": None, "amount_refunded": 1000}, 4900),
    ],
)
def test_what_is_captured_is_what_was_paid(fields, minor):
    payload = charge(payment_intent=None, **fields) | {"type": "charge.captured"}

    assert STRIPE.data(payload, "payment.succeeded")["payment"]["amount_minor"] == minor


def test_a_capture_is_told_once_though_its_intent_and_its_charge_tell_of_it():
    captured = charge(payment_intent="pi_1", amount_captured=5900) | {"type": "charge.captured"}
    payloads = (STRIPE.changed("payment_intent.succeeded", id="pi_1", amount_received=5900), captured)

    assert len({event.id for payload in payloads for event in STRIPE.events(payload)}) == 1


def test_a_charge_is_paid_once_whether_at_once_or_when_it_is_captured():
    at_once, captured = charge(payment_intent=None), charge(payment_intent=None) | {"type": "charge.captured"}

    assert [event.id for event in STRIPE.events(at_once)] == [event.id for event in STRIPE.events(captured)]


def test_a_failed_payment_of_an_invoice_is_told_with_its_reason():
    """An invoice tells that it failed, but not why."""
    payment = STRIPE.data(STRIPE.payload("payment_intent.payment_failed"), "payment.failed")["payment"]

    assert payment["failure_code"] == "insufficient_funds"
    assert payment["invoice_id"] == "in_1SwHostRenew1042"


def test_an_invoice_that_cost_nothing_is_paid_without_a_payment():
    payload = STRIPE.changed("invoice.paid", amount_paid=0)

    assert STRIPE.types(payload) == ["invoice.paid", "subscription.renewed"]
    assert STRIPE.data(payload, "invoice.paid")["payment"] is None


def test_a_first_invoice_is_no_renewal():
    assert STRIPE.types(STRIPE.changed("invoice.paid", billing_reason="subscription_create")) == [
        "invoice.paid",
        "payment.succeeded",
    ]


def test_the_last_attempt_promises_no_other():
    assert STRIPE.types(STRIPE.changed("invoice.payment_failed", next_payment_attempt=None)) == [
        "invoice.payment_failed",
        "subscription.renewal_failed",
    ]


def test_a_pending_refund_is_not_told_as_done():
    payload = STRIPE.payload("charge.refunded--before-basil")
    payload["data"]["object"]["refunds"]["data"][0]["status"] = "pending"

    assert STRIPE.types(payload) == []


def charge(**fields: Any) -> dict[str, Any]:
    return STRIPE.changed("charge.refunded", **({"amount_refunded": 0} | fields)) | {"type": "charge.succeeded"}


@pytest.mark.parametrize(
    ("minor", "currency", "amount", "amount_minor"),
    [
        (2400, "eur", "24.00", 2400),
        (2400, "jpy", "2400", 2400),
        (12500, "kwd", "12.500", 12500),
        (240000, "isk", "2400", 2400),
        (240000, "ugx", "2400", 2400),
        (2400, "mga", "2400.00", 240000),
        (2400, "huf", "24.00", 2400),
    ],
)
def test_money_is_counted_as_stripe_counts_it(minor, currency, amount, amount_minor):
    payload = STRIPE.changed("payment_intent.succeeded", amount_received=minor, currency=currency)

    payment = STRIPE.data(payload, "payment.succeeded")["payment"]

    assert payment["amount"] == Decimal(amount)
    assert str(payment["amount"]) == amount
    assert payment["amount_minor"] == amount_minor


@pytest.mark.parametrize(
    ("price", "amount_minor"),
    [
        ({"unit_amount": 1250}, 3750),
        ({"unit_amount": None, "unit_amount_decimal": "0.5"}, None),
        ({"unit_amount": None, "unit_amount_decimal": "12.00"}, 36),
        ({"unit_amount": None, "unit_amount_decimal": None}, None),
        ({"transform_quantity": {"divide_by": 100, "round": "up"}}, None),
    ],
)
def test_a_subscription_costs_its_units_where_units_decide(price, amount_minor):
    payload = STRIPE.payload("customer.subscription.updated")
    [item] = payload["data"]["object"]["items"]["data"]
    item["quantity"] = 3
    item["price"] |= price

    assert STRIPE.data(payload, "subscription.updated")["subscription"]["amount_minor"] == amount_minor


def test_every_event_that_stripe_knows_is_mapped_or_knowingly_ignored():
    known = set(get_args(stripe.Event.__annotations__["type"]))
    assert known

    assert known - set(PROVIDER.events) - PROVIDER.ignored == set()
    assert set(PROVIDER.events) & PROVIDER.ignored == set()


def test_the_setup_guide_names_every_event_that_is_mapped_and_no_other():
    guide = (FOLDER / "setup.md").read_text()
    chosen, _, left_out = guide.partition("Leave these out")
    table = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", "\n".join(re.findall(r"^\|.*\|$", chosen, re.M))))
    named = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)+)`", left_out))
    not_named = {"checkout.session.async_payment_failed", "customer.source.deleted"}
    not_named |= {
        "customer.source.updated",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
    }

    assert table <= set(PROVIDER.events)
    assert set(PROVIDER.events) - table <= named | not_named


@cases("path", SAMPLES, ids=lambda path: path.stem)
@cases("absent", [..., None], ids=["missing", "null"])
def test_no_field_of_an_object_is_needed(path, absent):
    """What a payload lacks is null in the event; it never costs the event."""
    payload = STRIPE.payload(path.stem)
    about = payload.get("data", {}).get("object", {})

    for name in about:
        poorer = deepcopy(payload)
        if absent is ...:
            del poorer["data"]["object"][name]
        else:
            poorer["data"]["object"][name] = None
        for event in STRIPE.events(poorer):
            assert event.type != "unknown", f"without {name}: {event.envelope['data']}"
            assert event.defect is None, f"without {name}"


def test_a_thin_event_is_kept_as_unknown():
    event = STRIPE.event(STRIPE.payload("v1.billing.meter.no_meter_found"))

    assert event.type == "unknown"
    assert event.envelope["provider_event"]["type"] == "v1.billing.meter.no_meter_found"
    assert event.envelope["occurred_at"] == "2026-11-22T07:00:00.123000Z"
    assert event.envelope["data"]["unknown"]["defect"] is None


@pytest.mark.parametrize("payload", [{}, {"type": 7}, {"type": "invoice.paid"}, {"type": "invoice.paid", "data": 1}])
def test_a_body_that_is_no_event_is_kept_as_unknown(payload):
    assert STRIPE.types(payload) == ["unknown"]


def test_a_client_secret_is_not_stored():
    inbound = read(PROVIDER, read_http(FOLDER / "samples" / "payment_intent.succeeded.http")[1])

    assert b"_secret_" not in PROVIDER.storable(inbound)


def signed(body: bytes, *secrets: str, now: int = NOW) -> Inbound:
    """As Stripe signs while a secret is rolled: one stamp, a `v1` for each live secret."""
    parts = [f"t={now}"]
    for secret in secrets:
        inbound = PROVIDER.verification.sign(Inbound(body), Credentials((secret,)), now)
        parts.append(inbound.headers["stripe-signature"].partition(",")[2])
    return Inbound(body, headers={"stripe-signature": ",".join(parts)})


@pytest.mark.parametrize("known", [(OLD,), (NEW,), (NEW, OLD)])
def test_while_a_secret_is_rolled_either_one_proves(known):
    assert PROVIDER.verification.verify(signed(b"{}", NEW, OLD), Credentials(known), NOW) == "stripe_signature"


def test_what_we_sign_satisfies_their_own_library():
    header = signed(b'{"id":"evt_1"}', NEW).headers["stripe-signature"]

    assert stripe.WebhookSignature.verify_header('{"id":"evt_1"}', header, NEW, tolerance=None)


def test_what_their_own_library_signs_satisfies_us():
    header = stripe.WebhookSignature.generate_signature_header('{"id":"evt_1"}', NEW, NOW)
    webhook = Inbound(b'{"id":"evt_1"}', headers={"stripe-signature": header})

    assert PROVIDER.verification.verify(webhook, Credentials((NEW,)), NOW) == "stripe_signature"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("t=1795330800,v0=00", "no_supported_signature"),
        ("v1=00", "malformed_header"),
        ("t=,v1=00", "malformed_header"),
        ("t=1795330800,t=1795330801,v1=00", "malformed_header"),
        ("t=1795330800,v1=é", "signature_mismatch"),
    ],
)
def test_an_odd_header_is_refused_with_its_reason(header, code):
    inbound = Inbound(b"{}", headers={"stripe-signature": header})

    with pytest.raises(VerificationError) as refusal:
        PROVIDER.verification.verify(inbound, Credentials((NEW,)), NOW)

    assert refusal.value.code == code


TOLD = {
    "charge.dispute.closed": ["dispute.won"],
    "charge.dispute.created": ["dispute.opened"],
    "charge.dispute.funds_withdrawn": ["dispute.updated"],
    "charge.failed": ["payment.failed"],
    "charge.refund.updated": ["refund.succeeded"],
    "charge.refunded": ["refund.succeeded"],
    "charge.succeeded": [],
    "checkout.session.completed": ["checkout.completed"],
    "customer.source.created": ["payment_method.added"],
    "customer.source.deleted": ["payment_method.removed"],
    "customer.source.expiring": ["payment_method.expiring"],
    "customer.subscription.created": ["subscription.created"],
    "customer.subscription.deleted": ["subscription.canceled"],
    "customer.subscription.paused": ["subscription.paused"],
    "customer.subscription.resumed": ["subscription.resumed"],
    "customer.subscription.trial_will_end": ["subscription.trial_ending"],
    "customer.updated": ["customer.updated"],
    "invoice.created": ["invoice.created"],
    "invoice.finalization_failed": ["subscription.renewal_failed"],
    "invoice.finalized": ["invoice.finalized"],
    "invoice.overdue": ["invoice.overdue"],
    "invoice.paid": ["invoice.paid", "payment.succeeded", "subscription.renewed"],
    "invoice.payment_action_required": ["payment.action_required"],
    "invoice.payment_failed": [
        "invoice.payment_failed",
        "subscription.renewal_failed",
        "payment.retry_scheduled",
    ],
    "invoice.payment_succeeded": ["invoice.paid", "payment.succeeded"],
    "invoice.sent": ["invoice.sent"],
    "invoice.upcoming": ["subscription.renewal_upcoming"],
    "invoice.voided": ["invoice.voided"],
    "invoice_payment.paid": ["payment.succeeded"],
    "payment_intent.payment_failed": ["payment.failed"],
    "payment_intent.processing": ["payment.pending"],
    "payment_intent.succeeded": ["payment.succeeded"],
    "payment_method.attached": ["payment_method.added"],
    "payment_method.automatically_updated": ["payment_method.updated"],
    "payment_method.detached": ["payment_method.removed"],
    "refund.created": ["refund.created"],
    "refund.updated": ["refund.succeeded"],
    "v1.billing.meter.error_report_triggered": ["unknown"],
}
UPDATES = {
    "customer.subscription.updated.oas.json": ["subscription.past_due"],
    "customer.subscription.updated.pay.json": ["subscription.updated"],
}


@of_every_file("gateways/stripe/*.json")
def test_a_published_payload_is_told_without_a_defect(path):
    payload = json.loads(path.read_bytes())

    found = STRIPE.events(payload)

    expected = UPDATES.get(path.name) or TOLD.get(payload["type"], [])
    assert [(event.type, event.defect) for event in found] == [(name, None) for name in expected]
    assert bool(found) == (payload["type"] not in PROVIDER.ignored and payload["type"] != "charge.succeeded")
