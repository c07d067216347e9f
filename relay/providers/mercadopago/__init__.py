"""Mercado Pago: payments, subscriptions and chargebacks. Only an id is signed, so all else is asked of Mercado Pago.

Their notifications: https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks
"""

from collections.abc import Mapping, Sequence
from typing import Any

from relay.model import Inbound
from relay.money import from_decimal
from relay.providers.base import Data, LookUp, On, Provider, Question, Reply, Setting, by, segment
from relay.providers.mercadopago.verification import MercadoPagoSignature
from relay.providers.reading import Object, an_object, scalar, text, under
from relay.times import instant, timestamp

_PATHS = {
    "payment": "/v1/payments/",
    "subscription_preapproval": "/preapproval/",
    "subscription_authorized_payment": "/authorized_payments/",
    "topic_chargebacks_wh": "/v1/chargebacks/",
}
A_DAY = 24 * 3600


def _id(inbound: Inbound) -> str | None:
    """The signed one."""
    return inbound.query.get("data.id") or scalar(under(inbound.payload, "data", "id"))


def questions(inbound: Inbound) -> Mapping[str, Question]:
    kind, own_id = text(an_object(inbound.payload).get("type")), _id(inbound)
    if kind not in _PATHS or own_id is None:
        return {}
    headers = {"authorization": f"Bearer {inbound.settings.get('api_key', '')}"}
    return {"resource": Question(_PATHS[kind] + segment(own_id), headers)}


def resource(inbound: Inbound) -> Object:
    return an_object(inbound.looked_up.get("resource"))


def who(told: Object) -> Data | None:
    payer = an_object(told.get("payer"))
    names = [text(payer.get("first_name")), text(payer.get("last_name"))]
    return {
        "id": scalar(payer.get("id")) or scalar(told.get("payer_id")),
        "name": " ".join(name for name in names if name) or None,
        "email": text(payer.get("email")) or text(told.get("payer_email")),
    }


def payment(status: str) -> Any:
    def read(told: Object) -> Data:
        card = an_object(told.get("card"))
        month, year = card.get("expiration_month"), card.get("expiration_year")
        return {
            "payment": {
                "id": scalar(told.get("id")),
                "status": status,
                **from_decimal(told.get("transaction_amount"), told.get("currency_id")),
                "method": text(told.get("payment_type_id")),
                "card_brand": text(told.get("payment_method_id")),
                "card_last4": text(card.get("last_four_digits")),
                "card_exp_month": month if isinstance(month, int) and 1 <= month <= 12 else None,
                "card_exp_year": year if isinstance(year, int) and 2000 <= year < 2200 else None,
                "failure_code": text(told.get("status_detail")) if status == "failed" else None,
                "paid_at": timestamp(told.get("date_approved")),
                "description": text(told.get("description")),
                "reference": scalar(told.get("external_reference")),
                "gateway": "Mercado Pago",
            }
        }

    return read


def refund(told: Object) -> Data:
    refunded = from_decimal(told.get("transaction_amount_refunded"), told.get("currency_id"))
    return {"refund": {"id": None, "status": "succeeded", **refunded, "payment_id": scalar(told.get("id"))}}


def dispute(told: Object) -> Data:
    payments = told.get("payments")
    first = payments[0] if isinstance(payments, list) and payments else told.get("id")
    return {
        "dispute": {
            "id": scalar(told.get("id")),
            "status": "open",
            **from_decimal(
                told.get("amount") or told.get("transaction_amount"), told.get("currency") or told.get("currency_id")
            ),
            "reason": text(told.get("reason")),
            "payment_id": scalar(first),
            "opened_at": timestamp(told.get("date_created")),
        }
    }


def subscription(status: str) -> Any:
    def read(told: Object) -> Data:
        recurring = an_object(told.get("auto_recurring"))
        every = recurring.get("frequency")
        return {
            "subscription": {
                "id": scalar(told.get("id")),
                "status": status,
                "plan": text(told.get("reason")),
                "product_id": text(told.get("preapproval_plan_id")),
                **from_decimal(recurring.get("transaction_amount"), recurring.get("currency_id")),
                "interval": {"days": "day", "months": "month"}.get(str(recurring.get("frequency_type"))),
                "interval_count": every if isinstance(every, int) else None,
                "started_at": timestamp(told.get("date_created")),
                "renews_at": timestamp(told.get("next_payment_date")) if status == "active" else None,
            }
        }

    return read


def charge(status: str) -> Any:
    def read(told: Object) -> Data:
        paid = an_object(told.get("payment"))
        money = from_decimal(told.get("transaction_amount"), told.get("currency_id"))
        own = {
            "id": scalar(paid.get("id")),
            "status": status,
            **money,
            "subscription_id": text(told.get("preapproval_id")),
        }
        return {
            "subscription": {"id": text(told.get("preapproval_id")), "plan": text(told.get("reason")), **money},
            "payment": own | {"gateway": "Mercado Pago", "attempt_count": _whole(told.get("retry_attempt"))},
        }

    return read


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_PAYMENT = by("payment", "id", "status")
_FAILED = On("payment.failed", payment("failed"), once=_PAYMENT)
_PAYMENTS: Mapping[str, tuple[On, ...]] = {
    "approved": (On("payment.succeeded", payment("succeeded"), once=_PAYMENT),),
    "rejected": (_FAILED,),
    "cancelled": (_FAILED,),
    "refunded": (On("refund.succeeded", refund, once=by("refund", "payment_id", "amount_minor")),),
    "charged_back": (On("dispute.opened", dispute, once=by("dispute", "payment_id")),),
    **dict.fromkeys(
        ("pending", "in_process", "authorized", "in_mediation"),
        (On("payment.pending", payment("pending"), once=_PAYMENT),),
    ),
}
_SUBSCRIPTION = by("subscription", "id", "status")
_SUBSCRIPTIONS: Mapping[str, tuple[On, ...]] = {
    "pending": (On("subscription.created", subscription("pending"), once=_SUBSCRIPTION),),
    "authorized": (On("subscription.activated", subscription("active")),),
    "paused": (On("subscription.paused", subscription("paused")),),
    "cancelled": (On("subscription.canceled", subscription("canceled"), once=_SUBSCRIPTION),),
}
_CHARGE = by("payment", "id", "status")
_CHARGES: Mapping[str, tuple[On, ...]] = {
    "approved": (On("subscription.renewed", charge("succeeded"), once=_CHARGE),),
    "rejected": (On("subscription.renewal_failed", charge("failed"), once=_CHARGE),),
}


def _by(routes: Mapping[str, tuple[On, ...]], *path: str) -> Any:
    """By the state that was asked for. Without it there is nothing to tell: then the event stays unknown."""

    def route(inbound: Inbound) -> Sequence[On]:
        return routes.get(str(under(resource(inbound), *path)), ())

    return route


def event_name(inbound: Inbound) -> str | None:
    """Their type of notification; one whose resource could not be had is told as unknown."""
    kind = text(an_object(inbound.payload).get("type")) or text(an_object(inbound.payload).get("topic"))
    return kind if kind not in _PATHS or resource(inbound) else f"{kind} (not looked up)"


PROVIDER = Provider(
    name="mercadopago",
    label="Mercado Pago",
    kind="payment_gateway",
    homepage="https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks",
    verification=MercadoPagoSignature(),
    accepted=Reply(200, "ok"),
    event_name=event_name,
    # Ids of notifications repeat over their types.
    event_id=lambda inbound: ":".join(
        str(part) for part in (inbound.payload["type"], inbound.payload.get("action"), inbound.payload["id"])
    ),
    occurred_at=lambda inbound: instant(
        resource(inbound).get("date_last_updated") or inbound.payload.get("date_created")
    ),
    livemode=lambda inbound: inbound.payload.get("live_mode"),
    subject=resource,
    customer=who,
    look_up=LookUp(questions, patience=A_DAY),
    events={
        "payment": _by(_PAYMENTS, "status"),
        "subscription_preapproval": _by(_SUBSCRIPTIONS, "status"),
        "subscription_authorized_payment": _by(_CHARGES, "payment", "status"),
        "topic_chargebacks_wh": On("dispute.opened", dispute, once=by("dispute", "payment_id")),
    },
    ignored=frozenset(
        [
            "order",
            "merchant_order",
            "topic_merchant_order_wh",
            "subscription_preapproval_plan",
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
        Setting("api_url", "API address", "Where Mercado Pago's API is.", default="https://api.mercadopago.com"),
        Setting(
            "api_key", "Access token", "The application's access token: all details are asked with it.", secret=True
        ),
        Setting("tolerance", "Tolerance", "How many seconds old a signature may be.", default="300"),
    ),
)
