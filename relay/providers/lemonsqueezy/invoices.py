"""Invoices of subscriptions in our words. A payment and a refund have no ids of their own: they are the invoice's."""

from relay.formats.money import from_minor
from relay.formats.times import timestamp
from relay.providers.lemonsqueezy.reading import Object, attributes, card, changed_at, identity, money, noted, own_id
from relay.sdk.entities import Data, Invoice, LineItem, Payment, Subscription, named
from relay.sdk.fields import dig, integer, text
from relay.sdk.inbound import Inbound

_STATUSES = {
    "pending": "open",
    "paid": "paid",
    "void": "void",
    "refunded": "refunded",
    "partial_refund": "paid",
}


def paid(event: Object) -> Data:
    """The invoice with what was paid for it, which is nothing where a trial or a discount covered it all."""
    bill = attributes(event)
    invoice = _invoice(event, "paid") | {"paid_at": changed_at(event)}
    data: Data = {"invoice": invoice, "subscription": _subscription(event)}
    if _has_money(bill):
        data["payment"] = _payment(event, "succeeded") | {"paid_at": changed_at(event)}
    return data


def unpaid(event: Object) -> Data:
    """The invoice with the payment that failed. Why it did, Lemon Squeezy does not tell."""
    return {
        "invoice": _invoice(event, None),
        "subscription": _subscription(event),
        "payment": _payment(event, "failed"),
    }


def refunded(event: Object) -> Data:
    """The invoice with what was given back of it by now."""
    bill = attributes(event)
    minor = bill.get("refunded_amount")
    whole_of_it = bill.get("refunded") is True and not integer(minor)
    return {
        "refund": {
            **money(bill.get("total") if whole_of_it else minor, bill.get("currency")),
            "status": "succeeded",
            "invoice_id": own_id(event),
            "created_at": timestamp(bill.get("refunded_at")) or changed_at(event),
        },
        "invoice": _invoice(event, None),
        "payment": _payment(event, "refunded" if bill.get("status") == "refunded" else "succeeded"),
    }


def has_money(inbound: Inbound) -> bool:
    return _has_money(attributes(inbound.payload))


def renews(inbound: Inbound) -> bool:
    """Whether it is for the next period of a subscription, and not for its first or for a change of plan."""
    bill = attributes(inbound.payload)
    return bill.get("billing_reason") == "renewal" and identity(bill.get("subscription_id")) is not None


def _has_money(bill: Object) -> bool:
    return (integer(bill.get("total")) or 0) > 0


def _invoice(event: Object, status: str | None) -> Invoice:
    bill = attributes(event)
    now = status or _STATUSES.get(str(bill.get("status")))
    total, nothing = money(bill.get("total"), bill.get("currency")), from_minor(0, bill.get("currency"))
    settled = now in ("paid", "refunded")
    return {
        **total,
        **named("amount_due", nothing if settled else total),
        **named("amount_paid", total if settled else nothing),
        **named("tax", money(bill.get("tax"), bill.get("currency"))),
        "id": own_id(event),
        "status": now,
        "billing_reason": text(bill.get("billing_reason")),
        "issued_at": timestamp(bill.get("created_at")),
        "url": text(dig(bill, "urls", "invoice_url")),
        "subscription_id": identity(bill.get("subscription_id")),
        "items": _items(event),
    }


def _items(event: Object) -> list[LineItem]:
    """The one line of such an invoice, where the checkout noted what service it pays for."""
    bill = attributes(event)
    service, domain = noted(event, "service_id"), noted(event, "domain")
    if service is None and domain is None:
        return []
    price = named("amount", money(bill.get("subtotal"), bill.get("currency")))
    return [{**price, "kind": "subscription", "service_id": service, "domain": domain}]


def _subscription(event: Object) -> Subscription | None:
    bill = attributes(event)
    sub = identity(bill.get("subscription_id"))
    if sub is None:
        return None
    return {**money(bill.get("total"), bill.get("currency")), "id": sub, "domain": noted(event, "domain")}


def _payment(event: Object, status: str) -> Payment:
    bill = attributes(event)
    return {
        **money(bill.get("total"), bill.get("currency")),
        **card(bill),
        "status": status,
        "gateway": "Lemon Squeezy",
        "invoice_id": own_id(event),
        "subscription_id": identity(bill.get("subscription_id")),
        "url": text(dig(bill, "urls", "invoice_url")),
    }
