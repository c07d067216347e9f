"""Subscriptions in our words."""

from relay.formats.times import timestamp
from relay.providers.stripe import prices
from relay.providers.stripe.reading import Object, days_from, identity, listed, number, text
from relay.sdk.entities import Subscription
from relay.sdk.fields import dig

_STATUSES = {
    "incomplete": "incomplete",
    "incomplete_expired": "expired",
    "trialing": "trialing",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "past_due",
    "canceled": "canceled",
    "paused": "paused",
}
RUNNING = ("trialing", "active", "past_due")


def subscription_of(sub: Object, event: Object) -> Subscription:
    """A subscription in our words."""
    items = listed(sub.get("items")) or [sub]
    status = _STATUSES.get(str(sub.get("status")))
    start, end = _period(sub)
    cancel_at = number(sub.get("cancel_at")) or (end if sub.get("cancel_at_period_end") else None)
    charged_next = sub.get("trial_end") if status == "trialing" else None
    ends = bool(cancel_at and end and cancel_at <= end)
    renews_at = timestamp(charged_next or end) if status in RUNNING and not ends else None
    return {
        **prices.cost(items, sub.get("currency")),
        **prices.sold(items[0]),
        "id": identity(sub),
        "status": status,
        "plan": ", ".join(name for name in map(prices.name_of, items) if name) or None,
        "description": text(sub.get("description")),
        "quantity": number(items[0].get("quantity")) if len(items) == 1 else None,
        "started_at": timestamp(sub.get("start_date") or sub.get("start")),
        "current_period_start": timestamp(start),
        "current_period_end": timestamp(end),
        "renews_at": renews_at,
        "trial_ends_at": timestamp(sub.get("trial_end")),
        "cancel_at": timestamp(cancel_at) if status != "canceled" else None,
        "canceled_at": timestamp(sub.get("canceled_at")),
        "ended_at": timestamp(sub.get("ended_at")),
        "cancel_reason": text(dig(sub, "cancellation_details", "reason")),
        "days_until_renewal": days_from(event, renews_at),
        "domain": text(dig(sub, "metadata", "domain")),
    }


def period_end(item: Object) -> int | None:
    return number(item.get("current_period_end"))


def _period(sub: Object) -> tuple[int | None, int | None]:
    """Start and end of the running period: until basil the subscription's own, since then those of its items,
    of which the one that is charged next counts.
    """
    periods = [each for each in (sub, *listed(sub.get("items"))) if period_end(each) is not None]
    if not periods:
        return None, None
    running = sub if period_end(sub) is not None else min(periods, key=lambda each: period_end(each) or 0)
    return running.get("current_period_start"), period_end(running)
