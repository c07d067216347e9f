"""Refunds and disputes in our words, and what an update of one means."""

from collections.abc import Sequence

from relay.formats.times import timestamp
from relay.providers.stripe.payments import charge_of
from relay.providers.stripe.reading import Object, before, first, identity, money, subject, text, told_at, whole
from relay.sdk.entities import Data, Invoice, Refund
from relay.sdk.fields import dig
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On

_REFUND_STATUSES = {
    "succeeded": "succeeded",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "failed",
    "canceled": "canceled",
}
_DISPUTE_STATUSES = {
    "needs_response": "open",
    "warning_needs_response": "open",
    "appeal_needs_response": "open",
    "under_review": "under_review",
    "warning_under_review": "under_review",
    "appeal_under_review": "under_review",
    "won": "won",
    "lost": "lost",
    "warning_closed": "closed",
    "prevented": "closed",
    "charge_refunded": "closed",
}


def refund(event: Object) -> Data:
    return {"refund": _refund(subject(event))}


def updates(inbound: Inbound) -> Sequence[On]:
    """What an update of a refund means: nothing unless its status is new, for a bank's reference number comes
    as an update too. Where the previous values are not told, the status is taken as new.
    """
    was, now = before(inbound.payload), subject(inbound.payload)
    if was and "status" not in was:
        return ()
    types = {"succeeded": "refund.succeeded", "failed": "refund.failed", "canceled": "refund.failed"}
    name = types.get(str(now.get("status")))
    return (On(name, refund),) if name else ()


def of_charge(inbound: Inbound) -> Sequence[On]:
    """What a refunded charge means. It names its refunds until 2022-11-15 and its invoice until basil."""
    charge = subject(inbound.payload)
    if first(charge.get("refunds")).get("status") in ("pending", "requires_action"):
        return ()  # told once it went through
    if charge.get("refunded") is True and charge.get("invoice"):
        return (On("refund.succeeded", _charge), On("invoice.refunded", _invoice))
    return (On("refund.succeeded", _charge),)


def dispute(event: Object) -> Data:
    claim = subject(event)
    due_by = dig(claim, "evidence_details", "due_by") or claim.get("evidence_due_by")
    closed = event.get("type") == "charge.dispute.closed"
    return {
        "dispute": {
            **money(claim.get("amount"), claim.get("currency")),
            "id": identity(claim),
            "status": _DISPUTE_STATUSES.get(str(claim.get("status"))),
            "reason": text(claim.get("reason")),
            "payment_id": _payment_id(claim),
            "respond_by": None if closed else timestamp(due_by),
            "opened_at": timestamp(claim.get("created")),
            "closed_at": told_at(event) if closed else None,
        }
    }


def outcome(inbound: Inbound) -> Sequence[On]:
    """How a dispute ended. An inquiry that went away, or a dispute prevented, is neither won nor lost."""
    types = {"won": "dispute.won", "lost": "dispute.lost"}
    return (On(types.get(str(subject(inbound.payload).get("status")), "dispute.updated"), dispute),)


def _charge(event: Object) -> Data:
    """The latest refund of a charge; where it is not named, what is refunded now and was not before."""
    charge = subject(event)
    more = whole(charge.get("amount_refunded")) - whole(before(event).get("amount_refunded"))
    unnamed = {"amount": more, "currency": charge.get("currency"), "created": event.get("created")}
    given = first(charge.get("refunds")) or unnamed
    known = {"status": "succeeded", "charge": charge, "payment_intent": charge.get("payment_intent")}
    status = "refunded" if charge.get("refunded") is True else "succeeded"
    return {
        "refund": _refund(known | given) | {"invoice_id": identity(charge.get("invoice"))},
        "payment": charge_of(charge, status) | {"paid_at": timestamp(charge.get("created"))},
    }


def _invoice(event: Object) -> Data:
    """An invoice all of whose payment was given back."""
    charge = subject(event)
    bill: Invoice = {
        **money(charge.get("amount"), charge.get("currency")),
        "id": identity(charge.get("invoice")),
        "number": text(dig(charge, "invoice", "number")),
        "status": "refunded",
        "items": [],
    }
    return _charge(event) | {"invoice": bill}


def _refund(given: Object) -> Refund:
    return {
        **money(given.get("amount"), given.get("currency")),
        "id": identity(given),
        "status": _REFUND_STATUSES.get(str(given.get("status"))),
        "reason": text(given.get("reason")),
        "failure_reason": (text(given.get("failure_reason")) or "").replace("_", " ") or None,
        "payment_id": _payment_id(given),
        "created_at": timestamp(given.get("created")),
    }


def _payment_id(told: Object) -> str | None:
    """Where there is a payment intent, that is the payment; a charge is one try of it."""
    return identity(told.get("payment_intent")) or identity(told.get("charge"))
