"""What Paddle does for us: subscriptions and whole refunds. https://developer.paddle.com/api-reference/overview"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_minor
from relay.formats.times import iso
from relay.sdk import amounts, refunds
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import bearer
from relay.sdk.fields import an_object, dig, first, objects, scalar
from relay.sdk.outcomes import Done, Failed
from relay.sdk.provider import segment
from relay.sdk.subscriptions import SubscriptionApi, Transition, still_to_come, transitions


def headers(task: Task) -> dict[str, str]:
    return bearer(str(task.settings["api_key"]))


def reason(said: Any) -> str | None:
    return scalar(dig(said, "error", "detail")) or scalar(dig(said, "error", "code"))


def now(_: Task) -> dict[str, str]:
    return {"effective_from": "immediately"}


def end(task: Task) -> dict[str, str]:
    return {"effective_from": "next_billing_period" if task.input.get("at_period_end") else "immediately"}


def later(task: Task) -> dict[str, str | None]:
    """Without charging for the days between."""
    return {"next_billed_at": iso(still_to_come(task.input["until"])), "proration_billing_mode": "do_not_bill"}


def refund(task: Task) -> Done:
    """A transaction as a whole: a part needs its items. One that was refunded already is done."""
    if task.input.get("amount") is not None:
        raise Failed("Paddle can only refund a whole transaction here. Leave amount empty.")
    own_id = str(task.input["payment_id"]).strip()
    known = _API.read(task, f"/adjustments?transaction_id={segment(own_id)}&action=refund")
    before = next((each for each in objects(known.get("data")) if each.get("status") != "rejected"), None)
    if before:
        return refunds.made(scalar(before.get("id")), scalar(before.get("status")), None)
    sold = an_object(_API.read(task, f"/transactions/{segment(own_id)}").get("data"))
    currency = sold.get("currency_code")
    total = from_minor(dig(sold, "details", "totals", "grand_total"), currency)
    amounts.agreed(task, f"The transaction {own_id}", currency, total)
    body = {
        "action": "refund",
        "type": "full",
        "transaction_id": own_id,
        "reason": task.input.get("reason") or "Requested by the merchant",
    }
    said = _API.change(task, "POST", "/adjustments", body).object()
    return refunds.made(scalar(dig(said, "data", "id")), scalar(dig(said, "data", "status")), None)


def was_refunded(task: Task) -> Done | None:
    own_id = segment(str(task.input["payment_id"]).strip())
    found = first(_API.read(task, f"/adjustments?transaction_id={own_id}&action=refund").get("data"))
    return refunds.made(scalar(found.get("id")), scalar(found.get("status")), None) if found else None


_API = SubscriptionApi(
    path="/subscriptions/{id}", headers=headers, reason=reason, inside=("data",), renews=("next_billed_at",)
)

ACTIONS: Mapping[str, Adapter] = {
    **transitions(
        _API,
        {
            "subscription.pause": Transition("/subscriptions/{id}/pause", frozenset({"paused"}), "paused", now),
            "subscription.resume": Transition("/subscriptions/{id}/resume", frozenset({"active"}), "resumed", now),
            "subscription.cancel": Transition("/subscriptions/{id}/cancel", frozenset({"canceled"}), "canceled", end),
            "subscription.extend": Transition("/subscriptions/{id}", frozenset(), "extended", later, method="PATCH"),
        },
    ),
    "payment.refund": Adapter(refund, look_up_outcome=was_refunded, needs=_API.needs),
}
