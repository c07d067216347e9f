"""Checkouts in our words: an order of https://developer.paypal.com/docs/api/orders/v2/"""

from relay.formats.money import NO_MONEY, Money, from_decimal
from relay.formats.times import timestamp
from relay.providers.paypal.payments import payment_of
from relay.providers.paypal.reading import Object, money, subject, text, told_at, word
from relay.sdk.entities import Data, Payment
from relay.sdk.fields import dig, first, objects

_CAPTURE_STATUSES = {
    "completed": "succeeded",
    "partially_refunded": "succeeded",
    "refunded": "refunded",
    "pending": "pending",
    "declined": "failed",
    "failed": "failed",
}


def read(event: Object) -> Data:
    """A completed order and its payment."""
    order = subject(event)
    units = objects(order.get("purchase_units"))
    unit = first(units)
    capture = first([each for one in units for each in objects(dig(one, "payments", "captures"))])
    return {
        "checkout": {
            **_total(units),
            "id": text(order.get("id")),
            "status": word(order.get("status")),
            "mode": "payment",
            "payment_id": text(capture.get("id")),
            "invoice_id": text(unit.get("invoice_id")),
            "reference": _reference(unit),
        },
        "payment": _payment(capture, order, event) if capture else None,
    }


def reversed_approval(event: Object) -> Data:
    """An approved order that was not captured in time: PayPal cancels it and gives the money back.

    https://developer.paypal.com/docs/checkout/apm/reference/handle-uncaptured-payments/
    """
    order = subject(event)
    units = objects(order.get("purchase_units"))
    unit = first(units)
    return {
        "payment": payment_of({"payment_source": order.get("payment_source")}, "canceled")
        | {
            **_total(units),
            "failure_reason": "The approved payment was not captured in time",
            "reference": _reference(unit),
            "invoice_number": text(unit.get("invoice_id")),
        }
    }


def _payment(capture: Object, order: Object, event: Object) -> Payment:
    status = _CAPTURE_STATUSES.get(word(capture.get("status")) or "")
    told = payment_of({"payment_source": order.get("payment_source")} | capture, status)
    paid_at = timestamp(capture.get("create_time")) or told_at(event)
    return told | {"paid_at": paid_at if told["status"] == "succeeded" else None}


def _total(units: list[Object]) -> Money:
    """What all units cost; unknown when they differ in currency."""
    sums = [money(unit.get("amount")) for unit in units]
    amounts = [each["amount"] for each in sums if each["amount"] is not None]
    codes = {each["currency"] for each in sums}
    if len(codes) != 1 or len(amounts) != len(sums):
        return NO_MONEY
    return from_decimal(sum(amounts), codes.pop())


def _reference(unit: Object) -> str | None:
    """The business's own; `default` is PayPal's word for none."""
    reference = text(unit.get("reference_id"))
    return text(unit.get("custom_id")) or (None if reference == "default" else reference)
