"""Payments, refunds and disputes in our words.

https://razorpay.com/docs/webhooks/payloads/payments/
"""

from relay.formats.times import timestamp
from relay.providers.razorpay.reading import Object, entity, money, noted, plain, subject, told_at
from relay.sdk.entities import Data, Payment, named
from relay.sdk.fields import an_object, text
from relay.sdk.inbound import Inbound

_BRANDS = {"american express": "amex", "diners club": "diners"}
_STATUSES = {
    "created": "pending",
    "authorized": "pending",
    "captured": "succeeded",
    "refunded": "refunded",
    "failed": "failed",
}
_DISPUTE_STATUSES = {
    "open": "open",
    "action_required": "open",
    "under_review": "under_review",
    "won": "won",
    "lost": "lost",
    "closed": "closed",
}


def succeeded(event: Object) -> Data:
    return {"payment": payment_of(subject(event, "payment"), "succeeded") | {"paid_at": told_at(event)}}


def authorized(event: Object) -> Data:
    """Money that is held, but not yet taken."""
    return {"payment": payment_of(subject(event, "payment"), "pending")}


def failed(event: Object) -> Data:
    return {"payment": payment_of(subject(event, "payment"), "failed")}


def is_captured(inbound: Inbound) -> bool:
    """Whether the money was taken by the time the webhook was written."""
    return entity(inbound.payload, "payment").get("status") == "captured"


def is_only_authorized(inbound: Inbound) -> bool:
    return not is_captured(inbound)


def has_payment(inbound: Inbound) -> bool:
    return bool(entity(inbound.payload, "payment"))


def payment_of(payment: Object, status: str | None) -> Payment:
    """A payment in our words; its fee holds the tax on it. What failed, and why, is told only where it did."""
    card = an_object(payment.get("card"))
    brand = (text(card.get("network")) or "").lower()
    why = payment if status == "failed" else {}
    return {
        **money(payment.get("amount"), payment.get("currency")),
        **named("fee", money(payment.get("fee"), payment.get("currency"))),
        "id": text(payment.get("id")),
        "status": status,
        "method": text(payment.get("method")),
        "card_brand": _BRANDS.get(brand, brand) or None,
        "card_last4": (text(card.get("last4")) or "")[-4:] or None,
        "failure_code": text(why.get("error_reason"), why.get("error_code")),
        "failure_reason": text(why.get("error_description")) or plain(why.get("error_reason")),
        "description": text(payment.get("description")),
        "reference": text(payment.get("order_id")),
        "gateway": "Razorpay",
        "invoice_id": text(payment.get("invoice_id")),
        "subscription_id": text(payment.get("subscription_id")),
    }


def started_refund(event: Object) -> Data:
    """Where it went through at once, `refund.processed` tells so."""
    return _refund(event, "pending")


def processed_refund(event: Object) -> Data:
    return _refund(event, "succeeded")


def failed_refund(event: Object) -> Data:
    return _refund(event, "failed")


def dispute(event: Object) -> Data:
    claim, payment = subject(event, "dispute"), entity(event, "payment")
    status = _DISPUTE_STATUSES.get(str(claim.get("status")))
    over = status in ("won", "lost", "closed")
    return {
        "dispute": {
            **money(claim.get("amount"), claim.get("currency")),
            "id": text(claim.get("id")),
            "status": status,
            "reason": text(claim.get("reason_code")),
            "payment_id": text(claim.get("payment_id"), payment.get("id")),
            "respond_by": None if over else timestamp(claim.get("respond_by")),
            "opened_at": timestamp(claim.get("created_at")),
            "closed_at": told_at(event) if over else None,
        },
        "payment": _behind(payment),
    }


def _behind(payment: Object) -> Payment | None:
    """The payment that a refund or a dispute is of, as it stands by now."""
    return payment_of(payment, _STATUSES.get(str(payment.get("status")))) if payment else None


def _refund(event: Object, status: str) -> Data:
    given, payment = subject(event, "refund"), entity(event, "payment")
    return {
        "refund": {
            **money(given.get("amount"), given.get("currency") or payment.get("currency")),
            "id": text(given.get("id")),
            "status": status,
            "reason": noted(given, "reason") or noted(given, "comment"),
            "payment_id": text(given.get("payment_id"), payment.get("id")),
            "invoice_id": text(payment.get("invoice_id")),
            "created_at": timestamp(given.get("created_at")),
        },
        "payment": _behind(payment),
    }
