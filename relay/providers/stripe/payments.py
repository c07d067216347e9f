"""Payments in our words: payment intents, charges, payments of invoices.

One payment is told by up to five of Stripe's events. It is said once, by the outermost object that knows of
it: an invoice before a payment intent, a payment intent before a charge or a checkout session. A payment intent may be
tried several times, each by a charge of its own: a try that failed is known by its charge.
"""

from collections.abc import Sequence
from typing import Any

from relay.formats.money import NO_MONEY, Money
from relay.formats.times import timestamp
from relay.providers.stripe.cards import card_of
from relay.providers.stripe.reading import Object, expanded, first, identity, money, subject, text, told_at, whole
from relay.sdk.entities import Data, FeeSum, Payment, named
from relay.sdk.fields import dig
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On


def succeeded_intent(event: Object) -> Data:
    """What was received may be less than what was asked for."""
    intent = subject(event)
    received = money(intent.get("amount_received") or intent.get("amount"), intent.get("currency"))
    return {"payment": {**_intent(intent, "succeeded"), **received, "paid_at": told_at(event)}}


def captured_charge(event: Object) -> Data:
    """What was captured may be less than what was authorized; before 2020 the rest was only told as refunded."""
    charge = subject(event)
    authorized, returned = whole(charge.get("amount")), whole(charge.get("amount_refunded"))
    captured = whole(charge.get("amount_captured")) or authorized - returned
    paid = money(captured or None, charge.get("currency"))
    return {"payment": {**charge_of(charge, "succeeded"), **paid, "paid_at": told_at(event)}}


def failures(inbound: Inbound) -> Sequence[On]:
    """A try that failed: told by its charge, and by its payment intent where it has one."""
    about = subject(inbound.payload)
    is_charge = inbound.payload.get("type") == "charge.failed"
    charge = identity(about) if is_charge else _failed_charge(about)
    return (On("payment.failed", failed_charge if is_charge else failed_intent, once=lambda _: charge),)


def _failed_charge(intent: Object) -> str | None:
    """The charge of the try that failed; a try that failed at the customer's confirmation came to none."""
    error = expanded(intent.get("last_payment_error"))
    if error.get("charge") or error.get("code") == "payment_intent_authentication_failure":
        return identity(error.get("charge"))
    return identity(intent.get("latest_charge")) or identity(first(intent.get("charges")))


def failed_intent(event: Object) -> Data:
    intent = subject(event)
    error = expanded(intent.get("last_payment_error"))
    why = _why(error.get("code"), error.get("decline_code"), error.get("message"))
    return {"payment": _intent(intent, "failed") | why}


def pending_intent(event: Object) -> Data:
    return {"payment": _intent(subject(event), "pending")}


def intent_awaiting_customer(event: Object) -> Data:
    return {"payment": _intent(subject(event), "action_required")}


def succeeded_charge(event: Object) -> Data:
    return {"payment": charge_of(subject(event), "succeeded") | {"paid_at": told_at(event)}}


def failed_charge(event: Object) -> Data:
    """The outcome tells what the bank or the business's own rules answered."""
    charge = subject(event)
    reason = dig(charge, "outcome", "reason")
    why = _why(charge.get("failure_code"), reason, charge.get("failure_message"))
    return {"payment": charge_of(charge, "failed") | why}


def pending_charge(event: Object) -> Data:
    return {"payment": charge_of(subject(event), "pending")}


def of_invoice(event: Object) -> Data:
    """One payment of an invoice, perhaps of a part of it. Since basil this ties the two together."""
    paid = subject(event)
    means = expanded(paid.get("payment"))
    ids = (identity(means.get(name)) for name in ("payment_intent", "charge", "payment_record"))
    return {
        "payment": {
            **money(paid.get("amount_paid"), paid.get("currency")),
            "id": next(filter(None, ids), identity(paid)),
            "status": "succeeded",
            "paid_at": timestamp(dig(paid, "status_transitions", "paid_at")) or told_at(event),
            "gateway": "Stripe",
            "invoice_id": identity(paid.get("invoice")),
            "invoice_number": text(dig(paid, "invoice", "number")),
        }
    }


def is_not_for_invoice(inbound: Inbound) -> bool:
    """Whether no invoice will tell of this payment intent."""
    return _invoice_id(subject(inbound.payload)) is None


def paid_by_charge_alone(inbound: Inbound) -> bool:
    """Whether this charge is a payment of its own. One that is only authorized is paid when it is captured."""
    return is_the_whole_payment(inbound) and subject(inbound.payload).get("captured") is not False


def is_the_whole_payment(inbound: Inbound) -> bool:
    """Whether neither an invoice nor a payment intent will tell of this charge or checkout session."""
    told = subject(inbound.payload)
    return not any(told.get(name) for name in ("payment_intent", "invoice", "subscription"))


def has_no_intent(inbound: Inbound) -> bool:
    """Whether no payment intent will tell of this charge."""
    return not subject(inbound.payload).get("payment_intent")


def charge_of(charge: Object, status: str) -> Payment:
    """A charge in our words. Where it is a try of a payment intent, that is the payment."""
    return {
        **money(charge.get("amount"), charge.get("currency")),
        **_fee(charge),
        **card_of(charge.get("payment_method_details"), charge.get("source")),
        "id": identity(charge.get("payment_intent")) or identity(charge),
        "status": status,
        "description": text(charge.get("description")),
        "reference": text(charge.get("receipt_number")),
        "gateway": "Stripe",
        "invoice_id": identity(charge.get("invoice")),
        "invoice_number": text(dig(charge, "invoice", "number")),
        "url": text(charge.get("receipt_url")),
    }


def _intent(intent: Object, status: str) -> Payment:
    """A payment intent in our words. Its charge, where that came along, tells the card."""
    charge = expanded(intent.get("latest_charge")) or first(intent.get("charges"))
    tried = dig(intent, "last_payment_error", "payment_method")
    card = card_of(charge.get("payment_method_details"), tried, intent.get("payment_method"))
    return {
        **money(intent.get("amount"), intent.get("currency")),
        **_fee(charge),
        **card,
        "id": identity(intent),
        "status": status,
        "method": card["method"] or _only_type(intent),
        "description": text(intent.get("description")),
        "reference": _reference(intent),
        "gateway": "Stripe",
        "invoice_id": _invoice_id(intent),
        "invoice_number": text(dig(intent, "invoice", "number")),
        "url": text(charge.get("receipt_url")),
    }


def _why(code: Any, decline_code: Any, message: Any) -> Payment:
    """`card_declined` is half of it: the decline code tells `insufficient_funds` from `lost_card`."""
    return {"failure_code": text(decline_code) or text(code), "failure_reason": text(message)}


def _only_type(intent: Object) -> str | None:
    """How it is paid, where only one way was offered."""
    types = intent.get("payment_method_types")
    return text(types[0]) if isinstance(types, list) and len(types) == 1 else None


def _order(intent: Object) -> str:
    """The reference of what is paid for: the business's own, or the id of an invoice or checkout session.

    https://docs.stripe.com/api/payment_intents/object#payment_intent_object-payment_details
    """
    return identity(dig(intent, "payment_details", "order_reference")) or ""


def _invoice_id(intent: Object) -> str | None:
    """The invoice that is paid: a field of its own until basil, since then the order reference."""
    order = _order(intent)
    return identity(intent.get("invoice")) or (order if order.startswith("in_") else None)


def _reference(intent: Object) -> str | None:
    order = _order(intent)
    return None if order.startswith(("in_", "cs_")) else order or None


def _fee(charge: Object) -> FeeSum:
    """Stripe's fee, where the balance transaction came along and is in the payment's own currency."""
    settled = expanded(charge.get("balance_transaction"))
    fee: Money = NO_MONEY
    if settled.get("currency") == charge.get("currency"):
        fee = money(settled.get("fee"), settled.get("currency"))
    return named("fee", fee)
