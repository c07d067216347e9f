"""Braintree: subscriptions, card payments, PayPal and local payments.

Their kinds of notification: https://developer.paypal.com/braintree/docs/reference/general/webhooks/overview
"""

from datetime import datetime

from relay.formats.times import instant
from relay.formats.values import CURRENCY, KEY
from relay.providers.braintree import disputes, means, payments, subscriptions
from relay.providers.braintree.payments import PAYMENT
from relay.providers.braintree.reading import Told, text, told
from relay.providers.braintree.subscriptions import TERM
from relay.providers.braintree.verification import FORMAT, BraintreeSignature, handshake
from relay.sdk.entities import Customer, Data
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Setting


def event_id(inbound: Inbound) -> str | None:
    """Braintree numbers nothing: kind, second and subject together are what a repeat is known by."""
    note = told(inbound)
    ids = ("id", "global_id", "payment_id", "transaction_id", "merchant_public_id")
    objects = [each for each in note.subject.values() if isinstance(each, dict)]
    found = next((known for each in objects for name in ids if (known := text(each.get(name)))), None)
    return f"{note.kind}:{note.at}:{found}" if note.kind and note.at and found else None


def occurred_at(inbound: Inbound) -> datetime | None:
    return instant(told(inbound).at)


def customer(note: Told) -> Customer | None:
    """Whose subscription, payment or account it is. A dispute does not say."""
    if "dispute" in note.subject:
        return None
    charge = next(iter(subscriptions.charges(note)), None) or payments.transaction(note)
    return payments.who(charge) if "customer" in charge else means.who(note)


def exception(note: Told) -> Data:
    """Braintree could not pay out."""
    payout = note.about("disbursement")
    said = [text(payout.get(name)) for name in ("exception_message", "follow_up_action")]
    return {
        "notice": {
            "title": "Braintree could not pay out",
            "text": ", ".join(each.replace("_", " ") for each in said if each) or None,
            "origin": "Braintree",
        }
    }


_DISPUTE_LOST = On("dispute.lost", disputes.read("lost"))
_DISPUTE_IN_REVIEW = On("dispute.updated", disputes.read("under_review"))
_REMOVED = On("payment_method.removed", means.read)

PROVIDER = Provider(
    name="braintree",
    label="Braintree",
    kind="payment_gateway",
    homepage="https://www.braintreepayments.com",
    verification=BraintreeSignature(),
    secret="none",
    settings=(
        # Not required when the source is made: nothing is accepted without them, and the source says so.
        Setting("public_key", "Public key", "Public key of an API key of the Braintree account.", form=KEY),
        Setting("private_key", "Private key", "Private key of the same API key.", secret=True, form=KEY),
        Setting(
            "currency",
            "Currency",
            "Currency of the merchant account, such as USD, where a notification has none.",
            form=CURRENCY,
        ),
    ),
    body=FORMAT,
    handshake=handshake,
    event_name=lambda inbound: told(inbound).kind,
    event_id=event_id,
    occurred_at=occurred_at,
    subject=told,
    customer=customer,
    secret_fields=frozenset(["number", "nonce", "payment_method_nonce"]),
    events={
        # Subscriptions
        "subscription_charged_successfully": (
            On("payment.succeeded", subscriptions.charged, when=subscriptions.has_charge, once=PAYMENT),
            On("subscription.renewed", subscriptions.charged, when=subscriptions.is_renewal, once=TERM),
        ),
        "subscription_charged_unsuccessfully": (
            On("payment.failed", subscriptions.not_charged),
            On("invoice.payment_failed", subscriptions.not_charged),
            On("subscription.renewal_failed", subscriptions.not_charged, when=subscriptions.is_renewal),
        ),
        "subscription_went_active": On("subscription.activated", subscriptions.read("active")),
        "subscription_trial_ended": On("subscription.activated", subscriptions.read()),
        "subscription_went_past_due": On("subscription.past_due", subscriptions.read("past_due")),
        "subscription_billing_skipped": On("subscription.updated", subscriptions.read()),
        "subscription_canceled": On("subscription.canceled", subscriptions.read("canceled")),
        "subscription_expired": On("subscription.expired", subscriptions.read("expired")),
        # Payments and refunds
        "transaction_settled": payments.settled,
        "transaction_settlement_declined": payments.settlement_declined,
        "transaction_retried": payments.by_status,
        "local_payment_completed": payments.by_status,
        "local_payment_funded": On("payment.succeeded", payments.paid, once=PAYMENT),
        "local_payment_expired": On("payment.failed", payments.failed),
        "local_payment_reversed": On("payment.failed", payments.failed),
        "refund_failed": On("refund.failed", payments.failed_refund),
        # Disputes
        "dispute_opened": On("dispute.opened", disputes.read("open")),
        "dispute_under_review": _DISPUTE_IN_REVIEW,
        "dispute_disputed": _DISPUTE_IN_REVIEW,
        "dispute_won": On("dispute.won", disputes.read("won")),
        "dispute_lost": _DISPUTE_LOST,
        "dispute_accepted": _DISPUTE_LOST,
        "dispute_auto_accepted": _DISPUTE_LOST,
        "dispute_expired": _DISPUTE_LOST,
        # Means of payment
        "payment_method_customer_data_updated": On("payment_method.updated", means.read),
        "payment_method_revoked_by_customer": _REMOVED,
        "granted_payment_method_revoked": _REMOVED,
        # The account
        "disbursement_exception": On("notice.received", exception, severity="warning"),
    },
    ignored=frozenset(
        [
            "account_updater_daily_report",
            "check",
            "connected_merchant_paypal_status_changed",
            "connected_merchant_status_transitioned",
            "disbursement",
            "granted_payment_instrument_update",
            "grantor_updated_granted_payment_method",
            "oauth_access_revoked",
            "partner_merchant_connected",
            "partner_merchant_declined",
            "partner_merchant_disconnected",
            "recipient_updated_granted_payment_method",
            "sub_merchant_account_approved",
            "sub_merchant_account_declined",
            "transaction_disbursed",
            "transaction_reviewed",
        ]
    ),
)
