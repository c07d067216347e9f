"""What Stripe does, through its own library, against a server that answers as Stripe documents it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from actions.fake_vendor import Answer, FakeVendor, Request
from relay.catalogue.action_types import get as get_action
from relay.errors import RelayError
from relay.providers.stripe.actions import ACTIONS
from relay.sdk.outcomes import Declined, Done, Failed, NotReached, Uncertain

KEYS = {"api_key": "rk_test_s3cret"}
MONEY = ["invoice.retry_payment", "invoice.record_payment", "payment.refund", "subscription.change_plan"]
GIVEN: dict[str, dict[str, Any]] = {
    "invoice.retry_payment": {"invoice_id": "in_1"},
    "invoice.create": {
        "customer_id": "cus_1",
        "amount": 24.0,
        "currency": "EUR",
        "description": "Backup",
        "send": True,
    },
    "invoice.send": {"invoice_id": "in_1"},
    "invoice.void": {"invoice_id": "in_1"},
    "invoice.mark_uncollectible": {"invoice_id": "in_1"},
    "invoice.record_payment": {"invoice_id": "in_1", "amount": 24.0, "currency": "eur", "reference": "SEPA 1"},
    "payment.refund": {"payment_id": "pi_1", "amount": 1200, "currency": "JPY"},
    "subscription.cancel": {"subscription_id": "sub_1", "at_period_end": True},
    "subscription.pause": {"subscription_id": "sub_1"},
    "subscription.resume": {"subscription_id": "sub_1"},
    "subscription.change_plan": {"subscription_id": "sub_1", "plan_id": "price_2"},
    "invoice.credit": {"invoice_id": "in_1", "amount": 6, "currency": "EUR", "reason": "Two days off"},
    "invoice.change_due_date": {"invoice_id": "in_draft", "due_at": "2199-01-01T00:00:00Z"},
    "invoice.fetch": {"invoice_id": "in_1"},
    "subscription.extend": {"subscription_id": "sub_1", "until": "2199-01-01T01:00:00+01:00"},
    "subscription.retry_payment": {"subscription_id": "sub_1"},
    "customer.portal_link": {"customer_id": "cus_1"},
    "customer.fetch": {"email": "zoe@acme.example"},
    "customer.add_credit": {"customer_id": "cus_1", "amount": 6, "currency": "EUR", "description": "Two days off"},
    "payment_link.create": {"amount": 24, "currency": "EUR", "description": "Backup"},
}
CHANGES = [each for each in ACTIONS if get_action(each).risk != "read"]
LATER = 7226582400


class Stripe:
    """An account with an invoice and a subscription. A key that was seen gets the first answer again."""

    def __init__(self) -> None:
        self.invoice: dict[str, Any] = {
            "id": "in_1",
            "object": "invoice",
            "number": "INV-1042",
            "status": "open",
            "currency": "eur",
            "amount_remaining": 2400,
            "amount_paid": 0,
            "total": 2400,
            "customer": "cus_1",
            "due_date": 1798000000,
            "hosted_invoice_url": "https://invoice.stripe.example/in_1",
        }
        self.subscription: dict[str, Any] = {
            "id": "sub_1",
            "object": "subscription",
            "status": "active",
            "cancel_at_period_end": False,
            "pause_collection": None,
            "latest_invoice": "in_1",
            "items": {
                "object": "list",
                "data": [
                    {
                        "id": "si_1",
                        "object": "subscription_item",
                        "price": {"id": "price_1", "object": "price"},
                        "current_period_end": 1798000000,
                    }
                ],
            },
        }
        self.error: Answer | None = None
        self.effects: list[str] = []
        self._kept: dict[str, Any] = {}

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "Bearer rk_test_s3cret"
        assert request.headers["stripe-version"]
        if request.method == "GET":
            return self._read(request)
        key = request.headers["idempotency-key"]
        if key not in self._kept:
            self._kept[key] = self.error or self._change(request)
        return self._kept[key]

    def _read(self, request: Request) -> Any:
        zoe = {"id": "cus_1", "object": "customer", "name": "Zoë", "email": "zoe@acme.example"}
        if request.path == "/v1/customers":
            found = [zoe] if request.query == {"email": "zoe@acme.example", "limit": "1"} else []
            return {"object": "list", "data": found}
        known = {
            "/v1/invoices/in_1": self.invoice,
            "/v1/invoices/in_draft": {**self.invoice, "id": "in_draft", "status": "draft"},
            "/v1/subscriptions/sub_1": self.subscription,
            "/v1/customers/cus_1": zoe,
            "/v1/payment_intents/pi_1": {
                "id": "pi_1",
                "object": "payment_intent",
                "currency": "jpy",
                "amount_received": 2400,
            },
            "/v1/customers/cus_gone": {"id": "cus_gone", "object": "customer", "deleted": True},
        }
        missing = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such thing"}}
        return dict(known[request.path]) if request.path in known else Answer(404, missing)

    def _change(self, request: Request) -> Any:
        path, form = request.path.removeprefix("/v1/"), request.form
        self.effects.append(f"{request.method} {path}")
        if path == "invoices/in_draft":
            return {**self.invoice, "id": "in_draft", "status": "draft", "due_date": int(form["due_date"])}
        if path.startswith("invoices"):
            states = {"pay": "paid", "void": "void", "mark_uncollectible": "uncollectible"}
            verb = path.rpartition("/")[2]
            self.invoice["status"] = states.get(verb, "open")
            self.invoice["amount_paid"] = 2400 if verb == "pay" else 0
            return dict(self.invoice)
        if path == "subscriptions/sub_1":
            if request.method == "DELETE":
                self.subscription["status"] = "canceled"
            if "cancel_at_period_end" in form:
                self.subscription["cancel_at_period_end"] = True
            if "pause_collection[behavior]" in form:
                self.subscription["pause_collection"] = {"behavior": "void"}
            if "trial_end" in form:
                assert form["proration_behavior"] == "none"
                self.subscription["trial_end"] = int(form["trial_end"])
            if form.get("pause_collection") == "":
                self.subscription["pause_collection"] = None
            return dict(self.subscription)
        if path == "refunds":
            return {
                "id": "re_1",
                "object": "refund",
                "status": "succeeded",
                "amount": int(form["amount"]),
                "currency": "jpy",
            }
        if path == "credit_notes":
            return {"id": "cn_1", "object": "credit_note", "number": "CN-1", "amount": 600, "currency": "eur"}
        if path == "payment_links":
            return {"id": "plink_1", "object": "payment_link", "url": "https://buy.stripe.example/1"}
        if path == "billing_portal/sessions":
            return {"id": "bps_1", "object": "billing_portal.session", "url": "https://billing.stripe.example/p/1"}
        return {"id": "ii_1", "object": "invoiceitem"}


@pytest.fixture
def stripe() -> Stripe:
    return Stripe()


@pytest.fixture
def vendor(stripe: Stripe) -> Iterator[FakeVendor]:
    with FakeVendor(stripe) as made:
        yield made


def does(vendor: FakeVendor, action: str, *, key: str = "run_1", **given: Any) -> Done:
    done = ACTIONS[action].run(vendor.task({**GIVEN[action], **given}, KEYS, key=key))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


@pytest.mark.parametrize("action", CHANGES)
def test_it_is_done_and_told(vendor: FakeVendor, stripe: Stripe, action: str) -> None:
    if action == "subscription.resume":
        stripe.subscription["pause_collection"] = {"behavior": "void"}

    done = does(vendor, action)

    assert stripe.effects
    assert done.text.endswith(".")
    keys = [each.headers["idempotency-key"] for each in vendor.told()]
    assert keys == [f"run_1-{number}" for number in range(1, len(keys) + 1)]


@pytest.mark.parametrize("action", [each for each in CHANGES if each != "subscription.resume"])
def test_done_again_under_the_same_run_it_has_one_effect(vendor: FakeVendor, stripe: Stripe, action: str) -> None:
    does(vendor, action)
    once = list(stripe.effects)

    does(vendor, action)

    assert stripe.effects == once


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
def test_what_is_so_already_is_done(vendor: FakeVendor, stripe: Stripe, action: str) -> None:
    does(vendor, action)

    assert "already" in does(vendor, action, key="run_2").text
    assert len(stripe.effects) == 1


@pytest.mark.parametrize("action", MONEY)
@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after", "babbles"])
def test_an_answer_that_is_lost_is_found_out_without_a_second_effect(
    vendor: FakeVendor, stripe: Stripe, action: str, trouble: Any
) -> None:
    paths = {
        "invoice.retry_payment": "/v1/invoices/in_1/pay",
        "invoice.record_payment": "/v1/invoices/in_1/pay",
        "payment.refund": "/v1/refunds",
        "subscription.change_plan": "/v1/subscriptions/sub_1",
    }
    vendor.next("POST", paths[action], trouble)

    with pytest.raises(Uncertain):
        does(vendor, action)
    assert ACTIONS[action].repeatable
    does(vendor, action)

    assert len(stripe.effects) == 1


@pytest.mark.parametrize("action", MONEY)
def test_a_busy_stripe_is_asked_again_later(vendor: FakeVendor, stripe: Stripe, action: str) -> None:
    for path in ("/v1/invoices/in_1/pay", "/v1/refunds", "/v1/subscriptions/sub_1"):
        vendor.next("POST", path, "busy")

    with pytest.raises(NotReached) as error:
        does(vendor, action)

    assert error.value.after == 7
    assert stripe.effects == []


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
    vendor: FakeVendor, stripe: Stripe, status: int, error: dict[str, Any], kind: type[RelayError], code: str
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


def test_another_amount_than_what_is_due_is_not_recorded(vendor: FakeVendor, stripe: Stripe) -> None:
    with pytest.raises(Failed, match=r"24\.00 EUR"):
        does(vendor, "invoice.record_payment", amount=20.0)

    assert stripe.effects == []


def test_an_invoice_is_made_in_steps(vendor: FakeVendor, stripe: Stripe) -> None:
    does(vendor, "invoice.create")

    steps = ["POST invoices", "POST invoiceitems", "POST invoices/in_1/finalize", "POST invoices/in_1/send"]
    assert stripe.effects == steps
    line = vendor.told("POST", "/v1/invoiceitems")[0].form
    assert (line["amount"], line["currency"], line["invoice"]) == ("2400", "eur", "in_1")


@pytest.mark.parametrize("action", CHANGES)
def test_a_rehearsal_changes_nothing_and_shows_no_secret(vendor: FakeVendor, stripe: Stripe, action: str) -> None:
    if action == "subscription.resume":
        stripe.subscription["pause_collection"] = {"behavior": "void"}
    task = vendor.task(GIVEN[action], KEYS, dry=True)

    ACTIONS[action].run(task)

    assert task.vendor.told
    assert stripe.effects == []
    assert "s3cret" not in str(task.vendor.told)


def test_what_is_asked_for_changes_nothing(vendor: FakeVendor, stripe: Stripe) -> None:
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
    with pytest.raises(Failed, match="id or e-mail"):
        does(vendor, "customer.fetch", email=None)


@pytest.mark.parametrize("status", ["open", "paid"])
def test_credit_on_a_paid_invoice_goes_to_the_balance(vendor: FakeVendor, stripe: Stripe, status: str) -> None:
    stripe.invoice["status"] = status

    done = does(vendor, "invoice.credit")

    (request,) = vendor.told("POST", "/v1/credit_notes")
    assert (request.form["amount"], request.form["memo"]) == ("600", "Two days off")
    assert request.form.get("credit_amount") == ("600" if status == "paid" else None)
    assert (done.output["amount"], done.output["credit_note_number"]) == (6, "CN-1")
    with pytest.raises(Failed, match="is in EUR"):
        does(vendor, "invoice.credit", currency="USD")


def test_only_a_draft_is_due_on_another_day(vendor: FakeVendor, stripe: Stripe) -> None:
    assert does(vendor, "invoice.change_due_date").output["due_at"] == "2199-01-01T00:00:00Z"
    with pytest.raises(Failed, match="drafts only"):
        does(vendor, "invoice.change_due_date", invoice_id="in_1")

    assert stripe.effects == ["POST invoices/in_draft"]


def test_a_subscription_is_extended_once(vendor: FakeVendor, stripe: Stripe) -> None:
    assert does(vendor, "subscription.extend").output["renews_at"] == "2199-01-01T00:00:00Z"
    assert "already" in does(vendor, "subscription.extend", key="run_2").text
    assert stripe.subscription["trial_end"] == LATER
    with pytest.raises(Failed, match="still to come"):
        does(vendor, "subscription.extend", until="2020-01-01T00:00:00Z")

    assert len(stripe.effects) == 1


def test_what_is_outstanding_of_a_subscription_is_its_latest_invoice(vendor: FakeVendor, stripe: Stripe) -> None:
    assert does(vendor, "subscription.retry_payment").output["amount"] == 24
    assert "Nothing is outstanding" in does(vendor, "subscription.retry_payment", key="run_2").text

    assert stripe.effects == ["POST invoices/in_1/pay"]


def test_credit_is_a_negative_balance(vendor: FakeVendor) -> None:
    does(vendor, "customer.add_credit")

    (request,) = vendor.told("POST", "/v1/customers/cus_1/balance_transactions")
    assert (request.form["amount"], request.form["currency"]) == ("-600", "eur")
