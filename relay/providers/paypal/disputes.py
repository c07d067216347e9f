"""Disputes in our words: https://developer.paypal.com/docs/api/customer-disputes/v1/

`RISK.DISPUTE.CREATED` is of before that API: flat, its reason and its status numbers that are explained nowhere.
"""

from collections.abc import Sequence

from relay.formats.times import timestamp
from relay.providers.paypal.payments import paid_by, payment_behind
from relay.providers.paypal.reading import Object, milliseconds, money, subject, text, told_at, unsigned, word
from relay.sdk.entities import Data, Payment
from relay.sdk.fields import dig, first
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On

_STATUSES = {
    "open": "open",
    "waiting_for_seller_response": "open",
    "waiting_for_buyer_response": "under_review",
    "under_review": "under_review",
}
# With a payout PayPal itself bears the loss: neither won nor lost.
_OUTCOMES = {
    "resolved_seller_favour": "won",
    "canceled_by_buyer": "won",
    "denied": "won",
    "resolved_buyer_favour": "lost",
    "accepted": "lost",
}


def read(event: Object) -> Data:
    claim = subject(event)
    contested = first(claim.get("disputed_transactions"))
    status = _status(claim)
    closed = status in ("won", "lost", "closed")
    payment_id = text(contested.get("seller_transaction_id"), claim.get("seller_payment_id"))
    opened_at = timestamp(claim.get("create_time")) or timestamp(milliseconds(claim.get("dispute_creation_date")))
    return {
        "dispute": {
            **money(claim.get("dispute_amount")),
            "id": text(claim.get("dispute_id")),
            "status": status,
            "reason": word(claim.get("reason")),
            "payment_id": payment_id,
            "respond_by": None if closed else _deadline(claim),
            "opened_at": opened_at,
            "closed_at": (timestamp(claim.get("update_time")) or told_at(event)) if closed else None,
        },
        "payment": _payment(contested, payment_id) if payment_id else None,
    }


def outcome(inbound: Inbound) -> Sequence[On]:
    """How a dispute ended."""
    types = {"won": "dispute.won", "lost": "dispute.lost"}
    return (On(types.get(_status(subject(inbound.payload)) or "", "dispute.updated"), read),)


def reversal(event: Object) -> Data:
    """Money that was taken back, mostly for a dispute, which this does not name.

    v2 tells the reversal with a link to its capture, or the capture itself. v1 tells what it calls a sale, and often
    names nothing but that.
    """
    taken = subject(event)
    itself = taken.get("id") if event.get("resource_type") in ("sale", "capture") else None
    payment_id = paid_by(taken) or text(taken.get("parent_payment"), itself)
    return {
        "dispute": {
            **unsigned(money(taken.get("amount"))),
            "reason": word(dig(taken, "status_details", "reason")) or word(taken.get("reason_code")),
            "payment_id": payment_id,
            "opened_at": timestamp(taken.get("create_time")),
        },
        "payment": payment_behind(taken, payment_id),
    }


def _status(claim: Object) -> str | None:
    if word(claim.get("status")) != "resolved":
        return _STATUSES.get(word(claim.get("status")) or "")
    return _OUTCOMES.get(word(dig(claim, "dispute_outcome", "outcome_code")) or "", "closed")


def _deadline(claim: Object) -> str | None:
    """When evidence is due. This time alone may lack a zone; as PayPal's others are UTC, it is taken so too.

    Were it PayPal's own (Pacific) time, the true deadline would be later, never earlier.
    """
    due = text(claim.get("seller_response_due_date"))
    return timestamp(due) or timestamp(f"{due}Z")


def _payment(contested: Object, payment_id: str) -> Payment:
    return {
        **money(contested.get("gross_amount")),
        "id": payment_id,
        "reference": text(contested.get("custom")),
        "gateway": "PayPal",
        "invoice_number": text(contested.get("invoice_number")),
    }
