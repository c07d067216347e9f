"""What is peculiar to Mollie: older webhooks that say an id, told by what Mollie answers, once."""

from typing import Any

import pytest

from corpus import files, of_corpus, published
from kit.cases import cases
from kit.fake_api import KEY, ask, complete, failing, vendor
from kit.provider import ProviderUnderTest, brief
from kit.vendor import Vendor
from relay.formats import jsontext
from relay.model import Event, Inbound

__all__ = ["failing", "vendor"]

MOLLIE = ProviderUnderTest("mollie")
NOW = 1_795_330_800

EUROS = {"value": "24.00", "currency": "EUR"}
PAYMENT = {"resource": "payment", "id": "tr_1", "mode": "live", "status": "paid", "amount": EUROS}

PUBLISHED = {
    "classic.order.form": [("unknown", None, None)],
    "classic.payment.form": [("unknown", None, None)],
    "classic.subscription-payment.form": [("unknown", None, None)],
    "payment-link.paid.simple.json": [("checkout.completed", "pl_4Y0eZitmBnQ5jsBYZIBw", None)],
    "payment.failed.json": [("payment.failed", "tr_WDqYK6vllg", 2000)],
    "refund.refunded.json": [("refund.succeeded", "re_4qqhO89gsT", 595)],
    "sales-invoice.paid.json": [("invoice.paid", "invoice_4Y0eZitmBnQ6IDoMqZQKh", 10769)],
}


def told(event: Event) -> tuple[str, Any, Any]:
    entity = next(iter(event.envelope["data"].values()))
    return event.type, entity.get("id"), entity.get("amount_minor")


@of_corpus
@pytest.mark.parametrize(("name", "expected"), PUBLISHED.items(), ids=PUBLISHED)
def test_a_published_payload_is_told(name: str, expected: list[Any]) -> None:
    body = published(f"gateways/mollie/{name}")

    assert [told(event) for event in MOLLIE.events(body)] == expected


@of_corpus
def test_every_published_payload_is_in_the_table() -> None:
    assert {path.name for path in files("gateways/mollie/*")} <= set(PUBLISHED)


def older(**fields: Any) -> list[Event]:
    """Of an older webhook, with what Mollie answers of the payment and, where given, of its refunds and chargebacks."""
    lists = {name: {"_embedded": {name: fields.pop(name)}} for name in ("refunds", "chargebacks") if name in fields}
    return MOLLIE.events(b"id=tr_1", looked_up={"entity": PAYMENT | fields, **lists})


def newer(name: str, entity: dict[str, Any]) -> list[Event]:
    body = {
        "resource": "event",
        "id": "event_1",
        "type": name,
        "entityId": entity["id"],
        "_embedded": {"entity": entity},
    }
    return MOLLIE.events(jsontext.dumps(body))


@cases(
    ("status", "expected"),
    [
        ("open", []),
        ("pending", [("payment.pending", "pending")]),
        ("authorized", [("payment.pending", "pending")]),
        ("paid", [("payment.succeeded", "succeeded")]),
        ("failed", [("payment.failed", "failed")]),
        ("expired", [("payment.failed", "failed")]),
        ("canceled", [("payment.failed", "canceled")]),
        ("not_yet_invented", [("unknown", None)]),
    ],
)
def test_an_older_webhook_is_told_by_the_state_of_its_payment(status: str, expected: list[Any]) -> None:
    found = older(status=status)

    assert [(each.type, each.envelope["data"].get("payment", {}).get("status")) for each in found] == expected


def test_a_state_is_told_once_however_often_and_by_whichever_webhook() -> None:
    refund = {"resource": "refund", "id": "re_1", "status": "refunded", "amount": EUROS}
    paid = older()
    again = older(amountRefunded=EUROS, refunds=[refund])
    newest = newer("payment.paid", PAYMENT) + newer("refund.refunded", refund | {"paymentId": "tr_1"})

    assert {event.id for event in paid} < {event.id for event in again}
    assert {event.id for event in newest} == {event.id for event in again}


def test_each_refund_and_chargeback_of_a_payment_is_told_with_its_own_amount() -> None:
    yen = {"value": "1200", "currency": "JPY"}
    found = older(
        amountRefunded=EUROS,
        amountChargedBack=EUROS,
        refunds=[
            {"id": "re_1", "status": "refunded", "amount": yen},
            {"id": "re_2", "status": "pending", "amount": {"value": "3.00", "currency": "EUR"}},
            {"id": "re_3", "status": "canceled", "amount": EUROS},
        ],
        chargebacks=[
            {"id": "chb_1", "amount": EUROS, "reversedAt": None},
            {"id": "chb_2", "amount": EUROS, "reversedAt": "2026-11-22T06:00:00+00:00"},
        ],
    )

    assert [brief(each, "id", "status", "amount_minor") for each in found] == [
        ("payment.succeeded", "tr_1", "succeeded", 2400),
        ("refund.succeeded", "re_1", "succeeded", 1200),
        ("refund.created", "re_2", "pending", 300),
        ("refund.failed", "re_3", "canceled", 2400),
        ("dispute.opened", "chb_1", "open", 2400),
        ("dispute.opened", "chb_2", "open", 2400),
        ("dispute.won", "chb_2", "won", 2400),
    ]
    assert len({each.id for each in found}) == len(found)


def test_refunds_that_cannot_be_listed_are_told_by_their_sum_and_each_sum_once() -> None:
    first = older(amountRefunded={"value": "5.00", "currency": "EUR"})
    again = older(amountRefunded={"value": "5.00", "currency": "EUR"})
    more = older(amountRefunded={"value": "8.00", "currency": "EUR"})

    assert [brief(each, "id", "amount_minor") for each in first][1:] == [("refund.succeeded", None, 500)]
    assert [each.id for each in again] == [each.id for each in first]
    assert more[1].id != first[1].id


def test_nothing_given_back_is_no_refund() -> None:
    nothing = {"value": "0.00", "currency": "EUR"}

    assert [each.type for each in older(amountRefunded=nothing, amountChargedBack=nothing)] == ["payment.succeeded"]


def test_a_payment_link_is_paid_when_it_says_when() -> None:
    link = {"resource": "payment-link", "id": "pl_1", "amount": EUROS}

    assert MOLLIE.types(b"id=pl_1", looked_up={"entity": link}) == []
    assert MOLLIE.types(b"id=pl_1", looked_up={"entity": link | {"paidAt": "2026-11-22T06:00:00Z"}}) == [
        "checkout.completed"
    ]


def test_an_order_that_is_paid_and_then_completed_is_told_once() -> None:
    order = {"resource": "order", "id": "ord_1", "orderNumber": "17", "amount": EUROS}

    ids = {
        event.id
        for status in ("paid", "completed", "completed")
        for event in MOLLIE.events(b"id=ord_1", looked_up={"entity": order | {"status": status}})
    }

    assert len(ids) == 1


def test_a_payment_of_a_subscription_is_told_with_its_plan(vendor: Vendor) -> None:
    vendor.answers = {
        "/v2/payments/tr_1": PAYMENT | {"customerId": "cst_1", "subscriptionId": "sub_1"},
        "/v2/customers/cst_1": {"name": "Zoë", "email": "zoe@example.com"},
        "/v2/customers/cst_1/subscriptions/sub_1": {
            "status": "active",
            "amount": EUROS,
            "interval": "3 months",
            "description": "Hosting",
            "nextPaymentDate": "2027-02-22",
        },
    }

    found = ask(MOLLIE, b"id=tr_1", vendor)

    subscription = found.events[1].envelope["data"]["subscription"]
    assert (found.types, found.enriched) == (["payment.succeeded", "subscription.renewed"], [True, True])
    assert {name: subscription[name] for name in ("id", "plan", "interval", "interval_count", "renews_at")} == {
        "id": "sub_1",
        "plan": "Hosting",
        "interval": "month",
        "interval_count": 3,
        "renews_at": "2027-02-22T00:00:00Z",
    }
    assert {each.headers["authorization"] for each in vendor.asked} == {f"Bearer {KEY}"}


def test_a_chargeback_is_told_with_the_customer_of_its_payment(vendor: Vendor) -> None:
    vendor.answers = {
        "/v2/payments/tr_1": PAYMENT | {"customerId": "cst_1"},
        "/v2/customers/cst_1": {"email": "zoe@example.com"},
    }
    chargeback = {"resource": "chargeback", "id": "chb_1", "amount": EUROS, "paymentId": "tr_1"}
    body = {"type": "chargeback.received", "id": "event_1", "entityId": "chb_1", "_embedded": {"entity": chargeback}}

    [event] = ask(MOLLIE, jsontext.dumps(body), vendor).events

    assert (event.type, event.customer_email) == ("dispute.opened", "zoe@example.com")


@pytest.mark.parametrize(("now", "expected"), [("draft", "draft"), ("issued", "open"), ("paid", "paid"), (None, None)])
def test_an_invoice_may_be_made_issued_at_once(now: str | None, expected: str | None) -> None:
    entity = {"resource": "sales-invoice", "id": "invoice_1", "status": now, "totalAmount": EUROS}
    body = {"type": "sales-invoice.created", "id": "event_1", "entityId": "invoice_1", "_embedded": {"entity": entity}}

    [event] = MOLLIE.events(jsontext.dumps(body))

    assert brief(event, "status") == ("invoice.created", expected)


def test_whom_a_payment_was_written_for_is_not_the_customer_who_paid() -> None:
    person = {"givenName": "Ada", "familyName": "Byron", "email": "ada@example.com", "organizationName": "Engines"}
    payment = PAYMENT | {"billingAddress": person}

    for found, expected in [
        ({"entity": payment}, {"name": "Ada Byron", "email": "ada@example.com", "company": "Engines"}),
        ({"entity": payment | {"customerId": "cst_1"}}, {"id": "cst_1"}),
        (
            {"entity": payment | {"customerId": "cst_1"}, "customer": {"name": "Zoë"}},
            {"id": "cst_1", "name": "Zoë"},
        ),
    ]:
        [event] = MOLLIE.events(b"id=tr_1", looked_up=found)

        told_of = event.envelope["customer"]
        assert {name: value for name, value in told_of.items() if value} == expected


def test_without_an_answer_an_older_webhook_says_nothing(failing: Vendor) -> None:
    found = ask(MOLLIE, b"id=tr_1", failing)

    assert (found.types, found.enriched, found.complete) == (["unknown"], [False], complete(failing))
    assert found.events[0].envelope["provider_event"]["type"] == "payment (not looked up)"


def test_without_an_answer_a_newer_event_is_told_as_it_came(failing: Vendor) -> None:
    payment = PAYMENT | {"customerId": "cst_1"}
    body = {"type": "payment.paid", "id": "event_1", "entityId": "tr_1", "_embedded": {"entity": payment}}

    found = ask(MOLLIE, jsontext.dumps(body), failing)

    assert [brief(each, "id", "amount_minor") for each in found.events] == [("payment.succeeded", "tr_1", 2400)]
    assert (found.enriched, found.complete) == ([False], complete(failing))


def test_mollies_older_webhooks_are_told_by_what_mollie_answers(vendor: Vendor) -> None:
    vendor.answers = {
        "/v2/payments/tr_1": {
            "resource": "payment",
            "id": "tr_1",
            "status": "paid",
            "amount": {"value": "24.00", "currency": "EUR"},
            "amountChargedBack": {"value": "24.00", "currency": "EUR"},
            "customerId": "cst_1",
        },
        "/v2/customers/cst_1": {"email": "zoe@example.com"},
    }

    found = ask(MOLLIE, b"id=tr_1", vendor).amounts

    assert found == [("payment.succeeded", 2400, "zoe@example.com"), ("dispute.opened", 2400, "zoe@example.com")]
    assert {each.headers["authorization"] for each in vendor.asked} == {f"Bearer {KEY}"}


@pytest.mark.parametrize("answer", [404, 500, {}])
def test_what_mollie_does_not_answer_is_kept_as_unknown(vendor: Vendor, answer: Any) -> None:
    vendor.answers = {"/v2/payments/tr_1": answer}

    assert ask(MOLLIE, b"id=tr_1", vendor).types == ["unknown"]


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b'{"resource":"event","id":"event_1"}', {}, "missing_signature"),
        (b"id=tr_1&amount=1", {}, "missing_signature"),
        (b"id=../admin", {}, "missing_signature"),
        (b"id=tr_1", {"x-mollie-signature": "sha256=00"}, "malformed_header"),
        (b"", {}, "missing_signature"),
    ],
)
def test_what_only_looks_like_an_older_webhook_of_mollies_is_refused(
    body: bytes, headers: dict[str, str], code: str
) -> None:
    assert MOLLIE.refusal(Inbound(body, headers=headers), "secret", now=NOW) == code
