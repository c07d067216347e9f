"""Orders, which are finished checkouts, and customers in our words, and who an event is about."""

from relay.formats.times import timestamp
from relay.providers.lemonsqueezy.reading import Object, attributes, card, changed_at, identity, money, noted, own_id
from relay.sdk.entities import Customer, Data, Payment
from relay.sdk.fields import dig, integer, text
from relay.sdk.inbound import Inbound

_PAYMENT_STATUSES = {
    "pending": "pending",
    "paid": "succeeded",
    "failed": "failed",
    "fraudulent": "failed",
    "refunded": "refunded",
    "partial_refund": "succeeded",
}


def checkout(event: Object) -> Data:
    """A finished checkout and its payment."""
    order = attributes(event)
    return {
        "checkout": {
            **money(order.get("total"), order.get("currency")),
            "id": own_id(event),
            "status": text(order.get("status")),
            "payment_id": own_id(event),
            "url": text(dig(order, "urls", "receipt")),
            "reference": noted(event, "service_id") or identity(order.get("order_number")),
        },
        "payment": _payment(event),
    }


def failed(event: Object) -> Data:
    return {"payment": _payment(event) | {"status": "failed", "failure_code": text(attributes(event).get("status"))}}


def refunded(event: Object) -> Data:
    """What was given back of an order by now."""
    order = attributes(event)
    minor = order.get("refunded_amount")
    whole_of_it = order.get("refunded") is True and not integer(minor)
    return {
        "refund": {
            **money(order.get("total") if whole_of_it else minor, order.get("currency")),
            "status": "succeeded",
            "payment_id": own_id(event),
            "created_at": timestamp(order.get("refunded_at")) or changed_at(event),
        },
        "payment": _payment(event),
    }


def came_through(inbound: Inbound) -> bool:
    return not did_fail(inbound)


def did_fail(inbound: Inbound) -> bool:
    return attributes(inbound.payload).get("status") in ("failed", "fraudulent")


def customer(event: Object) -> Data:
    told = attributes(event)
    return {
        "customer": {
            "id": own_id(event),
            "name": text(told.get("name")),
            "email": text(told.get("email")),
            "city": text(told.get("city")),
            "state": text(told.get("region")),
            "country": text(told.get("country")),
            "created_at": timestamp(told.get("created_at")),
        }
    }


def who(event: Object) -> Customer:
    """The customer. Their number is the same over all that they bought in a store."""
    told = attributes(event)
    if dig(event, "data", "type") == "customers":
        return {"id": own_id(event), "name": text(told.get("name")), "email": text(told.get("email"))}
    return {
        "id": identity(told.get("customer_id")),
        "name": text(told.get("user_name")),
        "email": text(told.get("user_email")),
    }


def _payment(event: Object) -> Payment:
    """Refunds name the order, so that is the payment's id."""
    order = attributes(event)
    return {
        **money(order.get("total"), order.get("currency")),
        **card(order),
        "id": own_id(event),
        "status": _PAYMENT_STATUSES.get(str(order.get("status"))),
        "paid_at": timestamp(order.get("created_at")) if order.get("status") == "paid" else None,
        "description": text(dig(order, "first_order_item", "product_name")),
        "reference": identity(order.get("order_number")),
        "gateway": "Lemon Squeezy",
        "url": text(dig(order, "urls", "receipt")),
    }
