"""What further gateways do, against servers that answer as these document it."""

from collections.abc import Iterator
from typing import Any

import pytest

from actions.fake_vendor import Answer, FakeVendor, Request
from actions.gateways import GATEWAYS, KEYS, STATES, Gateway, Invoices, Links, Refunds, Subscription
from kit.cases import cases
from relay.actions import adapters
from relay.catalogue.action_types import get as get_action
from relay.sdk.outcomes import Declined, Done, Failed, Uncertain

MOVES = ("subscription.pause", "subscription.resume", "subscription.cancel")


EACH = pytest.mark.parametrize("gateway", GATEWAYS.values(), ids=list(GATEWAYS))


@pytest.fixture
def account(gateway: Gateway) -> Subscription:
    return Subscription(gateway)


@pytest.fixture
def vendor(account: Subscription) -> Iterator[FakeVendor]:
    with FakeVendor(account) as made:
        yield made


def does(vendor: FakeVendor, name: str, action: str, **given: Any) -> Done:
    done = adapters.of(name)[action].run(vendor.task(given, KEYS))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


def wanted(gateway: Gateway, action: str) -> dict[str, Any]:
    """These two end a subscription with what is paid only."""
    ends = action == "subscription.cancel" and gateway.name in ("recurly", "square")
    return {"subscription_id": "sub_1", **({"at_period_end": True} if ends else {})}


@EACH
@pytest.mark.parametrize("action", MOVES)
def test_a_subscription_is_moved_once(vendor: FakeVendor, account: Subscription, gateway: Gateway, action: str) -> None:
    first = does(vendor, gateway.name, action, **wanted(gateway, action))
    second = does(vendor, gateway.name, action, **wanted(gateway, action))

    assert first.output["subscription_status"] == STATES[action]
    assert "already" in second.text
    assert account.effects == [action]


@EACH
def test_errors_are_outcomes(vendor: FakeVendor, account: Subscription, gateway: Gateway) -> None:
    def failed(status: int) -> str:
        account.refusal = Answer(status, gateway.refusal("It is not to be."))
        with pytest.raises(Failed, match="It is not to be") as error:
            does(vendor, gateway.name, "subscription.pause", subscription_id="sub_1")
        assert "k3y" not in error.value.message
        return error.value.code

    assert [failed(status) for status in (400, 401, 403, 409, 422)] == [
        "refused",
        "credentials_refused",
        "not_permitted",
        "wrong_state",
        "refused",
    ]
    with pytest.raises(Failed) as error:
        does(vendor, gateway.name, "subscription.pause", subscription_id="sub_2")
    assert error.value.code == "no_such_thing"


@pytest.mark.parametrize(
    "gateway", [GATEWAYS["recurly"], GATEWAYS["square"], GATEWAYS["gocardless"]], ids=lambda g: g.name
)
def test_an_end_that_a_gateway_does_not_know_is_refused(
    vendor: FakeVendor, account: Subscription, gateway: Gateway
) -> None:
    at_period_end = gateway.name == "gocardless"

    with pytest.raises(Failed, match="At Period End"):
        does(vendor, gateway.name, "subscription.cancel", subscription_id="sub_1", at_period_end=at_period_end)

    assert account.effects == []


# Later renewals

EXTENDING = {
    "paddle": ("PATCH", "/subscriptions/sub_1", {"next_billed_at": "2199-01-01T00:00:00Z"}),
    "chargebee": ("POST", "/api/v2/subscriptions/sub_1/change_term_end", {"term_ends_at": "7226582400"}),
}


@pytest.mark.parametrize("name", EXTENDING)
def test_a_subscription_is_extended_without_a_charge(name: str) -> None:
    method, path, wanted = EXTENDING[name]
    told: list[dict[str, Any]] = []

    def answer(request: Request) -> Any:
        if request.method == "GET":
            return {"data": {"id": "sub_1", "status": "active"}, "subscription": {"id": "sub_1", "status": "active"}}
        assert (request.method, request.path) == (method, path)
        told.append(request.json if name == "paddle" else request.form)
        return {
            "data": {"id": "sub_1", "status": "active", "next_billed_at": "2199-01-01T00:00:00Z"},
            "subscription": {"id": "sub_1", "status": "active", "next_billing_at": 7226582400},
        }

    with FakeVendor(answer) as vendor:
        done = does(vendor, name, "subscription.extend", subscription_id="sub_1", until="2199-01-01T01:00:00+01:00")
        with pytest.raises(Failed, match="a time in the future"):
            does(vendor, name, "subscription.extend", subscription_id="sub_1", until="2020-01-01T00:00:00Z")

    assert done.output["renews_at"] == "2199-01-01T00:00:00Z"
    (fields,) = told
    assert fields | wanted == fields
    assert fields.get("proration_billing_mode", fields.get("prorate")) in ("do_not_bill", "false")


# Payment links


@cases("name", ["mollie", "razorpay"])
@cases("trouble", [None, "hangs", "closes_after", "fails_after", "babbles"])
def test_a_payment_link_is_one_link_whatever_becomes_of_the_answer(name: str, trouble: Any) -> None:
    links, does_it = Links(name), adapters.of(name)["payment_link.create"]
    path = {"mollie": "/v2/payment-links", "razorpay": "/v1/payment_links"}[name]
    with FakeVendor(links) as vendor:
        task = vendor.task({"amount": 24, "currency": "EUR", "description": "Backup"}, KEYS)
        if trouble is None:
            done = does_it.run(task)
        else:
            vendor.next("POST", path, trouble)
            with pytest.raises(Uncertain):
                does_it.run(task)
            found = (
                does_it.run(task) if does_it.repeatable else does_it.look_up_outcome and does_it.look_up_outcome(task)
            )
            assert found
            done = found

    assert done.output["url"].startswith("https://")
    assert (done.output["amount"], done.output["currency"]) == (24, "EUR")
    assert len(links.made) == 1
    assert links.made[0]["amount"] in (2400, {"value": "24.00", "currency": "EUR"})


# Refunds


REFUNDING = {
    "mollie": "/v2/payments/tr_1/refunds",
    "gocardless": "/refunds",
    "paddle": "/adjustments",
    "razorpay": "/v1/payments/tr_1/refund",
    "square": "/v2/refunds",
}


@cases("name", REFUNDING)
@cases("trouble", [None, "hangs", "closes_after", "fails_after", "babbles"])
def test_a_refund_is_one_refund_whatever_becomes_of_its_answer(name: str, trouble: Any) -> None:
    refunds, does_it = Refunds(name), adapters.of(name)["payment.refund"]
    with FakeVendor(refunds) as vendor:
        task = vendor.task({"payment_id": "tr_1"}, KEYS)
        if does_it.look_up_outcome is not None:
            assert does_it.look_up_outcome(task) is None
        if trouble is None:
            done = does_it.run(task)
        else:
            vendor.next("POST", REFUNDING[name], trouble)
            with pytest.raises(Uncertain):
                does_it.run(task)
            found = (
                does_it.run(task) if does_it.repeatable else does_it.look_up_outcome and does_it.look_up_outcome(task)
            )
            assert found
            done = found

    assert done.output["refund_id"] == "re_1"
    assert len(refunds.made) == 1
    if name != "paddle":
        assert (done.output["amount"], done.output["currency"]) == (24, "EUR")


@pytest.mark.parametrize("name", [each for each in REFUNDING if each != "paddle"])
def test_a_part_is_exact_and_needs_its_currency(name: str) -> None:
    refunds = Refunds(name)
    with FakeVendor(refunds) as vendor:
        does(vendor, name, "payment.refund", payment_id="tr_1", amount=12.5, currency="eur")
        assert any(each in str(refunds.made[0]) for each in ("1250", "12.50"))
        with pytest.raises(Failed, match="currency"):
            does(vendor, name, "payment.refund", payment_id="tr_1", amount=12.5)
        with pytest.raises(Failed, match="smallest unit"):
            does(vendor, name, "payment.refund", payment_id="tr_1", amount=12.555, currency="eur")

    assert len(refunds.made) == 1


def test_paddle_refunds_no_parts_and_nothing_twice() -> None:
    refunds = Refunds("paddle")
    with FakeVendor(refunds) as vendor:
        with pytest.raises(Failed, match="whole transaction"):
            does(vendor, "paddle", "payment.refund", payment_id="txn_1", amount=1, currency="EUR")
        does(vendor, "paddle", "payment.refund", payment_id="txn_1")
        does(vendor, "paddle", "payment.refund", payment_id="txn_1")

    assert len(refunds.made) == 1


# Invoices of Chargebee and Recurly


COLLECTING = {
    "chargebee": ("POST", "/api/v2/invoices/in_1/collect_payment"),
    "recurly": ("PUT", "/invoices/in_1/collect"),
}


@cases("name", COLLECTING)
@cases("trouble", [None, "hangs", "closes_after", "fails_after", "babbles"])
def test_an_invoice_is_collected_once_whatever_becomes_of_the_answer(name: str, trouble: Any) -> None:
    invoices, charge = Invoices(name), adapters.of(name)["invoice.retry_payment"]
    assert charge.look_up_outcome is not None
    with FakeVendor(invoices) as vendor:
        task = vendor.task({"invoice_id": "in_1"}, KEYS)
        assert charge.look_up_outcome(task) is None
        if trouble is None:
            assert charge.run(task).output["amount"] == 24
        else:
            vendor.next(*COLLECTING[name], trouble)
            with pytest.raises(Uncertain):
                charge.run(task)
        found = charge.look_up_outcome(task)
        assert found is not None
        assert "already" in charge.run(task).text

    assert invoices.charged == 1


@pytest.mark.parametrize("name", COLLECTING)
def test_declines_and_voids(name: str) -> None:
    invoices = Invoices(name)
    with FakeVendor(invoices) as vendor:
        invoices.refusal = Answer(422, {"message": "No money", "error": {"message": "No money"}})
        with pytest.raises(Declined, match="No money"):
            does(vendor, name, "invoice.retry_payment", invoice_id="in_1")
        invoices.refusal = Answer(403, {"message": "Read-only", "error": {"message": "Read-only"}})
        with pytest.raises(Failed) as error:
            does(vendor, name, "invoice.retry_payment", invoice_id="in_1")
        assert error.value.code == "not_permitted"
        invoices.refusal = None
        for _ in range(2):
            assert does(vendor, name, "invoice.void", invoice_id="in_1").output["invoice_status"] == "void"


@pytest.mark.parametrize("name", COLLECTING)
@pytest.mark.parametrize(
    ("answer", "code"),
    [({}, "unreadable_answer"), (Answer(404, {"message": "None"}), "no_such_thing")],
    ids=["says nothing", "says no"],
)
def test_an_invoice_that_its_source_knows_nothing_of_is_not_made_of_its_id(name: str, answer: Any, code: str) -> None:
    with FakeVendor(lambda _: answer) as vendor, pytest.raises(Failed) as error:
        does(vendor, name, "invoice.fetch", invoice_id="in_1")

    assert error.value.code == code


@pytest.mark.parametrize("name", COLLECTING)
def test_an_invoice_is_read(name: str) -> None:
    invoices = Invoices(name)
    with FakeVendor(invoices) as vendor:
        read = does(vendor, name, "invoice.fetch", invoice_id="in_1").output

    assert (read["amount"], read["amount_due"], read["currency"]) == (24, 4, "EUR")
    assert (read["invoice_status"], read["customer_id"]) == ("payment_due", "41")
    assert read["due_at"] == "2026-12-23T04:26:40Z"
    assert invoices.charged == 0
