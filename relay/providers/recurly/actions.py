"""What Recurly does for us: subscriptions and invoices. https://recurly.com/developers/api/v2021-02-25/"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_decimal
from relay.formats.times import timestamp
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.entities import Invoice, named
from relay.sdk.fields import Object, dig, scalar
from relay.sdk.invoices import InvoiceApi
from relay.sdk.outcomes import Failed
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


def read_invoice(found: Object) -> Invoice:
    currency = found.get("currency")
    return {
        "id": scalar(found.get("id")),
        "number": scalar(found.get("number")),
        "status": scalar(found.get("state")),
        **from_decimal(found.get("total"), currency),
        **named("amount_due", from_decimal(found.get("balance"), currency)),
        **named("amount_paid", from_decimal(found.get("paid"), currency)),
        "due_at": timestamp(found.get("due_at")),
    }


_API = SubscriptionApi(
    path="/subscriptions/{id}",
    headers=headers,
    reason=reason,
    state="state",
    renews=("current_period_ends_at",),
    keyed="idempotency-key",
)

_INVOICES = InvoiceApi(
    _API,
    path="/invoices/{id}",
    method="PUT",
    collect="collect",
    read=read_invoice,
    customer_id=lambda found: scalar(dig(found, "account", "code")),
    # An invoice's number is asked for as `number-1042`.
    named=lambda name: f"number-{name}" if name.isdigit() else name,
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
    **_INVOICES.actions(),
}
