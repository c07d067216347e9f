"""Subscriptions in our words, and the payments of theirs that failed.

v2 is https://developer.paypal.com/docs/api/subscriptions/v1/ (the API counts its own versions)
v1 is a billing agreement: https://developer.paypal.com/docs/api/payments.billing-agreements/v1/
"""

from relay.formats.money import NO_MONEY, Money, money_of
from relay.formats.times import timestamp
from relay.providers.paypal.cards import card_of
from relay.providers.paypal.reading import (
    Object,
    days_from,
    link,
    money,
    number,
    plain,
    subject,
    text,
    times,
    told_at,
    whole,
    word,
)
from relay.sdk.entities import Data, Invoice, Payment, Subscription, named
from relay.sdk.fields import an_object, dig, first, objects
from relay.sdk.inbound import Inbound

_STATUSES = {
    "approval_pending": "pending",
    "approved": "pending",
    "pending": "pending",
    "active": "active",
    "reactivated": "active",
    "suspended": "paused",
    "cancelled": "canceled",
    "expired": "expired",
}
_RENEWING = ("pending", "active", "past_due")
_INTERVALS = ("day", "week", "month", "year")


def read(event: Object) -> Data:
    return {"subscription": _subscription(event)}


def failed_payment(event: Object) -> Data:
    """The subscription, the payment that failed and the bill that stays open.

    PayPal makes no invoice for a subscription. What it tells of the bill is what is outstanding; that is
    said as an invoice without an id.
    """
    told = _subscription(event)
    payment = _failed_payment(subject(event), told)
    return {"subscription": told, "payment": payment, "invoice": _open_bill(subject(event), payment)}


def will_retry(inbound: Inbound) -> bool:
    """Whether the failed payment will be tried again; after the last try no time is told."""
    return timestamp(dig(_failure(subject(inbound.payload)), "next_payment_retry_time")) is not None


def is_renewal(inbound: Inbound) -> bool:
    """Whether anything was paid before: a first payment, or a setup fee, renews nothing."""
    billing = _billing(subject(inbound.payload))
    cycles = objects(billing.get("cycle_executions"))
    completed = any(whole(each.get("cycles_completed")) for each in cycles)
    return not cycles or completed or bool(billing.get("last_payment"))


def _subscription(event: Object) -> Subscription:
    sub = subject(event)
    billing, plan = _billing(sub), an_object(sub.get("plan"))
    failed_payments = _failed_payments(billing)
    status = _status(sub, failed_payments)
    next_billing = timestamp(billing.get("next_billing_time") or billing.get("next_billing_date"))
    renews_at = next_billing if status in _RENEWING else None
    changed_at = timestamp(sub.get("status_update_time")) or told_at(event)
    return {
        **_price(sub),
        **_rhythm(sub),
        "id": text(sub.get("id")),
        "status": status,
        "plan": text(plan.get("name")),
        "product_id": text(sub.get("plan_id"), plan.get("id")),
        "description": text(sub.get("description"), plan.get("description")),
        "quantity": number(sub.get("quantity")),
        "started_at": timestamp(sub.get("start_time") or sub.get("start_date")),
        "current_period_end": next_billing,
        "renews_at": renews_at,
        "canceled_at": changed_at if status == "canceled" else None,
        "ended_at": changed_at if status in ("canceled", "expired") else None,
        "cancel_reason": text(sub.get("status_change_note")) if status == "canceled" else None,
        "days_until_renewal": days_from(event, renews_at),
        "failed_payments": failed_payments,
        # Until the customer approves it, this is where they do so.
        "url": link(sub, "approve") if status == "pending" else None,
    }


def _billing(sub: Object) -> Object:
    return an_object(sub.get("billing_info")) or an_object(sub.get("agreement_details"))


def _failure(sub: Object) -> Object:
    return an_object(_billing(sub).get("last_failed_payment"))


def _failed_payments(billing: Object) -> int | None:
    """How many failed in a row: PayPal sets the count back to 0 after a payment that succeeds."""
    count = billing.get("failed_payments_count")
    return whole(billing.get("failed_payment_count") if count is None else count)


def _status(sub: Object, failed_payments: int | None) -> str | None:
    """PayPal calls a subscription active while it tries a failed payment again."""
    status = _STATUSES.get(word(sub.get("status")) or word(sub.get("state")) or "")
    return "past_due" if status == "active" and failed_payments else status


def _price(sub: Object) -> Money:
    """The plan's price of a period, or else what was paid last. The plan seldom comes along."""
    agreed = _first_known(
        times(
            money(dig(_regular_cycle(sub), "pricing_scheme", "fixed_price")),
            number(sub.get("quantity") or 1),
        ),
        money(_regular_definition(sub).get("amount"), dig(sub, "plan", "curr_code")),
    )
    return _first_known(agreed, money(dig(_billing(sub), "last_payment", "amount")))


def _first_known(*sums: Money) -> Money:
    """The first of these that is known."""
    return next((each for each in sums if each["amount"] is not None), NO_MONEY)


def _rhythm(sub: Object) -> Subscription:
    cycle, definition = _regular_cycle(sub), _regular_definition(sub)
    unit = word(dig(cycle, "frequency", "interval_unit")) or word(definition.get("frequency"))
    count = dig(cycle, "frequency", "interval_count") or definition.get("frequency_interval")
    return {"interval": unit if unit in _INTERVALS else None, "interval_count": whole(count) or None}


def _regular_cycle(sub: Object) -> Object:
    """v2: the plan's cycle that is no trial."""
    return _regular(dig(sub, "plan", "billing_cycles"), "tenure_type")


def _regular_definition(sub: Object) -> Object:
    """v1: the same."""
    return _regular(dig(sub, "plan", "payment_definitions"), "type")


def _regular(cycles: object, kind: str) -> Object:
    return first([each for each in objects(cycles) if word(each.get(kind)) == "regular"])


def _failed_payment(sub: Object, told: Subscription) -> Payment:
    failure = _failure(sub)
    return {
        **money(failure.get("amount")),
        **card_of(dig(sub, "subscriber", "payment_source")),
        "status": "failed",
        "failure_code": text(failure.get("reason_code")),
        "failure_reason": plain(failure.get("reason_code")),
        "attempt_count": told["failed_payments"],
        "next_attempt_at": timestamp(failure.get("next_payment_retry_time")),
        "reference": text(sub.get("custom_id")),
        "gateway": "PayPal",
        "subscription_id": told["id"],
    }


def _open_bill(sub: Object, payment: Payment) -> Invoice:
    outstanding = money(dig(_billing(sub), "outstanding_balance"), dig(sub, "plan", "curr_code"))
    return {
        **money_of(payment),
        **named("amount_due", outstanding),
        "status": "open",
        "attempt_count": payment["attempt_count"],
        "next_attempt_at": payment["next_attempt_at"],
        "failure_reason": payment["failure_reason"],
        "subscription_id": payment["subscription_id"],
        "items": [],
    }
