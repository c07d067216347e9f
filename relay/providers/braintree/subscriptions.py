"""Subscriptions in our words. Braintree charges them itself and makes no invoices: a charge stands in for one."""

from collections.abc import Callable

from relay.formats.money import money_of
from relay.formats.times import day, timestamp
from relay.providers.braintree.payments import of_transaction
from relay.providers.braintree.reading import Object, Told, listed, number, text, told
from relay.sdk.entities import Data, Invoice, Payment, Subscription
from relay.sdk.inbound import Inbound
from relay.sdk.provider import by

TERM = by("subscription", "id", "current_period_end")
_STATUSES = {
    "active": "active",
    "canceled": "canceled",
    "expired": "expired",
    "past due": "past_due",
    "pending": "pending",
}


def read(status: str | None = None) -> Callable[[Told], Data]:
    """A reader of the subscription; `status` is what the notification itself says of it."""

    def reader(note: Told) -> Data:
        return {"subscription": _subscription(note, status), "payment": _latest(note, None)}

    return reader


def charged(note: Told) -> Data:
    payment = _latest(note, "succeeded")
    if payment is not None:
        payment |= {"paid_at": timestamp(note.at)}
    return {"subscription": _subscription(note, "active"), "payment": payment}


def not_charged(note: Told) -> Data:
    """A charge that failed, which is also the bill that it was for."""
    sub = _subscription(note, None)
    payment = _latest(note, "failed") or {"status": "failed", "gateway": "Braintree", "subscription_id": sub["id"]}
    bill: Invoice = {
        **money_of(payment),
        "id": payment.get("id"),
        "status": "open",
        "amount_due": payment.get("amount"),
        "amount_due_minor": payment.get("amount_minor"),
        "failure_reason": payment.get("failure_reason"),
        "attempt_count": payment.get("attempt_count"),
        "subscription_id": sub["id"],
        "items": [],
    }
    return {"subscription": sub, "payment": payment, "invoice": bill}


def is_renewal(inbound: Inbound) -> bool:
    """Any charge but the first, as far as it is told which one it is."""
    cycle = number(about(told(inbound)).get("current_billing_cycle"))
    return cycle is None or cycle > 1


def has_charge(inbound: Inbound) -> bool:
    return bool(charges(told(inbound)))


def about(note: Told) -> Object:
    return note.about("subscription")


def charges(note: Told) -> list[Object]:
    """Newest first."""
    found = listed(about(note).get("transactions"), "transaction")
    return sorted(found, key=lambda each: text(each.get("created_at")) or "", reverse=True)


def _subscription(note: Told, status: str | None) -> Subscription:
    sub, sample = about(note), next(iter(charges(note)), {})
    history = listed(sub.get("status_history"), "status_event")
    renews_at = day(sub.get("next_billing_date"))
    return {
        **note.money(sub.get("price") or sample.get("amount"), sub, sample, *history[:1]),
        "id": text(sub.get("id")),
        "status": status or _STATUSES.get(str(sub.get("status")).lower()),
        "plan": text(sub.get("plan_id")),
        "product_id": text(sub.get("plan_id")),
        "description": text(sub.get("description")),
        "started_at": day(sub.get("first_billing_date")) or timestamp(sub.get("created_at")),
        "current_period_start": day(sub.get("billing_period_start_date")),
        "current_period_end": day(sub.get("billing_period_end_date")),
        "renews_at": None if status in ("canceled", "expired") else renews_at,
        "canceled_at": timestamp(note.at) if status == "canceled" else None,
        "ended_at": timestamp(note.at) if status in ("canceled", "expired") else None,
        "failed_payments": number(sub.get("failure_count")),
        "days_until_renewal": None if status in ("canceled", "expired") else note.days_until(renews_at),
    }


def _latest(note: Told, status: str | None) -> Payment | None:
    sub = about(note)
    for charge in charges(note):
        return of_transaction(note, charge, status) | {
            "subscription_id": text(sub.get("id")),
            "attempt_count": number(sub.get("failure_count")) or None,
        }
    return None
