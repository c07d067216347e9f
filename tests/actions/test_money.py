"""What every adapter must do that moves an amount: it reads the thing first, and moves no other currency's number.

The adapters are found by the catalogue: one that is new fails here until its provider is among `WORLDS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from actions.fake_vendor import BASE, FakeVendor, Request
from kit.cases import cases
from relay.actions import adapters
from relay.catalogue.action_types import actions
from relay.formats.money import Money, from_minor
from relay.sdk.actions import Task
from relay.sdk.outcomes import Failed, NeedsPerson

OWN, OTHER = "USD", "INR"
SETTINGS = {
    "api_key": "k3y",
    "key_id": "id",
    "key_secret": "k3y",
    "access_token": "k3y",
    "client_id": "id",
    "client_secret": "k3y",
    "mode": "live",
    "api_identifier": "ident",
    "api_secret": "k3y",
}


def stripe(request: Request) -> Any:
    kind = request.path.split("/")[2]
    money = {"currency": OWN.lower(), "amount": 2400, "amount_remaining": 2400, "amount_received": 2400}
    return {"id": "x", "object": kind, "status": "open", **money}


def paypal(request: Request) -> Any:
    known = {"/v1/oauth2/token": {"access_token": "t"}, "/v2/invoicing/search-invoices": {"items": []}}
    return known.get(request.path, {"id": "x", "amount": {"currency_code": OWN, "value": "24.00"}})


def whmcs(request: Request) -> Any:
    answers = {
        "GetInvoice": {"result": "success", "invoiceid": "1042", "userid": "41", "status": "Unpaid"},
        "GetClientsDetails": {"result": "success", "userid": "41", "currency_code": OWN},
    }
    return answers[request.form["action"]]


def mollie(_: Request) -> Any:
    return {"id": "tr_1", "amountRemaining": {"currency": OWN, "value": "24.00"}}


def gocardless(_: Request) -> Any:
    return {"payments": {"id": "PM1", "amount": 3000, "amount_refunded": 600, "currency": OWN}}


def paddle(request: Request) -> Any:
    sold = {"id": "txn_1", "currency_code": OWN, "details": {"totals": {"grand_total": "2400"}}}
    return {"data": [] if request.path == "/adjustments" else sold}


def razorpay(_: Request) -> Any:
    return {"id": "pay_1", "amount": 3000, "amount_refunded": 600, "currency": OWN}


def square(_: Request) -> Any:
    return {"payment": {"id": "p1", "amount_money": {"amount": 2400, "currency": OWN}}}


WORLDS: Mapping[str, Callable[[Request], Any]] = {
    each.__name__: each for each in (stripe, paypal, whmcs, mollie, gocardless, paddle, razorpay, square)
}
"""By provider: a thing of 24.00 USD, whatever it is."""

MONEY = [
    (name, provider)
    for name, action in actions().items()
    if "currency" in action.input["properties"]
    for provider in adapters.able(name)
]
WHOLE_ONLY = ("paddle",)
"""Who refunds a payment as a whole, and refuses every amount."""

MAY_TELL_NONE = [("customer.add_credit", "stripe")]
"""A customer of Stripe who never paid has no currency yet, and Stripe is told the one that was asked for."""


def given(name: str, currency: str, amount: float | None) -> dict[str, Any]:
    """An input by the action's own example."""
    example = {key: value for key, value in actions()[name].example["input"].items() if key != "source"}
    return {**example, "amount": amount, "currency": currency}


def task_of(vendor: FakeVendor, wanted: Mapping[str, Any]) -> Task:
    return vendor.task(wanted, {**SETTINGS, "api_base": BASE}, dry=True)


def is_new(name: str) -> bool:
    """Whether the action makes something, which has no currency before that."""
    return name.endswith(".create")


def amounts_of(name: str, provider: str) -> list[float | None]:
    if "amount" in actions()[name].input["required"]:
        return [24]
    return [None] if provider in WHOLE_ONLY else [24, None]


@cases(("name", "provider"), MONEY)
def test_no_other_currency_is_moved(name: str, provider: str) -> None:
    """The attack: "5000 INR" of a payment in US dollars, told to the gateway as 500,000 of its smallest unit."""
    for amount in amounts_of(name, provider):
        with FakeVendor(WORLDS[provider]) as vendor:
            task = task_of(vendor, given(name, OTHER, None if amount is None else 5000))

            if is_new(name):
                adapters.of(provider)[name].run(task)
                assert OTHER in str(task.vendor.told).upper(), "the gateway is told the currency, too"
            else:
                with pytest.raises(Failed, match=f"is in {OWN}; .*{OTHER} was requested") as error:
                    adapters.of(provider)[name].run(task)
                assert (error.value.code, task.vendor.told) == ("other_currency", [])


@cases(("name", "provider"), [each for each in MONEY if not is_new(each[0]) and each not in MAY_TELL_NONE])
def test_nothing_is_moved_of_what_tells_no_currency(name: str, provider: str) -> None:
    def without(request: Request) -> Any:
        return jsonless(WORLDS[provider](request))

    def jsonless(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: jsonless(item) for key, item in value.items() if "currency" not in key}
        return value

    with FakeVendor(without) as vendor:
        task = task_of(vendor, given(name, OWN, amounts_of(name, provider)[0]))

        with pytest.raises(Failed, match="could not be read"):
            adapters.of(provider)[name].run(task)

        assert task.vendor.told == []


@cases(("name", "provider"), MONEY)
def test_what_was_read_is_judged_before_anything_is_told(name: str, provider: str) -> None:
    for amount in amounts_of(name, provider):
        with FakeVendor(WORLDS[provider]) as vendor:
            task = task_of(vendor, given(name, OWN, amount))
            judged: list[tuple[Money, int]] = []

            def judge(money: Money, task: Task = task, judged: list[tuple[Money, int]] = judged) -> None:
                judged.append((money, len(task.vendor.told)))

            adapters.of(provider)[name].run(replace(task, judge=judge))

            assert judged == [(from_minor(2400, OWN), 0)]
            assert len(task.vendor.told) >= 1


@cases(("name", "provider"), MONEY)
def test_what_needs_a_person_is_not_told(name: str, provider: str) -> None:
    def judge(_: Money) -> None:
        raise NeedsPerson

    with FakeVendor(WORLDS[provider]) as vendor:
        task = task_of(vendor, given(name, OWN, amounts_of(name, provider)[0]))

        with pytest.raises(NeedsPerson):
            adapters.of(provider)[name].run(replace(task, judge=judge))

        assert task.vendor.told == []
