"""Stripe: card payments, invoices and subscriptions.

Their event types: https://docs.stripe.com/api/events/types

Stripe tells one happening by several events, and no source can know which of them its owner chose. So one of
them is made the teller wherever the payload allows it: see the conditions below, ignored.py, and setup.md,
which names the events to choose.
"""

from relay.formats.times import instant
from relay.formats.values import key, secret
from relay.providers.stripe import cards, customers, invoices, payments, refunds, renewals
from relay.providers.stripe.ignored import IGNORED
from relay.providers.stripe.reading import subject
from relay.providers.stripe.renewals import TERM
from relay.sdk.api_settings import vendor_api
from relay.sdk.entities import Data
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Setting, by
from relay.security.verification import HmacSignature, Pairs


def _was_paid_for(inbound: Inbound) -> bool:
    return invoices.has_money(subject(inbound.payload))


def _renews(inbound: Inbound) -> bool:
    return invoices.is_renewal(subject(inbound.payload))


def _will_retry(inbound: Inbound) -> bool:
    return bool(subject(inbound.payload).get("next_payment_attempt"))


def _payment(data: Data) -> str | None:
    """What one payment is known by, whoever tells of it. Since basil an invoice does not name its payment, but
    the payment names its invoice; the amount tells parts of an invoice apart.
    """
    return by("payment", "invoice_id", "amount_minor")(data) or by("payment", "id")(data)


# Stripe sends both events for one payment; whichever an owner chose, each of these is said once.
_PAID = (
    On("invoice.paid", invoices.paid, once=by("invoice", "id")),
    On("payment.succeeded", invoices.paid, when=_was_paid_for, once=_payment),
    On("subscription.renewed", invoices.paid, when=_renews, once=TERM),
)

_API_KEYS = {
    "sk_": "an API key of Stripe",
    "rk_": "an API key of Stripe",
    "pk_": "a publishable key of Stripe",
}
_NO_API_KEY = {"pk_": "a publishable key of Stripe", "whsec_": "the signing secret of a destination"}

PROVIDER = Provider(
    name="stripe",
    label="Stripe",
    kind="payment_gateway",
    homepage="https://stripe.com",
    # While a secret is rolled there are several v1, of which any may match; a v0 is no proof.
    # https://docs.stripe.com/webhooks/signature
    verification=HmacSignature(
        name="stripe_signature",
        header="stripe-signature",
        form=Pairs("t", "v1"),
        signed="{stamp}.{body}",
        window=300,
    ),
    secret_form=secret(
        "the signing secret of the destination, which begins with whsec_ and stands there under Signing secret",
        "whsec_example",
        begins=("whsec_",),
        never=_API_KEYS,
    ),
    event_name=lambda inbound: inbound.payload.get("type"),
    event_id=lambda inbound: inbound.payload.get("id"),
    occurred_at=lambda inbound: instant(inbound.payload.get("created")),
    livemode=lambda inbound: inbound.payload.get("livemode"),
    subject=lambda inbound: inbound.payload,
    customer=customers.who,
    events={
        # Renewals
        "customer.subscription.created": On("subscription.created", renewals.read),
        "customer.subscription.trial_will_end": On("subscription.trial_ending", renewals.read),
        "customer.subscription.updated": renewals.changes,
        "customer.subscription.paused": On("subscription.paused", renewals.read),
        "customer.subscription.resumed": On("subscription.resumed", renewals.read),
        "customer.subscription.deleted": On("subscription.canceled", renewals.read),
        "invoice.upcoming": On("subscription.renewal_upcoming", invoices.upcoming),
        # Invoices
        "invoice.created": On("invoice.created", invoices.read),
        "invoice.finalized": On("invoice.finalized", invoices.read),
        "invoice.finalization_failed": On("subscription.renewal_failed", invoices.read, when=_renews),
        "invoice.sent": On("invoice.sent", invoices.read),
        "invoice.will_be_due": On("invoice.due_soon", invoices.read),
        "invoice.overdue": On("invoice.overdue", invoices.overdue),
        "invoice.paid": _PAID,
        "invoice.payment_succeeded": _PAID,
        "invoice.payment_failed": (
            On("invoice.payment_failed", invoices.unpaid),
            On("subscription.renewal_failed", invoices.unpaid, when=_renews),
            On("payment.retry_scheduled", invoices.unpaid, when=_will_retry),
        ),
        "invoice.payment_action_required": On("payment.action_required", invoices.awaiting_customer),
        "invoice.payment_attempt_required": On("payment.action_required", invoices.awaiting_customer),
        "invoice.voided": On("invoice.voided", invoices.read),
        "invoice.marked_uncollectible": On("invoice.uncollectible", invoices.read),
        # Payments
        "invoice_payment.paid": On("payment.succeeded", payments.of_invoice, once=_payment),
        "payment_intent.succeeded": On("payment.succeeded", payments.succeeded_intent, once=_payment),
        "payment_intent.payment_failed": payments.failures,
        "payment_intent.processing": On("payment.pending", payments.pending_intent),
        "payment_intent.requires_action": On(
            "payment.action_required", payments.intent_awaiting_customer, when=payments.is_not_for_invoice
        ),
        "charge.succeeded": On(
            "payment.succeeded", payments.succeeded_charge, when=payments.paid_by_charge_alone, once=_payment
        ),
        "charge.captured": On("payment.succeeded", payments.captured_charge, once=_payment),
        "charge.failed": payments.failures,
        "charge.pending": On("payment.pending", payments.pending_charge, when=payments.has_no_intent),
        "checkout.session.completed": On("checkout.completed", customers.checkout),
        "checkout.session.async_payment_succeeded": On(
            "payment.succeeded", customers.succeeded_checkout, when=payments.is_the_whole_payment
        ),
        "checkout.session.async_payment_failed": On(
            "payment.failed", customers.failed_checkout, when=payments.is_the_whole_payment
        ),
        # Refunds and disputes
        "refund.created": On("refund.created", refunds.refund),
        "refund.updated": refunds.updates,
        "refund.failed": On("refund.failed", refunds.refund),
        "charge.refunded": refunds.of_charge,
        "charge.refund.updated": refunds.updates,
        "charge.dispute.created": On("dispute.opened", refunds.dispute),
        "charge.dispute.updated": On("dispute.updated", refunds.dispute),
        "charge.dispute.funds_withdrawn": On("dispute.updated", refunds.dispute),
        "charge.dispute.funds_reinstated": On("dispute.updated", refunds.dispute),
        "charge.dispute.closed": refunds.outcome,
        # Means of payment. Stripe announces the expiry only of cards that are kept as sources, the older way.
        "payment_method.attached": On("payment_method.added", cards.read),
        "payment_method.updated": On("payment_method.updated", cards.read),
        "payment_method.automatically_updated": On("payment_method.updated", cards.read),
        "payment_method.detached": On("payment_method.removed", cards.read),
        "customer.source.created": On("payment_method.added", cards.read),
        "customer.source.updated": On("payment_method.updated", cards.read),
        "customer.source.expiring": On("payment_method.expiring", cards.read),
        "customer.source.deleted": On("payment_method.removed", cards.read),
        # Customers
        "customer.created": On("customer.created", customers.read),
        "customer.updated": On("customer.updated", customers.read),
    },
    ignored=IGNORED,
    settings=(
        vendor_api("For actions: where Stripe's API is.", "https://api.stripe.com"),
        Setting(
            "api_key",
            "API key",
            "For actions: a restricted key, rk_..., with only the rights needed.",
            secret=True,
            form=key(never=_NO_API_KEY),
        ),
    ),
)
