"""Mollie: payments, subscriptions' payments, refunds, chargebacks, invoices and payment links.

Their event types: https://docs.mollie.com/reference/webhooks-new
The older webhooks are told by the same table: see reading.py.
"""

import re
from collections.abc import Callable

from relay.formats.money import Money, from_decimal
from relay.formats.times import day, instant, timestamp
from relay.formats.values import key, secret
from relay.providers.mollie import reading
from relay.providers.mollie.verification import MollieSignature, handshake
from relay.sdk.api_settings import vendor_api
from relay.sdk.entities import Customer, Data, LineItem, Payment, Subscription, named
from relay.sdk.fields import Object, an_object, dig, integer, objects, one_record, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, LookUp, On, Provider, Reader, Reply, Setting, by

A_DAY = 24 * 3600
_INTERVAL = re.compile(r"(\d{1,4}) (day|week|month)s?", re.ASCII)
_SUBSCRIPTIONS = {
    "pending": "pending",
    "active": "active",
    "suspended": "paused",
    "canceled": "canceled",
    "completed": "expired",
}
_INVOICES = {"draft": "draft", "issued": "open", "paid": "paid", "canceled": "void", "cancelled": "void"}


def money(value: object) -> Money:
    return from_decimal(dig(value, "value"), dig(value, "currency"))


def link(found: Object, name: str) -> str | None:
    href = text(dig(found, "_links", name, "href"))
    return href if href and href.startswith("https://") else None


def who(told: Object) -> Customer | None:
    """The customer, as looked up; where none is named, whom a payment or an invoice was written for."""
    payment, customer = told["payment"], told["customer"]
    recipient = an_object(told["entity"].get("recipient"))
    person = recipient or an_object(payment.get("billingAddress"))
    names = [text(person.get("givenName")), text(person.get("familyName"))]
    return one_record(
        {
            "id": text(payment.get("customerId")),
            "name": text(customer.get("name")),
            "email": text(customer.get("email")),
        },
        {
            "id": text(told["entity"].get("recipientIdentifier")),
            "name": " ".join(name for name in names if name) or None,
            "email": text(person.get("email")),
            "company": text(person.get("organizationName")),
        },
    )


def subscription(told: Object) -> Subscription:
    found = told["subscription"]
    interval = _INTERVAL.fullmatch(text(found.get("interval")) or "")
    return {
        "id": text(told["payment"].get("subscriptionId")),
        "status": _SUBSCRIPTIONS.get(str(found.get("status"))),
        "plan": text(found.get("description")),
        **money(found.get("amount")),
        "interval": interval[2] if interval else None,
        "interval_count": int(interval[1]) if interval else None,
        "started_at": day(found.get("startDate")),
        "renews_at": day(found.get("nextPaymentDate")),
        "canceled_at": timestamp(found.get("canceledAt")),
    }


def payment(status: str) -> Reader:
    def read(told: Object) -> Data:
        found = told["entity"]
        details, reason = an_object(found.get("details")), an_object(found.get("statusReason"))
        of_subscription = text(found.get("subscriptionId"))
        paid: Payment = {
            "id": text(found.get("id"), told["id"]),
            "status": status,
            **money(found.get("amount")),
            "method": text(found.get("method")),
            "card_brand": text(details.get("cardLabel")),
            "card_last4": (text(details.get("cardNumber")) or "")[-4:] or None,
            "failure_code": text(reason.get("code"), details.get("failureReason"), details.get("bankReasonCode")),
            "failure_reason": text(reason.get("message"), details.get("failureMessage"), details.get("bankReason")),
            "paid_at": timestamp(found.get("paidAt")),
            "description": text(found.get("description")),
            "gateway": "Mollie",
            "subscription_id": of_subscription,
            "url": link(found, "checkout"),
        }
        return {"payment": paid, **({"subscription": subscription(told)} if of_subscription else {})}

    return read


def refund(status: str) -> Reader:
    def read(told: Object) -> Data:
        found = told["entity"]
        return {
            "refund": {
                "id": text(found.get("id"), told["id"]),
                "status": status,
                **money(found.get("amount")),
                "reason": text(found.get("description")),
                "payment_id": text(found.get("paymentId")),
                "created_at": timestamp(found.get("createdAt")),
            }
        }

    return read


def dispute(status: str) -> Reader:
    def read(told: Object) -> Data:
        found = told["entity"]
        return {
            "dispute": {
                "id": text(found.get("id"), told["id"]),
                "status": status,
                **money(found.get("amount")),
                "reason": text(dig(found, "reason", "description"), dig(found, "reason", "code")),
                "payment_id": text(found.get("paymentId")),
                "opened_at": timestamp(found.get("createdAt")),
                "closed_at": timestamp(found.get("reversedAt")) if status == "won" else None,
            }
        }

    return read


def invoice(status: str | None) -> Reader:
    """An invoice in this status, or in the one it has: it may be made issued or paid at once."""

    def read(told: Object) -> Data:
        found = told["entity"]
        now = status or _INVOICES.get(str(found.get("status")))
        lines: list[LineItem] = [
            {"description": text(line.get("description")), "quantity": integer(line.get("quantity"))}
            for line in objects(found.get("lines"))
        ]
        return {
            "invoice": {
                "id": text(found.get("id"), told["id"]),
                "number": text(found.get("invoiceNumber")),
                "status": now,
                **money(found.get("totalAmount")),
                **named("amount_due", money(found.get("amountDue"))),
                **named("tax", money(found.get("totalVatAmount"))),
                "description": text(found.get("memo")),
                "issued_at": timestamp(found.get("issuedAt")),
                "due_at": timestamp(found.get("dueAt")),
                "paid_at": (timestamp(found.get("paidAt")) or told["at"]) if now == "paid" else None,
                "url": link(found, "invoicePayment"),
                "pdf_url": link(found, "pdfLink"),
                "items": lines,
            }
        }

    return read


def checkout(told: Object) -> Data:
    found = told["entity"]
    return {
        "checkout": {
            "id": text(found.get("id"), told["id"]),
            "status": "completed",
            **money(found.get("amount")),
            "url": link(found, "paymentLink"),
            "reference": text(found.get("description")),
        }
    }


def order(status: str) -> Reader:
    def read(told: Object) -> Data:
        found = told["entity"]
        return {
            "order": {
                "id": text(found.get("id"), told["id"]),
                "number": text(found.get("orderNumber")),
                "status": status,
                **money(found.get("amount")),
                "created_at": timestamp(found.get("createdAt")),
            }
        }

    return read


def _of_subscription(inbound: Inbound) -> bool:
    return text(reading.entity(inbound).get("subscriptionId")) is not None


def _given_back(entity: str) -> Callable[[Data], str | None]:
    """What a refund or chargeback is known by. Those told by their payment alone have no id, but a sum that grows."""

    def identity(data: Data) -> str | None:
        return by(entity, "id", "status")(data) or by(entity, "payment_id", "status", "amount_minor")(data)

    return identity


# The older webhooks tell the same state again and again, perhaps beside the newer ones: each state is said once.
_PAYMENT, _REFUND, _DISPUTE = by("payment", "id", "status"), _given_back("refund"), _given_back("dispute")
_CHECKOUT, _ORDER, _INVOICE = by("checkout", "id"), by("order", "id"), by("invoice", "id")


def _not_paid(status: str) -> tuple[On, On]:
    return (
        On("payment.failed", payment(status), once=_PAYMENT),
        On("subscription.renewal_failed", payment(status), when=_of_subscription, once=_PAYMENT),
    )


_PENDING = On("payment.pending", payment("pending"), once=_PAYMENT)
_REFUND_CREATED = On("refund.created", refund("pending"), once=_REFUND)
_ORDER_PAID = On("order.paid", order("paid"), once=_ORDER)

_API_KEYS = {"live_": "an API key of Mollie", "test_": "an API key of Mollie", "access_": "an access token of Mollie"}

PROVIDER = Provider(
    name="mollie",
    label="Mollie",
    kind="payment_gateway",
    homepage="https://docs.mollie.com/reference/webhooks-new",
    verification=MollieSignature(),
    secret_form=secret("the signing secret of the webhook", never=_API_KEYS),
    body=ANY,
    event_name=reading.event_name,
    event_id=reading.event_id,
    # An id that Mollie does not know is answered as any other, so that ids cannot be probed.
    accepted=Reply(200, "ok"),
    occurred_at=lambda inbound: instant(an_object(inbound.payload).get("createdAt")),
    livemode=reading.livemode,
    split=reading.split,
    subject=reading.subject,
    customer=who,
    handshake=handshake,
    look_up=LookUp(reading.questions, patience=A_DAY),
    events={
        "payment.paid": (
            On("payment.succeeded", payment("succeeded"), once=_PAYMENT),
            On("subscription.renewed", payment("succeeded"), when=_of_subscription, once=_PAYMENT),
        ),
        "payment.failed": _not_paid("failed"),
        "payment.expired": _not_paid("failed"),
        "payment.canceled": _not_paid("canceled"),
        "payment.pending": _PENDING,
        "payment.authorized": _PENDING,
        "refund.queued": _REFUND_CREATED,
        "refund.pending": _REFUND_CREATED,
        "refund.processing": _REFUND_CREATED,
        "refund.refunded": On("refund.succeeded", refund("succeeded"), once=_REFUND),
        "refund.failed": On("refund.failed", refund("failed"), once=_REFUND),
        "refund.canceled": On("refund.failed", refund("canceled"), once=_REFUND),
        "chargeback.received": On("dispute.opened", dispute("open"), once=_DISPUTE),
        "chargeback.reversed": On("dispute.won", dispute("won"), once=_DISPUTE),
        "sales-invoice.created": On("invoice.created", invoice(None), once=_INVOICE),
        "sales-invoice.issued": On("invoice.finalized", invoice("open"), once=_INVOICE),
        "sales-invoice.paid": On("invoice.paid", invoice("paid"), once=_INVOICE),
        "sales-invoice.canceled": On("invoice.voided", invoice("void"), once=_INVOICE),
        "payment-link.paid": On("checkout.completed", checkout, once=_CHECKOUT),
        "order.created": On("order.created", order("created"), once=_ORDER),
        "order.paid": _ORDER_PAID,
        "order.completed": _ORDER_PAID,
    },
    ignored=frozenset(
        [
            "hook.ping",
            "payment.open",
            "payment-link.open",
            *(f"order.{status}" for status in ("authorized", "shipping", "pending", "canceled", "expired")),
            "balance-transaction.created",
            "sales-invoice.e-invoice-issued",
            "sales-invoice.e-invoice-failed",
            *(f"payout.{status}" for status in ("initiated", "processing-at-bank", "completed", "canceled", "failed")),
            *(
                f"business-account-transfer.{status}"
                for status in ("requested", "initiated", "pending-review", "processed", "failed", "blocked", "returned")
            ),
        ]
    ),
    settings=(
        vendor_api("Where Mollie's API is.", "https://api.mollie.com"),
        Setting(
            "api_key",
            "API key",
            "Key of the Mollie profile: what older webhooks name, customers and subscriptions are asked with it.",
            secret=True,
            form=key(
                "an API key, which begins with live_ or test_, or an access token, which begins with access_",
                "test_example",
                begins=tuple(_API_KEYS),
            ),
        ),
    ),
)
