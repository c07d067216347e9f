"""Refunds and checkouts in our words."""

from collections.abc import Sequence

from relay.formats.times import timestamp
from relay.providers.polar.reading import Object, about, given_back, money, plain, status
from relay.sdk.entities import Data
from relay.sdk.fields import text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by


def refund_means(inbound: Inbound) -> Sequence[On]:
    """What a new or changed refund means: many are through at once. While it is pending, a change says nothing."""
    now = status(inbound)
    if now == "pending" and inbound.payload.get("type") != "refund.created":
        return ()
    return _REFUNDS.get(now, ())


def checkout_means(inbound: Inbound) -> Sequence[On]:
    """A checkout changes with every field that is filled in; that it succeeded is told once."""
    return (_COMPLETED,) if status(inbound) == "succeeded" else ()


def refund(event: Object) -> Data:
    given = about(event)
    now = _REFUND_STATUSES.get(str(given.get("status")))
    return {
        "refund": {
            **given_back(given.get("amount"), given.get("tax_amount"), given.get("currency")),
            "id": text(given.get("id")),
            "status": now,
            "reason": plain(given.get("reason")),
            "payment_id": text(given.get("order_id")),
            "invoice_id": text(given.get("order_id")),
            "created_at": timestamp(given.get("created_at")),
        }
    }


def checkout(event: Object) -> Data:
    session = about(event)
    return {
        "checkout": {
            **money(session.get("total_amount"), session.get("currency")),
            "id": text(session.get("id")),
            "status": text(session.get("status")),
            "mode": "subscription" if text(session.get("subscription_id")) else None,
            "subscription_id": text(session.get("subscription_id")),
            "url": text(session.get("url")),
            "reference": text(session.get("external_customer_id"), session.get("customer_external_id")),
        }
    }


_REFUND_STATUSES = {"pending": "pending", "succeeded": "succeeded", "failed": "failed", "canceled": "canceled"}
_SAID = by("refund", "id", "status")
_REFUNDS = {
    "pending": (On("refund.created", refund, once=_SAID),),
    "succeeded": (On("refund.succeeded", refund, once=_SAID),),
    "failed": (On("refund.failed", refund, once=_SAID),),
    "canceled": (On("refund.failed", refund, once=_SAID),),
}
_COMPLETED = On("checkout.completed", checkout, once=by("checkout", "id"))
