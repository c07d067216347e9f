"""What is peculiar to Chargebee: a password and no signature, so what it says again on asking counts."""

from base64 import b64encode
from typing import Any

import pytest

from corpus import files, of_corpus, published
from kit.cases import cases
from kit.fake_api import KEY, ask, complete, failing, vendor
from kit.provider import ProviderUnderTest, brief
from kit.vendor import Vendor
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.model import Event, Inbound
from relay.providers import get
from relay.security.verification import Credentials

__all__ = ["failing", "vendor"]

CHARGEBEE = ProviderUnderTest("chargebee")

AT = "2026-09-21T14:13:20Z"
ADA = "ada@example.com"
PUBLISHED = {
    "payment_failed.json": [
        ("payment.failed", "txn___test__8asyKSOcTIAy1f", 1000, "USD", AT, ADA),
        ("invoice.payment_failed", "__demo_inv__7", 1000, "USD", AT, ADA),
    ],
    "payment_succeeded.json": [
        ("payment.succeeded", "txn___test__8asyKSOcTIAy1f", 1000, "USD", AT, ADA),
        ("invoice.paid", "__demo_inv__7", 1000, "USD", AT, ADA),
    ],
    "subscription_cancelled.json": [("subscription.canceled", "__test__8asukSOXe0W3SU", 1000, "USD", AT, ADA)],
    "subscription_renewal_reminder.json": [
        ("subscription.renewal_upcoming", "__test__8asukSOXe0W3SU", 1000, "USD", AT, ADA)
    ],
    "subscription_renewed.json": [("subscription.renewed", "__test__8asukSOXe0W3SU", 1000, "USD", AT, ADA)],
}


@of_corpus
@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items(), ids=PUBLISHED)
def test_a_published_payload_is_told(name: str, expected: list[Any]) -> None:
    found = CHARGEBEE.events(published(f"gateways/chargebee/{name}"))

    assert [
        (*brief(each, "id", "amount_minor", "currency"), each.envelope["occurred_at"], each.customer_email)
        for each in found
    ] == expected


@of_corpus
def test_every_published_payload_is_in_the_table() -> None:
    assert {path.name for path in files("gateways/chargebee/*")} <= set(PUBLISHED)


def happened(name: str, own_id: str = "ev_1", **content: Any) -> bytes:
    return jsontext.dumps({"id": own_id, "event_type": name, "occurred_at": 1795330798, "content": content})


INVOICE = {"id": "7", "status": "payment_due", "currency_code": "EUR", "total": 2400, "amount_due": 1900}
CARD = {"payment_source_id": "pm_1", "last4": "4242", "expiry_month": 2, "expiry_year": 2028}


@cases(
    ("native", "expected"),
    [
        ("subscription_created", ["subscription.created"]),
        ("subscription_created_with_backdating", ["subscription.created"]),
        ("subscription_activated", ["subscription.activated"]),
        ("subscription_changed", ["subscription.updated"]),
        ("subscription_renewed", ["subscription.renewed"]),
        ("subscription_paused", ["subscription.paused"]),
        ("subscription_resumed", ["subscription.resumed"]),
        ("subscription_cancelled", ["subscription.canceled"]),
        ("subscription_cancellation_scheduled", ["subscription.cancellation_scheduled"]),
        ("subscription_trial_end_reminder", ["subscription.trial_ending"]),
        ("subscription_renewal_reminder", ["subscription.renewal_upcoming"]),
        ("invoice_generated", ["invoice.finalized"]),
        ("payment_due_reminder", ["invoice.due_soon"]),
        ("netd_payment_due_reminder", ["invoice.due_soon"]),
        ("product_created", []),
        ("variant_updated", []),
        ("omnichannel_subscription_item_downgrade_scheduled", []),
        ("payment_succeeded", ["payment.succeeded"]),
        ("payment_failed", ["payment.failed"]),
        ("payment_initiated", ["payment.pending"]),
        ("payment_refunded", ["refund.succeeded"]),
        ("card_expiry_reminder", ["payment_method.expiring"]),
        ("payment_source_expiring", ["payment_method.expiring"]),
        ("card_expired", ["payment_method.expired"]),
        ("payment_source_expired", ["payment_method.expired"]),
        ("card_added", ["payment_method.added"]),
        ("payment_source_updated", ["payment_method.updated"]),
        ("payment_source_deleted", ["payment_method.removed"]),
        ("customer_changed", ["customer.updated"]),
        ("quote_created", []),
        ("not_yet_invented", ["unknown"]),
    ],
)
def test_an_event_becomes(native: str, expected: list[str]) -> None:
    """Whatever it holds: here nothing."""
    assert CHARGEBEE.types(happened(native)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("paid", ["invoice.paid"]),
        ("voided", ["invoice.voided"]),
        ("not_paid", ["invoice.uncollectible"]),
        ("posted", []),
    ],
)
def test_an_invoice_that_changes_is_told_by_its_status(status: str, expected: list[str]) -> None:
    assert CHARGEBEE.types(happened("invoice_updated", invoice=INVOICE | {"status": status})) == expected


@pytest.mark.parametrize(("due", "expected"), [(1795330797, "invoice.overdue"), (1795330799, "invoice.due_soon")])
@pytest.mark.parametrize("native", ["payment_due_reminder", "netd_payment_due_reminder"])
def test_a_reminder_after_the_due_date_is_of_an_overdue_invoice(native: str, due: int, expected: str) -> None:
    assert CHARGEBEE.types(happened(native, invoice=INVOICE | {"due_date": due})) == [expected]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            {"customer": {"id": "payer", "email": ADA}, "subscription": {"id": "s1", "customer_id": "branch"}},
            ("payer", ADA),
        ),
        ({"subscription": {"id": "s1", "customer_id": "branch"}}, ("branch", None)),
        ({"customer": {"email": ADA}, "invoice": {"customer_id": "branch"}}, (None, ADA)),
    ],
)
def test_the_customers_id_and_address_come_from_one_record(
    content: dict[str, Any], expected: tuple[str | None, str | None]
) -> None:
    [event] = CHARGEBEE.events(happened("subscription_changed", **content))

    assert (event.customer_id, event.customer_email) == expected


def test_an_invoice_is_paid_once_though_several_events_say_so() -> None:
    paid = INVOICE | {"status": "paid"}
    bodies = (
        happened("payment_succeeded", "ev_1", invoice=paid, transaction={"id": "txn_1"}),
        happened("invoice_updated", "ev_2", invoice=paid),
        happened("invoice_updated", "ev_3", invoice=paid | {"total": 2401}),
    )

    told = [event for body in bodies for event in CHARGEBEE.events(body)]

    assert len({event.id for event in told if event.type == "invoice.paid"}) == 1


def test_a_card_is_told_once_under_its_two_names() -> None:
    source = {"id": "pm_1", "type": "card", "card": CARD}
    told = [
        CHARGEBEE.events(happened("card_expiry_reminder", "ev_1", card=CARD)),
        CHARGEBEE.events(happened("payment_source_expiring", "ev_2", payment_source=source)),
    ]

    [[older], [newer]] = told
    assert (older.id, older.envelope["data"]) == (newer.id, newer.envelope["data"])
    assert brief(newer, "id", "last4", "expires_at") == (
        "payment_method.expiring",
        "pm_1",
        "4242",
        "2028-02-29T23:59:59Z",
    )


@pytest.mark.parametrize(("again", "expected"), [(1795590000, ["payment.retry_scheduled"]), (None, [])])
def test_dunning_is_told_while_there_is_another_attempt(again: int | None, expected: list[str]) -> None:
    body = happened("dunning_updated", invoice=INVOICE | {"next_retry_at": again, "dunning_attempts": [{}, {}]})

    found = CHARGEBEE.events(body)

    assert [event.type for event in found] == expected
    assert [brief(each, "amount_minor", "attempt_count", "next_attempt_at")[1:] for each in found] == [
        (1900, 2, "2026-11-25T07:00:00Z") for _ in expected
    ]


def test_a_failed_payment_of_a_later_term_is_a_failed_renewal() -> None:
    renewing = INVOICE | {"recurring": True, "first_invoice": False}

    assert CHARGEBEE.types(happened("payment_failed", invoice=renewing)) == [
        "payment.failed",
        "invoice.payment_failed",
        "subscription.renewal_failed",
    ]


def test_a_subscription_costs_its_plan_and_its_addons() -> None:
    items = [
        {"item_type": "plan", "item_price_id": "business", "amount": 2400, "quantity": 2},
        {"item_type": "addon", "item_price_id": "backup", "amount": 300},
        {"item_type": "charge", "item_price_id": "setup", "amount": 9900},
    ]
    body = happened("subscription_changed", subscription={"currency_code": "KWD", "subscription_items": items})

    [event] = CHARGEBEE.events(body)

    assert brief(event, "plan", "amount_minor", "currency", "quantity") == (
        "subscription.updated",
        "business",
        2700,
        "KWD",
        2,
    )


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Basic " + b64encode("relay:p:with:colons-ü".encode()).decode(), None),
        ("basic " + b64encode("relay:p:with:colons-ü".encode()).decode(), None),
        ("Basic " + b64encode(b"relay:p").decode(), "signature_mismatch"),
        ("Basic " + b64encode(b"relay:\xff").decode(), "malformed_header"),
        ("Bearer p:with:colons-ü", "malformed_header"),
        ("", "missing_signature"),
    ],
)
def test_a_password_may_hold_colons_and_letters_of_any_script(header: str, code: str | None) -> None:
    inbound = Inbound(b"{}", headers={"authorization": header})

    try:
        get("chargebee").verification.verify(inbound, Credentials(("relay:p:with:colons-ü",)), 0)
        refused = None
    except VerificationError as refusal:
        refused = refusal.code

    assert refused == code


def posted_and_genuine() -> tuple[bytes, dict[str, Any]]:
    genuine = {"id": "ev_1", "event_type": "invoice_updated", "content": {"invoice": INVOICE | {"status": "paid"}}}
    return happened("invoice_updated", invoice=INVOICE | {"status": "paid", "total": 1}), genuine


def test_what_chargebee_itself_answers_counts(vendor: Vendor) -> None:
    posted, genuine = posted_and_genuine()
    vendor.answers = {"/api/v2/events/ev_1": {"event": genuine}}

    found = ask(CHARGEBEE, posted, vendor)

    assert [brief(each, "amount_minor") for each in found.events] == [("invoice.paid", 2400)]
    assert found.enriched == [True]
    expected = b64encode(f"{KEY}:".encode()).decode()
    assert [each.headers["authorization"] for each in vendor.asked] == [f"Basic {expected}"]


def test_without_a_key_nothing_is_asked(vendor: Vendor) -> None:
    found = ask(CHARGEBEE, posted_and_genuine()[0], vendor, key="")

    assert (found.types, found.enriched, vendor.paths) == (["invoice.paid"], [None], [])


def test_without_an_answer_an_event_is_told_as_it_came(failing: Vendor) -> None:
    found = ask(CHARGEBEE, posted_and_genuine()[0], failing)

    assert [brief(each, "amount_minor") for each in found.events] == [("invoice.paid", 1)]
    assert (found.enriched, found.complete) == ([False], complete(failing))


def proofs(told: list[Event]) -> set[str]:
    return {event.envelope["source"]["signed"] for event in told}


def test_events_say_that_nothing_was_signed() -> None:
    assert proofs(CHARGEBEE.events(happened("subscription_renewed"))) == {"not"}


def test_chargebee_fetches_the_event_again_when_it_has_a_key(vendor: Vendor) -> None:
    invoice = {"id": "7", "status": "paid", "currency_code": "EUR", "total": 2400}
    genuine = {"id": "ev_1", "event_type": "invoice_updated", "content": {"invoice": invoice}}
    vendor.answers = {"/api/v2/events/ev_1": {"event": genuine}}
    posted = {**genuine, "content": {"invoice": {**invoice, "total": 1}}}

    assert ask(CHARGEBEE, jsontext.dumps(posted), vendor).amounts == [("invoice.paid", 2400, None)]
