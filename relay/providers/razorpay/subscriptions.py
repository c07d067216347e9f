"""Subscriptions in our words. What one costs is known by its plan, which does not come along; its payments tell it.

https://razorpay.com/docs/webhooks/payloads/subscriptions/
"""

from relay.formats.money import NO_MONEY
from relay.formats.times import timestamp
from relay.providers.razorpay.payments import payment_of
from relay.providers.razorpay.reading import Object, days_from, entity, money, noted, subject, told_at
from relay.sdk.entities import Data, Payment, Subscription
from relay.sdk.fields import integer, text

# Halted: all tries failed, and Razorpay makes invoices on but charges them no more.
_STATUSES = {
    "created": "pending",
    "authenticated": "pending",
    "active": "active",
    "pending": "past_due",
    "halted": "past_due",
    "paused": "paused",
    "cancelled": "canceled",
    "completed": "expired",
    "expired": "expired",
}
_CHARGED_NEXT = ("pending", "active", "past_due")


def read(event: Object) -> Data:
    return {"subscription": _subscription(event)}


def charged(event: Object) -> Data:
    """The subscription, with what was paid for its period."""
    paid = entity(event, "payment")
    if not paid:
        return read(event)
    sub: Subscription = {**_subscription(event), **money(paid.get("amount"), paid.get("currency"))}
    return {"subscription": sub, "payment": _payment(event, "succeeded") | {"paid_at": told_at(event)}}


def unpaid(event: Object) -> Data:
    """The subscription, with the payment that failed: often it does not come along, then nothing of it is known."""
    return {"subscription": _subscription(event), "payment": _payment(event, "failed")}


def ended(event: Object) -> Data:
    sub = _subscription(event)
    sub["ended_at"] = sub["ended_at"] or told_at(event)
    if sub["status"] == "canceled":
        sub["canceled_at"] = told_at(event)
    return {"subscription": sub}


def _payment(event: Object, status: str) -> Payment:
    sub = subject(event, "subscription")
    payment = payment_of(entity(event, "payment"), status)
    next_try = timestamp(sub.get("charge_at")) if status == "failed" and sub.get("status") == "pending" else None
    return payment | {"subscription_id": text(sub.get("id")), "next_attempt_at": next_try}


def _subscription(event: Object) -> Subscription:
    sub = subject(event, "subscription")
    status = _STATUSES.get(str(sub.get("status")))
    halted = sub.get("status") == "halted"
    failed = integer(sub.get("auth_attempts"))
    renews_at = timestamp(sub.get("charge_at")) if status in _CHARGED_NEXT and not halted else None
    return {
        **NO_MONEY,
        "id": text(sub.get("id")),
        "status": status,
        "plan": noted(sub, "plan"),
        "product_id": text(sub.get("plan_id")),
        "quantity": integer(sub.get("quantity")),
        "started_at": timestamp(sub.get("start_at")),
        "current_period_start": timestamp(sub.get("current_start")),
        "current_period_end": timestamp(sub.get("current_end")),
        "renews_at": renews_at,
        "ended_at": timestamp(sub.get("ended_at")),
        "days_until_renewal": days_from(event, renews_at),
        "failed_payments": failed if failed and failed > 0 else None,
        "domain": noted(sub, "domain"),
        "url": text(sub.get("short_url")),
    }
