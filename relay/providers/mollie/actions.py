"""What Mollie does for us: refunds and payment links. https://docs.mollie.com/reference/create-refund

The run is noted on the refund, by which it is found again. A payment link is made under the run's own key, which Mollie
keeps for an hour.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from relay.formats.money import from_decimal
from relay.sdk import amounts, refunds
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import bearer
from relay.sdk.fields import an_object, dig, objects, scalar
from relay.sdk.outcomes import Done
from relay.sdk.provider import segment

_NEEDS = ("api_url", "api_key")
_NOTE = "relay_run"


def refund(task: Task) -> Done:
    """All of a payment is what is left of it."""
    path, headers = f"/v2/payments/{segment(task.input['payment_id'])}", bearer(str(task.settings["api_key"]))
    payment = task.vendor.read(path, headers=headers).expect(_reason).object()
    left = an_object(payment.get("amountRemaining")) or an_object(payment.get("amount"))
    known = from_decimal(left.get("value"), left.get("currency"))
    money = amounts.agreed(task, f"The payment {task.input['payment_id']}", left.get("currency"), known)
    amount = {"currency": money["currency"], "value": amounts.text_of(money)}
    body = {"amount": amount, "description": task.input.get("reason") or "", "metadata": {_NOTE: task.key}}
    reply = task.vendor.change("POST", f"{path}/refunds", headers={**headers, "idempotency-key": task.key}, json=body)
    said = reply.expect(_reason).object()
    return refunds.made(scalar(said.get("id")), scalar(said.get("status")), money)


def was_refunded(task: Task) -> Done | None:
    path, headers = f"/v2/payments/{segment(task.input['payment_id'])}", bearer(str(task.settings["api_key"]))
    said = task.vendor.read(f"{path}/refunds", headers=headers).expect(_reason).object()
    for each in objects(dig(said, "_embedded", "refunds")):
        if dig(each, "metadata", _NOTE) == task.key:
            money = from_decimal(dig(each, "amount", "value"), dig(each, "amount", "currency"))
            return refunds.made(scalar(each.get("id")), scalar(each.get("status")), money)
    return None


def create_payment_link(task: Task) -> Done:
    money = amounts.made(task)
    amount = {"currency": money["currency"], "value": amounts.text_of(money)}
    headers = {**bearer(str(task.settings["api_key"])), "idempotency-key": task.key}
    body = {"description": task.input["description"], "amount": amount}
    said = task.vendor.change("POST", "/v2/payment-links", headers=headers, json=body).expect(_reason).object()
    output = {"url": scalar(dig(said, "_links", "paymentLink", "href")), "payment_link_id": scalar(said.get("id"))}
    return Done("The payment link was created.", {**output, "amount": money["amount"], "currency": money["currency"]})


def _reason(said: Any) -> str | None:
    return scalar(dig(said, "detail")) or scalar(dig(said, "title"))


ACTIONS: Mapping[str, Adapter] = {
    "payment.refund": Adapter(refund, look_up_outcome=was_refunded, needs=_NEEDS),
    "payment_link.create": Adapter(create_payment_link, repeatable=True, kept=timedelta(hours=1), needs=_NEEDS),
}
