"""Transactions, refunds and local payments in our words.

A transaction's statuses: https://developer.paypal.com/braintree/docs/reference/general/statuses
"""

from collections.abc import Sequence

from relay.formats.times import timestamp
from relay.providers.braintree.reading import Object, Told, joined, last4, number, text, told, under
from relay.sdk.entities import Customer, Data, Payment, Refund
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, by

PAYMENT = by("payment", "id")
_STATUSES = {
    "authorizing": "pending",
    "authorized": "pending",
    "submitted_for_settlement": "succeeded",
    "settling": "succeeded",
    "settlement_pending": "succeeded",
    "settlement_confirmed": "succeeded",
    "settled": "succeeded",
    "authorization_expired": "failed",
    "failed": "failed",
    "gateway_rejected": "failed",
    "processor_declined": "failed",
    "settlement_declined": "failed",
    "voided": "canceled",
}
_METHODS = {"credit_card": "card", "paypal_account": "paypal", "us_bank_account": "bank_account"}
_LOCAL = ("local_payment", "local_payment_funded", "local_payment_expired", "local_payment_reversed")


def paid(note: Told) -> Data:
    return {"payment": _payment(note, "succeeded") | {"paid_at": timestamp(note.at)}}


def failed(note: Told) -> Data:
    return {"payment": _payment(note, "failed")}


def pending(note: Told) -> Data:
    return {"payment": _payment(note, "pending")}


def by_status(inbound: Inbound) -> Sequence[On]:
    """What became of a transaction that the notification does not say it of."""
    status = _STATUSES.get(str(transaction(told(inbound)).get("status")))
    if status == "succeeded":
        return (On("payment.succeeded", paid, once=PAYMENT),)
    return (On("payment.failed", failed),) if status in ("failed", "canceled") else (On("payment.pending", pending),)


def settled(inbound: Inbound) -> Sequence[On]:
    """Money that arrived: a payment, or with the type `credit` one given back."""
    if transaction(told(inbound)).get("type") == "credit":
        return (On("refund.succeeded", refund),)
    return (On("payment.succeeded", paid, once=PAYMENT),)


def settlement_declined(inbound: Inbound) -> Sequence[On]:
    if transaction(told(inbound)).get("type") == "credit":
        return (On("refund.failed", failed_refund),)
    return (On("payment.failed", failed),)


def refund(note: Told) -> Data:
    return {"refund": _refund(note, "succeeded")}


def failed_refund(note: Told) -> Data:
    return {"refund": _refund(note, "failed") | {"failure_reason": _reason(transaction(note))}}


def transaction(note: Told) -> Object:
    """The transaction itself, or that of a local payment, which until then has only an id of its own."""
    local = note.about(*_LOCAL)
    return note.about("transaction") or under(local, "transaction") or {"id": local.get("payment_id")}


def of_transaction(note: Told, done: Object, status: str | None) -> Payment:
    """Any transaction in our words."""
    return {
        **note.money(done.get("amount"), done),
        **_card(done),
        "id": text(done.get("id")),
        "status": status or _STATUSES.get(str(done.get("status"))),
        "method": _method(done),
        "failure_code": text(done.get("processor_response_code")) if status == "failed" else None,
        "failure_reason": _reason(done) if status == "failed" else None,
        "reference": text(done.get("order_id")),
        "gateway": "Braintree",
        "subscription_id": text(done.get("subscription_id")),
    }


def who(done: Object) -> Customer:
    """The customer of a transaction."""
    customer = under(done, "customer")
    return {
        "id": text(customer.get("id")),
        "name": joined(customer.get("first_name"), customer.get("last_name")),
        "email": text(customer.get("email")),
        "company": text(customer.get("company")),
    }


def _payment(note: Told, status: str) -> Payment:
    return of_transaction(note, transaction(note), status)


def _refund(note: Told, status: str) -> Refund:
    done = transaction(note)
    return {
        **note.money(done.get("amount"), done),
        "id": text(done.get("id")),
        "status": status,
        "payment_id": text(done.get("refunded_transaction_id")) or text(done.get("refunded_transaction_fk")),
        "created_at": timestamp(done.get("created_at")),
    }


def _reason(done: Object) -> str | None:
    """What the bank answered, or why Braintree did not even ask it."""
    told_reasons = ("processor_response_text", "processor_settlement_response_text", "gateway_rejection_reason")
    return next(filter(None, (text(done.get(name)) for name in told_reasons)), None)


def _method(done: Object) -> str | None:
    kind = text(done.get("payment_instrument_type"))
    if kind is None and under(done, "credit_card").get("last_4"):
        return "card"
    return _METHODS.get(kind or "", kind)


def _card(done: Object) -> Payment:
    card = under(done, "credit_card")
    return {
        "card_brand": text(card.get("card_type")),
        "card_last4": last4(card.get("last_4")),
        "card_exp_month": number(card.get("expiration_month"), 1, 12),
        "card_exp_year": number(card.get("expiration_year"), 2000, 2199),
    }
