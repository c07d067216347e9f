"""Polar: subscriptions, orders and checkouts, with Polar as the seller of record.

Their event types: https://polar.sh/docs/integrate/webhooks/events
"""

from relay.formats.times import instant
from relay.formats.values import secret
from relay.providers.polar import customers, orders, payments, subscriptions
from relay.providers.polar.reading import status
from relay.sdk.fields import text
from relay.sdk.provider import On, Provider
from relay.security.verification import HmacSignature, Versioned, base64_key, text_key

_TOKENS = dict.fromkeys(("polar_oat_", "polar_pat_"), "an access token of Polar")

PROVIDER = Provider(
    name="polar",
    label="Polar",
    kind="payment_gateway",
    homepage="https://polar.sh",
    # Standard Webhooks, but for the key: Polar takes the whole text of the secret, `whsec_` or `polar_whs_` included.
    # A secret that was made as the standard says is read as that, too.
    # https://polar.sh/docs/integrate/webhooks/delivery
    verification=HmacSignature(
        name="polar_signature",
        header="webhook-signature",
        form=Versioned("v1"),
        signed="{webhook-id}.{stamp}.{body}",
        encoding="base64",
        keys=(text_key, base64_key),
        window=300,
        stamp_header="webhook-timestamp",
    ),
    secret_form=secret("the secret of the endpoint", "whsec_example", never=_TOKENS),
    event_name=lambda inbound: text(inbound.payload.get("type")),
    event_id=lambda inbound: inbound.headers.get("webhook-id"),
    occurred_at=lambda inbound: instant(inbound.payload.get("timestamp")),
    customer=customers.who,
    events={
        # Renewals
        "subscription.created": On("subscription.created", subscriptions.read),
        "subscription.active": On("subscription.activated", subscriptions.read),
        "subscription.updated": On("subscription.updated", subscriptions.read),
        # It was brought over from another provider.
        "subscription.migrated": On("subscription.updated", subscriptions.read),
        # The next period has begun; whether it is paid for, its order tells.
        "subscription.cycled": subscriptions.RENEWED,
        # A renewal that was not paid: Polar has no event for the payment itself.
        "subscription.past_due": (
            On("subscription.past_due", subscriptions.read),
            On("subscription.renewal_failed", subscriptions.read),
        ),
        "subscription.paused": On("subscription.paused", subscriptions.read),
        "subscription.resumed": On("subscription.resumed", subscriptions.read),
        "subscription.canceled": subscriptions.cancellation,
        "subscription.uncanceled": On("subscription.resumed", subscriptions.read),
        "subscription.revoked": subscriptions.ENDED,
        # Invoices and payments: an order is both
        "order.created": On("invoice.created", orders.read),
        "order.updated": On("invoice.voided", orders.read, when=lambda inbound: status(inbound) == "void"),
        "order.paid": (
            On("invoice.paid", orders.paid),
            On("payment.succeeded", orders.paid, when=orders.was_paid_for),
        ),
        # The refund itself has events of its own.
        "order.refunded": On("invoice.refunded", orders.refunded),
        "refund.created": payments.refund_means,
        "refund.updated": payments.refund_means,
        "checkout.updated": payments.checkout_means,
        # Customers
        "customer.created": On("customer.created", customers.read),
        "customer.updated": On("customer.updated", customers.read),
    },
    ignored=frozenset(
        [
            # a checkout that was opened, or left
            "checkout.created",
            "checkout.expired",
            # what an order or a subscription gives access to
            "benefit.created",
            "benefit.updated",
            "benefit_grant.created",
            "benefit_grant.cycled",
            "benefit_grant.revoked",
            "benefit_grant.updated",
            "customer_seat.assigned",
            "customer_seat.claimed",
            "customer_seat.revoked",
            # sums up what other events tell
            "customer.state_changed",
            "customer.deleted",
            # the price list and the organization
            "discount.created",
            "discount.deleted",
            "discount.updated",
            "member.created",
            "member.deleted",
            "member.updated",
            "organization.updated",
            "product.created",
            "product.updated",
        ]
    ),
)
