"""Paddle Billing: subscriptions, invoices and payments, with Paddle as the seller of record.

Their event types: https://developer.paddle.com/webhooks/overview
"""

from relay.formats.times import instant
from relay.formats.values import SECONDS, key, secret
from relay.providers.paddle import adjustments, customers, subscriptions, transactions
from relay.sdk.api_settings import vendor_api
from relay.sdk.fields import text
from relay.sdk.provider import On, Provider, Setting, by
from relay.security.verification import HmacSignature, Pairs

_WINDOW = 300

_TERM = by("subscription", "id", "current_period_end")
_PAYMENT = On("payment.succeeded", transactions.paid, when=transactions.was_paid_for, once=by("payment", "id"))

_SECRET_MARK = "pdl_ntfset_"

PROVIDER = Provider(
    name="paddle",
    label="Paddle",
    kind="payment_gateway",
    homepage="https://www.paddle.com",
    # While a secret is rotated there are several h1, of which any may match. Paddle's own libraries accept five
    # seconds, which is too short for clocks that nobody watches.
    # https://developer.paddle.com/webhooks/signature-verification
    verification=HmacSignature(
        name="paddle_signature",
        header="paddle-signature",
        form=Pairs("ts", "h1", separator=";"),
        signed="{stamp}:{body}",
        window=_WINDOW,
    ),
    secret_form=secret(
        f"the secret key of the destination, which begins with {_SECRET_MARK}",
        f"{_SECRET_MARK}example",
        begins=(_SECRET_MARK,),
        never={"pdl_": "an API key of Paddle"},
    ),
    settings=(
        vendor_api("For actions: where Paddle's API is.", "https://api.paddle.com", "sandbox-api.paddle.com"),
        Setting(
            "api_key",
            "API key",
            "For actions: with the permissions that they need.",
            secret=True,
            form=key(never={_SECRET_MARK: "the secret key of a destination"}),
        ),
        Setting(
            "tolerance",
            "Oldest accepted, in seconds",
            "How many seconds a signature may be old, or ahead.",
            default=str(_WINDOW),
            form=SECONDS,
        ),
    ),
    event_name=lambda inbound: text(inbound.payload.get("event_type")),
    # `notification_id` differs for each destination and each replay.
    event_id=lambda inbound: inbound.payload.get("event_id"),
    occurred_at=lambda inbound: instant(inbound.payload.get("occurred_at")),
    customer=customers.who,
    events={
        # Renewals
        "subscription.created": On("subscription.created", subscriptions.read),
        "subscription.imported": On("subscription.created", subscriptions.read),
        "subscription.activated": On("subscription.activated", subscriptions.read),
        "subscription.trialing": On("subscription.updated", subscriptions.read),
        "subscription.updated": subscriptions.changes,
        "subscription.past_due": On("subscription.past_due", subscriptions.read),
        "subscription.paused": On("subscription.paused", subscriptions.read),
        "subscription.resumed": On("subscription.resumed", subscriptions.read),
        "subscription.canceled": On("subscription.canceled", subscriptions.read),
        # Invoices and payments: a transaction is both
        "transaction.billed": On("invoice.finalized", transactions.read),
        "transaction.past_due": On("invoice.overdue", transactions.overdue),
        "transaction.canceled": On("invoice.voided", transactions.read),
        # A transaction is paid when the money is there, and completed when Paddle has booked it.
        "transaction.paid": _PAYMENT,
        "transaction.completed": (
            On("invoice.paid", transactions.paid),
            _PAYMENT,
            On("subscription.renewed", transactions.paid, when=transactions.renews, once=_TERM),
        ),
        "transaction.payment_failed": (
            On("payment.failed", transactions.unpaid),
            On("invoice.payment_failed", transactions.unpaid),
            On("subscription.renewal_failed", transactions.unpaid, when=transactions.renews),
        ),
        # Refunds and disputes
        "adjustment.created": adjustments.means,
        "adjustment.updated": adjustments.means,
        # Means of payment
        "payment_method.saved": On("payment_method.added", customers.payment_method),
        "payment_method.deleted": On("payment_method.removed", customers.payment_method),
        # Customers
        "customer.created": On("customer.created", customers.read),
        "customer.imported": On("customer.created", customers.read),
        "customer.updated": On("customer.updated", customers.read),
    },
    ignored=frozenset(
        [
            # drafts: every checkout that is opened makes one
            "transaction.created",
            "transaction.ready",
            "transaction.updated",
            "transaction.revised",
            # addresses and businesses of customers
            "address.created",
            "address.imported",
            "address.updated",
            "business.created",
            "business.imported",
            "business.updated",
            # the price list
            "discount.created",
            "discount.imported",
            "discount.updated",
            "discount_group.created",
            "discount_group.updated",
            "price.created",
            "price.imported",
            "price.updated",
            "product.created",
            "product.imported",
            "product.updated",
            # the account itself
            "api_key.created",
            "api_key.expired",
            "api_key.expiring",
            "api_key.revoked",
            "api_key.updated",
            "api_key_exposure.created",
            "client_token.created",
            "client_token.revoked",
            "client_token.updated",
            "payout.created",
            "payout.paid",
            "report.created",
            "report.updated",
        ]
    ),
)
