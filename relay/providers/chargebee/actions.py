"""What Chargebee does for us: subscriptions and invoices. https://apidocs.chargebee.com/docs/api"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_minor
from relay.formats.times import timestamp
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.entities import Invoice, named
from relay.sdk.fields import Object, dig, scalar
from relay.sdk.invoices import InvoiceApi
from relay.sdk.subscriptions import SubscriptionApi, Transition, still_to_come, transitions


def headers(task: Task) -> dict[str, str]:
    return basic(str(task.settings["api_key"]), "")


def reason(said: Any) -> str | None:
    return scalar(dig(said, "message"))


def end(task: Task) -> dict[str, str]:
    return {"end_of_term": "true" if task.input.get("at_period_end") else "false"}


def later(task: Task) -> dict[str, str]:
    """Without charging for the days between."""
    return {"term_ends_at": str(int(still_to_come(task.input["until"]).timestamp())), "prorate": "false"}


def read_invoice(found: Object) -> Invoice:
    """Its id is its number."""
    currency, own_id = found.get("currency_code"), scalar(found.get("id"))
    return {
        "id": own_id,
        "number": own_id,
        "status": scalar(found.get("status")),
        **from_minor(found.get("total"), currency),
        **named("amount_due", from_minor(found.get("amount_due"), currency)),
        **named("amount_paid", from_minor(found.get("amount_paid"), currency)),
        "due_at": timestamp(found.get("due_date")),
    }


_API = SubscriptionApi(
    path="/api/v2/subscriptions/{id}",
    headers=headers,
    reason=reason,
    inside=("subscription",),
    keyed="chargebee-idempotency-key",
    form=True,
    words={"cancelled": "canceled"},
)
_PATH = "/api/v2/subscriptions/{id}/"

_INVOICES = InvoiceApi(
    _API,
    path="/api/v2/invoices/{id}",
    method="POST",
    collect="collect_payment",
    read=read_invoice,
    customer_id=lambda found: scalar(found.get("customer_id")),
    inside=("invoice",),
)

ACTIONS: Mapping[str, Adapter] = {
    **transitions(
        _API,
        {
            "subscription.pause": Transition(_PATH + "pause", frozenset({"paused"}), "paused"),
            "subscription.resume": Transition(_PATH + "resume", frozenset({"active"}), "resumed"),
            "subscription.cancel": Transition(_PATH + "cancel_for_items", frozenset({"cancelled"}), "canceled", end),
            "subscription.extend": Transition(_PATH + "change_term_end", frozenset(), "extended", later),
        },
    ),
    **_INVOICES.actions(),
}
