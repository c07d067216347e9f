"""Invoices, as FOSSBilling's API shows them: amounts in the currency's units, times without a zone."""

from typing import Any

from relay.formats.money import from_decimal
from relay.formats.times import day
from relay.sdk.entities import Data, Invoice, LineItem, named
from relay.sdk.fields import Object, an_object, integer, objects, scalar

_STATUSES = {"paid": "paid", "unpaid": "open", "refunded": "refunded", "canceled": "void"}


def invoice(said: Object, status: str | None = None) -> Data:
    """The invoice in the state that the event tells of; what was not looked up stays empty."""
    return {"invoice": _invoice(said, status)}


def _invoice(said: Object, status: str | None) -> Invoice:
    found = an_object(said.get("invoice"))
    currency = found.get("currency")
    state = status or _STATUSES.get(scalar(found.get("status")) or "")
    total = from_decimal(found.get("total"), currency)
    nothing, none_known = from_decimal(0, currency), from_decimal(None, currency)
    left = {"paid": nothing, "open": total, "overdue": total}.get(state or "", none_known)
    return {
        "id": scalar(said.get("id")) or scalar(found.get("id")),
        "number": scalar(found.get("serie_nr")),
        "status": state,
        **total,
        **named("amount_due", left),
        **named("amount_paid", total if state == "paid" else none_known),
        **named("tax", from_decimal(found.get("tax"), currency)),
        "issued_at": day(found.get("created_at")),
        "due_at": day(found.get("due_at")),
        "paid_at": day(found.get("paid_at")),
        "days_until_due": _days(said),
        "subscription_id": _order_of(found),
        "items": [_item(each, currency) for each in objects(found.get("lines"))],
    }


def renewal(said: Object) -> Data:
    """The invoice that renews an order."""
    found = _invoice(said, "open")
    return {"invoice": found | {"subscription_id": scalar(said.get("order_id")) or found["subscription_id"]}}


def _days(said: Object) -> int | None:
    left, passed = integer(said.get("days_left")), integer(said.get("days_passed"))
    return left if passed is None else -passed


def _order_of(found: Object) -> str | None:
    orders = {scalar(line.get("order_id")) for line in objects(found.get("lines"))} - {None}
    return orders.pop() if len(orders) == 1 else None


def _item(line: Object, currency: Any) -> LineItem:
    amount = from_decimal(line.get("total"), currency)
    return {
        "description": scalar(line.get("title")),
        "kind": "hosting" if scalar(line.get("order_id")) else "other",
        "quantity": integer(line.get("quantity")),
        "amount": amount["amount"],
        "amount_minor": amount["amount_minor"],
        "service_id": scalar(line.get("order_id")),
    }
