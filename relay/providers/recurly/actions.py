"""What Recurly does for us: subscriptions and invoices. https://recurly.com/developers/api/v2021-02-25/"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_decimal
from relay.formats.times import timestamp
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import dig, scalar
from relay.sdk.outcomes import Declined, Done, Failed, shown
from relay.sdk.provider import segment
from relay.sdk.subscriptions import SubscriptionApi, Transition, transitions

_ACCEPT = "application/vnd.recurly.v2021-02-25"
_PAUSED_CYCLES = 999
"""Recurly pauses for a number of periods: until it is resumed is a number that nobody reaches."""


def headers(task: Task) -> dict[str, str]:
    return {**basic(str(task.settings["api_key"]), ""), "accept": _ACCEPT}


def reason(said: Any) -> str | None:
    return scalar(dig(said, "error", "message"))


def paused(_: Task) -> dict[str, int]:
    return {"remaining_pause_cycles": _PAUSED_CYCLES}


def end(task: Task) -> dict[str, str]:
    if not task.input.get("at_period_end"):
        raise Failed("Recurly can only cancel at the end of the period here. Turn At Period End on.")
    return {"timeframe": "bill_date"}


def retry_payment(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("state") == "paid":
        return _paid(invoice, "was already paid")
    try:
        said = _API.change(task, "PUT", f"/invoices/{segment(invoice['id'])}/collect", {}).object()
    except Failed as error:
        if error.code in ("refused", "declined"):
            raise Declined(f"The payment of invoice {_number(invoice)} failed: {error.message}") from None
        raise
    return _paid({**invoice, **said}, "was paid")


def was_paid(task: Task) -> Done | None:
    invoice = _invoice(task)
    return _paid(invoice, "was paid; a look-up confirmed it") if invoice.get("state") == "paid" else None


def void(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("state") == "voided":
        return Done(f"Invoice {_number(invoice)} was already void.", _shown(invoice, "void"))
    _API.change(task, "PUT", f"/invoices/{segment(invoice['id'])}/void", {})
    return Done(f"Invoice {_number(invoice)} was voided.", _shown(invoice, "void"))


def fetch_invoice(task: Task) -> Done:
    invoice = _invoice(task)
    money = from_decimal(invoice.get("total"), invoice.get("currency"))
    output = {
        **_shown(invoice),
        "amount": money["amount"],
        "currency": money["currency"],
        "amount_due": from_decimal(invoice.get("balance"), invoice.get("currency"))["amount"],
        "due_at": timestamp(invoice.get("due_at")),
        "customer_id": scalar(dig(invoice, "account", "code")),
    }
    return Done(f"Invoice {_number(invoice)} is {output['invoice_status']}.", output)


def _invoice(task: Task) -> dict[str, Any]:
    """An invoice's number is asked for as `number-1042`."""
    name = str(task.input["invoice_id"]).strip().removeprefix("#")
    asked = f"number-{name}" if name.isdigit() else name
    return {"id": asked, **shown(_API.read(task, f"/invoices/{segment(asked)}"), f"invoice {name}")}


def _number(invoice: Mapping[str, Any]) -> str:
    return scalar(invoice.get("number")) or str(invoice["id"])


def _shown(invoice: Mapping[str, Any], status: str | None = None) -> dict[str, Any]:
    return {
        "invoice_id": scalar(invoice.get("id")),
        "invoice_number": scalar(invoice.get("number")),
        "invoice_status": status or scalar(invoice.get("state")),
    }


def _paid(invoice: Mapping[str, Any], how: str) -> Done:
    money = from_decimal(invoice.get("paid"), invoice.get("currency"))
    output = {**_shown(invoice), "amount": money["amount"], "currency": money["currency"]}
    return Done(f"Invoice {_number(invoice)} {how}.", output)


_API = SubscriptionApi(
    path="/subscriptions/{id}",
    headers=headers,
    reason=reason,
    state="state",
    renews=("current_period_ends_at",),
    keyed="idempotency-key",
)

ACTIONS: Mapping[str, Adapter] = {
    **transitions(
        _API,
        {
            "subscription.pause": Transition(
                "/subscriptions/{id}/pause", frozenset({"paused"}), "paused", paused, "PUT"
            ),
            "subscription.resume": Transition(
                "/subscriptions/{id}/resume", frozenset({"active"}), "resumed", method="PUT"
            ),
            "subscription.cancel": Transition(
                "/subscriptions/{id}/cancel", frozenset({"canceled", "expired"}), "canceled", end, "PUT"
            ),
        },
    ),
    "invoice.retry_payment": Adapter(retry_payment, look_up_outcome=was_paid, needs=_API.needs),
    "invoice.fetch": Adapter(fetch_invoice, repeatable=True, needs=_API.needs),
    "invoice.void": Adapter(void, repeatable=True, needs=_API.needs),
}
