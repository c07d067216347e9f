"""What Razorpay does for us: subscriptions, refunds and payment links. https://razorpay.com/docs/api/"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_minor
from relay.sdk import amounts, refunds
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import dig, objects, scalar
from relay.sdk.outcomes import Done
from relay.sdk.provider import segment
from relay.sdk.subscriptions import SubscriptionApi, Transition, transitions

_NOTE = "relay_run"


def headers(task: Task) -> dict[str, str]:
    return basic(str(task.settings["key_id"]), str(task.settings["key_secret"]))


def reason(said: Any) -> str | None:
    return scalar(dig(said, "error", "description"))


def end(task: Task) -> dict[str, int]:
    return {"cancel_at_cycle_end": 1 if task.input.get("at_period_end") else 0}


def refund(task: Task) -> Done:
    """The run is noted on the refund, by which it is found again."""
    own_id = str(task.input["payment_id"]).strip()
    path = f"/v1/payments/{segment(own_id)}"
    payment = _API.read(task, path)
    left = int(payment.get("amount") or 0) - int(payment.get("amount_refunded") or 0)
    currency = payment.get("currency")
    money = amounts.agreed(task, f"The payment {own_id}", currency, from_minor(left, currency))
    body: dict[str, Any] = {"notes": {_NOTE: task.key}}
    if task.input.get("amount") is not None:
        body["amount"] = money["amount_minor"]
    return _made(_API.change(task, "POST", f"{path}/refund", body).object())


def was_refunded(task: Task) -> Done | None:
    path = f"/v1/payments/{segment(str(task.input['payment_id']).strip())}/refunds"
    found = objects(_API.read(task, path).get("items"))
    return next((_made(each) for each in found if dig(each, "notes", _NOTE) == task.key), None)


def create_payment_link(task: Task) -> Done:
    """The run is its reference, which Razorpay takes once only."""
    money = amounts.made(task)
    body = {
        "amount": money["amount_minor"],
        "currency": money["currency"],
        "description": task.input["description"],
        "reference_id": task.key,
    }
    return _linked(_API.change(task, "POST", "/v1/payment_links", body).object())


def was_linked(task: Task) -> Done | None:
    found = objects(_API.read(task, f"/v1/payment_links?reference_id={segment(task.key)}").get("payment_links"))
    return next((_linked(each) for each in found if each.get("reference_id") == task.key), None)


def _linked(said: Mapping[str, Any]) -> Done:
    money = from_minor(said.get("amount"), said.get("currency"))
    output = {"url": scalar(said.get("short_url")), "payment_link_id": scalar(said.get("id"))}
    return Done("The payment link was created.", {**output, "amount": money["amount"], "currency": money["currency"]})


def _made(said: Mapping[str, Any]) -> Done:
    money = from_minor(said.get("amount"), said.get("currency"))
    return refunds.made(scalar(said.get("id")), scalar(said.get("status")), money)


_API = SubscriptionApi(
    path="/v1/subscriptions/{id}",
    headers=headers,
    reason=reason,
    renews=("charge_at",),
    needs=("api_url", "key_id", "key_secret"),
    words={"cancelled": "canceled"},
)
_PATH = "/v1/subscriptions/{id}/"

ACTIONS: Mapping[str, Adapter] = {
    **transitions(
        _API,
        {
            "subscription.pause": Transition(
                _PATH + "pause", frozenset({"paused"}), "paused", lambda _: {"pause_at": "now"}
            ),
            "subscription.resume": Transition(
                _PATH + "resume", frozenset({"active"}), "resumed", lambda _: {"resume_at": "now"}
            ),
            "subscription.cancel": Transition(_PATH + "cancel", frozenset({"cancelled"}), "canceled", end),
        },
    ),
    "payment.refund": Adapter(refund, look_up_outcome=was_refunded, needs=_API.needs),
    "payment_link.create": Adapter(create_payment_link, look_up_outcome=was_linked, needs=_API.needs),
}
