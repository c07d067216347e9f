"""Square: invoices, subscriptions and payments, on the web and over the counter.

Their event types: https://developer.squareup.com/docs/webhooks/v2webhook-events-tech-ref
"""

from relay.formats.times import instant
from relay.formats.values import KEY, secret, url
from relay.providers.square import customers, invoices, payments, subscriptions
from relay.providers.square.ignored import IGNORED
from relay.providers.square.verification import SquareSignature
from relay.sdk.api_settings import vendor_api
from relay.sdk.fields import text
from relay.sdk.provider import On, Provider, Setting

_CREDENTIALS = {
    "EAAA": "an access token of Square",
    "sq0": "a credential of the application",
    "sandbox-sq0": "a credential of the application",
}

PROVIDER = Provider(
    name="square",
    label="Square",
    kind="payment_gateway",
    homepage="https://squareup.com",
    verification=SquareSignature(),
    secret_form=secret("the signature key of the webhook subscription", never=_CREDENTIALS),
    settings=(
        vendor_api("For actions: Square's API.", "https://connect.squareup.com", "connect.squareupsandbox.com"),
        Setting("access_token", "Access token", "For actions: of the application.", secret=True, form=KEY),
        Setting(
            "notification_url",
            "Notification URL",
            "The URL of the webhook subscription, where Square has another than the relay gave for this source.",
            form=url("https://relay.example.com/in/src_...", whole_address=True),
        ),
    ),
    event_name=lambda inbound: text(inbound.payload.get("type")),
    event_id=lambda inbound: inbound.payload.get("event_id"),
    occurred_at=lambda inbound: instant(inbound.payload.get("created_at")),
    customer=customers.who,
    events={
        # Renewals
        "subscription.created": On("subscription.created", subscriptions.read),
        "subscription.updated": subscriptions.changes,
        # Invoices
        "invoice.created": On("invoice.created", invoices.read),
        "invoice.published": On("invoice.sent", invoices.read),
        "invoice.updated": invoices.changes,
        "invoice.payment_made": invoices.payment_made,
        "invoice.scheduled_charge_failed": (
            On("invoice.payment_failed", invoices.unpaid),
            On("subscription.renewal_failed", invoices.unpaid, when=invoices.renews),
        ),
        "invoice.canceled": invoices.VOIDED,
        # The refund itself has events of its own, however it was made.
        # https://developer.squareup.com/docs/refunds-api/webhooks
        "invoice.refunded": On("invoice.refunded", invoices.refunded),
        # Payments
        "payment.created": payments.payment_means,
        "payment.updated": payments.payment_means,
        # Refunds and disputes
        "refund.created": payments.refund_means,
        "refund.updated": payments.refund_means,
        "dispute.created": On("dispute.opened", payments.dispute),
        "dispute.state.updated": payments.dispute_means,
        "dispute.state.changed": payments.dispute_means,
        # Cards on file
        "card.created": On("payment_method.added", customers.card),
        "card.updated": On("payment_method.updated", customers.card),
        "card.automatically_updated": On("payment_method.updated", customers.card),
        "card.disabled": On("payment_method.removed", customers.card),
        "card.forgotten": On("payment_method.removed", customers.card),
        # Customers
        "customer.created": On("customer.created", customers.read),
        "customer.updated": On("customer.updated", customers.read),
    },
    ignored=IGNORED,
)
