"""What Stripe does, through its own library, against a server that answers as Stripe documents it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from actions.fake_vendor import Answer, FakeVendor
from relay.catalogue.action_types import get as get_action
from relay.errors import RelayError
from relay.providers.stripe.actions import ACTIONS
from relay.providers.stripe.tests.vendor import GIVEN, KEYS, Account
from relay.sdk.outcomes import Declined, Done, Failed, Uncertain

CHANGES = [each for each in ACTIONS if get_action(each).risk != "read"]
LATER = 7226582400


@pytest.fixture
def stripe() -> Account:
    return Account()


@pytest.fixture
def vendor(stripe: Account) -> Iterator[FakeVendor]:
    with FakeVendor(stripe) as made:
        yield made


def does(vendor: FakeVendor, action: str, *, key: str = "run_1", **given: Any) -> Done:
    done = ACTIONS[action].run(vendor.task({**GIVEN[action], **given}, KEYS, key=key))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


@pytest.mark.parametrize("action", CHANGES)
def test_it_is_done_and_told(vendor: FakeVendor, stripe: Account, action: str) -> None:
    if action == "subscription.resume":
        stripe.subscription["pause_collection"] = {"behavior": "void"}

    done = does(vendor, action)

    assert stripe.effects
    assert done.text.endswith(".")
    keys = [each.headers["idempotency-key"] for each in vendor.told()]
    assert keys == [f"run_1-{number}" for number in range(1, len(keys) + 1)]


@pytest.mark.parametrize(
    "action",
    [
        "invoice.retry_payment",
        "invoice.void",
        "invoice.mark_uncollectible",
        "invoice.record_payment",
        "subscription.pause",
    ],
)
def test_what_is_so_already_is_done(vendor: FakeVendor, stripe: Account, action: str) -> None:
    does(vendor, action)

    assert "already" in does(vendor, action, key="run_2").text
    assert len(stripe.effects) == 1


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (402, {"type": "card_error", "code": "card_declined", "message": "No money."}, Declined, "declined"),
        (
            402,
            {"type": "card_error", "code": "invoice_payment_intent_requires_action", "message": "3DS"},
            Failed,
            "needs_customer",
        ),
        (401, {"type": "invalid_request_error", "message": "Invalid API Key"}, Failed, "credentials_refused"),
        (403, {"type": "invalid_request_error", "message": "Not allowed"}, Failed, "not_permitted"),
        (400, {"type": "invalid_request_error", "message": "Bad"}, Failed, "refused"),
        (400, {"type": "idempotency_error", "message": "Other parameters"}, Uncertain, "unknown"),
    ],
)
def test_stripes_errors_are_outcomes(
    vendor: FakeVendor, stripe: Account, status: int, error: dict[str, Any], kind: type[RelayError], code: str
) -> None:
    stripe.error = Answer(status, {"error": error})

    with pytest.raises(kind) as raised:
        does(vendor, "invoice.retry_payment")

    assert raised.value.code == code
    assert "s3cret" not in str(raised.value)


def test_what_is_not_there_is_said(vendor: FakeVendor) -> None:
    with pytest.raises(Failed) as error:
        does(vendor, "invoice.retry_payment", invoice_id="in_none")

    assert error.value.code == "no_such_thing"


def test_a_currency_without_decimals_is_exact(vendor: FakeVendor) -> None:
    done = does(vendor, "payment.refund")

    (request,) = vendor.told("POST", "/v1/refunds")
    assert request.form["amount"] == "1200"
    assert (done.output["amount"], done.output["currency"]) == (1200, "JPY")
    with pytest.raises(Failed, match="smallest unit"):
        does(vendor, "payment.refund", amount=0.5)


@pytest.mark.parametrize(
    ("amount", "currency", "counted"),
    [("500", "ISK", "50000"), ("2000", "UGX", "200000"), ("3000", "MGA", "3000"), ("1.23", "KWD", "1230")],
)
def test_currencies_that_stripe_counts_in_its_own_way(
    vendor: FakeVendor, amount: str, currency: str, counted: str
) -> None:
    """https://docs.stripe.com/currencies"""
    done = does(vendor, "payment_link.create", amount=Decimal(amount), currency=currency)

    (request,) = vendor.told("POST", "/v1/payment_links")
    assert request.form["line_items[0][price_data][unit_amount]"] == counted
    assert (done.output["amount"], done.output["currency"]) == (Decimal(amount), currency)


@pytest.mark.parametrize(("amount", "currency"), [("5.5", "ISK"), ("1.234", "KWD"), ("0.5", "MGA")])
def test_an_amount_that_stripe_cannot_take_is_refused(vendor: FakeVendor, amount: str, currency: str) -> None:
    with pytest.raises(Failed, match="smallest unit"):
        does(vendor, "payment_link.create", amount=Decimal(amount), currency=currency)

    assert vendor.requests == []


def test_another_amount_than_what_is_due_is_not_recorded(vendor: FakeVendor, stripe: Account) -> None:
    with pytest.raises(Failed, match=r"24\.00 EUR"):
        does(vendor, "invoice.record_payment", amount=20.0)

    assert stripe.effects == []


def test_an_invoice_is_made_in_steps(vendor: FakeVendor, stripe: Account) -> None:
    does(vendor, "invoice.create")

    steps = ["POST invoices", "POST invoiceitems", "POST invoices/in_1/finalize", "POST invoices/in_1/send"]
    assert stripe.effects == steps
    line = vendor.told("POST", "/v1/invoiceitems")[0].form
    assert (line["amount"], line["currency"], line["invoice"]) == ("2400", "eur", "in_1")


def test_what_is_asked_for_changes_nothing(vendor: FakeVendor, stripe: Account) -> None:
    invoice = does(vendor, "invoice.fetch").output
    assert (invoice["amount"], invoice["amount_due"], invoice["currency"]) == (24, 24, "EUR")
    assert (invoice["invoice_status"], invoice["customer_id"]) == ("open", "cus_1")
    assert invoice["due_at"] == "2026-12-23T04:26:40Z"
    assert does(vendor, "customer.fetch").output["customer_id"] == "cus_1"
    assert does(vendor, "customer.fetch", email=None, customer_id="cus_1").output["name"] == "Zoë"

    assert vendor.told() == []


@pytest.mark.parametrize(
    "given", [{"email": "nobody@acme.example"}, {"customer_id": "cus_gone"}, {"customer_id": "cus_2"}]
)
def test_a_customer_that_is_not_there_is_said(vendor: FakeVendor, given: dict[str, Any]) -> None:
    with pytest.raises(Failed) as error:
        does(vendor, "customer.fetch", **given)

    assert error.value.code == "no_such_thing"


def test_a_customer_is_asked_for_by_something(vendor: FakeVendor) -> None:
    with pytest.raises(Failed, match="customer_id or email"):
        does(vendor, "customer.fetch", email=None)


@pytest.mark.parametrize("status", ["open", "paid"])
def test_credit_on_a_paid_invoice_goes_to_the_balance(vendor: FakeVendor, stripe: Account, status: str) -> None:
    stripe.invoice["status"] = status

    done = does(vendor, "invoice.credit")

    (request,) = vendor.told("POST", "/v1/credit_notes")
    assert (request.form["amount"], request.form["memo"]) == ("600", "Two days off")
    assert request.form.get("credit_amount") == ("600" if status == "paid" else None)
    assert (done.output["amount"], done.output["credit_note_number"]) == (6, "CN-1")
    with pytest.raises(Failed, match="is in EUR"):
        does(vendor, "invoice.credit", currency="USD")


def test_only_a_draft_is_due_on_another_day(vendor: FakeVendor, stripe: Account) -> None:
    assert does(vendor, "invoice.change_due_date").output["due_at"] == "2199-01-01T00:00:00Z"
    with pytest.raises(Failed, match="of a draft"):
        does(vendor, "invoice.change_due_date", invoice_id="in_1")

    assert stripe.effects == ["POST invoices/in_draft"]


def test_a_subscription_is_extended_once(vendor: FakeVendor, stripe: Account) -> None:
    assert does(vendor, "subscription.extend").output["renews_at"] == "2199-01-01T00:00:00Z"
    assert "already" in does(vendor, "subscription.extend", key="run_2").text
    assert stripe.subscription["trial_end"] == LATER
    with pytest.raises(Failed, match="a time in the future"):
        does(vendor, "subscription.extend", until="2020-01-01T00:00:00Z")

    assert len(stripe.effects) == 1


def test_what_is_outstanding_of_a_subscription_is_its_latest_invoice(vendor: FakeVendor, stripe: Account) -> None:
    assert does(vendor, "subscription.retry_payment").output["amount"] == 24
    assert "no outstanding balance" in does(vendor, "subscription.retry_payment", key="run_2").text

    assert stripe.effects == ["POST invoices/in_1/pay"]


def test_credit_is_a_negative_balance(vendor: FakeVendor) -> None:
    does(vendor, "customer.add_credit")

    (request,) = vendor.told("POST", "/v1/customers/cus_1/balance_transactions")
    assert (request.form["amount"], request.form["currency"]) == ("-600", "eur")
