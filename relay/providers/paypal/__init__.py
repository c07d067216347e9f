"""PayPal: subscriptions, invoices, checkouts and payments.

Their event types: https://developer.paypal.com/api/rest/webhooks/event-names/
"""

from relay.formats.times import instant
from relay.formats.values import KEY, SECONDS, WORD, url
from relay.providers.paypal import cards, checkouts, disputes, fetching, invoices, payments, subscriptions
from relay.providers.paypal.certificates import LIVE, SANDBOX
from relay.providers.paypal.customers import who
from relay.providers.paypal.ignored import IGNORED
from relay.providers.paypal.verification import (
    CERTIFICATE,
    PAST_SECONDS,
    POSTBACK,
    PayPalSignature,
    scheme_for,
    transmission_id,
)
from relay.sdk.provider import On, Provider, Setting, by

# An invoice names the payment and the refund that its sale or capture tells of as well.
_PAYMENT, _REFUND = by("payment", "id", "status"), by("refund", "id")
_PENDING = On("payment.pending", payments.pending, once=_PAYMENT)
_DENIED = On("payment.failed", payments.denied, once=_PAYMENT)
_REFUNDED = (
    On("refund.succeeded", payments.refund, when=payments.is_through, once=_REFUND),
    On("refund.created", payments.refund, when=payments.is_under_way, once=_REFUND),
)

PROVIDER = Provider(
    name="paypal",
    label="PayPal",
    kind="payment_gateway",
    homepage="https://www.paypal.com",
    verification=PayPalSignature(),
    scheme_for=scheme_for,
    secret="none",
    settings=(
        # Not required when the source is made: the webhook, and so its ID, is made with the source's address.
        Setting(
            "webhook_id",
            "Webhook ID",
            "ID of the webhook in the PayPal app. Nothing is accepted without it.",
            form=WORD,
        ),
        Setting(
            "mode",
            "Mode",
            "Whether the PayPal app is live or in the sandbox.",
            default=LIVE,
            choices=(LIVE, SANDBOX),
        ),
        Setting(
            "verify_with",
            "Proof",
            "certificate checks the signature here; postback asks PayPal about each webhook.",
            default=CERTIFICATE,
            choices=(CERTIFICATE, POSTBACK),
        ),
        Setting(
            "client_id",
            "Client ID",
            "Client ID of the PayPal app that the webhook belongs to: with it and the secret PayPal is asked for each "
            "event. Postback and actions need them too.",
            form=KEY,
        ),
        Setting("client_secret", "Secret", "Secret of the same PayPal app.", secret=True, form=KEY),
        Setting(
            "tolerance",
            "Oldest accepted, in seconds",
            "How old a webhook may be. PayPal tries for three days.",
            default=str(PAST_SECONDS),
            form=SECONDS,
        ),
        Setting(
            "allow_simulator",
            "Accept the simulator",
            "Accept what anybody sends from PayPal's webhook simulator. For a test only.",
            default="no",
            choices=("no", "yes"),
        ),
        Setting(
            "api_base",
            "API address",
            "Address of PayPal's API, where it is not the usual one of the mode.",
            form=url("https://api-m.paypal.com"),
            hosts=("api-m.paypal.com", "api-m.sandbox.paypal.com", "api.paypal.com", "api.sandbox.paypal.com"),
        ),
    ),
    event_name=lambda inbound: inbound.payload.get("event_type"),
    event_id=lambda inbound: inbound.payload.get("id"),
    delivery_id=transmission_id,
    plain_fields=frozenset(["buyer_account_number", "seller_account_number"]),
    plain_parameters=frozenset(["ba_token"]),
    occurred_at=lambda inbound: instant(inbound.payload.get("create_time")),
    customer=who,
    look_up=fetching.LOOK_UP,
    events={
        # Renewals
        "BILLING.SUBSCRIPTION.CREATED": On("subscription.created", subscriptions.read),
        "BILLING.SUBSCRIPTION.ACTIVATED": On("subscription.activated", subscriptions.read),
        "BILLING.SUBSCRIPTION.RE-ACTIVATED": On("subscription.resumed", subscriptions.read),
        "BILLING.SUBSCRIPTION.UPDATED": On("subscription.updated", subscriptions.read),
        "BILLING.SUBSCRIPTION.SUSPENDED": On("subscription.paused", subscriptions.read),
        "BILLING.SUBSCRIPTION.CANCELLED": On("subscription.canceled", subscriptions.read),
        "BILLING.SUBSCRIPTION.EXPIRED": On("subscription.expired", subscriptions.read),
        "BILLING.SUBSCRIPTION.PAYMENT.FAILED": (
            On("invoice.payment_failed", subscriptions.failed_payment),
            On("payment.failed", subscriptions.failed_payment),
            On(
                "subscription.renewal_failed",
                subscriptions.failed_payment,
                when=subscriptions.is_renewal,
            ),
            On("payment.retry_scheduled", subscriptions.failed_payment, when=subscriptions.will_retry),
        ),
        # Invoices
        "INVOICING.INVOICE.CREATED": On("invoice.created", invoices.read),
        "INVOICING.INVOICE.PAID": (
            On("invoice.paid", invoices.paid, when=invoices.is_paid),
            On("payment.succeeded", invoices.paid, when=invoices.has_payment, once=_PAYMENT),
            On("payment.pending", invoices.pending, when=invoices.awaits_payment, once=_PAYMENT),
        ),
        "INVOICING.INVOICE.CANCELLED": On("invoice.voided", invoices.read),
        "INVOICING.INVOICE.REFUNDED": (
            On("refund.succeeded", invoices.refunded, once=_REFUND),
            On("invoice.refunded", invoices.refunded),
        ),
        # Payments: sales are those of subscriptions and of the older checkout
        "PAYMENT.SALE.COMPLETED": (
            On("payment.succeeded", payments.paid, when=payments.is_new, once=_PAYMENT),
            On("subscription.renewed", payments.renewal, when=payments.renews),
        ),
        "PAYMENT.SALE.PENDING": _PENDING,
        "PAYMENT.SALE.DENIED": _DENIED,
        "PAYMENT.CAPTURE.COMPLETED": On("payment.succeeded", payments.paid, once=_PAYMENT),
        "PAYMENT.CAPTURE.PENDING": _PENDING,
        "PAYMENT.CAPTURE.DECLINED": _DENIED,
        "PAYMENT.CAPTURE.DENIED": _DENIED,
        "CHECKOUT.ORDER.COMPLETED": On("checkout.completed", checkouts.read),
        "CHECKOUT.PAYMENT-APPROVAL.REVERSED": On("payment.failed", checkouts.reversed_approval),
        # Refunds and disputes
        "PAYMENT.SALE.REFUNDED": _REFUNDED,
        "PAYMENT.CAPTURE.REFUNDED": _REFUNDED,
        "PAYMENT.REFUND.PENDING": On("refund.created", payments.refund, once=_REFUND),
        "PAYMENT.REFUND.FAILED": On("refund.failed", payments.refund),
        "PAYMENT.SALE.REVERSED": On("dispute.updated", disputes.reversal, severity="warning"),
        "PAYMENT.CAPTURE.REVERSED": On("dispute.updated", disputes.reversal, severity="warning"),
        # An app that still has the older of these hears of one dispute twice.
        "CUSTOMER.DISPUTE.CREATED": On("dispute.opened", disputes.read, once=by("dispute", "id")),
        "CUSTOMER.DISPUTE.UPDATED": On("dispute.updated", disputes.read),
        "CUSTOMER.DISPUTE.RESOLVED": disputes.outcome,
        "RISK.DISPUTE.CREATED": On("dispute.opened", disputes.read, once=by("dispute", "id")),
        # Payment methods
        "VAULT.PAYMENT-TOKEN.CREATED": On("payment_method.added", cards.token),
        "VAULT.PAYMENT-TOKEN.DELETED": On("payment_method.removed", cards.token),
        "VAULT.CREDIT-CARD.CREATED": On("payment_method.added", cards.vaulted_card),
        "VAULT.CREDIT-CARD.UPDATED": On("payment_method.updated", cards.vaulted_card),
        "VAULT.CREDIT-CARD.DELETED": On("payment_method.removed", cards.vaulted_card),
    },
    ignored=IGNORED,
)
