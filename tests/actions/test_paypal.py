"""What PayPal does, against a server that answers as PayPal documents it."""

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from actions.fake_vendor import Answer, FakeVendor, Request
from relay.catalogue.action_types import get as get_action
from relay.errors import RelayError
from relay.providers.paypal.actions import ACTIONS
from relay.sdk.outcomes import Declined, Done, Failed, NotReached, Uncertain

GIVEN: dict[str, dict[str, Any]] = {
    "subscription.pause": {"subscription_id": "I-1", "reason": "unpaid"},
    "subscription.resume": {"subscription_id": "I-1"},
    "subscription.cancel": {"subscription_id": "I-1"},
    "subscription.change_plan": {"subscription_id": "I-1", "plan_id": "P-2"},
    "invoice.create": {
        "customer_id": "zoe@acme.example",
        "amount": 24,
        "currency": "EUR",
        "description": "Backup",
        "send": True,
    },
    "invoice.send": {"invoice_id": "INV2-1"},
    "invoice.void": {"invoice_id": "INV2-1"},
    "invoice.record_payment": {"invoice_id": "INV2-1", "amount": 24, "currency": "EUR", "reference": "SEPA 1"},
    "payment.refund": {"payment_id": "CAP1", "amount": 1200, "currency": "JPY"},
    "subscription.retry_payment": {"subscription_id": "I-1"},
    "invoice.fetch": {"invoice_id": "INV2-1"},
}
CHANGES = [each for each in ACTIONS if get_action(each).risk != "read"]


class PayPal:
    """An account with a subscription and an invoice. A request id that was seen gets the first answer again."""

    def __init__(self) -> None:
        self.subscription: dict[str, Any] = {
            "id": "I-1",
            "status": "ACTIVE",
            "plan_id": "P-1",
            "billing_info": {"outstanding_balance": {"value": "24.00", "currency_code": "EUR"}},
        }
        self.invoice: dict[str, Any] = {
            "id": "INV2-1",
            "status": "DRAFT",
            "detail": {"invoice_number": "INV-1042", "currency_code": "EUR"},
        }
        self.capture = {"id": "CAP1", "amount": {"currency_code": "JPY", "value": "2400"}}
        self.made: dict[str, Any] | None = None
        self.error: Answer | None = None
        self.effects: list[str] = []
        self._kept: dict[str, Any] = {}

    def __call__(self, request: Request) -> Any:
        if request.path == "/v1/oauth2/token":
            assert request.headers["authorization"] == "Basic aWQ6czNjcmV0"  # id:s3cret
            assert request.form == {"grant_type": "client_credentials"}
            return {"access_token": "A21", "expires_in": 300}
        assert request.headers["authorization"] == "Bearer A21"
        if request.path == "/v2/invoicing/search-invoices":
            wanted = request.json["invoice_number"]
            is_it = self.made is not None and self.made["detail"]["invoice_number"] == wanted
            return {"items": [self.made] if is_it else []}
        if request.method == "GET":
            known = {
                "/v1/billing/subscriptions/I-1": self.subscription,
                "/v2/invoicing/invoices/INV2-1": self.invoice,
                "/v2/payments/captures/CAP1": self.capture,
            }
            missing = {"name": "RESOURCE_NOT_FOUND", "message": "The resource does not exist.", "debug_id": "x"}
            return dict(known[request.path]) if request.path in known else Answer(404, missing)
        key = request.headers.get("paypal-request-id")
        if key in self._kept:
            return self._kept[key]
        answer = self.error or self._change(request)
        if key:
            self._kept[key] = answer
        return answer

    def _change(self, request: Request) -> Any:
        self.effects.append(request.path)
        verb = request.path.rpartition("/")[2]
        states = {"suspend": "SUSPENDED", "activate": "ACTIVE", "cancel": "CANCELLED"}
        if request.path.startswith("/v1/billing"):
            if verb in states:
                self.subscription["status"] = states[verb]
                return 204
            if verb == "capture":
                assert request.json["amount"] == self.subscription["billing_info"].pop("outstanding_balance")
                assert request.json["capture_type"] == "OUTSTANDING_BALANCE"
                return {"id": "CAP2", "status": "COMPLETED"}
            self.subscription["plan_id"] = request.json["plan_id"]
            return {"plan_id": "P-2", "links": [{"rel": "approve", "href": "https://paypal.example/agree"}]}
        if verb == "invoices":
            self.made = {"id": "INV2-9", "status": "DRAFT", "detail": request.json["detail"]}
            return Answer(201, {"rel": "self", "href": "https://api.paypal.example/v2/invoicing/invoices/INV2-9"})
        if verb == "refund":
            return Answer(201, {"id": "R1", "status": "COMPLETED", "amount": request.json["amount"]})
        if verb == "payments":
            self.invoice["payments"] = {"transactions": [{"note": request.json["note"]}]}
            return {"payment_id": "EXTR-1"}
        found = self.made if self.made and "INV2-9" in request.path else self.invoice
        found["status"] = {"send": "SENT", "cancel": "CANCELLED"}.get(verb, found["status"])
        return 204 if verb != "send" else {"href": "x"}


@pytest.fixture
def paypal() -> PayPal:
    return PayPal()


@pytest.fixture
def vendor(paypal: PayPal) -> Iterator[FakeVendor]:
    with FakeVendor(paypal) as made:
        yield made


def keys(vendor: FakeVendor) -> dict[str, str]:
    return {"client_id": "id", "client_secret": "s3cret", "mode": "live", "api_base": vendor.url}


def does(vendor: FakeVendor, action: str, **given: Any) -> Done:
    task = vendor.task({**GIVEN[action], **given}, keys(vendor), key="run_0123456789abcdef0123456789abcdef")
    done = ACTIONS[action].run(task)
    assert set(done.output) <= set(get_action(action).outputs)
    return done


@pytest.mark.parametrize("action", CHANGES)
def test_it_is_done_and_told(vendor: FakeVendor, paypal: PayPal, action: str) -> None:
    if action == "subscription.resume":
        paypal.subscription["status"] = "SUSPENDED"

    assert does(vendor, action).text
    assert paypal.effects


@pytest.mark.parametrize("action", [each for each in CHANGES if ACTIONS[each].repeatable])
def test_done_again_it_has_one_effect(vendor: FakeVendor, paypal: PayPal, action: str) -> None:
    if action == "subscription.resume":
        paypal.subscription["status"] = "SUSPENDED"
    does(vendor, action)

    does(vendor, action)

    assert len(paypal.effects) == 1


@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after"])
def test_a_refund_whose_answer_is_lost_is_one_refund(vendor: FakeVendor, paypal: PayPal, trouble: Any) -> None:
    vendor.next("POST", "/v2/payments/captures/CAP1/refund", trouble)
    with pytest.raises(Uncertain):
        does(vendor, "payment.refund")

    done = does(vendor, "payment.refund")

    assert (done.output["refund_id"], done.output["amount"]) == ("R1", 1200)
    assert len(paypal.effects) == 1


@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after"])
def test_an_invoice_whose_answer_is_lost_is_looked_for_by_its_number(
    vendor: FakeVendor, paypal: PayPal, trouble: Any
) -> None:
    task = vendor.task(GIVEN["invoice.create"], keys(vendor), key="run_1")
    look_up_outcome = ACTIONS["invoice.create"].look_up_outcome
    assert look_up_outcome is not None
    assert look_up_outcome(task) is None
    vendor.next("POST", "/v2/invoicing/invoices", trouble)
    with pytest.raises(Uncertain):
        ACTIONS["invoice.create"].run(task)

    found = look_up_outcome(task)

    assert found is not None
    assert found.output["invoice_id"] == "INV2-9"


def test_an_invoice_is_sent_and_then_reminded_of(vendor: FakeVendor, paypal: PayPal) -> None:
    does(vendor, "invoice.send")
    does(vendor, "invoice.send")

    assert [each.rpartition("/")[2] for each in paypal.effects] == ["send", "remind"]


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (Answer(422, {"message": "No.", "details": [{"issue": "INSTRUMENT_DECLINED"}]}), Declined, "declined"),
        (Answer(422, {"message": "State", "details": [{"issue": "SUBSCRIPTION_STATUS_INVALID"}]}), Failed, "refused"),
        (Answer(403, {"message": "Not authorized"}), Failed, "not_permitted"),
    ],
)
def test_paypals_errors_are_outcomes(
    vendor: FakeVendor, paypal: PayPal, answer: Answer, kind: type[RelayError], code: str
) -> None:
    paypal.error = answer

    with pytest.raises(kind) as error:
        does(vendor, "payment.refund")

    assert error.value.code == code
    assert "s3cret" not in str(error.value)


def test_wrong_credentials_are_said(vendor: FakeVendor) -> None:
    vendor.answers = {("POST", "/v1/oauth2/token"): (401, {"error": "invalid_client", "error_description": "No."})}

    with pytest.raises(Failed) as error:
        does(vendor, "payment.refund")

    assert error.value.code == "credentials_refused"


def test_a_busy_paypal_is_asked_again_later(vendor: FakeVendor, paypal: PayPal) -> None:
    vendor.next("POST", "/v2/payments/captures/CAP1/refund", "busy")

    with pytest.raises(NotReached):
        does(vendor, "payment.refund")

    assert paypal.effects == []


def test_what_the_customer_has_to_agree_to_is_said(vendor: FakeVendor) -> None:
    assert "https://paypal.example/agree" in does(vendor, "subscription.change_plan").text
    with pytest.raises(Failed, match="cancels at once"):
        does(vendor, "subscription.cancel", at_period_end=True)


@pytest.mark.parametrize("action", CHANGES)
def test_a_rehearsal_changes_nothing_and_shows_no_secret(vendor: FakeVendor, paypal: PayPal, action: str) -> None:
    if action == "subscription.resume":
        paypal.subscription["status"] = "SUSPENDED"
    task = vendor.task(GIVEN[action], keys(vendor), dry=True)

    ACTIONS[action].run(task)

    assert task.vendor.told
    assert paypal.effects == []
    assert "A21" not in str(task.vendor.told)


@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after"])
def test_what_is_outstanding_is_collected_once(vendor: FakeVendor, paypal: PayPal, trouble: Any) -> None:
    vendor.next("POST", "/v1/billing/subscriptions/I-1/capture", trouble)
    with pytest.raises(Uncertain):
        does(vendor, "subscription.retry_payment")
    assert ACTIONS["subscription.retry_payment"].repeatable

    assert "Nothing is outstanding" in does(vendor, "subscription.retry_payment").text
    assert len(paypal.effects) == 1


def test_what_was_collected_is_told(vendor: FakeVendor) -> None:
    done = does(vendor, "subscription.retry_payment")

    assert (done.output["payment_id"], done.output["amount"], done.output["currency"]) == ("CAP2", 24, "EUR")


def test_an_invoice_that_is_not_told_of_is_not_made_of_its_id(vendor: FakeVendor, paypal: PayPal) -> None:
    paypal.invoice = {}

    with pytest.raises(Failed) as error:
        does(vendor, "invoice.fetch")

    assert error.value.code == "no_such_thing"


def test_an_invoice_is_read(vendor: FakeVendor, paypal: PayPal) -> None:
    paypal.invoice |= {
        "amount": {"currency_code": "EUR", "value": "24.00"},
        "due_amount": {"currency_code": "EUR", "value": "4.00"},
        "primary_recipients": [{"billing_info": {"email_address": "zoe@acme.example"}}],
    }
    paypal.invoice["detail"]["payment_term"] = {"due_date": "2026-12-06"}

    assert does(vendor, "invoice.fetch").output == {
        "invoice_id": "INV2-1",
        "invoice_number": "INV-1042",
        "invoice_status": "draft",
        "invoice_url": None,
        "amount": 24,
        "currency": "EUR",
        "amount_due": 4,
        "due_at": "2026-12-06T00:00:00Z",
        "customer_id": "zoe@acme.example",
    }
    assert vendor.told("POST", "/v2/invoicing/invoices/INV2-1/send") == []


@pytest.mark.parametrize("currency", ["HUF", "TWD"])
def test_currencies_that_paypal_takes_without_decimals(vendor: FakeVendor, paypal: PayPal, currency: str) -> None:
    paypal.capture["amount"] = {"currency_code": currency, "value": "2400"}
    does(vendor, "payment.refund", amount=1200, currency=currency)

    (request,) = vendor.told("POST", "/v2/payments/captures/CAP1/refund")
    assert request.json["amount"]["value"] == "1200"
    with pytest.raises(Failed, match="smallest unit"):
        does(vendor, "payment.refund", amount=12.5, currency=currency)


@pytest.mark.parametrize(
    ("action", "given"),
    [
        ("subscription.cancel", {"subscription_id": "I-1/../../v2/invoicing"}),
        ("invoice.void", {"invoice_id": "INV2-1/cancel?x="}),
        ("payment.refund", {"payment_id": "CAP1/../CAP2"}),
    ],
)
def test_an_id_is_one_piece_of_the_path_whatever_it_holds(
    vendor: FakeVendor, paypal: PayPal, action: str, given: dict[str, Any]
) -> None:
    (own_id,) = given.values()
    with contextlib.suppress(Failed):
        does(vendor, action, **given)
    asked = [each.path for each in vendor.requests if "oauth2" not in each.path]

    assert asked
    assert all(quote(own_id, safe="") in path for path in asked)
