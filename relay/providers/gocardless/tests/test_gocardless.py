"""What is peculiar to GoCardless: batches of events that hold ids, and what is asked for them."""

from typing import Any

import pytest

from corpus import files, of_corpus, published
from kit.cases import cases
from kit.fake_api import KEY, ask, complete, failing, vendor
from kit.provider import ProviderUnderTest, brief
from kit.vendor import Vendor
from relay.formats import jsontext
from relay.providers import get

__all__ = ["failing", "vendor"]

GOCARDLESS = ProviderUnderTest("gocardless")

PUBLISHED = {
    "payments.charged_back+refunds.created.json": [
        ("dispute.opened", "PM000HOST3", "EV00HOST000008", "2026-09-12T08:13:51.404000Z"),
        ("refund.created", "RF000HOST1", "EV00HOST000009", "2026-09-12T09:13:51.404000Z"),
    ],
    "payments.confirmed+paid_out.json": [
        ("payment.succeeded", "PM000HOST1", "EV00HOST000002", "2026-09-12T02:13:51.404000Z"),
    ],
    "payments.failed.json": [
        ("payment.failed", "PM000HOST1", "EV00HOST000001", "2026-09-12T01:13:51.404000Z"),
        ("payment.retry_scheduled", "PM000HOST1", "EV00HOST000001", "2026-09-12T01:13:51.404000Z"),
    ],
    "subscriptions.cancelled.json": [
        ("subscription.canceled", "SB000HOST1", "EV00HOST000007", "2026-09-12T07:13:51.404000Z"),
    ],
    "webhook.subscription-created+mandate-created.json": [
        ("subscription.created", "SB0003JJQ2MR06", "EV00BD05S5VM2T", "2018-07-05T09:13:51.404000Z"),
        ("payment_method.added", "MD000AMA19XGEC", "EV00BD05TB8K63", "2018-07-05T09:13:56.893000Z"),
    ],
}


@of_corpus
@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items(), ids=PUBLISHED)
def test_a_published_payload_is_told(name: str, expected: list[Any]) -> None:
    found = GOCARDLESS.events(published(f"gateways/gocardless/{name}"))

    told = [(*brief(each, "id"), each.envelope["provider_event"]["id"], each.envelope["occurred_at"]) for each in found]
    assert told == expected


@of_corpus
def test_every_published_payload_is_in_the_table() -> None:
    assert {path.name for path in files("gateways/gocardless/*")} <= set(PUBLISHED)


def event(kind: str, action: str, own_id: str = "EV1", **fields: Any) -> dict[str, Any]:
    links = fields.pop("links", {"payment": "PM1"} if kind == "payments" else {kind.removesuffix("s"): "XX1"})
    made = {"id": own_id, "created_at": "2026-11-22T06:59:58.404Z", "resource_type": kind, "action": action}
    return made | {"links": links, "details": {}} | fields


def batch(*made: dict[str, Any]) -> bytes:
    return jsontext.dumps({"events": list(made), "meta": {"webhook_id": "WB1"}})


@cases(
    ("kind", "action", "expected"),
    [
        ("payments", "created", ["payment.pending"]),
        ("payments", "submitted", ["payment.pending"]),
        ("payments", "confirmed", ["payment.succeeded"]),
        ("payments", "paid_out", []),
        ("payments", "failed", ["payment.failed"]),
        ("payments", "late_failure_settled", []),
        ("payments", "cancelled", ["payment.failed"]),
        ("payments", "charged_back", ["dispute.opened"]),
        ("payments", "chargeback_cancelled", ["dispute.won"]),
        ("mandates", "created", ["payment_method.added"]),
        ("mandates", "active", ["payment_method.added"]),
        ("mandates", "cancelled", ["payment_method.removed"]),
        ("mandates", "failed", ["payment_method.removed"]),
        ("mandates", "expired", ["payment_method.expired"]),
        ("mandates", "replaced", ["payment_method.updated"]),
        ("subscriptions", "created", ["subscription.created"]),
        ("subscriptions", "payment_created", ["subscription.renewal_upcoming"]),
        ("subscriptions", "cancelled", ["subscription.canceled"]),
        ("subscriptions", "finished", ["subscription.expired"]),
        ("subscriptions", "paused", ["subscription.paused"]),
        ("subscriptions", "resumed", ["subscription.resumed"]),
        ("subscriptions", "amended", ["subscription.updated"]),
        ("refunds", "created", ["refund.created"]),
        ("refunds", "paid", ["refund.succeeded"]),
        ("refunds", "failed", ["refund.failed"]),
        ("billing_requests", "fulfilled", []),
        ("payments", "not_yet_invented", ["unknown"]),
    ],
)
def test_an_action_becomes(kind: str, action: str, expected: list[str]) -> None:
    assert GOCARDLESS.types(batch(event(kind, action))) == expected


def test_a_payment_that_waits_and_a_mandate_that_is_set_up_are_told_once() -> None:
    found = GOCARDLESS.events(
        batch(
            event("payments", "created", "EV1"),
            event("payments", "submitted", "EV2"),
            event("mandates", "created", "EV3"),
            event("mandates", "active", "EV4"),
        ),
    )

    assert [each.id == other.id for each, other in ((found[0], found[1]), (found[2], found[3]))] == [True, True]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("payment_retried", ["payment.retry_scheduled"]),
        ("payment_autoretried", []),
        (None, ["payment.retry_scheduled"]),
    ],
)
def test_a_retry_is_told_once(cause: str | None, expected: list[str]) -> None:
    """One that GoCardless makes by itself was told with the failure."""
    failed = event("payments", "failed", details={"cause": "refer_to_payer", "will_attempt_retry": True})
    again = event("payments", "resubmission_requested", "EV2", details={"cause": cause})

    assert GOCARDLESS.types(batch(failed)) == ["payment.failed", "payment.retry_scheduled"]
    assert GOCARDLESS.types(batch(again)) == expected


def test_the_same_event_in_another_batch_has_the_same_id() -> None:
    one = event("payments", "confirmed", "EV1")

    [alone] = GOCARDLESS.events(batch(one))
    among_others = GOCARDLESS.events(batch(event("refunds", "paid", "EV0"), one))

    assert among_others[1].id == alone.id


def test_a_broken_event_does_not_cost_the_others() -> None:
    body = jsontext.dumps({"events": [{"id": "EV0"}, event("payments", "confirmed")]})

    assert GOCARDLESS.types(body) == ["unknown", "payment.succeeded"]


def test_a_refund_leads_to_its_payment_its_mandate_and_its_customer(vendor: Vendor) -> None:
    vendor.answers = {
        "/refunds/XX1": {"refunds": {"id": "XX1", "amount": 500, "currency": "JPY", "links": {"payment": "PM1"}}},
        "/payments/PM1": {"payments": {"id": "PM1", "links": {"mandate": "MD1", "subscription": "SB1"}}},
        "/mandates/MD1": {"mandates": {"id": "MD1", "links": {"customer": "CU1"}}},
        "/customers/CU1": {
            "customers": {"id": "CU1", "given_name": "Zoë", "family_name": "Müller", "email": "z@x.example"}
        },
    }

    found = ask(GOCARDLESS, batch(event("refunds", "paid")), vendor)

    [told] = found.events
    assert brief(told, "id", "amount_minor", "currency", "payment_id") == (
        "refund.succeeded",
        "XX1",
        500,
        "JPY",
        "PM1",
    )
    assert told.envelope["customer"] == {"id": "CU1", "name": "Zoë Müller", "email": "z@x.example", "company": None}
    assert found.enriched == [True]
    asked = {each.headers["authorization"] + each.headers["gocardless-version"] for each in vendor.asked}
    assert asked == {f"Bearer {KEY}2015-07-06"}


def test_a_planned_payment_says_when_the_subscription_renews(vendor: Vendor) -> None:
    vendor.answers = {
        "/subscriptions/SB1": {
            "subscriptions": {
                "id": "SB1",
                "name": "Hosting",
                "amount": 2400,
                "currency": "GBP",
                "upcoming_payments": [{"charge_date": "2026-12-27"}],
            }
        },
        "/payments/PM1": {"payments": {"id": "PM1", "charge_date": "2026-11-27"}},
    }
    planned = event("subscriptions", "payment_created", links={"subscription": "SB1", "payment": "PM1"})

    [told] = ask(GOCARDLESS, batch(planned), vendor).events

    assert brief(told, "renews_at", "days_until_renewal", "amount_minor") == (
        "subscription.renewal_upcoming",
        "2026-11-27T00:00:00Z",
        5,
        2400,
    )


def test_nothing_is_asked_for_what_is_not_told(vendor: Vendor) -> None:
    found = ask(GOCARDLESS, batch(event("payments", "paid_out"), event("payouts", "paid")), vendor)

    assert (found.types, vendor.paths) == ([], [])


def test_without_an_answer_an_event_is_told_without_amounts(failing: Vendor) -> None:
    found = ask(GOCARDLESS, batch(event("payments", "confirmed")), failing)

    assert [brief(each, "id", "amount", "currency") for each in found.events] == [
        ("payment.succeeded", "PM1", None, None)
    ]
    assert (found.enriched, found.complete) == ([False], complete(failing))


def test_it_waits_for_answers_for_minutes_and_not_for_a_day() -> None:
    look_up = get("gocardless").look_up

    assert look_up is not None
    assert look_up.patience <= 300


def test_a_batch_of_gocardless_asks_for_each_thing_once_and_tells_each_event(vendor: Vendor) -> None:
    events = [
        {"id": f"EV{n}", "resource_type": "payments", "action": action, "links": {"payment": "PM1"}, "details": {}}
        for n, action in enumerate(("confirmed", "charged_back", "something_new"))
    ]
    vendor.answers = {
        "/payments/PM1": {"payments": {"id": "PM1", "amount": 1200, "currency": "JPY", "links": {"mandate": "MD1"}}},
        "/mandates/MD1": {"mandates": {"id": "MD1", "links": {"customer": "CU1"}}},
        "/customers/CU1": {"customers": {"id": "CU1", "email": "zoe@example.com"}},
    }

    found = ask(GOCARDLESS, jsontext.dumps({"events": events}), vendor).amounts

    assert found == [
        ("payment.succeeded", 1200, "zoe@example.com"),
        ("dispute.opened", 1200, "zoe@example.com"),
        ("unknown", None, None),
    ]
    assert sorted(vendor.paths) == ["/customers/CU1", "/mandates/MD1", "/payments/PM1"]


def test_250_events_of_gocardless_have_250_ids() -> None:
    events = [
        {"id": f"EV{n}", "resource_type": "mandates", "action": "cancelled", "links": {"mandate": f"MD{n}"}}
        for n in range(250)
    ]

    made = GOCARDLESS.events({"events": events})

    assert len({event.id for event in made}) == 250
