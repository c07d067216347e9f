"""What happens to subscriptions, and what an update of one means."""

from collections.abc import Callable, Sequence

from relay.providers.stripe.invoices import invoice_of
from relay.providers.stripe.reading import Object, before, expanded, first, identity, subject
from relay.providers.stripe.subscriptions import RUNNING, period_end, subscription_of
from relay.sdk.entities import Data
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

TERM = by("subscription", "id", "current_period_end")
"""A term is renewed once, though its invoice and the subscription itself both tell of it."""


def read(event: Object) -> Data:
    """The subscription, and its latest invoice as far as it came along."""
    sub = subject(event)
    latest = sub.get("latest_invoice")
    bill = expanded(latest) | {"id": identity(latest)}
    return {
        "subscription": subscription_of(sub, event),
        "invoice": invoice_of(bill, event) if identity(latest) else None,
    }


def changes(inbound: Inbound) -> Sequence[On]:
    """What `customer.subscription.updated` means: one change may be several of our events.

    Its end is told by `customer.subscription.deleted`, a pause of the subscription itself by `.paused` and
    `.resumed`; a pause of its collection, which stops the charges too, is told only here.
    https://docs.stripe.com/billing/subscriptions/webhooks
    """
    was, now = before(inbound.payload), subject(inbound.payload)
    return [on for happened, on in _CHANGES if happened(was, now)] or [On("subscription.updated", read)]


def _became(*statuses: str) -> Callable[[Object, Object], bool]:
    return lambda was, now: "status" in was and now.get("status") in statuses


def _will_cancel(was: Object, now: Object) -> bool:
    """A flag or a date, which the customer portal sets instead of the flag since 2025: whichever is new."""
    was_not = was.get("cancel_at_period_end") is False or ("cancel_at" in was and was["cancel_at"] is None)
    return was_not and _cancels(now) and now.get("status") != "canceled"


def _cancels(sub: Object) -> bool:
    return sub.get("cancel_at_period_end") is True or sub.get("cancel_at") is not None


def _goes_on(was: Object, now: Object) -> bool:
    """A pause of its collection is over, or the plan to cancel it."""
    collects = bool(was.get("pause_collection")) and not now.get("pause_collection")
    stays = _cancels(was) and not _cancels(now)
    return collects or (stays and now.get("status") in RUNNING)


def _was_renewed(was: Object, now: Object) -> bool:
    """The period moved on. It also ends later when a trial is prolonged or the cycle is set anew, and it
    moves on although nobody pays: neither is a renewal.
    """
    ended = period_end(was) or period_end(first(was.get("items")))
    ends = period_end(now) or period_end(first(now.get("items")))
    moved = ended is not None and ends is not None and ends > ended
    return moved and now.get("status") == "active" and not {"billing_cycle_anchor", "trial_end"} & set(was)


def _collection_paused(was: Object, now: Object) -> bool:
    return "pause_collection" in was and not was["pause_collection"] and bool(now.get("pause_collection"))


_CHANGES = (
    (_became("active"), On("subscription.activated", read)),
    (_became("past_due", "unpaid"), On("subscription.past_due", read)),
    # The first payment never came, so nothing that ran has stopped.
    (_became("incomplete_expired"), On("subscription.expired", read, severity="info")),
    (_will_cancel, On("subscription.cancellation_scheduled", read)),
    (_was_renewed, On("subscription.renewed", read, once=TERM)),
    (_collection_paused, On("subscription.paused", read)),
    (_goes_on, On("subscription.resumed", read)),
)
