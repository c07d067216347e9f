"""Invoices in our words.

v2 is https://developer.paypal.com/docs/api/invoicing/v2/
v1 is https://developer.paypal.com/docs/api/invoicing/v1/

The dates of v1 look like `2015-09-28 PDT`, which is no instant, and so stay empty.
"""

from decimal import Decimal
from typing import Any

from relay.formats.money import NO_MONEY, Money, from_decimal
from relay.formats.times import day, timestamp
from relay.providers.paypal.reading import Object, days_from, link, money, number, subject, text, times, told_at, word
from relay.sdk.entities import Data, Invoice, LineItem, Payment, Refund, named
from relay.sdk.fields import an_object, dig, objects
from relay.sdk.inbound import Inbound

_STATUSES = {
    "draft": "draft",
    "scheduled": "draft",
    "sent": "open",
    "unpaid": "open",
    "payment_pending": "open",
    "partially_paid": "partially_paid",
    "paid": "paid",
    "marked_as_paid": "paid",
    "partially_refunded": "paid",
    "refunded": "refunded",
    "marked_as_refunded": "refunded",
    "cancelled": "void",
}
_NOT_YET_PAID = ("draft", "open", "partially_paid")


def read(event: Object) -> Data:
    return {"invoice": _invoice(event)}


def paid(event: Object) -> Data:
    """The invoice and the payment made last."""
    return _with_payment(event, "succeeded")


def pending(event: Object) -> Data:
    """The same while the payment is on its way."""
    return _with_payment(event, "pending")


def refunded(event: Object) -> Data:
    """The invoice, what was given back last, and the payment that it comes from."""
    bill = _bill(event)
    invoice = _invoice(event)
    payment = _payment(event, invoice, "refunded" if _status(bill) == "refunded" else "succeeded")
    given = _latest(dig(bill, "refunds", "transactions") or bill.get("refunds"))
    total = dig(bill, "refunds", "refund_amount") or dig(bill, "refunded_amount", "paypal")
    refund: Refund = {
        **money(given.get("amount") or total, _currency(bill)),
        "id": text(given.get("refund_id"), given.get("recipient_transaction_id"), given.get("transaction_id")),
        "status": "succeeded",
        "reason": text(given.get("note")),
        "payment_id": payment["id"],
        "invoice_id": invoice["id"],
        "invoice_number": invoice["number"],
        "created_at": told_at(event),
    }
    return {"invoice": invoice, "payment": payment, "refund": refund}


def is_paid(inbound: Inbound) -> bool:
    """Whether all is paid: PayPal's word "paid" is said of a part, and of a payment on its way, too.

    https://developer.paypal.com/docs/invoicing/webhooks/
    """
    return _native_status(inbound) not in ("partially_paid", "payment_pending")


def has_payment(inbound: Inbound) -> bool:
    return _native_status(inbound) != "payment_pending"


def awaits_payment(inbound: Inbound) -> bool:
    return not has_payment(inbound)


def _status(bill: Object) -> str | None:
    return _STATUSES.get(word(bill.get("status")) or "")


def _native_status(inbound: Inbound) -> str | None:
    return word(_bill(inbound.payload).get("status"))


def _bill(event: Object) -> Object:
    """The invoice itself: v2 puts it one level deeper."""
    resource = subject(event)
    return an_object(resource.get("invoice")) or resource


def _invoice(event: Object) -> Invoice:
    bill = _bill(event)
    return _newer(bill, event) if isinstance(bill.get("detail"), dict) else _older(bill, event)


def _newer(bill: Object, event: Object) -> Invoice:
    detail = bill["detail"]
    status = _status(bill)
    due_at = day(dig(detail, "payment_term", "due_date"))
    return {
        **money(bill.get("amount"), _currency(bill)),
        **named("amount_due", NO_MONEY if status == "void" else money(bill.get("due_amount"))),
        **named("amount_paid", money(dig(bill, "payments", "paid_amount"))),
        **named("tax", money(dig(bill, "amount", "breakdown", "tax_total"))),
        "id": text(bill.get("id")),
        "number": text(detail.get("invoice_number")),
        "status": status,
        "description": text(detail.get("note")),
        "issued_at": day(detail.get("invoice_date")) if status != "draft" else None,
        "due_at": due_at,
        "paid_at": _paid_at(bill, status, event),
        "days_until_due": days_from(event, due_at) if status in _NOT_YET_PAID else None,
        "url": text(dig(detail, "metadata", "recipient_view_url")) or link(bill, "payer-view"),
        "items": [_line_item(item, item.get("unit_amount"), bill) for item in objects(bill.get("items"))],
    }


def _older(bill: Object, event: Object) -> Invoice:
    status = _status(bill)
    total, settled = money(bill.get("total_amount")), _settled(bill)
    due_at = timestamp(dig(bill, "payment_term", "due_date"))
    return {
        **total,
        **named("amount_due", _remaining(total, settled, status)),
        **named("amount_paid", settled),
        "id": text(bill.get("id")),
        "number": text(bill.get("number")),
        "status": status,
        "description": text(bill.get("note")),
        "issued_at": timestamp(bill.get("invoice_date")) if status != "draft" else None,
        "due_at": due_at,
        "paid_at": _paid_at(bill, status, event),
        "days_until_due": days_from(event, due_at) if status in _NOT_YET_PAID else None,
        "url": text(dig(bill, "metadata", "payer_view_url")) or link(bill, "payer-view"),
        "items": [_line_item(item, item.get("unit_price"), bill) for item in objects(bill.get("items"))],
    }


def _paid_at(bill: Object, status: str | None, event: Object) -> str | None:
    return _made_at(_last_payment(bill), event) if status in ("paid", "refunded") else None


def _made_at(payment: Object, event: Object) -> str | None:
    """The event tells the moment of a payment through PayPal, the invoice only the day of any."""
    told_now = told_at(event) if str(event.get("event_type")).endswith(".PAID") else None
    made_on = day(payment.get("payment_date"))
    return (made_on or told_now) if _is_external(payment) else (told_now or made_on)


def _line_item(item: Object, unit: Any, bill: Object) -> LineItem:
    quantity = number(item.get("quantity"))
    return {
        **named("amount", _line_total(item, times(money(unit, _currency(bill)), quantity))),
        "description": text(item.get("name"), item.get("description")),
        "kind": "other",
        "quantity": quantity,
    }


def _line_total(item: Object, gross: Money) -> Money:
    """Without the line's own discount; unknown where that is told in percent only."""
    discount = an_object(item.get("discount"))
    if not discount or gross["amount"] is None:
        return gross
    off = money(discount.get("amount"), gross["currency"])["amount"]
    return NO_MONEY if off is None else from_decimal(gross["amount"] - off, gross["currency"])


def _settled(bill: Object) -> Money:
    """v1: what was paid by PayPal and otherwise."""
    parts = [money(dig(bill, "paid_amount", name)) for name in ("paypal", "other")]
    known = [each for each in parts if each["amount"] is not None]
    amount = sum((each["amount"] or Decimal(0) for each in known), Decimal(0))
    return from_decimal(amount, known[0]["currency"]) if known else NO_MONEY


def _remaining(total: Money, settled: Money, status: str | None) -> Money:
    """v1 does not tell what is left to pay."""
    if total["amount"] is None or status in (None, "void", "refunded"):
        return NO_MONEY
    left = Decimal(0) if status == "paid" else total["amount"] - (settled["amount"] or 0)
    return from_decimal(left, total["currency"])


def _with_payment(event: Object, status: str) -> Data:
    invoice = _invoice(event)
    return {"invoice": invoice, "payment": _payment(event, invoice, status)}


def _payment(event: Object, invoice: Invoice, status: str) -> Payment:
    bill = _bill(event)
    made = _last_payment(bill)
    told = money(made.get("amount"), _currency(bill))
    in_all: Payment = {
        "amount": invoice["amount_paid"],
        "amount_minor": invoice["amount_paid_minor"],
        "currency": invoice["currency"],
    }
    return {
        **(in_all if told["amount"] is None else told),
        "id": text(made.get("payment_id"), made.get("transaction_id")),
        "status": status,
        "method": word(made.get("method")),
        "paid_at": None if status == "pending" else _made_at(made, event),
        "description": text(made.get("note")),
        "gateway": None if _is_external(made) else "PayPal",
        "invoice_id": invoice["id"],
        "invoice_number": invoice["number"],
    }


def _last_payment(bill: Object) -> Object:
    return _latest(dig(bill, "payments", "transactions") or bill.get("payments"))


def _is_external(payment: Object) -> bool:
    """Whether it was paid elsewhere, and recorded by hand."""
    return word(payment.get("type")) == "external"


def _latest(transactions: Any) -> Object:
    """The payment or refund made last; PayPal lists them in the order they were made."""
    return next(iter(reversed(objects(transactions))), {})


def _currency(bill: Object) -> Any:
    return dig(bill, "detail", "currency_code") or dig(bill, "total_amount", "currency")
