"""Chargebee: subscriptions, invoices and payments. Nothing is signed; a password shows who sent it.

Their event types: https://apidocs.chargebee.com/docs/api/events/event-types
With an API key of the site each event is fetched again, and the fetched one counts.
"""

import base64
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from relay.formats.money import Money, from_minor
from relay.formats.times import days_until, instant, timestamp
from relay.formats.values import KEY
from relay.providers.chargebee.ignored import IGNORED
from relay.sdk.api_settings import own_api
from relay.sdk.entities import Customer, Data, Invoice, LineItem, Payment, Refund, Subscription, named
from relay.sdk.fields import Object, an_object, dig, first, integer, objects, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import LookUp, On, Provider, Question, Setting, by, segment
from relay.security.verification import BasicAuth

_STATUSES = {
    "future": "pending",
    "in_trial": "trialing",
    "active": "active",
    "non_renewing": "active",
    "paused": "paused",
    "cancelled": "canceled",
    "transferred": "canceled",
}
_INVOICE_STATUSES = {
    "paid": "paid",
    "posted": "open",
    "payment_due": "open",
    "not_paid": "uncollectible",
    "voided": "void",
    "pending": "draft",
}
_RECURRING = ("plan", "addon")
_UNITS = ("day", "week", "month", "year")


def questions(inbound: Inbound) -> Mapping[str, Question]:
    key, own_id = inbound.settings.get("api_key"), text(inbound.payload.get("id"))
    if not key or own_id is None:
        return {}
    encoded = base64.b64encode(f"{key}:".encode()).decode()
    return {"event": Question(f"/api/v2/events/{segment(own_id)}", {"authorization": f"Basic {encoded}"})}


def event(inbound: Inbound) -> Object:
    """The event as Chargebee itself told it, if it was asked; else as it was posted."""
    return an_object(dig(inbound.looked_up.get("event"), "event")) or an_object(inbound.payload)


def subject(inbound: Inbound) -> Object:
    told = event(inbound)
    return {"content": an_object(told.get("content")), "at": timestamp(told.get("occurred_at"))}


def part(told: Object, name: str) -> Object:
    return an_object(told["content"].get(name))


def who(told: Object) -> Customer | None:
    """The customer that came along. In a hierarchy of accounts that is the one who pays, and the subscription that of
    another, whose id does not go with the payer's address.
    """
    customer = part(told, "customer")
    if not customer:
        held = (part(told, name).get("customer_id") for name in ("subscription", "invoice", "transaction", "card"))
        return {"id": text(*held)}
    names = [text(customer.get("first_name")), text(customer.get("last_name"))]
    return {
        "id": text(customer.get("id")),
        "name": " ".join(name for name in names if name) or None,
        "email": text(customer.get("email")),
        "company": text(customer.get("company")),
    }


def _money(found: Object, name: str) -> Money:
    return from_minor(found.get(name), found.get("currency_code"))


def _subscription(told: Object) -> Subscription:
    found = part(told, "subscription")
    items = [each for each in objects(found.get("subscription_items")) if each.get("item_type") in _RECURRING]
    plan = first([each for each in items if each.get("item_type") == "plan"])
    status = _STATUSES.get(str(found.get("status")))
    ends = timestamp(found.get("current_term_end"))
    renews = (
        timestamp(found.get("next_billing_at")) if found.get("status") in ("active", "in_trial", "future") else None
    )
    unit = text(found.get("billing_period_unit"))
    overdue_invoices = integer(found.get("due_invoices_count"))
    if overdue_invoices is not None and overdue_invoices < 0:
        overdue_invoices = None
    return {
        "id": text(found.get("id"))
        or text(*(part(told, name).get("subscription_id") for name in ("invoice", "transaction"))),
        "status": "past_due" if status == "active" and overdue_invoices else status,
        "plan": text(plan.get("item_price_id"), found.get("plan_id")),
        "product_id": text(plan.get("item_price_id"), found.get("plan_id")),
        **from_minor(_price(items) if items else found.get("plan_amount"), found.get("currency_code")),
        "quantity": integer(plan.get("quantity") if plan else found.get("plan_quantity")),
        "interval": unit if unit in _UNITS else None,
        "interval_count": max(integer(found.get("billing_period")) or 0, 0) or None,
        "started_at": timestamp(found.get("started_at")),
        "current_period_start": timestamp(found.get("current_term_start")),
        "current_period_end": ends,
        "renews_at": renews,
        "trial_ends_at": timestamp(found.get("trial_end")),
        "cancel_at": timestamp(found.get("cancelled_at")) if found.get("status") == "non_renewing" else None,
        "canceled_at": timestamp(found.get("cancelled_at")) if status == "canceled" else None,
        "ended_at": timestamp(found.get("cancelled_at")) if status == "canceled" else None,
        "cancel_reason": text(found.get("cancel_reason")),
        "days_until_renewal": days_until(renews, now) if (now := instant(told["at"])) else None,
        "failed_payments": overdue_invoices,
    }


def _price(items: list[Object]) -> int | None:
    """What a plan and its addons cost together, as far as all of them say so."""
    amounts = [integer(each.get("amount")) for each in items]
    return None if None in amounts else sum(filter(None, amounts))


def _invoice(told: Object) -> Invoice:
    found = part(told, "invoice")
    return {
        "id": text(found.get("id")),
        "number": text(found.get("id")),
        "status": _INVOICE_STATUSES.get(str(found.get("status"))),
        **_money(found, "total"),
        **named("amount_due", _money(found, "amount_due")),
        **named("amount_paid", _money(found, "amount_paid")),
        **named("tax", _money(found, "tax")),
        "issued_at": timestamp(found.get("date")),
        "due_at": timestamp(found.get("due_date")),
        "paid_at": timestamp(found.get("paid_at")),
        "attempt_count": _attempts(found),
        "next_attempt_at": timestamp(found.get("next_retry_at")),
        "subscription_id": text(found.get("subscription_id")),
        "items": [_line(line, found.get("currency_code")) for line in objects(found.get("line_items"))],
    }


def _attempts(found: Object) -> int | None:
    return len(objects(found.get("dunning_attempts"))) or None


def _line(line: Object, currency: Any) -> LineItem:
    return {
        "description": text(line.get("description")),
        "kind": "hosting" if str(line.get("entity_type")).startswith("plan") else "other",
        "quantity": integer(line.get("quantity")),
        **named("amount", from_minor(line.get("amount"), currency)),
        "period_start": timestamp(line.get("date_from")),
        "period_end": timestamp(line.get("date_to")),
    }


def _payment(told: Object, status: str) -> Payment:
    found, card = part(told, "transaction"), part(told, "card")
    linked = objects(found.get("linked_invoices"))
    invoice = text(dig(linked[0], "invoice_id") if linked else None, part(told, "invoice").get("id"))
    return {
        "id": text(found.get("id")),
        "status": status,
        **_money(found, "amount"),
        "method": text(found.get("payment_method")),
        "card_brand": text(card.get("card_type")),
        "card_last4": (text(found.get("masked_card_number")) or text(card.get("last4")) or "")[-4:] or None,
        "failure_code": text(found.get("error_code")) if status == "failed" else None,
        "failure_reason": text(found.get("error_text")) if status == "failed" else None,
        "attempt_count": _attempts(part(told, "invoice")),
        "next_attempt_at": timestamp(part(told, "invoice").get("next_retry_at")),
        "paid_at": timestamp(found.get("date")) if status == "succeeded" else None,
        "gateway": text(found.get("gateway")),
        "invoice_id": invoice,
        "invoice_number": invoice,
        "subscription_id": text(found.get("subscription_id")),
    }


def subscription(told: Object) -> Data:
    data: Data = {"subscription": _subscription(told)}
    return data | {"invoice": _invoice(told)} if part(told, "invoice") else data


def of_subscription(told: Object) -> Data:
    return {"subscription": _subscription(told)}


def invoice(told: Object) -> Data:
    return {"invoice": _invoice(told)}


def overdue(told: Object) -> Data:
    return {"invoice": _invoice(told) | {"status": "overdue"}}


def paid(told: Object) -> Data:
    return {"payment": _payment(told, "succeeded"), "invoice": _invoice(told) if part(told, "invoice") else None}


def paid_invoice(told: Object) -> Data:
    """Paid by the payment told of, or by credits."""
    return {"invoice": _invoice(told), **(paid(told) if part(told, "transaction") else {})}


def failed(told: Object) -> Data:
    return {"payment": _payment(told, "failed"), "invoice": _invoice(told) if part(told, "invoice") else None}


def failed_renewal(told: Object) -> Data:
    return {**failed(told), "subscription": _subscription(told)}


def pending(told: Object) -> Data:
    return {"payment": _payment(told, "pending")}


def dunning(told: Object) -> Data:
    """An invoice whose payment will be tried again; the attempt before it is not always told."""
    owed, tried = _invoice(told), _payment(told, "failed")
    if tried["amount"] is None:
        tried |= {"amount": owed["amount_due"], "amount_minor": owed["amount_due_minor"], "currency": owed["currency"]}
    return {
        "payment": tried | {"subscription_id": tried["subscription_id"] or owed["subscription_id"]},
        "invoice": owed,
    }


def refund(told: Object) -> Data:
    return {"refund": _refund(told, "succeeded")}


def refund_begun(told: Object) -> Data:
    return {"refund": _refund(told, "pending")}


def _refund(told: Object, status: str) -> Refund:
    found = part(told, "transaction")
    return {
        "id": text(found.get("id")),
        "status": status,
        **_money(found, "amount"),
        "reason": text(part(told, "credit_note").get("reason_code")),
        "payment_id": text(found.get("refunded_txn_id"), found.get("reference_transaction_id")),
        "invoice_id": text(part(told, "invoice").get("id")),
        "invoice_number": text(part(told, "invoice").get("id")),
        "created_at": timestamp(found.get("date")),
    }


def method(told: Object) -> Data:
    """A card or another means of payment. Chargebee tells of both names for one thing: the older is `card`."""
    source = part(told, "payment_source")
    card, bank = part(told, "card") or an_object(source.get("card")), an_object(source.get("bank_account"))
    month, year = integer(card.get("expiry_month")) or 0, integer(card.get("expiry_year")) or 0
    dated = 1 <= month <= 12 and 2000 <= year < 2200
    expires_at = f"{year}-{month:02}-{monthrange(year, month)[1]}T23:59:59Z" if dated else None
    names = [text(card.get("first_name")), text(card.get("last_name"))]
    return {
        "payment_method": {
            "id": text(source.get("id"), card.get("payment_source_id")),
            "type": text(source.get("type")) or ("card" if card else None),
            "brand": text(card.get("card_type"), card.get("brand"), bank.get("bank_name")),
            "last4": (text(card.get("last4"), bank.get("last4")) or "")[-4:] or None,
            "exp_month": month if dated else None,
            "exp_year": year if dated else None,
            "expires_at": expires_at,
            "holder_name": " ".join(name for name in names if name) or text(bank.get("name_on_account")),
            "country": text(card.get("billing_country")),
            "days_until_expiry": days_until(expires_at, now) if (now := instant(told["at"])) else None,
        }
    }


def customer(told: Object) -> Data:
    found = part(told, "customer")
    address = an_object(found.get("billing_address"))
    return {
        "customer": {
            **(who(told) or {}),
            "id": text(found.get("id")),
            "first_name": text(found.get("first_name")),
            "last_name": text(found.get("last_name")),
            "phone": text(found.get("phone"), address.get("phone")),
            "address_line1": text(address.get("line1")),
            "address_line2": text(address.get("line2")),
            "city": text(address.get("city")),
            "state": text(address.get("state")),
            "postal_code": text(address.get("zip")),
            "country": text(address.get("country")),
            "language": text(found.get("locale")),
            "currency": from_minor(None, found.get("preferred_currency_code"))["currency"],
            "created_at": timestamp(found.get("created_at")),
        }
    }


def _status(*wanted: str) -> Callable[[Inbound], bool]:
    return lambda inbound: dig(event(inbound), "content", "invoice", "status") in wanted


def reminder(inbound: Inbound) -> Sequence[On]:
    """A reminder that an invoice is to be paid is sent before its due date, and after it too."""
    due = instant(dig(event(inbound), "content", "invoice", "due_date"))
    now = instant(event(inbound).get("occurred_at")) or inbound.received_at
    return (_OVERDUE if due is not None and due < now else On("invoice.due_soon", invoice),)


def _has_invoice(inbound: Inbound) -> bool:
    return bool(an_object(dig(event(inbound), "content", "invoice")))


def _will_retry(inbound: Inbound) -> bool:
    return bool(dig(event(inbound), "content", "invoice", "next_retry_at"))


def _recurring(inbound: Inbound) -> bool:
    """Whether the payment is for a term that is not the first."""
    found = an_object(dig(event(inbound), "content", "invoice"))
    return found.get("recurring") is True and found.get("first_invoice") is False


# A card is told of under both of its names, and an invoice at each of its changes: what happened is said once.
_INVOICE, _CARD = by("invoice", "id"), by("payment_method", "id")
_EXPIRY = by("payment_method", "id", "exp_year", "exp_month")
_INVOICE_PAID = On("invoice.paid", paid_invoice, when=_status("paid"), once=_INVOICE)
_ADDED = On("payment_method.added", method, once=_CARD)
_UPDATED = On("payment_method.updated", method)
_REMOVED = On("payment_method.removed", method, once=_CARD)
_EXPIRING = On("payment_method.expiring", method, once=_EXPIRY)
_EXPIRED = On("payment_method.expired", method, once=_EXPIRY)
_CREATED = On("subscription.created", subscription)
_ACTIVATED = On("subscription.activated", subscription)
_CHANGED = On("subscription.updated", of_subscription)
_REACTIVATED = On("subscription.resumed", of_subscription)
_CANCELED = On("subscription.canceled", of_subscription)
_OVERDUE = On("invoice.overdue", overdue)
_GENERATED = On("invoice.finalized", invoice, once=_INVOICE)

PROVIDER = Provider(
    name="chargebee",
    label="Chargebee",
    kind="payment_gateway",
    homepage="https://apidocs.chargebee.com/docs/api/events/event-types",
    verification=BasicAuth(),
    event_name=lambda inbound: text(event(inbound).get("event_type")),
    event_id=lambda inbound: text(inbound.payload.get("id")),
    occurred_at=lambda inbound: instant(event(inbound).get("occurred_at")),
    subject=subject,
    customer=who,
    look_up=LookUp(questions),
    events={
        "subscription_created": _CREATED,
        "subscription_created_with_backdating": _CREATED,
        "subscription_started": _ACTIVATED,
        "subscription_activated": _ACTIVATED,
        "subscription_activated_with_backdating": _ACTIVATED,
        "subscription_changed": _CHANGED,
        "subscription_changed_with_backdating": _CHANGED,
        "subscription_trial_extended": _CHANGED,
        "subscription_renewed": On("subscription.renewed", subscription),
        "subscription_paused": On("subscription.paused", of_subscription),
        "subscription_resumed": On("subscription.resumed", of_subscription),
        "subscription_reactivated": _REACTIVATED,
        "subscription_reactivated_with_backdating": _REACTIVATED,
        "subscription_cancellation_scheduled": On("subscription.cancellation_scheduled", of_subscription),
        "subscription_scheduled_cancellation_removed": On("subscription.resumed", of_subscription),
        "subscription_cancelled": _CANCELED,
        "subscription_canceled_with_backdating": _CANCELED,
        "subscription_trial_end_reminder": On("subscription.trial_ending", of_subscription),
        "subscription_renewal_reminder": On("subscription.renewal_upcoming", of_subscription),
        "invoice_generated": _GENERATED,
        "invoice_generated_with_backdating": _GENERATED,
        "invoice_updated": (
            _INVOICE_PAID,
            On("invoice.voided", invoice, when=_status("voided"), once=_INVOICE),
            On("invoice.uncollectible", invoice, when=_status("not_paid"), once=_INVOICE),
        ),
        "payment_due_reminder": reminder,
        # The older name of the same; Chargebee has retired it.
        "netd_payment_due_reminder": reminder,
        "payment_overdue_reminder": _OVERDUE,
        "payment_succeeded": (On("payment.succeeded", paid), _INVOICE_PAID),
        "payment_failed": (
            On("payment.failed", failed),
            On("invoice.payment_failed", failed, when=_has_invoice),
            On("subscription.renewal_failed", failed_renewal, when=_recurring),
        ),
        "payment_initiated": On("payment.pending", pending),
        "payment_refunded": On("refund.succeeded", refund),
        "refund_initiated": On("refund.created", refund_begun),
        "dunning_updated": On("payment.retry_scheduled", dunning, when=_will_retry),
        "card_added": _ADDED,
        "card_updated": _UPDATED,
        "card_deleted": _REMOVED,
        "card_expiry_reminder": _EXPIRING,
        "card_expired": _EXPIRED,
        "payment_source_added": _ADDED,
        "payment_source_updated": _UPDATED,
        "payment_source_deleted": _REMOVED,
        "payment_source_expiring": _EXPIRING,
        "payment_source_expired": _EXPIRED,
        "customer_created": On("customer.created", customer),
        "customer_changed": On("customer.updated", customer),
    },
    ignored=IGNORED,
    settings=(
        own_api(
            "Site address",
            "The site's address, such as https://example.chargebee.com, to ask it again.",
            "https://example.chargebee.com",
            "*.chargebee.com",
        ),
        Setting(
            "api_key",
            "API key",
            "A read-only key of the site: each event is fetched again with it.",
            secret=True,
            form=KEY,
        ),
    ),
    secret="ours",
)
