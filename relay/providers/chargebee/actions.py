"""What Chargebee does for us: subscriptions and invoices. https://apidocs.chargebee.com/docs/api"""

from collections.abc import Mapping
from typing import Any

from relay.formats.money import from_minor
from relay.formats.times import timestamp
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import basic
from relay.sdk.fields import an_object, dig, scalar
from relay.sdk.outcomes import Declined, Done, Failed, shown
from relay.sdk.provider import segment
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


def retry_payment(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("status") == "paid":
        return _paid(invoice, "was already paid")
    path = f"/api/v2/invoices/{segment(invoice['id'])}/collect_payment"
    try:
        said = _API.change(task, "POST", path, {}).object()
    except Failed as error:
        if error.code in ("refused", "declined"):
            raise Declined(f"The payment of invoice {invoice['id']} failed: {error.message}") from None
        raise
    return _paid({**invoice, **an_object(said.get("invoice"))}, "was paid")


def was_paid(task: Task) -> Done | None:
    invoice = _invoice(task)
    return _paid(invoice, "was paid; a look-up confirmed it") if invoice.get("status") == "paid" else None


def void(task: Task) -> Done:
    invoice = _invoice(task)
    if invoice.get("status") == "voided":
        return Done(f"Invoice {invoice['id']} was already void.", _shown(invoice, "void"))
    _API.change(task, "POST", f"/api/v2/invoices/{segment(invoice['id'])}/void", {})
    return Done(f"Invoice {invoice['id']} was voided.", _shown(invoice, "void"))


def fetch_invoice(task: Task) -> Done:
    invoice = _invoice(task)
    money = from_minor(invoice.get("total"), invoice.get("currency_code"))
    output = {
        **_shown(invoice),
        "amount": money["amount"],
        "currency": money["currency"],
        "amount_due": from_minor(invoice.get("amount_due"), invoice.get("currency_code"))["amount"],
        "due_at": timestamp(invoice.get("due_date")),
        "customer_id": scalar(invoice.get("customer_id")),
    }
    return Done(f"Invoice {invoice['id']} is {output['invoice_status']}.", output)


def _invoice(task: Task) -> dict[str, Any]:
    own_id = str(task.input["invoice_id"]).strip().removeprefix("#")
    found = an_object(_API.read(task, f"/api/v2/invoices/{segment(own_id)}").get("invoice"))
    return {"id": own_id, **shown(found, f"invoice {own_id}")}


def _shown(invoice: Mapping[str, Any], status: str | None = None) -> dict[str, Any]:
    own_id = scalar(invoice.get("id"))
    return {"invoice_id": own_id, "invoice_number": own_id, "invoice_status": status or scalar(invoice.get("status"))}


def _paid(invoice: Mapping[str, Any], how: str) -> Done:
    money = from_minor(invoice.get("amount_paid"), invoice.get("currency_code"))
    output = {**_shown(invoice), "amount": money["amount"], "currency": money["currency"]}
    return Done(f"Invoice {invoice['id']} {how}.", output)


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
    "invoice.retry_payment": Adapter(retry_payment, look_up_outcome=was_paid, needs=_API.needs),
    "invoice.fetch": Adapter(fetch_invoice, repeatable=True, needs=_API.needs),
    "invoice.void": Adapter(void, repeatable=True, needs=_API.needs),
}
