"""Subscriptions in our words. What one costs, a webhook about it does not tell; its invoices do."""

from relay.formats.times import timestamp
from relay.providers.lemonsqueezy.reading import Object, attributes, changed_at, days_from, identity, noted, own_id
from relay.sdk.entities import Data
from relay.sdk.fields import dig, integer, text

_STATUSES = {
    "on_trial": "trialing",
    "active": "active",
    "paused": "paused",
    "past_due": "past_due",
    "unpaid": "past_due",
    "cancelled": "canceled",
    "expired": "expired",
}
_RUNNING = ("trialing", "active", "past_due")


def read(event: Object) -> Data:
    """The subscription. A canceled one runs on to `ends_at`, and is expired after that."""
    sub = attributes(event)
    status = _STATUSES.get(str(sub.get("status")))
    ends_at = timestamp(sub.get("ends_at"))
    renews_at = timestamp(sub.get("renews_at")) if status in _RUNNING else None
    return {
        "subscription": {
            "id": own_id(event),
            "status": status,
            "plan": text(sub.get("product_name")),
            "product_id": identity(sub.get("product_id")),
            "description": _variant(sub),
            "quantity": integer(dig(sub, "first_subscription_item", "quantity")),
            "started_at": timestamp(sub.get("created_at")),
            "current_period_end": renews_at or ends_at,
            "renews_at": renews_at,
            "trial_ends_at": timestamp(sub.get("trial_ends_at")),
            "cancel_at": ends_at if status == "canceled" else None,
            "canceled_at": changed_at(event) if status == "canceled" else None,
            "ended_at": (ends_at or changed_at(event)) if status == "expired" else None,
            "days_until_renewal": days_from(event, renews_at),
            "domain": noted(event, "domain"),
            "url": text(dig(sub, "urls", "customer_portal")),
        }
    }


def _variant(sub: Object) -> str | None:
    """The variant's name; `Default` is what a product without variants has."""
    name = text(sub.get("variant_name"))
    return None if name == "Default" else name
