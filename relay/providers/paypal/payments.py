"""Payments and refunds in our words.

v2 is a capture: https://developer.paypal.com/docs/api/payments/v2/
v1 is a sale, or a capture too; subscriptions make sales to this day:
https://developer.paypal.com/docs/api/payments/v1/

`invoice_id` of v2 is the number of the business's own invoice, not the id of one at PayPal.
"""

from relay.formats.money import NO_MONEY, Money, money_of
from relay.formats.times import timestamp
from relay.providers.paypal.cards import card_of
from relay.providers.paypal.reading import Object, linked_id, money, plain, subject, text, told_at, unsigned, word
from relay.sdk.entities import Data, Payment, Refund, Subscription, named
from relay.sdk.fields import dig
from relay.sdk.inbound import Inbound

_REFUND_STATUSES = {
    "completed": "succeeded",
    "pending": "pending",
    "failed": "failed",
    "cancelled": "canceled",
}
# Only those that a cardholder or the bank is the cause of:
# https://developer.paypal.com/serversdk/php/models/enumerations/processor-response-code/
_CARD_REFUSALS = {
    "00N7": "Wrong security code",
    "0500": "Refused by the bank",
    "1330": "Invalid account",
    "5100": "Declined by the bank",
    "5110": "Wrong security code",
    "5120": "Insufficient funds",
    "5180": "Invalid or restricted card",
    "5400": "Expired card",
    "9500": "Suspected fraud",
    "9520": "Lost or stolen card",
}
_MODES = {"echeck": "echeck", "manual_bank_transfer": "bank_transfer"}


def paid(event: Object) -> Data:
    return {"payment": _paid(event)}


def _paid(event: Object) -> Payment:
    resource = subject(event)
    paid_at = timestamp(resource.get("update_time") or resource.get("create_time")) or told_at(event)
    return payment_of(resource, "succeeded") | {"paid_at": paid_at}


def pending(event: Object) -> Data:
    return {"payment": payment_of(subject(event), "pending")}


def denied(event: Object) -> Data:
    resource = subject(event)
    reason = text(
        dig(resource, "status_details", "reason"),
        resource.get("reason_code"),
        resource.get("pending_reason"),
    )
    code = text(dig(resource, "processor_response", "response_code"))
    why: Payment = {"failure_code": code or reason, "failure_reason": _CARD_REFUSALS.get(code or "") or plain(reason)}
    return {"payment": payment_of(resource, "failed") | why}


def renewal(event: Object) -> Data:
    """The subscription that a sale pays for, as far as the sale knows it: its id and what the period cost."""
    payment = _paid(event)
    subscription: Subscription = {"id": payment["subscription_id"], "status": "active", **money_of(payment)}
    return {"payment": payment, "subscription": subscription}


def is_new(inbound: Inbound) -> bool:
    """Whether a completed sale is told for the first time.

    Money that PayPal holds back is told as completed when it was paid and, sellers report, once more when it is
    released. The field: https://developer.paypal.com/docs/api/payments/v1/#definition-sale
    """
    return word(subject(inbound.payload).get("payment_hold_status")) != "released"


def renews(inbound: Inbound) -> bool:
    """Whether a completed sale pays for a period of a subscription. No sale tells whether it is the first."""
    return is_new(inbound) and _subscription_id(subject(inbound.payload)) is not None


def refund(event: Object) -> Data:
    """What was given back, and the payment that it comes from."""
    resource = subject(event)
    status = _refund_status(resource)
    payment_id = paid_by(resource)
    number = _invoice_number(resource)
    reason = text(resource.get("note_to_payer"))
    given: Refund = {
        **unsigned(money(resource.get("amount"))),
        "id": text(resource.get("id")),
        "status": status,
        "reason": reason or word(resource.get("refund_reason_code")) or word(resource.get("reason_code")),
        "failure_reason": plain(dig(resource, "status_details", "reason")) if status == "failed" else None,
        "payment_id": payment_id,
        "invoice_number": number,
        "created_at": timestamp(resource.get("create_time")),
    }
    return {"refund": given, "payment": payment_behind(resource, payment_id)}


def payment_behind(resource: Object, payment_id: str | None) -> Payment | None:
    """The payment that a refund or reversal takes from, as far as that knows it."""
    if payment_id is None:
        return None
    return {
        "id": payment_id,
        "reference": _reference(resource),
        "gateway": "PayPal",
        "invoice_number": _invoice_number(resource),
    }


def is_under_way(inbound: Inbound) -> bool:
    """Whether a refund still takes days, as one by eCheck does."""
    return _refund_status(subject(inbound.payload)) == "pending"


def is_through(inbound: Inbound) -> bool:
    return not is_under_way(inbound)


def payment_of(resource: Object, status: str | None) -> Payment:
    """A sale or capture in our words."""
    amount = money(resource.get("amount"))
    means = card_of(resource.get("payment_source"))
    return {
        **amount,
        **means,
        **named("fee", _fee(resource, amount)),
        "id": text(resource.get("id")),
        "status": status,
        "method": means["method"] or _method(resource),
        "description": text(resource.get("description")),
        "reference": _reference(resource),
        "gateway": "PayPal",
        "invoice_number": _invoice_number(resource),
        "subscription_id": _subscription_id(resource),
    }


def paid_by(resource: Object) -> str | None:
    """The payment that a refund or reversal takes from; v2 names it in a link only."""
    links = (linked_id(resource, rel, "captures?|sale") for rel in ("up", "capture", "sale", "self"))
    return text(resource.get("capture_id"), resource.get("sale_id"), *links)


def _method(resource: Object) -> str | None:
    """v1 tells how a payment from a PayPal account was funded."""
    mode = word(resource.get("payment_mode"))
    return _MODES.get(mode, "paypal") if mode else None


def _fee(resource: Object, amount: Money) -> Money:
    """PayPal's fee, where it is in the payment's own currency."""
    v2 = dig(resource, "seller_receivable_breakdown", "paypal_fee")
    fee = money(v2 or resource.get("transaction_fee"))
    return fee if fee["currency"] == amount["currency"] else NO_MONEY


def _reference(resource: Object) -> str | None:
    return text(resource.get("custom_id"), resource.get("custom"))


def _invoice_number(resource: Object) -> str | None:
    return text(resource.get("invoice_id"), resource.get("invoice_number"))


def _subscription_id(resource: Object) -> str | None:
    """`B-…` is no subscription but leave to charge an account, at any time and with any sum."""
    agreement = text(resource.get("billing_agreement_id"))
    return None if agreement is None or agreement.startswith("B-") else agreement


def _refund_status(resource: Object) -> str | None:
    return _REFUND_STATUSES.get(word(resource.get("status")) or word(resource.get("state")) or "")
