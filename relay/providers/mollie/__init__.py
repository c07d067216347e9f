"""Mollie: payments, subscriptions' payments, refunds, chargebacks, invoices and payment links.

Their event types: https://docs.mollie.com/reference/webhooks-new
The older webhooks name an object and say nothing of it: its state is asked of Mollie, and what that tells is said once.
"""

from collections.abc import Mapping
from typing import Any

from relay.model import Inbound
from relay.money import Money, from_decimal
from relay.providers.base import ANY, Data, LookUp, On, Provider, Question, Reply, Setting, by, segment
from relay.providers.mollie.verification import MollieSignature
from relay.providers.reading import Object, an_object, listed, text, under
from relay.times import instant, timestamp
from relay.verification import fingerprint

_PATHS = {"tr": "payments", "pl": "payment-links", "invoice": "sales-invoices", "ord": "orders"}
"""What an id begins with, and where Mollie's API has what it names."""

_RESOURCES = {"tr": "payment", "pl": "payment-link", "invoice": "sales-invoice", "ord": "order", "re": "refund"}
_FAILED = ("failed", "canceled", "expired")
A_DAY = 24 * 3600


def _id(inbound: Inbound) -> str:
    payload = an_object(inbound.payload)
    return text(payload.get("entityId")) or text(payload.get("id")) or ""


def _kind(own_id: str) -> str:
    return own_id.partition("_")[0]


def entity(inbound: Inbound) -> Object:
    """The object that a webhook is about: in it, or as Mollie told it."""
    return an_object(under(inbound.payload, "_embedded", "entity")) or an_object(inbound.looked_up.get("entity"))


def questions(inbound: Inbound) -> Mapping[str, Question]:
    headers = {"authorization": f"Bearer {inbound.settings.get('api_key', '')}"}
    own_id = _id(inbound)
    asked = {}
    if not under(inbound.payload, "_embedded", "entity") and _kind(own_id) in _PATHS:
        asked["entity"] = Question(f"/v2/{_PATHS[_kind(own_id)]}/{segment(own_id)}", headers)
    customer = text(entity(inbound).get("customerId"))
    if customer is not None:
        asked["customer"] = Question(f"/v2/customers/{segment(customer)}", headers)
    return asked


def event_name(inbound: Inbound) -> str:
    """Mollie's name of the event; for the older webhooks what it would be, from the state that was asked for."""
    named = text(an_object(inbound.payload).get("type"))
    if named is not None:
        return named
    found = entity(inbound)
    resource = text(found.get("resource")) or _RESOURCES.get(_kind(_id(inbound)), "object")
    return f"{resource}.{text(found.get('status')) or 'changed'}"


def event_id(inbound: Inbound) -> str | None:
    """The older webhooks repeat the same id at each change, so that each is known by when it came."""
    if "entityId" in an_object(inbound.payload):
        return text(inbound.payload.get("id"))
    return f"{_id(inbound)}:{int(inbound.received_at.timestamp() * 1000)}:{fingerprint(inbound.body)[:16]}"


def subject(inbound: Inbound) -> Object:
    return {
        "entity": entity(inbound),
        "customer": an_object(inbound.looked_up.get("customer")),
        "id": _id(inbound),
        "at": timestamp(an_object(inbound.payload).get("createdAt")),
    }


def money(value: Any) -> Money:
    return from_decimal(under(value, "value"), under(value, "currency"))


def who(told: Object) -> Data | None:
    found, customer = told["entity"], told["customer"]
    recipient = an_object(found.get("recipient"))
    names = [text(recipient.get("givenName")), text(recipient.get("familyName"))]
    return {
        "id": text(found.get("customerId")) or text(found.get("recipientIdentifier")),
        "name": text(customer.get("name")) or " ".join(name for name in names if name) or None,
        "email": text(customer.get("email")) or text(recipient.get("email")),
        "company": text(recipient.get("organizationName")),
    }


def payment(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["entity"]
        details = an_object(found.get("details"))
        reason = an_object(found.get("statusReason"))
        paid = {
            "id": text(found.get("id")) or told["id"],
            "status": status,
            **money(found.get("amount")),
            "method": text(found.get("method")),
            "card_brand": text(details.get("cardLabel")),
            "card_last4": (text(details.get("cardNumber")) or "")[-4:] or None,
            "failure_code": text(reason.get("code")) or text(details.get("failureReason")),
            "failure_reason": text(reason.get("message")) or text(details.get("failureMessage")),
            "paid_at": timestamp(found.get("paidAt")),
            "description": text(found.get("description")),
            "gateway": "Mollie",
            "subscription_id": text(found.get("subscriptionId")),
        }
        subscription = text(found.get("subscriptionId"))
        return {"payment": paid, **({"subscription": {"id": subscription}} if subscription else {})}

    return read


def refund(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["entity"]
        return {
            "refund": {
                "id": text(found.get("id")) or told["id"],
                "status": status,
                **money(found.get("amount")),
                "payment_id": text(found.get("paymentId")),
                "created_at": timestamp(found.get("createdAt")),
            }
        }

    return read


def given_back(told: Object) -> Data:
    """What a payment says of its refunds together: the older webhooks name no refund."""
    found = told["entity"]
    refunded = money(found.get("amountRefunded"))
    return {"refund": {"id": None, "status": "succeeded", **refunded, "payment_id": text(found.get("id"))}}


def dispute(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["entity"]
        charged_back = money(found.get("amountChargedBack") or found.get("amount"))
        own_payment = found.get("paymentId") or (found.get("id") if found.get("resource") == "payment" else None)
        return {
            "dispute": {
                "id": text(found.get("id")) or told["id"],
                "status": status,
                **charged_back,
                "reason": text(under(found, "reason", "description")),
                "payment_id": text(own_payment),
                "opened_at": timestamp(found.get("createdAt")),
            }
        }

    return read


def invoice(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["entity"]
        total, due = money(found.get("totalAmount")), money(found.get("amountDue"))
        lines = [
            {"description": text(line.get("description")), "quantity": line.get("quantity"), "kind": None}
            for line in listed(found.get("lines"))
            if isinstance(line.get("quantity"), int)
        ]
        return {
            "invoice": {
                "id": text(found.get("id")) or told["id"],
                "number": text(found.get("invoiceNumber")),
                "status": status,
                **total,
                "amount_due": due["amount"],
                "amount_due_minor": due["amount_minor"],
                "issued_at": timestamp(found.get("issuedAt")),
                "due_at": timestamp(found.get("dueAt")),
                "paid_at": timestamp(found.get("paidAt")) or (told["at"] if status == "paid" else None),
                "url": text(under(found, "_links", "invoicePayment", "href")),
                "pdf_url": text(under(found, "_links", "pdfLink", "href")),
                "items": lines,
            }
        }

    return read


def checkout(told: Object) -> Data:
    found = told["entity"]
    return {
        "checkout": {
            "id": text(found.get("id")) or told["id"],
            "status": "completed",
            **money(found.get("amount")),
            "url": text(under(found, "_links", "paymentLink", "href")),
            "reference": text(found.get("description")),
        }
    }


def order(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["entity"]
        own = {"id": text(found.get("id")) or told["id"], "number": text(found.get("orderNumber")), "status": status}
        return {"order": {**own, **money(found.get("amount")), "created_at": timestamp(found.get("createdAt"))}}

    return read


def _of_subscription(inbound: Inbound) -> bool:
    return text(entity(inbound).get("subscriptionId")) is not None


def _has(name: str) -> Any:
    def given(inbound: Inbound) -> bool:
        amount = money(entity(inbound).get(name))["amount"]
        return amount is not None and amount > 0

    return given


_PAYMENT = by("payment", "id", "status")
_CLASSIC_AFTER = (
    On("refund.succeeded", given_back, when=_has("amountRefunded"), once=by("refund", "payment_id", "amount_minor")),
    On("dispute.opened", dispute("open"), when=_has("amountChargedBack"), once=by("dispute", "id", "amount_minor")),
)
_PAID = (
    On("payment.succeeded", payment("succeeded"), once=_PAYMENT),
    On("subscription.renewed", payment("succeeded"), when=_of_subscription, once=_PAYMENT),
    *_CLASSIC_AFTER,
)
_NOT_PAID = (
    On("payment.failed", payment("failed"), once=_PAYMENT),
    On("subscription.renewal_failed", payment("failed"), when=_of_subscription, once=_PAYMENT),
)
_PENDING = On("payment.pending", payment("pending"), once=_PAYMENT)

PROVIDER = Provider(
    name="mollie",
    label="Mollie",
    kind="payment_gateway",
    homepage="https://docs.mollie.com/reference/webhooks-new",
    verification=MollieSignature(),
    body=ANY,
    event_name=event_name,
    event_id=event_id,
    # An id that Mollie does not know is answered as any other, so that ids cannot be probed.
    accepted=Reply(200, "ok"),
    occurred_at=lambda inbound: instant(an_object(inbound.payload).get("createdAt")),
    livemode=lambda inbound: {"live": True, "test": False}.get(str(entity(inbound).get("mode"))),
    subject=subject,
    customer=who,
    look_up=LookUp(questions, patience=A_DAY),
    events={
        "payment.paid": _PAID,
        **{f"payment.{status}": _NOT_PAID for status in _FAILED},
        "payment.pending": _PENDING,
        "payment.authorized": _PENDING,
        "refund.queued": On("refund.created", refund("pending")),
        "refund.pending": On("refund.created", refund("pending")),
        "refund.processing": On("refund.created", refund("pending")),
        "refund.refunded": On("refund.succeeded", refund("succeeded")),
        "refund.failed": On("refund.failed", refund("failed")),
        "chargeback.received": On("dispute.opened", dispute("open")),
        "chargeback.reversed": On("dispute.won", dispute("won")),
        "sales-invoice.created": On("invoice.created", invoice("draft")),
        "sales-invoice.issued": On("invoice.finalized", invoice("open")),
        "sales-invoice.paid": On("invoice.paid", invoice("paid")),
        "sales-invoice.canceled": On("invoice.voided", invoice("void")),
        "payment-link.paid": On("checkout.completed", checkout),
        "order.created": On("order.created", order("created")),
        "order.paid": On("order.paid", order("paid")),
        "order.completed": On("order.paid", order("paid"), once=by("order", "id")),
    },
    ignored=frozenset(
        ["payment.open", "order.authorized", "order.shipping", "order.pending", "order.canceled", "order.expired"]
    ),
    settings=(
        Setting("api_url", "API address", "Where Mollie's API is.", default="https://api.mollie.com"),
        Setting(
            "api_key",
            "API key",
            "Key of the Mollie profile: what older webhooks name, and customers, are asked with it.",
            secret=True,
        ),
    ),
)
