"""What PayPal does, against a server that answers as PayPal documents it."""

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from actions.fake_vendor import BASE, Answer, FakeVendor
from relay.catalogue.action_types import get as get_action
from relay.errors import RelayError
from relay.providers.paypal.actions import ACTIONS
from relay.providers.paypal.tests.vendor import GIVEN, KEYS, Account
from relay.sdk.outcomes import Declined, Done, Failed

CHANGES = [each for each in ACTIONS if get_action(each).risk != "read"]


@pytest.fixture
def paypal() -> Account:
    return Account()


@pytest.fixture
def vendor(paypal: Account) -> Iterator[FakeVendor]:
    with FakeVendor(paypal) as made:
        yield made


def keys(vendor: FakeVendor) -> dict[str, str]:
    return {**KEYS, "api_base": BASE}


def does(vendor: FakeVendor, action: str, **given: Any) -> Done:
    task = vendor.task({**GIVEN[action], **given}, keys(vendor), key="run_0123456789abcdef0123456789abcdef")
    done = ACTIONS[action].run(task)
    assert set(done.output) <= set(get_action(action).outputs)
    return done


@pytest.mark.parametrize("action", CHANGES)
def test_it_is_done_and_told(vendor: FakeVendor, paypal: Account, action: str) -> None:
    if action == "subscription.resume":
        paypal.subscription["status"] = "SUSPENDED"

    assert does(vendor, action).text
    assert paypal.effects


def test_an_invoice_is_sent_and_then_reminded_of(vendor: FakeVendor, paypal: Account) -> None:
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
    vendor: FakeVendor, paypal: Account, answer: Answer, kind: type[RelayError], code: str
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


def test_what_the_customer_has_to_agree_to_is_said(vendor: FakeVendor) -> None:
    assert "https://paypal.example/agree" in does(vendor, "subscription.change_plan").text
    with pytest.raises(Failed, match="cancel immediately"):
        does(vendor, "subscription.cancel", at_period_end=True)


def test_what_was_collected_is_told(vendor: FakeVendor) -> None:
    done = does(vendor, "subscription.retry_payment")

    assert (done.output["payment_id"], done.output["amount"], done.output["currency"]) == ("CAP2", 24, "EUR")


def test_an_invoice_that_is_not_told_of_is_not_made_of_its_id(vendor: FakeVendor, paypal: Account) -> None:
    paypal.invoice = {}

    with pytest.raises(Failed) as error:
        does(vendor, "invoice.fetch")

    assert error.value.code == "unreadable_answer"


def test_an_invoice_is_read(vendor: FakeVendor, paypal: Account) -> None:
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
def test_currencies_that_paypal_takes_without_decimals(vendor: FakeVendor, paypal: Account, currency: str) -> None:
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
    vendor: FakeVendor, paypal: Account, action: str, given: dict[str, Any]
) -> None:
    (own_id,) = given.values()
    with contextlib.suppress(Failed):
        does(vendor, action, **given)
    asked = [each.path for each in vendor.requests if "oauth2" not in each.path]

    assert asked
    assert all(quote(own_id, safe="") in path for path in asked)
