"""What a notification of Mercado Pago's is about, asked of Mercado Pago: only an id is signed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from relay.formats.money import from_decimal
from relay.sdk.fields import Object, an_object, dig, objects, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import Question, segment

PAYMENT, SUBSCRIPTION = "payment", "subscription_preapproval"
CHARGE, CHARGEBACK = "subscription_authorized_payment", "topic_chargebacks_wh"
_PATHS = {
    PAYMENT: "/v1/payments/",
    SUBSCRIPTION: "/preapproval/",
    CHARGE: "/authorized_payments/",
    CHARGEBACK: "/v1/chargebacks/",
}
_DECIDED = {True: "won", False: "lost"}


def kind(inbound: Inbound) -> str | None:
    payload = an_object(inbound.payload)
    return text(payload.get("type"), payload.get("topic"))


def _id(inbound: Inbound) -> str | None:
    """The signed one."""
    return inbound.query.get("data.id") or scalar(dig(inbound.payload, "data", "id"))


def questions(inbound: Inbound) -> Mapping[str, Question]:
    """The resource that is named; of a subscription's charge its payment and its subscription, of a chargeback its
    payment: these know the payer."""
    own_kind, own_id = kind(inbound), _id(inbound)
    if own_kind not in _PATHS or own_id is None:
        return {}
    found = resource(inbound)
    asked = {"resource": _PATHS[own_kind] + segment(own_id)}
    if own_kind == CHARGE:
        asked |= _linked("payment", PAYMENT, dig(found, "payment", "id"))
        asked |= _linked("subscription", SUBSCRIPTION, found.get("preapproval_id"))
    if own_kind == CHARGEBACK:
        asked |= _linked("payment", PAYMENT, disputed(found))
    headers = {"authorization": f"Bearer {inbound.settings.get('api_key', '')}"}
    return {name: Question(path, headers) for name, path in asked.items()}


def _linked(name: str, of_kind: str, own_id: Any) -> dict[str, str]:
    return {name: _PATHS[of_kind] + segment(own_id)} if scalar(own_id) else {}


def resource(inbound: Inbound) -> Object:
    return an_object(inbound.looked_up.get("resource"))


def disputed(chargeback: Object) -> str | None:
    """The payment that a chargeback is of."""
    payments = chargeback.get("payments")
    return scalar(payments[0]) if isinstance(payments, list) and payments else None


def event_name(inbound: Inbound) -> str | None:
    """The type of notification and the state that was asked for; a refund, where `split` found one."""
    own_kind, found = kind(inbound), resource(inbound)
    if "refund" in inbound.looked_up:
        return f"refund.{text(refund(inbound).get('status')) or 'approved'}"
    if own_kind not in _PATHS:
        return own_kind
    if not found:
        return f"{own_kind} (not looked up)"
    if own_kind == CHARGEBACK:
        decision = found.get("coverage_applied")
        return f"{own_kind}.{_DECIDED[decision] if isinstance(decision, bool) else 'open'}"
    status = dig(found, "payment", "status") if own_kind == CHARGE else None
    return f"{own_kind}.{text(status, found.get('status')) or 'open'}"


def split(inbound: Inbound) -> Sequence[Inbound]:
    """A notification of a payment, and each refund of it: a part given back leaves it approved.

    Refunds stand with the answers, for nobody signed the body.
    """
    payment = resource(inbound)
    if kind(inbound) != PAYMENT or not payment:
        return (inbound,)
    refunds = objects(payment.get("refunds")) or _all_refunds(payment)
    return (inbound, *(replace(inbound, looked_up={**inbound.looked_up, "refund": each}) for each in refunds))


def refund(inbound: Inbound) -> Object:
    return an_object(inbound.looked_up.get("refund"))


def _all_refunds(payment: Object) -> list[Object]:
    """What a payment says of its refunds together, where it names none."""
    total = payment.get("transaction_amount_refunded")
    amount = from_decimal(total, payment.get("currency_id"))["amount"]
    if payment.get("status") != "refunded" and not amount:
        return []
    return [{"amount": total if amount else payment.get("transaction_amount")}]


def subject(inbound: Inbound) -> Object:
    found = resource(inbound)
    return {
        "resource": found,
        "payment": found if kind(inbound) == PAYMENT else an_object(inbound.looked_up.get("payment")),
        "subscription": (found if kind(inbound) == SUBSCRIPTION else an_object(inbound.looked_up.get("subscription"))),
        "refund": refund(inbound),
    }
