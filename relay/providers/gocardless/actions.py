"""What GoCardless does for us: subscriptions and refunds. https://developer.gocardless.com/api-reference/"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_minor
from relay.sdk import amounts, refunds
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import bearer
from relay.sdk.fields import dig, first, objects, scalar
from relay.sdk.outcomes import Done
from relay.sdk.provider import segment
from relay.sdk.subscriptions import SubscriptionApi, Transition, at_once, transitions

_VERSION = "2015-07-06"
_NOTE = "relay_run"


def headers(task: Task) -> dict[str, str]:
    return {**bearer(str(task.settings["api_key"])), "gocardless-version": _VERSION}


def reason(said: Any) -> str | None:
    return scalar(dig(said, "error", "message")) or scalar(first(dig(said, "error", "errors")).get("message"))


def canceled(task: Task) -> dict[str, Any]:
    at_once(task)
    return {}


def refund(task: Task) -> Done:
    """GoCardless wants to be told how much was refunded then in all, as a check on both sides."""
    own_id = str(task.input["payment_id"]).strip()
    payment = _API.read(task, f"/payments/{segment(own_id)}").get("payments") or {}
    taken, before = int(payment.get("amount") or 0), int(payment.get("amount_refunded") or 0)
    currency = payment.get("currency")
    money = amounts.agreed(task, f"The payment {own_id}", currency, from_minor(taken - before, currency))
    amount = money["amount_minor"] or 0
    wanted = {
        "amount": amount,
        "total_amount_confirmation": before + amount,
        "links": {"payment": own_id},
        "metadata": {_NOTE: task.key},
    }
    said = _API.change(task, "POST", "/refunds", {"refunds": wanted}).object()
    return refunds.made(scalar(dig(said, "refunds", "id")), scalar(dig(said, "refunds", "status")), money)


def was_refunded(task: Task) -> Done | None:
    """The run is noted on the refund."""
    own_id = str(task.input["payment_id"]).strip()
    for each in objects(_API.read(task, f"/refunds?payment={segment(own_id)}").get("refunds")):
        if dig(each, "metadata", _NOTE) == task.key:
            money = from_minor(each.get("amount"), each.get("currency"))
            return refunds.made(scalar(each.get("id")), scalar(each.get("status")), money)
    return None


_API = SubscriptionApi(
    path="/subscriptions/{id}",
    headers=headers,
    reason=reason,
    inside=("subscriptions",),
    keyed="idempotency-key",
    words={"cancelled": "canceled"},
)
_PATH = "/subscriptions/{id}/actions/"

ACTIONS: Mapping[str, Adapter] = {
    **transitions(
        _API,
        {
            "subscription.pause": Transition(_PATH + "pause", frozenset({"paused"}), "paused"),
            "subscription.resume": Transition(_PATH + "resume", frozenset({"active"}), "resumed"),
            "subscription.cancel": Transition(
                _PATH + "cancel", frozenset({"cancelled", "finished"}), "canceled", canceled
            ),
        },
    ),
    "payment.refund": Adapter(refund, look_up_outcome=was_refunded, needs=_API.needs),
}
