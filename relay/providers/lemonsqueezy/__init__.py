"""Lemon Squeezy: subscriptions and orders, with Lemon Squeezy as the seller of record.

Their event types: https://docs.lemonsqueezy.com/help/webhooks/event-types
"""

from secrets import token_urlsafe

from relay.formats.times import instant
from relay.formats.values import secret
from relay.providers.lemonsqueezy import invoices, orders, subscriptions
from relay.providers.lemonsqueezy.reading import attributes, changed_at, identity, meta, own_id
from relay.sdk.fields import dig, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Reply, by
from relay.security.verification import HmacSignature


def event_id(inbound: Inbound) -> str | None:
    """Lemon Squeezy documents no id. These are the same when it tries again, and differ with every change.

    Where `webhook_id` comes along it is not documented whose id that is, the webhook's or the endpoint's, so it never
    stands alone.
    """
    told = inbound.payload
    parts = (
        event_name(inbound),
        dig(told, "data", "type"),
        own_id(told),
        dig(told, "data", "attributes", "updated_at"),
    )
    if not all(isinstance(part, str) for part in parts):
        return None
    return ":".join(str(part) for part in (identity(meta(told, "webhook_id")), *parts) if part is not None)


def event_name(inbound: Inbound) -> str | None:
    """From the body: the header X-Event-Name is not signed."""
    return text(meta(inbound.payload, "event_name"))


def livemode(inbound: Inbound) -> bool | None:
    told = meta(inbound.payload, "test_mode")
    test = attributes(inbound.payload).get("test_mode") if told is None else told
    return not test if isinstance(test, bool) else None


def _is_behind(inbound: Inbound) -> bool:
    return attributes(inbound.payload).get("status") in ("past_due", "unpaid")


_INVOICE = by("invoice", "id")
# A payment that works after one that failed is told by two events.
_PAID = (
    On("invoice.paid", invoices.paid, once=_INVOICE),
    On("payment.succeeded", invoices.paid, when=invoices.has_money, once=_INVOICE),
    On("subscription.renewed", invoices.paid, when=invoices.renews, once=_INVOICE),
)

PROVIDER = Provider(
    name="lemonsqueezy",
    label="Lemon Squeezy",
    kind="payment_gateway",
    homepage="https://www.lemonsqueezy.com",
    # https://docs.lemonsqueezy.com/help/webhooks/signing-requests
    verification=HmacSignature(name="lemonsqueezy_signature", header="x-signature"),
    secret_form=secret(
        "the signing secret of the webhook, of 6 to 40 characters",
        pattern=".{6,40}",
        make=lambda: token_urlsafe(24),
    ),
    # Any other success counts as a failure there.
    accepted=Reply(200, "ok"),
    event_name=event_name,
    event_id=event_id,
    plain_parameters=frozenset(["signature"]),
    occurred_at=lambda inbound: instant(changed_at(inbound.payload)),
    livemode=livemode,
    customer=orders.who,
    events={
        # Renewals
        "subscription_created": On("subscription.created", subscriptions.read),
        # It comes beside all the others, and is the only one that tells of a subscription falling behind.
        "subscription_updated": (
            On("subscription.updated", subscriptions.read),
            On(
                "subscription.past_due",
                subscriptions.read,
                when=_is_behind,
                once=by("subscription", "id", "status", "renews_at"),
            ),
        ),
        "subscription_plan_changed": On("subscription.updated", subscriptions.read),
        "subscription_cancelled": On("subscription.cancellation_scheduled", subscriptions.read),
        "subscription_resumed": On("subscription.resumed", subscriptions.read),
        "subscription_expired": On("subscription.expired", subscriptions.read),
        "subscription_paused": On("subscription.paused", subscriptions.read),
        "subscription_unpaused": On("subscription.resumed", subscriptions.read),
        # Invoices and payments
        "subscription_payment_success": _PAID,
        "subscription_payment_recovered": _PAID,
        "subscription_payment_failed": (
            On("invoice.payment_failed", invoices.unpaid),
            On("payment.failed", invoices.unpaid),
            On("subscription.renewal_failed", invoices.unpaid, when=invoices.renews),
        ),
        "subscription_payment_refunded": (
            On("refund.succeeded", invoices.refunded),
            On("invoice.refunded", invoices.refunded),
        ),
        "order_created": (
            On("checkout.completed", orders.checkout, when=orders.came_through),
            On("payment.failed", orders.failed, when=orders.did_fail),
        ),
        "order_refunded": On("refund.succeeded", orders.refunded),
        # Customers
        "customer_updated": On("customer.updated", orders.customer),
    },
    ignored=frozenset(
        ["affiliate_activated", "license_key_created", "license_key_updated"],
    ),
)
