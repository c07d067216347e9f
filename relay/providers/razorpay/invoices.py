"""Invoices, orders and payment links in our words, and who an event is about."""

from relay.formats.money import from_minor
from relay.formats.times import timestamp
from relay.providers.razorpay.payments import payment_of
from relay.providers.razorpay.reading import Object, days_from, email, entity, money, noted, subject, told_at
from relay.sdk.entities import Customer, Data, Invoice, LineItem, Payment, Subscription, named
from relay.sdk.fields import an_object, integer, objects, one_record, text

_STATUSES = {
    "draft": "draft",
    "issued": "open",
    "partially_paid": "partially_paid",
    "paid": "paid",
    "cancelled": "void",
    "expired": "overdue",
}


def paid(event: Object) -> Data:
    """The invoice, with the payment that settled it."""
    bill = subject(event, "invoice")
    paid_at = timestamp(bill.get("paid_at")) or told_at(event)
    return {"invoice": _invoice(event) | {"paid_at": paid_at}, "payment": _payment(event), "subscription": _sub(bill)}


def partly_paid(event: Object) -> Data:
    bill = subject(event, "invoice")
    return {"invoice": _invoice(event), "payment": _payment(event), "subscription": _sub(bill)}


def expired(event: Object) -> Data:
    """It was not paid in time, and its page takes no payment any more."""
    return {"invoice": _invoice(event), "subscription": _sub(subject(event, "invoice"))}


def paid_order(event: Object) -> Data:
    order = subject(event, "order")
    return {
        "order": {
            **money(order.get("amount"), order.get("currency")),
            "id": text(order.get("id")),
            "number": text(order.get("receipt")),
            "status": text(order.get("status")),
            "created_at": timestamp(order.get("created_at")),
        }
    }


def paid_link(event: Object) -> Data:
    """A payment link is the checkout of an invoice that was never made."""
    link = subject(event, "payment_link")
    payment = _payment(event)
    return {
        "checkout": {
            **money(link.get("amount"), link.get("currency")),
            "id": text(link.get("id")),
            "status": text(link.get("status")),
            "payment_id": payment["id"] if payment else None,
            "url": text(link.get("short_url")),
            "reference": text(link.get("reference_id")),
        },
        "payment": payment,
    }


def who(event: Object) -> Customer:
    """The customer of one entity. A payer may have typed in another address than that of the customer who is billed."""
    bill, sub, payment = (entity(event, name) for name in ("invoice", "subscription", "payment"))
    billed, link = an_object(bill.get("customer_details")), an_object(entity(event, "payment_link").get("customer"))
    known = entity(event, "customer")
    return one_record(
        {
            "id": text(bill.get("customer_id"), billed.get("id")),
            "name": text(billed.get("name"), billed.get("customer_name")),
            "email": email(billed.get("email"), billed.get("customer_email")),
        },
        {"id": text(sub.get("customer_id"))},
        {"id": text(known.get("id")), "name": text(known.get("name")), "email": email(known.get("email"))},
        {"id": text(link.get("id")), "name": text(link.get("name")), "email": email(link.get("email"))},
        {"id": text(payment.get("customer_id")), "email": email(payment.get("email"))},
    )


def _payment(event: Object) -> Payment | None:
    payment = entity(event, "payment")
    if not payment:
        return None
    bill = entity(event, "invoice")
    told = payment_of(payment, "succeeded")
    return told | {
        "paid_at": told_at(event),
        "invoice_id": text(bill.get("id")) or told["invoice_id"],
        "invoice_number": _number(bill),
        "subscription_id": text(bill.get("subscription_id")) or told["subscription_id"],
    }


def _sub(bill: Object) -> Subscription | None:
    sub = text(bill.get("subscription_id"))
    return None if sub is None else {"id": sub, "domain": noted(bill, "domain")}


def _number(bill: Object) -> str | None:
    return text(bill.get("invoice_number"), bill.get("receipt"))


def _invoice(event: Object) -> Invoice:
    bill = subject(event, "invoice")
    currency, status = bill.get("currency"), _STATUSES.get(str(bill.get("status")))
    total = integer(bill.get("amount"))
    # Older invoices do not say how much of them was paid.
    settled = total if status == "paid" else integer(bill.get("amount_paid"))
    owed = 0 if status == "paid" else integer(bill.get("amount_due"))
    due_at = timestamp(bill.get("expire_by"))
    return {
        **money(total, currency),
        **named("amount_due", from_minor(owed, currency)),
        **named("amount_paid", from_minor(settled, currency)),
        **named("tax", money(bill.get("tax_amount"), currency)),
        "id": text(bill.get("id")),
        "number": _number(bill),
        "status": status,
        "description": text(bill.get("description")),
        "issued_at": timestamp(bill.get("issued_at")) or timestamp(bill.get("date")),
        "due_at": due_at,
        "paid_at": timestamp(bill.get("paid_at")),
        "period_start": timestamp(bill.get("billing_start")),
        "period_end": timestamp(bill.get("billing_end")),
        "days_until_due": days_from(event, due_at) if status in ("open", "overdue", "partially_paid") else None,
        "url": text(bill.get("short_url")),
        "subscription_id": text(bill.get("subscription_id")),
        "items": [_line_item(line, bill) for line in objects(bill.get("line_items"))],
    }


def _line_item(line: Object, bill: Object) -> LineItem:
    currency = line.get("currency") or bill.get("currency")
    minor = line.get("gross_amount") if line.get("net_amount") is None else line["net_amount"]
    unit, quantity = integer(line.get("amount")), integer(line.get("quantity"))
    if minor is None and unit is not None and quantity is not None:
        minor = unit * quantity
    return {
        **named("amount", money(minor, currency)),
        "description": text(line.get("name"), line.get("description")),
        "kind": "subscription" if text(bill.get("subscription_id")) else "other",
        "quantity": quantity,
        "service_id": noted(bill, "service_id"),
        "domain": noted(bill, "domain"),
        "period_start": timestamp(bill.get("billing_start")),
        "period_end": timestamp(bill.get("billing_end")),
    }
