"""Invoices, as FOSSBilling's API shows them: amounts in the currency's units, times without a zone."""

from typing import Any

from relay.formats.money import from_decimal, named
from relay.formats.times import day
from relay.sdk.fields import an_object, integer, objects, scalar
from relay.sdk.provider import Data

_STATUSES = {"paid": "paid", "unpaid": "open", "refunded": "refunded", "canceled": "void"}


def invoice(said: Data, status: str | None = None) -> Data:
    """The invoice in the state that the event tells of; what was not looked up stays empty."""
    found = an_object(said.get("invoice"))
    currency = found.get("currency")
    state = status or _STATUSES.get(scalar(found.get("status")) or "")
    total = from_decimal(found.get("total"), currency)
    nothing, none_known = from_decimal(0, currency), from_decimal(None, currency)
    left = {"paid": nothing, "open": total, "overdue": total}.get(state or "", none_known)
    return {
        "invoice": {
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
    }


def renewal(said: Data) -> Data:
    """The invoice that renews an order."""
    data = invoice(said, "open")
    data["invoice"]["subscription_id"] = scalar(said.get("order_id")) or data["invoice"]["subscription_id"]
    return data


def _days(said: Data) -> int | None:
    left, passed = integer(said.get("days_left")), integer(said.get("days_passed"))
    return left if passed is None else -passed


def _order_of(found: Data) -> str | None:
    orders = {scalar(line.get("order_id")) for line in objects(found.get("lines"))} - {None}
    return orders.pop() if len(orders) == 1 else None


def _item(line: Data, currency: Any) -> Data:
    amount = from_decimal(line.get("total"), currency)
    return {
        "description": scalar(line.get("title")),
        "kind": "hosting" if scalar(line.get("order_id")) else "other",
        "quantity": integer(line.get("quantity")),
        "amount": amount["amount"],
        "amount_minor": amount["amount_minor"],
        "service_id": scalar(line.get("order_id")),
    }
