"""Authorize.Net: card payments and subscriptions of merchants in North America.

Their events: https://developer.authorize.net/api/reference/features/webhooks.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from relay.formats.money import Money, from_decimal, money_of
from relay.formats.times import instant, timestamp
from relay.formats.values import CURRENCY, secret
from relay.sdk.entities import Customer, Data, Payment, Subscription
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Route, Setting, by
from relay.security.verification import Bare, HmacSignature

_PREFIX = "net.authorize."
_PAYMENT = by("payment", "id")
APPROVED, DECLINED, ERROR, HELD = 1, 2, 3, 4
_FAILURES = {DECLINED: "declined", ERROR: "error"}
_SUBSCRIPTION_STATUSES = {
    "active": "active",
    "canceled": "canceled",
    "cancelled": "canceled",
    "terminated": "canceled",
    "suspended": "past_due",
    "expired": "expired",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What an event is about. Amounts come without a currency; that is the merchant's, and the source's setting. Where
    it is not set, nobody knows it, and so no amount is told.
    """

    payload: dict[str, Any]
    at: str | None
    currency: Any

    def money(self, field: str) -> Money:
        return from_decimal(self.payload.get(field), self.currency)


def told(inbound: Inbound) -> Told:
    payload = inbound.payload.get("payload")
    at = timestamp(inbound.payload.get("eventDate"))
    return Told(payload if isinstance(payload, dict) else {}, at, inbound.settings.get("currency"))


def text(value: Any) -> str | None:
    """A text or a number as text: ids come as either."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def response_code(note: Told) -> int | None:
    found = text(note.payload.get("responseCode"))
    return int(found) if found in ("1", "2", "3", "4") else None


def payment(status: str) -> Callable[[Told], Data]:
    def reader(note: Told) -> Data:
        code = response_code(note)
        return {
            "payment": {
                **note.money("authAmount"),
                "id": text(note.payload.get("id")),
                "status": status,
                "failure_code": text(code) if status == "failed" else None,
                "failure_reason": _FAILURES.get(code or 0) if status == "failed" else None,
                "paid_at": note.at if status == "succeeded" else None,
                "reference": text(note.payload.get("merchantReferenceId")),
                "invoice_number": text(note.payload.get("invoiceNumber")),
                "gateway": "Authorize.Net",
            }
        }

    return reader


def refund(status: str) -> Callable[[Told], Data]:
    def reader(note: Told) -> Data:
        return {
            "refund": {
                **note.money("authAmount"),
                "id": text(note.payload.get("id")),
                "status": status,
                "failure_reason": _FAILURES.get(response_code(note) or 0),
                "invoice_number": text(note.payload.get("invoiceNumber")),
                "created_at": note.at,
            }
        }

    return reader


def subscription(note: Told) -> Data:
    return {"subscription": _subscription(note)}


def ended(note: Told) -> Data:
    return {"subscription": _subscription(note) | {"status": "canceled", "canceled_at": note.at, "ended_at": note.at}}


def expired(note: Told) -> Data:
    return {"subscription": _subscription(note) | {"status": "expired", "ended_at": note.at}}


def _subscription(note: Told) -> Subscription:
    status = str(note.payload.get("status")).lower()
    return {
        **note.money("amount"),
        "id": text(note.payload.get("id")),
        "status": _SUBSCRIPTION_STATUSES.get(status),
        "plan": text(note.payload.get("name")),
    }


def failed_renewal(note: Told) -> Data:
    """The event is about the subscription; which payment of it failed is not told."""
    found = _subscription(note)
    unpaid: Payment = {
        **money_of(found),
        "status": "failed",
        "subscription_id": found["id"],
        "gateway": "Authorize.Net",
    }
    return {"subscription": found, "payment": unpaid}


def profile(note: Told) -> Data:
    """Its `description` is the merchant's note, which may be anything: no name."""
    return {"customer": {"id": text(note.payload.get("id"))}}


def payment_profile(note: Told) -> Data:
    return {"payment_method": {"id": text(note.payload.get("id"))}}


def customer(note: Told) -> Customer | None:
    """By the id of the customer profile, which is all that is told."""
    held = note.payload.get("profile")
    if note.payload.get("entityName") == "customerProfile":
        return {"id": note.payload.get("id")}
    return {"id": (held if isinstance(held, dict) else note.payload).get("customerProfileId")}


_PAID = On("payment.succeeded", payment("succeeded"), once=_PAYMENT)
# A transaction that is held or declined is told by the event of its kind and by that of the fraud filter: said once.
_PENDING = On("payment.pending", payment("pending"), once=_PAYMENT)
_HELD = On("payment.pending", payment("pending"), severity="warning", once=_PAYMENT)
_FAILED = On("payment.failed", payment("failed"), once=_PAYMENT)


def charge(inbound: Inbound) -> Sequence[On]:
    """A charge is told whatever the bank answered; the response code says what that was."""
    return ({APPROVED: _PAID, HELD: _HELD}.get(response_code(told(inbound)) or 0, _FAILED),)


def authorization(inbound: Inbound) -> Sequence[On]:
    """Money that is reserved, and paid once it is captured."""
    return ({APPROVED: _PENDING, HELD: _HELD}.get(response_code(told(inbound)) or 0, _FAILED),)


def refunded(inbound: Inbound) -> Sequence[On]:
    through, waits = On("refund.succeeded", refund("succeeded")), On("refund.created", refund("pending"))
    failed = On("refund.failed", refund("failed"))
    return ({APPROVED: through, HELD: waits}.get(response_code(told(inbound)) or 0, failed),)


_EVENTS: dict[str, Route] = {
    # Renewals. Authorize.Net tells of none that went through by itself: its charge is an authcapture.
    "customer.subscription.created": On("subscription.created", subscription),
    "customer.subscription.updated": On("subscription.updated", subscription),
    "customer.subscription.expiring": On("subscription.renewal_upcoming", subscription),
    "customer.subscription.failed": (
        On("payment.failed", failed_renewal),
        On("subscription.renewal_failed", failed_renewal),
    ),
    "customer.subscription.suspended": On("subscription.past_due", subscription),
    "customer.subscription.cancelled": On("subscription.canceled", ended),
    "customer.subscription.terminated": On("subscription.canceled", ended),
    "customer.subscription.expired": On("subscription.expired", expired),
    # Payments
    "payment.authcapture.created": charge,
    "payment.authorization.created": authorization,
    "payment.capture.created": charge,
    "payment.priorAuthCapture.created": charge,
    "payment.fraud.held": _HELD,
    "payment.fraud.approved": _PAID,
    "payment.fraud.declined": _FAILED,
    "payment.void.created": On("payment.failed", payment("canceled")),
    "payment.refund.created": refunded,
    # Customers and their means of payment
    "customer.created": On("customer.created", profile),
    "customer.updated": On("customer.updated", profile),
    "customer.paymentProfile.created": On("payment_method.added", payment_profile),
    "customer.paymentProfile.updated": On("payment_method.updated", payment_profile),
    "customer.paymentProfile.deleted": On("payment_method.removed", payment_profile),
}

PROVIDER = Provider(
    name="authorizenet",
    label="Authorize.Net",
    kind="payment_gateway",
    homepage="https://www.authorize.net",
    # The key is the text of the Signature Key itself, though it looks like hexadecimal.
    verification=HmacSignature(
        name="authorizenet_signature",
        header="x-anet-signature",
        form=Bare("sha512="),
        algorithm="sha512",
        any_case=True,
    ),
    secret_form=secret(
        "the Signature Key, which is hexadecimal",
        "0123456789ABCDEF",
        pattern="[0-9A-Fa-f]+",
        make=lambda: token_hex(64).upper(),
    ),
    settings=(
        Setting(
            "currency",
            "Currency",
            "Currency of the merchant account, such as USD; Authorize.Net names none.",
            form=CURRENCY,
        ),
    ),
    event_name=lambda inbound: text(inbound.payload.get("eventType")),
    event_id=lambda inbound: inbound.payload.get("notificationId"),
    occurred_at=lambda inbound: instant(inbound.payload.get("eventDate")),
    subject=told,
    customer=customer,
    events={_PREFIX + name: route for name, route in _EVENTS.items()},
    ignored=frozenset([_PREFIX + "customer.deleted"]),
)
