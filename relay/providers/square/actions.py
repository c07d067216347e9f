"""What Square does for us: subscriptions and refunds. https://developer.squareup.com/reference/square"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from relay.formats.money import from_minor
from relay.sdk import amounts, refunds
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import bearer
from relay.sdk.fields import an_object, dig, first, scalar
from relay.sdk.outcomes import Done, Failed
from relay.sdk.provider import segment
from relay.sdk.subscriptions import SubscriptionApi, Transition, transitions

_VERSION = "2025-10-16"
_LONGEST_KEY = 45


def headers(task: Task) -> dict[str, str]:
    return {**bearer(str(task.settings["access_token"])), "square-version": _VERSION}


def reason(said: Any) -> str | None:
    return scalar(first(dig(said, "errors")).get("detail")) or scalar(first(dig(said, "errors")).get("code"))


def end(task: Task) -> dict[str, Any]:
    if not task.input.get("at_period_end"):
        raise Failed("Square can only cancel at the end of the period. Turn At Period End on.")
    return {}


def refund(task: Task) -> Done:
    """Square wants the amount of every refund. The key is in the body, which is the same at each try."""
    own_id = str(task.input["payment_id"]).strip()
    paid = an_object(dig(_API.read(task, f"/v2/payments/{segment(own_id)}"), "payment", "amount_money"))
    known = from_minor(paid.get("amount"), paid.get("currency"))
    money = amounts.agreed(task, f"The payment {own_id}", paid.get("currency"), known)
    body = {
        "idempotency_key": task.key[-_LONGEST_KEY:],
        "payment_id": own_id,
        "amount_money": {"amount": money["amount_minor"], "currency": money["currency"]},
        "reason": task.input.get("reason") or "Requested by the merchant",
    }
    said = an_object(_API.change(task, "POST", "/v2/refunds", body).object().get("refund"))
    return refunds.made(scalar(said.get("id")), (scalar(said.get("status")) or "").lower() or None, money)


_API = SubscriptionApi(
    path="/v2/subscriptions/{id}",
    headers=headers,
    reason=reason,
    inside=("subscription",),
    renews=("charged_through_date",),
    needs=("api_url", "access_token"),
    words={"ACTIVE": "active", "PAUSED": "paused", "CANCELED": "canceled", "DEACTIVATED": "expired"},
)
_PATH = "/v2/subscriptions/{id}/"

ACTIONS: Mapping[str, Adapter] = {
    **transitions(
        _API,
        {
            "subscription.pause": Transition(_PATH + "pause", frozenset({"PAUSED"}), "paused"),
            "subscription.resume": Transition(_PATH + "resume", frozenset({"ACTIVE"}), "resumed"),
            "subscription.cancel": Transition(
                _PATH + "cancel", frozenset({"CANCELED", "DEACTIVATED"}), "canceled", end
            ),
        },
    ),
    "payment.refund": Adapter(refund, repeatable=True, kept=timedelta(hours=24), needs=_API.needs),
}
