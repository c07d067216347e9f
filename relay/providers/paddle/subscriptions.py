"""Subscriptions in our words, and what an update of one means."""

from collections.abc import Sequence

from relay.formats.times import timestamp
from relay.providers.paddle import prices
from relay.providers.paddle.reading import Object, days_from, entity, whole
from relay.sdk.entities import Data, Subscription
from relay.sdk.fields import an_object, dig, first, id_text, objects, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

_STATUSES = {
    "trialing": "trialing",
    "active": "active",
    "past_due": "past_due",
    "paused": "paused",
    "canceled": "canceled",
}


def read(event: Object) -> Data:
    return {"subscription": subscription_of(entity(event), event)}


def changes(inbound: Inbound) -> Sequence[On]:
    """What `subscription.updated` means. It tells of every change and says not which, so a plan to cancel is told
    once for the day it is planned for; all else that matters has an event of its own.
    """
    return (_CANCELLATION if _canceled_at_end(entity(inbound.payload)) else _UPDATED,)


def subscription_of(sub: Object, event: Object) -> Subscription:
    items = objects(sub.get("items"))
    recurring = [item for item in items if prices.is_recurring(item)] or items
    status = _STATUSES.get(str(sub.get("status")))
    renews_at = timestamp(sub.get("next_billed_at"))
    canceled_at = timestamp(sub.get("canceled_at"))
    return {
        **prices.cost(recurring, sub.get("currency_code")),
        **prices.rhythm(sub.get("billing_cycle")),
        "id": text(sub.get("id")),
        "status": status,
        "plan": prices.names_of(recurring),
        "product_id": text(dig(first(recurring), "product", "id"), dig(first(recurring), "price", "product_id")),
        "description": text(dig(first(recurring), "price", "description")),
        "quantity": whole(recurring[0].get("quantity")) if len(recurring) == 1 else None,
        "started_at": timestamp(sub.get("started_at")),
        "current_period_start": timestamp(dig(sub, "current_billing_period", "starts_at")),
        "current_period_end": timestamp(dig(sub, "current_billing_period", "ends_at")),
        "renews_at": None if _canceled_at_end(sub) else renews_at,
        "trial_ends_at": timestamp(dig(first(items), "trial_dates", "ends_at")),
        "cancel_at": timestamp(dig(sub, "scheduled_change", "effective_at")) if _canceled_at_end(sub) else None,
        "canceled_at": canceled_at,
        "ended_at": canceled_at if status == "canceled" else None,
        "days_until_renewal": None if _canceled_at_end(sub) else days_from(event, renews_at),
        "domain": id_text(dig(sub, "custom_data", "domain")),
    }


def _canceled_at_end(sub: Object) -> bool:
    return an_object(sub.get("scheduled_change")).get("action") == "cancel"


_CANCELLATION = On("subscription.cancellation_scheduled", read, once=by("subscription", "id", "cancel_at"))
_UPDATED = On("subscription.updated", read)
