"""Subscriptions in our words, and what an update of one means.

https://developer.squareup.com/docs/subscriptions-api/webhooks
"""

from collections.abc import Sequence

from relay.formats.times import day
from relay.providers.square.reading import Object, days_from, money, status, subject
from relay.sdk.entities import Data
from relay.sdk.fields import text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

# Deactivated is what Square does to one that it cannot bill; like a paused one it can be resumed.
_STATUSES = {
    "PENDING": "pending",
    "ACTIVE": "active",
    "PAUSED": "paused",
    "DEACTIVATED": "paused",
    "CANCELED": "canceled",
    "COMPLETED": "expired",
}


def read(event: Object) -> Data:
    """The subscription; what it costs is told only where the plan's price is not what counts."""
    sub = subject(event, "subscription")
    now = _STATUSES.get(str(sub.get("status")))
    ends = day(sub.get("canceled_date"))
    charged_through = day(sub.get("charged_through_date"))
    renews_at = charged_through or day(sub.get("start_date"))
    if now not in ("pending", "active") or (ends and renews_at and ends <= renews_at):
        renews_at = None
    return {
        "subscription": {
            **money(sub.get("price_override_money")),
            "id": text(sub.get("id")),
            "status": now,
            "product_id": text(sub.get("plan_variation_id"), sub.get("plan_id")),
            "started_at": day(sub.get("start_date")),
            "current_period_end": charged_through,
            "renews_at": renews_at,
            "cancel_at": ends if now in ("pending", "active") else None,
            "canceled_at": ends if now == "canceled" else None,
            "ended_at": ends if now == "canceled" else None,
            "days_until_renewal": days_from(event, renews_at, sub),
        }
    }


def changes(inbound: Inbound) -> Sequence[On]:
    """What `subscription.updated` means. It says how the subscription is now, and not what changed."""
    now = status(inbound, "subscription")
    if now in ("ACTIVE", "PENDING") and subject(inbound.payload, "subscription").get("canceled_date"):
        return (_CANCELLATION,)
    return (_BY_STATUS.get(now, _UPDATED),)


_UPDATED = On("subscription.updated", read)
_CANCELLATION = On("subscription.cancellation_scheduled", read, once=by("subscription", "id", "cancel_at"))
_BY_STATUS = {
    "PAUSED": On("subscription.paused", read),
    "DEACTIVATED": On("subscription.paused", read, severity="warning"),
    "CANCELED": On("subscription.canceled", read, once=by("subscription", "id", "canceled_at")),
    "COMPLETED": On("subscription.expired", read, once=by("subscription", "id", "status")),
}
