"""Razorpay: payments, invoices and subscriptions in India.

Their event types: https://razorpay.com/docs/webhooks/
"""

from relay.formats.times import instant
from relay.formats.values import key, secret
from relay.providers.razorpay import invoices, payments, subscriptions
from relay.sdk.api_settings import vendor_api
from relay.sdk.fields import text
from relay.sdk.provider import On, Provider, Setting, by
from relay.security.verification import HmacSignature

_PAYMENT = by("payment", "id")
# One payment is told by up to four events; whichever an owner chose, it is said once.
_PAID = On("payment.succeeded", payments.succeeded, when=payments.is_captured, once=_PAYMENT)
_INVOICE_PAYMENT = On("payment.succeeded", invoices.paid, when=payments.has_payment, once=_PAYMENT)

_KEY_IDS = dict.fromkeys(("rzp_live_", "rzp_test_"), "the ID of an API key")

PROVIDER = Provider(
    name="razorpay",
    label="Razorpay",
    kind="payment_gateway",
    homepage="https://razorpay.com",
    # The secret is the webhook's own, not that of the API key. https://razorpay.com/docs/webhooks/validate-test/
    verification=HmacSignature(name="razorpay_signature", header="x-razorpay-signature"),
    secret="ours",
    secret_form=secret("the webhook's own secret", never=_KEY_IDS),
    event_name=lambda inbound: text(inbound.payload.get("event")),
    event_id=lambda inbound: text(inbound.headers.get("x-razorpay-event-id")),
    occurred_at=lambda inbound: instant(inbound.payload.get("created_at")),
    customer=invoices.who,
    events={
        # Renewals
        "subscription.authenticated": On("subscription.created", subscriptions.read),
        "subscription.activated": On("subscription.activated", subscriptions.read),
        "subscription.charged": (
            On("subscription.renewed", subscriptions.charged),
            On("payment.succeeded", subscriptions.charged, when=payments.has_payment, once=_PAYMENT),
        ),
        # A charge failed and is tried again; when it is halted, all tries failed.
        "subscription.pending": (
            On("subscription.past_due", subscriptions.unpaid),
            On("subscription.renewal_failed", subscriptions.unpaid),
            On("payment.failed", subscriptions.unpaid, once=_PAYMENT),
        ),
        "subscription.halted": On("subscription.past_due", subscriptions.read, severity="critical"),
        "subscription.paused": On("subscription.paused", subscriptions.read),
        "subscription.resumed": On("subscription.resumed", subscriptions.read),
        "subscription.updated": On("subscription.updated", subscriptions.read),
        "subscription.cancelled": On("subscription.canceled", subscriptions.ended),
        "subscription.completed": On("subscription.expired", subscriptions.ended),
        # Invoices
        "invoice.paid": (On("invoice.paid", invoices.paid), _INVOICE_PAYMENT),
        "invoice.partially_paid": On(
            "payment.succeeded", invoices.partly_paid, when=payments.has_payment, once=_PAYMENT
        ),
        "invoice.expired": On("invoice.overdue", invoices.expired),
        # Payments
        "payment.authorized": (
            _PAID,
            On("payment.pending", payments.authorized, when=payments.is_only_authorized),
        ),
        "payment.captured": On("payment.succeeded", payments.succeeded, once=_PAYMENT),
        "payment.failed": On("payment.failed", payments.failed, once=_PAYMENT),
        "order.paid": (On("order.paid", invoices.paid_order), _PAID),
        "payment_link.paid": (On("checkout.completed", invoices.paid_link), _PAID),
        "payment_link.partially_paid": _PAID,
        # Refunds and disputes
        "refund.created": On("refund.created", payments.started_refund),
        "refund.processed": On("refund.succeeded", payments.processed_refund),
        "refund.failed": On("refund.failed", payments.failed_refund),
        "payment.dispute.created": On("dispute.opened", payments.dispute),
        "payment.dispute.action_required": On("dispute.updated", payments.dispute, severity="warning"),
        "payment.dispute.under_review": On("dispute.updated", payments.dispute),
        "payment.dispute.won": On("dispute.won", payments.dispute),
        "payment.dispute.lost": On("dispute.lost", payments.dispute),
        "payment.dispute.closed": On("dispute.updated", payments.dispute),
    },
    ignored=frozenset(
        [
            # banks that are out of order
            "payment.downtime.resolved",
            "payment.downtime.started",
            "payment.downtime.updated",
            # nothing was paid
            "order.notification.delivered",
            "order.notification.failed",
            "payment_link.cancelled",
            "payment_link.expired",
            # how fast a refund goes
            "refund.speed_changed",
            # mandates, whose subscriptions have events of their own
            "token.cancelled",
            "token.confirmed",
            "token.paused",
            "token.rejected",
            "token.service_provider.activated",
            "token.service_provider.cancelled",
            "token.service_provider.deactivated",
            # money that the business itself moves
            "account.activated_kyc_pending",
            "account.app.authorization_revoked",
            "account.instantly_activated",
            "account.rejected",
            "account.suspended",
            "account.under_review",
            "account.updated",
            "fund_account.validation.completed",
            "fund_account.validation.failed",
            "payout.failed",
            "payout.initiated",
            "payout.pending",
            "payout.processed",
            "payout.queued",
            "payout.rejected",
            "payout.reversed",
            "payout.updated",
            "qr_code.closed",
            "qr_code.created",
            "qr_code.credited",
            "settlement.processed",
            "transaction.created",
            "transfer.failed",
            "transfer.processed",
            "transfer.settled",
            "virtual_account.closed",
            "virtual_account.created",
            "virtual_account.credited",
        ]
    ),
    settings=(
        vendor_api("For actions: Razorpay's API.", "https://api.razorpay.com"),
        Setting(
            "key_id",
            "Key ID",
            "For actions: of an API key.",
            secret=True,
            form=key("the ID of an API key, which begins with rzp_", "rzp_test_example", begins=("rzp_",)),
        ),
        Setting(
            "key_secret",
            "Key secret",
            "For actions: the secret of that key.",
            secret=True,
            form=key(never=_KEY_IDS),
        ),
    ),
)
