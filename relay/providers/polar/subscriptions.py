"""Subscriptions in our words."""

from collections.abc import Sequence

from relay.formats.times import timestamp
from relay.providers.polar.reading import Object, about, days_from, money, plain, status
from relay.sdk.entities import Data, Subscription
from relay.sdk.fields import dig, id_text, integer, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

_STATUSES = {
    "incomplete": "incomplete",
    "incomplete_expired": "expired",
    "trialing": "trialing",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "past_due",
    "paused": "paused",
    "canceled": "canceled",
}
_RUNNING = ("trialing", "active", "past_due")
_INTERVALS = ("day", "week", "month", "year")


def read(event: Object) -> Data:
    return {"subscription": subscription_of(about(event), event)}


def cancellation(inbound: Inbound) -> Sequence[On]:
    """Polar calls it canceled when the customer says so. It runs on to the end of the period, unless it has ended by
    now, which `subscription.revoked` tells as well.
    """
    return (ENDED if status(inbound) == "canceled" else On("subscription.cancellation_scheduled", read),)


def subscription_of(sub: Object, event: Object) -> Subscription:
    now = _STATUSES.get(str(sub.get("status")))
    period_end = timestamp(sub.get("current_period_end"))
    ends = sub.get("cancel_at_period_end") is True
    renews_at = period_end if now in _RUNNING and not ends else None
    interval, count = sub.get("recurring_interval"), integer(sub.get("recurring_interval_count"))
    return {
        **money(sub.get("amount"), sub.get("currency")),
        "id": text(sub.get("id")),
        "status": now,
        "plan": text(dig(sub, "product", "name")),
        "product_id": text(sub.get("product_id"), dig(sub, "product", "id")),
        "description": text(dig(sub, "product", "description")),
        "quantity": integer(sub.get("seats")),
        "interval": interval if interval in _INTERVALS else None,
        "interval_count": count if count and count > 0 else None,
        "started_at": timestamp(sub.get("started_at")),
        "current_period_start": timestamp(sub.get("current_period_start")),
        "current_period_end": period_end,
        "renews_at": renews_at,
        "trial_ends_at": timestamp(sub.get("trial_end")),
        "cancel_at": (timestamp(sub.get("ends_at")) or period_end) if ends and now in _RUNNING else None,
        "canceled_at": timestamp(sub.get("canceled_at")),
        "ended_at": timestamp(sub.get("ended_at")),
        "cancel_reason": text(sub.get("customer_cancellation_comment"))
        or plain(sub.get("customer_cancellation_reason")),
        "days_until_renewal": days_from(event, renews_at),
        "domain": id_text(dig(sub, "metadata", "domain")),
    }


ENDED = On("subscription.canceled", read, once=by("subscription", "id", "ended_at"))
RENEWED = On("subscription.renewed", read, once=by("subscription", "id", "current_period_end"))
