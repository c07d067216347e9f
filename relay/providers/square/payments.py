"""Payments, refunds and disputes in our words, and what an update of one means.

https://developer.squareup.com/reference/square/objects/Payment
"""

from collections.abc import Sequence

from relay.formats.times import timestamp
from relay.providers.square.reading import (
    Object,
    brand,
    expiry,
    last4,
    money,
    plain,
    status,
    subject,
    told_at,
    total,
    word,
)
from relay.sdk.entities import Data, Payment, named
from relay.sdk.fields import an_object, dig, first, objects, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

_PAYMENT_STATUSES = {
    "APPROVED": "pending",
    "PENDING": "pending",
    "COMPLETED": "succeeded",
    "CANCELED": "canceled",
    "FAILED": "failed",
}
_REFUND_STATUSES = {"PENDING": "pending", "COMPLETED": "succeeded", "REJECTED": "failed", "FAILED": "failed"}
_DISPUTE_STATUSES = {
    "INQUIRY_EVIDENCE_REQUIRED": "open",
    "EVIDENCE_REQUIRED": "open",
    "INQUIRY_PROCESSING": "under_review",
    "PROCESSING": "under_review",
    "INQUIRY_CLOSED": "closed",
    "WON": "won",
    "LOST": "lost",
    "ACCEPTED": "lost",
}


def payment_means(inbound: Inbound) -> Sequence[On]:
    """Each status of a payment is told once: it is updated with its fees and its refunds, too."""
    return _PAYMENTS.get(status(inbound, "payment"), ())


def refund_means(inbound: Inbound) -> Sequence[On]:
    return _REFUNDS.get(status(inbound, "refund"), ())


def dispute_means(inbound: Inbound) -> Sequence[On]:
    """How a dispute goes on. One that the seller accepted is lost."""
    now = _DISPUTE_STATUSES.get(str(subject(inbound.payload, "dispute").get("state")))
    return (On({"won": "dispute.won", "lost": "dispute.lost"}.get(str(now), "dispute.updated"), dispute),)


def payment(event: Object) -> Data:
    """What the customer pays, with tips. What holds the card differs by the kind of payment."""
    made = subject(event, "payment")
    now = _PAYMENT_STATUSES.get(str(made.get("status")))
    card = an_object(dig(made, "card_details", "card"))
    month, year = expiry(card)
    whole_sum = money(made.get("total_money"))
    fees = [each.get("amount_money") for each in objects(made.get("processing_fee"))]
    return {
        "payment": {
            **(whole_sum if whole_sum["amount_minor"] is not None else money(made.get("amount_money"))),
            **named("fee", total(*fees)),
            **_why(made),
            "id": text(made.get("id")),
            "status": now,
            "method": word(made.get("source_type")),
            "card_brand": brand(card),
            "card_last4": last4(card),
            "card_exp_month": month,
            "card_exp_year": year,
            "paid_at": _paid_at(made) or told_at(event) if now == "succeeded" else None,
            "description": text(made.get("note")),
            "reference": text(made.get("reference_id"), made.get("order_id")),
            "gateway": "Square",
            "url": text(made.get("receipt_url")),
        }
    }


def refund(event: Object) -> Data:
    given = subject(event, "refund")
    now = _REFUND_STATUSES.get(str(given.get("status")))
    return {
        "refund": {
            **money(given.get("amount_money")),
            "id": text(given.get("id")),
            "status": now,
            "reason": text(given.get("reason")),
            "failure_reason": plain(given.get("status")) if now == "failed" else None,
            "payment_id": text(given.get("payment_id")),
            "created_at": timestamp(given.get("created_at")),
        }
    }


def dispute(event: Object) -> Data:
    claim = subject(event, "dispute")
    now = _DISPUTE_STATUSES.get(str(claim.get("state")))
    over = now in ("won", "lost", "closed")
    payments = first(claim.get("disputed_payments"))
    return {
        "dispute": {
            **money(claim.get("amount_money")),
            "id": text(claim.get("id"), claim.get("dispute_id")),
            "status": now,
            "reason": word(claim.get("reason")),
            "payment_id": text(dig(claim, "disputed_payment", "payment_id"), payments.get("payment_id")),
            "respond_by": None if over else timestamp(claim.get("due_at")),
            "opened_at": timestamp(claim.get("reported_at")) or timestamp(claim.get("created_at")),
            "closed_at": (timestamp(claim.get("updated_at")) or told_at(event)) if over else None,
        }
    }


def _why(made: Object) -> Payment:
    error = first(dig(made, "card_details", "errors")) or first(dig(made, "bank_account_details", "errors"))
    return {
        "failure_code": word(error.get("code")),
        "failure_reason": text(error.get("detail")) or plain(error.get("code")),
    }


def _paid_at(made: Object) -> str | None:
    return timestamp(dig(made, "card_details", "card_payment_timeline", "captured_at"))


_PAYMENT = by("payment", "id", "status")
_REFUND = by("refund", "id", "status")
_PAYMENTS = {
    "APPROVED": (On("payment.pending", payment, once=_PAYMENT),),
    "PENDING": (On("payment.pending", payment, once=_PAYMENT),),
    "COMPLETED": (On("payment.succeeded", payment, once=_PAYMENT),),
    "CANCELED": (On("payment.failed", payment, once=_PAYMENT),),
    "FAILED": (On("payment.failed", payment, once=_PAYMENT),),
}
_REFUNDS = {
    "PENDING": (On("refund.created", refund, once=_REFUND),),
    "COMPLETED": (On("refund.succeeded", refund, once=_REFUND),),
    "REJECTED": (On("refund.failed", refund, once=_REFUND),),
    "FAILED": (On("refund.failed", refund, once=_REFUND),),
}
