"""Mercado Pago: payments, subscriptions and chargebacks. Only an id is signed, so all else is asked of Mercado Pago.

Their notifications: https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks
"""

from relay.formats.money import from_decimal
from relay.formats.times import instant, timestamp
from relay.formats.values import KEY, SECONDS, secret
from relay.providers.mercadopago import reading
from relay.providers.mercadopago.verification import MercadoPagoSignature
from relay.sdk.api_settings import vendor_api
from relay.sdk.entities import Customer, Data, Payment, Subscription
from relay.sdk.fields import Object, an_object, dig, integer, objects, one_record, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import LookUp, On, Provider, Reader, Reply, Setting, by

A_DAY = 24 * 3600
_STATUSES = {"pending": "pending", "authorized": "active", "paused": "paused", "cancelled": "canceled"}


def who(told: Object) -> Customer | None:
    """The payer of the payment, else of the subscription: a payment may be another's than who subscribed."""
    payer, subscription = an_object(told["payment"].get("payer")), told["subscription"]
    names = [text(payer.get("first_name")), text(payer.get("last_name"))]
    return one_record(
        {
            "id": scalar(payer.get("id")),
            "name": " ".join(name for name in names if name) or None,
            "email": text(payer.get("email")),
        },
        {"id": scalar(subscription.get("payer_id")), "email": text(subscription.get("payer_email"))},
    )


def _payment(found: Object, status: str) -> Payment:
    card = an_object(found.get("card"))
    month, year = integer(card.get("expiration_month")) or 0, integer(card.get("expiration_year")) or 0
    dated = 1 <= month <= 12 and 2000 <= year < 2200
    fees = [each for each in objects(found.get("fee_details")) if dig(each, "fee_payer") == "collector"]
    fee = from_decimal(fees[0].get("amount"), found.get("currency_id")) if len(fees) == 1 else None
    return {
        "id": scalar(found.get("id")),
        "status": status,
        **from_decimal(found.get("transaction_amount"), found.get("currency_id")),
        "fee": fee and fee["amount"],
        "fee_minor": fee and fee["amount_minor"],
        "method": text(found.get("payment_type_id")),
        "card_brand": text(found.get("payment_method_id")) if card else None,
        "card_last4": (text(card.get("last_four_digits")) or "")[-4:] or None,
        "card_exp_month": month if dated else None,
        "card_exp_year": year if dated else None,
        "failure_code": text(found.get("status_detail")) if status in ("failed", "canceled") else None,
        "paid_at": timestamp(found.get("date_approved")),
        "description": text(found.get("description")),
        "reference": scalar(found.get("external_reference")),
        "gateway": "Mercado Pago",
        "url": text(dig(found, "transaction_details", "external_resource_url")) if status == "pending" else None,
    }


def payment(status: str) -> Reader:
    return lambda told: {"payment": _payment(told["payment"], status)}


def refund(status: str) -> Reader:
    def read(told: Object) -> Data:
        found, paid = told["refund"], told["payment"]
        return {
            "refund": {
                "id": scalar(found.get("id")),
                "status": status,
                **from_decimal(found.get("amount"), paid.get("currency_id")),
                "reason": text(found.get("reason")),
                "payment_id": scalar(paid.get("id")),
                "created_at": timestamp(found.get("date_created")),
            }
        }

    return read


def disputed_payment(told: Object) -> Data:
    """A payment that was charged back, or that the payer complains of: it does not name the dispute."""
    found = told["payment"]
    return {
        "dispute": {
            "id": scalar(found.get("id")),
            "status": "open",
            **from_decimal(found.get("transaction_amount"), found.get("currency_id")),
            "reason": text(found.get("status_detail")),
            "payment_id": scalar(found.get("id")),
            "opened_at": timestamp(found.get("date_last_updated")),
        }
    }


def dispute(status: str) -> Reader:
    def read(told: Object) -> Data:
        found = told["resource"]
        currency = text(found.get("currency"), found.get("currency_id"), told["payment"].get("currency_id"))
        return {
            "dispute": {
                "id": scalar(found.get("id")),
                "status": status,
                **from_decimal(found.get("amount"), currency),
                "reason": text(found.get("reason")),
                "payment_id": reading.disputed(found),
                "respond_by": timestamp(found.get("date_documentation_deadline")),
                "opened_at": timestamp(found.get("date_created")),
                "closed_at": timestamp(found.get("date_last_updated")) if status != "open" else None,
            }
        }

    return read


def _subscription(told: Object) -> Subscription:
    found = told["subscription"]
    recurring = an_object(found.get("auto_recurring"))
    status = _STATUSES.get(str(found.get("status")))
    return {
        "id": scalar(found.get("id")) or scalar(told["resource"].get("preapproval_id")),
        "status": status,
        "plan": text(found.get("reason"), told["resource"].get("reason")),
        "product_id": text(found.get("preapproval_plan_id")),
        **from_decimal(recurring.get("transaction_amount"), recurring.get("currency_id")),
        "interval": {"days": "day", "months": "month"}.get(str(recurring.get("frequency_type"))),
        "interval_count": max(integer(recurring.get("frequency")) or 0, 0) or None,
        "started_at": timestamp(recurring.get("start_date")) or timestamp(found.get("date_created")),
        "renews_at": timestamp(found.get("next_payment_date")) if status == "active" else None,
        "canceled_at": timestamp(found.get("last_modified")) if status == "canceled" else None,
    }


def subscription(told: Object) -> Data:
    return {"subscription": _subscription(told)}


def charge(status: str) -> Reader:
    """One term of a subscription. Its payment knows more, and tells the same of itself."""

    def read(told: Object) -> Data:
        found = told["resource"]
        amount = from_decimal(found.get("transaction_amount"), found.get("currency_id"))
        paid = _payment(told["payment"] or {**amount_of(found), **an_object(found.get("payment"))}, status)
        return {
            "subscription": {**_subscription(told), **({} if told["subscription"] else amount)},
            "payment": paid
            | {
                "subscription_id": scalar(found.get("preapproval_id")),
                "attempt_count": max(integer(found.get("retry_attempt")) or 0, 0) or None,
                "next_attempt_at": timestamp(found.get("next_retry_date")) if _is_retried(found) else None,
            },
        }

    return read


def amount_of(found: Object) -> Object:
    return {name: found.get(name) for name in ("transaction_amount", "currency_id", "external_reference")}


def _is_retried(found: Object) -> bool:
    """Mercado Pago tries a charge again as long as it is `recycling`."""
    return found.get("status") == "recycling"


def _will_retry(inbound: Inbound) -> bool:
    return _is_retried(reading.resource(inbound))


def _refund(data: Data) -> str | None:
    """What a refund is known by. Those told by their payment alone have no id, but a sum that grows."""
    return by("refund", "id", "status")(data) or by("refund", "payment_id", "amount_minor")(data)


# The same state is notified again and again: each is said once. A payment of a subscription is notified twice.
_PAYMENT, _DISPUTE = by("payment", "id", "status"), by("dispute", "payment_id", "status")
_SUBSCRIPTION = by("subscription", "id", "status")
_PENDING = On("payment.pending", payment("pending"), once=_PAYMENT)
_DISPUTED = On("dispute.opened", disputed_payment, once=_DISPUTE)
_NOT_CHARGED = (
    On("subscription.renewal_failed", charge("failed"), once=_PAYMENT),
    On("payment.failed", charge("failed"), once=_PAYMENT),
    On("payment.retry_scheduled", charge("failed"), when=_will_retry, once=_PAYMENT),
)

_CREDENTIALS = dict.fromkeys(("APP_USR-", "TEST-"), "an access token or a public key")

PROVIDER = Provider(
    name="mercadopago",
    label="Mercado Pago",
    kind="payment_gateway",
    homepage="https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks",
    verification=MercadoPagoSignature(),
    secret_form=secret("the secret signature of the webhooks", never=_CREDENTIALS),
    accepted=Reply(200, "ok"),
    event_name=reading.event_name,
    # Ids of notifications repeat over their types.
    event_id=lambda inbound: ":".join(
        str(part) for part in (inbound.payload["type"], inbound.payload.get("action"), inbound.payload["id"])
    ),
    occurred_at=lambda inbound: instant(
        text(*(reading.resource(inbound).get(name) for name in ("date_last_updated", "last_modified")))
        or inbound.payload.get("date_created")
    ),
    livemode=lambda inbound: reading.resource(inbound).get("live_mode", inbound.payload.get("live_mode")),
    split=reading.split,
    subject=reading.subject,
    customer=who,
    look_up=LookUp(reading.questions, patience=A_DAY),
    events={
        "payment.approved": On("payment.succeeded", payment("succeeded"), once=_PAYMENT),
        "payment.rejected": On("payment.failed", payment("failed"), once=_PAYMENT),
        "payment.cancelled": On("payment.failed", payment("canceled"), once=_PAYMENT),
        "payment.pending": _PENDING,
        "payment.in_process": _PENDING,
        "payment.authorized": _PENDING,
        "payment.in_mediation": _DISPUTED,
        "payment.charged_back": _DISPUTED,
        "refund.approved": On("refund.succeeded", refund("succeeded"), once=_refund),
        "refund.in_process": On("refund.created", refund("pending"), once=_refund),
        "refund.rejected": On("refund.failed", refund("failed"), once=_refund),
        "refund.cancelled": On("refund.failed", refund("canceled"), once=_refund),
        "subscription_preapproval.pending": On("subscription.created", subscription, once=_SUBSCRIPTION),
        # Told at each change of an active subscription, also after a pause.
        "subscription_preapproval.authorized": (
            On("subscription.activated", subscription, once=_SUBSCRIPTION),
            On("subscription.updated", subscription, when=lambda inbound: inbound.payload.get("action") == "updated"),
        ),
        "subscription_preapproval.paused": On("subscription.paused", subscription),
        "subscription_preapproval.cancelled": On("subscription.canceled", subscription, once=_SUBSCRIPTION),
        "subscription_authorized_payment.approved": (
            On("subscription.renewed", charge("succeeded"), once=_PAYMENT),
            On("payment.succeeded", charge("succeeded"), once=_PAYMENT),
        ),
        "subscription_authorized_payment.rejected": _NOT_CHARGED,
        "subscription_authorized_payment.cancelled": _NOT_CHARGED,
        "topic_chargebacks_wh.open": On("dispute.opened", dispute("open"), once=_DISPUTE),
        "topic_chargebacks_wh.won": On("dispute.won", dispute("won"), once=_DISPUTE),
        "topic_chargebacks_wh.lost": On("dispute.lost", dispute("lost"), once=_DISPUTE),
    },
    ignored=frozenset(
        [
            # All of it was given back: each refund is told by itself.
            "payment.refunded",
            *(
                f"subscription_authorized_payment.{status}"
                for status in ("scheduled", "processed", "recycling", "pending", "in_process", "authorized", "refunded")
            ),
            "order",
            "merchant_order",
            "topic_merchant_order_wh",
            "subscription_preapproval_plan",
            "mp-connect",
            "topic_card_id_wh",
            "topic_claims_integration_wh",
            "point_integration_wh",
            "delivery",
            "delivery_cancellation",
            "wallet_connect",
            "stop_delivery_op_wh",
        ]
    ),
    settings=(
        vendor_api("Where Mercado Pago's API is.", "https://api.mercadopago.com"),
        Setting(
            "api_key",
            "Access token",
            "The application's access token: all details are asked with it.",
            secret=True,
            form=KEY,
        ),
        Setting("tolerance", "Tolerance", "How many seconds old a signature may be.", default="300", form=SECONDS),
    ),
)
