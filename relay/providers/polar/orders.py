"""Orders in our words: at Polar an order is the invoice, and its payment has no id of its own."""

from relay.formats.money import Money, from_minor
from relay.formats.times import timestamp
from relay.providers.polar.reading import Object, about, given_back, minor_of, money, told_at
from relay.providers.polar.subscriptions import subscription_of
from relay.sdk.entities import Data, Invoice, LineItem, Payment, Subscription, named
from relay.sdk.fields import an_object, dig, id_text, integer, objects, text
from relay.sdk.inbound import Inbound

_STATUSES = {
    "draft": "draft",
    "pending": "open",
    "paid": "paid",
    "refunded": "refunded",
    "partially_refunded": "paid",
    "void": "void",
}
_PAID = ("paid", "refunded", "partially_refunded")


def read(event: Object) -> Data:
    """The invoice, and the subscription it is for."""
    order = about(event)
    return {"invoice": _invoice(order), "subscription": _subscription(order, event)}


def paid(event: Object) -> Data:
    """The same with what was paid for it, which is nothing where a discount or a balance covered it all."""
    order = about(event)
    invoice = _invoice(order) | {"status": "paid", "paid_at": told_at(event)}
    data: Data = {"invoice": invoice, "subscription": _subscription(order, event)}
    if minor_of(_payable(order)) > 0:
        data["payment"] = _payment(order) | {"paid_at": told_at(event)}
    return data


def refunded(event: Object) -> Data:
    """The invoice and what was given back of it by now. Which refund it was, only the refund's own events tell."""
    order = about(event)
    return {
        "invoice": _invoice(order),
        "payment": _payment(order) | {"status": "refunded" if order.get("status") == "refunded" else "succeeded"},
        "refund": {
            **given_back(order.get("refunded_amount"), order.get("refunded_tax_amount"), order.get("currency")),
            "status": "succeeded",
            "payment_id": text(order.get("id")),
            "invoice_id": text(order.get("id")),
            "invoice_number": text(order.get("invoice_number")),
            "created_at": told_at(event),
        },
    }


def was_paid_for(inbound: Inbound) -> bool:
    return minor_of(_payable(about(inbound.payload))) > 0


def _invoice(order: Object) -> Invoice:
    currency = order.get("currency")
    settled = order.get("paid") is True or order.get("status") in _PAID
    payable = _payable(order)
    nothing = from_minor(0, currency)
    sub = an_object(order.get("subscription"))
    return {
        **money(order.get("total_amount"), currency),
        **named("amount_due", nothing if settled else payable),
        **named("amount_paid", payable if settled else nothing),
        **named("tax", money(order.get("tax_amount"), currency)),
        "id": text(order.get("id")),
        "number": text(order.get("invoice_number")),
        "status": _STATUSES.get(str(order.get("status"))),
        "description": text(order.get("description")),
        "billing_reason": text(order.get("billing_reason")),
        "issued_at": timestamp(order.get("created_at")),
        "period_start": timestamp(sub.get("current_period_start")),
        "period_end": timestamp(sub.get("current_period_end")),
        "next_attempt_at": timestamp(order.get("next_payment_attempt_at")),
        "subscription_id": text(order.get("subscription_id"), sub.get("id")),
        "items": [_line_item(line, order) for line in objects(order.get("items"))],
    }


def _subscription(order: Object, event: Object) -> Subscription | None:
    sub = an_object(order.get("subscription"))
    if sub:
        known = subscription_of(sub, event)
        return known | {"plan": known["plan"] or text(dig(order, "product", "name"))}
    if text(order.get("subscription_id")) is None:
        return None
    return {
        "id": text(order.get("subscription_id")),
        "plan": text(dig(order, "product", "name")),
        "product_id": text(order.get("product_id")),
        "domain": id_text(dig(order, "metadata", "domain")),
    }


def _payment(order: Object) -> Payment:
    """Refunds name the order, so that is the payment's id."""
    return {
        **_payable(order),
        **named("fee", _fee(order)),
        "id": text(order.get("id")),
        "status": "succeeded",
        "description": text(order.get("description")),
        "gateway": "Polar",
        "invoice_id": text(order.get("id")),
        "invoice_number": text(order.get("invoice_number")),
        "subscription_id": text(order.get("subscription_id")),
    }


def _payable(order: Object) -> Money:
    """What is or was to be paid: the total and what the customer's balance adds to it or, below 0, takes off.

    `due_amount` is the same while the order is open; some versions let it fall to 0 when it is paid.
    """
    total = integer(order.get("total_amount"))
    if total is None:
        return money(order.get("due_amount"), order.get("currency"))
    return money(max(0, total + (integer(order.get("applied_balance_amount")) or 0)), order.get("currency"))


def _fee(order: Object) -> Money:
    """Polar's fee, where it is in the order's own currency; what is not reckoned yet is told as 0."""
    fee = money(order.get("platform_fee_amount"), order.get("platform_fee_currency"))
    same = fee["currency"] == money(None, order.get("currency"))["currency"]
    return fee if same else money(None, order.get("currency"))


def _line_item(line: Object, order: Object) -> LineItem:
    sub = an_object(order.get("subscription"))
    recurring = text(order.get("subscription_id")) is not None
    return {
        **named("amount", money(line.get("amount"), order.get("currency"))),
        "description": text(line.get("label")),
        "kind": "subscription" if recurring else "other",
        "service_id": id_text(dig(order, "metadata", "service_id") or dig(sub, "metadata", "service_id")),
        "domain": id_text(dig(order, "metadata", "domain") or dig(sub, "metadata", "domain")),
        "period_start": timestamp(sub.get("current_period_start")) if recurring else None,
        "period_end": timestamp(sub.get("current_period_end")) if recurring else None,
    }
