"""What Paddle does for us: subscriptions and whole refunds. https://developer.paddle.com/api-reference/overview"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_minor
from relay.model import iso
from relay.sdk import amounts, refunds
from relay.sdk.actions import Does, Task
from relay.sdk.client import bearer
from relay.sdk.fields import an_object, first, listed, scalar, under
from relay.sdk.outcomes import Done, Failed
from relay.sdk.provider import segment
from relay.sdk.subscriptions import Api, Move, moves, still_to_come


def headers(task: Task) -> dict[str, str]:
    return bearer(str(task.settings["api_key"]))


def reason(said: Any) -> str | None:
    return scalar(under(said, "error", "detail")) or scalar(under(said, "error", "code"))


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
        raise Failed("Paddle refunds parts by their items only: leave the amount empty for the whole transaction.")
    own_id = str(task.input["payment_id"]).strip()
    known = _API.ask(task, f"/adjustments?transaction_id={segment(own_id)}&action=refund")
    before = next((each for each in listed(known.get("data")) if each.get("status") != "rejected"), None)
    if before:
        return refunds.made(scalar(before.get("id")), scalar(before.get("status")), None)
    sold = an_object(_API.ask(task, f"/transactions/{segment(own_id)}").get("data"))
    currency = sold.get("currency_code")
    total = from_minor(under(sold, "details", "totals", "grand_total"), currency)
    amounts.agreed(task, f"The transaction {own_id}", currency, total)
    body = {
        "action": "refund",
        "type": "full",
        "transaction_id": own_id,
        "reason": task.input.get("reason") or "Asked for by the merchant",
    }
    said = _API.tell(task, "POST", "/adjustments", body).object()
    return refunds.made(scalar(under(said, "data", "id")), scalar(under(said, "data", "status")), None)


def was_refunded(task: Task) -> Done | None:
    own_id = segment(str(task.input["payment_id"]).strip())
    found = first(_API.ask(task, f"/adjustments?transaction_id={own_id}&action=refund").get("data"))
    return refunds.made(scalar(found.get("id")), scalar(found.get("status")), None) if found else None


_API = Api(read="/subscriptions/{id}", headers=headers, reason=reason, inside=("data",), renews=("next_billed_at",))

ACTIONS: Mapping[str, Does] = {
    **moves(
        _API,
        {
            "subscription.pause": Move("/subscriptions/{id}/pause", frozenset({"paused"}), "paused", now),
            "subscription.resume": Move("/subscriptions/{id}/resume", frozenset({"active"}), "on again", now),
            "subscription.cancel": Move("/subscriptions/{id}/cancel", frozenset({"canceled"}), "canceled", end),
            "subscription.extend": Move("/subscriptions/{id}", frozenset(), "extended", later, method="PATCH"),
        },
    ),
    "payment.refund": Does(refund, find_out=was_refunded, needs=_API.needs),
}
