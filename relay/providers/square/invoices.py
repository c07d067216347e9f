"""Invoices in our words. What is to be paid, and by when, stands in their payment requests.

https://developer.squareup.com/reference/square/objects/Invoice
"""

from collections.abc import Sequence

from relay.formats.money import NO_MONEY, Money, from_minor
from relay.formats.times import day, timestamp
from relay.providers.square.reading import Object, days_from, money, status, subject, told_at, total
from relay.sdk.entities import Data, Invoice, Subscription, named
from relay.sdk.fields import an_object, objects, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

_STATUSES = {
    "DRAFT": "draft",
    "SCHEDULED": "open",
    "UNPAID": "open",
    "PAYMENT_PENDING": "open",
    "FAILED": "open",
    "PARTIALLY_PAID": "partially_paid",
    "PAID": "paid",
    "PARTIALLY_REFUNDED": "paid",
    "REFUNDED": "refunded",
    "CANCELED": "void",
}
_SETTLED = ("paid", "refunded")


def read(event: Object) -> Data:
    """The invoice, and the subscription it is for."""
    bill = subject(event, "invoice")
    return {"invoice": _invoice(bill, event), "subscription": _subscription(bill)}


def paid(event: Object) -> Data:
    """The same, paid in full. The payment has events of its own."""
    bill = subject(event, "invoice")
    invoice = _invoice(bill, event) | {"paid_at": told_at(event)}
    return {"invoice": invoice, "subscription": _subscription(bill)}


def unpaid(event: Object) -> Data:
    """The same with the charge that failed. Why it did, the payment's own event tells."""
    bill, data = subject(event, "invoice"), read(event)
    owed = money(bill.get("next_payment_amount_money"))
    data["payment"] = {
        **(owed if owed["amount_minor"] is not None else _owed(bill)),
        "status": "failed",
        "gateway": "Square",
        "invoice_id": text(bill.get("id")),
        "invoice_number": text(bill.get("invoice_number")),
        "subscription_id": text(bill.get("subscription_id")),
        "url": text(bill.get("public_url")),
    }
    return data


def refunded(event: Object) -> Data:
    """The invoice and what was given back of it, which is known only where it is all."""
    bill = subject(event, "invoice")
    all_of_it = bill.get("status") == "REFUNDED"
    return {
        "invoice": _invoice(bill, event),
        "refund": {
            **(_asked(bill) if all_of_it else NO_MONEY | {"currency": _asked(bill)["currency"]}),
            "status": "succeeded",
            "invoice_id": text(bill.get("id")),
            "invoice_number": text(bill.get("invoice_number")),
            "created_at": told_at(event),
        },
    }


def is_paid(inbound: Inbound) -> bool:
    return status(inbound, "invoice") == "PAID"


def changes(inbound: Inbound) -> Sequence[On]:
    """What `invoice.updated` means: it comes beside the others, so these are told once."""
    return {"PAID": PAID, "CANCELED": (VOIDED,)}.get(status(inbound, "invoice"), ())


def payment_made(inbound: Inbound) -> Sequence[On]:
    """A payment of a part has events of its own, and leaves the invoice open."""
    return PAID if is_paid(inbound) else ()


def renews(inbound: Inbound) -> bool:
    """Square makes an invoice for each period of a subscription, and tells of a renewal by nothing else."""
    return text(subject(inbound.payload, "invoice").get("subscription_id")) is not None


def _invoice(bill: Object, event: Object) -> Invoice:
    now = _STATUSES.get(str(bill.get("status")))
    due_at = _due(bill)
    return {
        **_asked(bill),
        **named("amount_due", _owed(bill)),
        **named("amount_paid", _received(bill)),
        "id": text(bill.get("id")),
        "number": text(bill.get("invoice_number")),
        "status": now,
        "description": text(bill.get("title"), bill.get("description")),
        "issued_at": None if now == "draft" else timestamp(bill.get("created_at")),
        "due_at": due_at,
        "days_until_due": days_from(event, due_at, bill) if now in ("open", "partially_paid") else None,
        "url": text(bill.get("public_url")),
        "subscription_id": text(bill.get("subscription_id")),
    }


def _subscription(bill: Object) -> Subscription | None:
    sub = text(bill.get("subscription_id"))
    return None if sub is None else {**_asked(bill), "id": sub, "plan": text(bill.get("title"))}


def _requests(bill: Object) -> list[Object]:
    return objects(bill.get("payment_requests"))


def _asked(bill: Object) -> Money:
    return total(*(each.get("computed_amount_money") for each in _requests(bill)))


def _received(bill: Object) -> Money:
    """What came in. An invoice that is paid is paid in full, whatever the requests say yet."""
    asked = _asked(bill)
    if _STATUSES.get(str(bill.get("status"))) in _SETTLED:
        return asked
    requests = [each.get("total_completed_amount_money") for each in _requests(bill)]
    return total(*(each for each in requests if each)) if any(requests) else from_minor(0, asked["currency"])


def _owed(bill: Object) -> Money:
    asked, received = _asked(bill)["amount_minor"], _received(bill)["amount_minor"]
    return NO_MONEY if asked is None or received is None else from_minor(asked - received, _asked(bill)["currency"])


def _due(bill: Object) -> str | None:
    """The first day by which something is still to be paid; the last one, where nothing is."""
    requests = _requests(bill)
    waiting = [each for each in requests if not _is_met(each)]
    days = [found for found in (day(each.get("due_date")) for each in waiting or requests) if found]
    return (min if waiting else max)(days, default=None)


def _is_met(request: Object) -> bool:
    asked, received = (
        money(an_object(request.get(name)))["amount_minor"]
        for name in ("computed_amount_money", "total_completed_amount_money")
    )
    return asked is not None and received is not None and received >= asked


_ONCE = by("invoice", "id")
PAID = (
    On("invoice.paid", paid, once=_ONCE),
    On("subscription.renewed", paid, when=renews, once=_ONCE),
)
VOIDED = On("invoice.voided", read, once=_ONCE)
