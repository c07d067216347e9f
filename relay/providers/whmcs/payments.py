"""Transactions and orders."""

from typing import Any

from relay.formats.money import from_decimal
from relay.providers.whmcs.invoices import invoice_id, invoice_number, known_invoice
from relay.providers.whmcs.reading import Hook, date, ident, money, row, text, web_address
from relay.sdk.entities import Data, Order, named
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On

_NO_CURRENCY = "XXX"  # ISO 4217's own word for it


def moved(inbound: Inbound) -> list[On]:
    """A transaction is a payment or a refund; one that moves no money is nothing."""
    hook = inbound.payload["data"]
    told = []
    if _is_positive(hook.get("amountin")):
        told.append(On("payment.succeeded", payment))
    if _is_positive(hook.get("amountout")):
        told.append(On("refund.succeeded", refund))
    return told


def payment(hook: Hook) -> Data:
    return {
        "payment": {
            "id": ident(hook.get("id")),
            "status": "succeeded",
            **money(hook.get("amountin"), hook),
            **named("fee", money(hook.get("fees"), hook)),
            "paid_at": date(hook.get("date")),
            "description": text(hook.get("description")),
            "reference": text(hook.get("transid")),
            "gateway": text(hook.get("gateway")),
            "invoice_id": invoice_id(hook),
            "invoice_number": invoice_number(hook),
            "url": web_address(hook.get("url")),
        },
        "invoice": known_invoice(hook),
    }


def refund(hook: Hook) -> Data:
    return {
        "refund": {
            "id": ident(hook.get("id")),
            "status": "succeeded",
            **money(hook.get("amountout"), hook),
            "reason": text(hook.get("description")),
            "payment_id": ident(hook.get("refundid")),
            "invoice_id": invoice_id(hook),
            "invoice_number": invoice_number(hook),
            "created_at": date(hook.get("date")),
        },
        "invoice": known_invoice(hook),
    }


def placed_order(hook: Hook) -> Data:
    order: Order = {"id": ident(hook.get("OrderID")), "number": ident(hook.get("OrderNumber"))}
    return _order(hook, order, hook.get("TotalDue"))


def paid_order(hook: Hook) -> Data:
    return _order(hook, {"id": ident(hook.get("orderId"))}, row(hook.get("invoice")).get("total"))


def _order(hook: Hook, known: Order, total: Any) -> Data:
    order: Order = {
        **known,
        **money(total, hook),
        "invoice_id": invoice_id(hook),
        "invoice_number": invoice_number(hook),
    }
    return {"order": order, "invoice": known_invoice(hook)}


def _is_positive(amount: Any) -> bool:
    found = from_decimal(amount, _NO_CURRENCY)["amount"]
    return found is not None and found > 0
