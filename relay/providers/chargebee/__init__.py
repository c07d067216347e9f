"""Chargebee: subscriptions, invoices and payments. Nothing is signed; a password shows who sent it.

Their event types: https://apidocs.chargebee.com/docs/api/events/event-types
With an API key of the site each event is fetched again, and the fetched one counts.
"""

import base64
from collections.abc import Mapping
from typing import Any

from relay.model import Inbound
from relay.money import Money, from_minor
from relay.providers.base import Data, LookUp, On, Provider, Question, Setting, segment
from relay.providers.reading import Object, an_object, listed, text, under, whole
from relay.times import days_until, instant, timestamp
from relay.verification import BasicAuth

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
_UNITS = ("day", "week", "month", "year")


def questions(inbound: Inbound) -> Mapping[str, Question]:
    key, own_id = inbound.settings.get("api_key"), text(inbound.payload.get("id"))
    if not key or own_id is None:
        return {}
    encoded = base64.b64encode(f"{key}:".encode()).decode()
    return {"event": Question(f"/api/v2/events/{segment(own_id)}", {"authorization": f"Basic {encoded}"})}


def event(inbound: Inbound) -> Object:
    """The event as Chargebee itself told it, if it was asked; else as it was posted."""
    return an_object(under(inbound.looked_up.get("event"), "event")) or an_object(inbound.payload)


def subject(inbound: Inbound) -> Object:
    told = event(inbound)
    return {"content": an_object(told.get("content")), "at": timestamp(told.get("occurred_at"))}


def part(told: Object, name: str) -> Object:
    return an_object(told["content"].get(name))


def who(told: Object) -> Data | None:
    customer = part(told, "customer")
    names = [text(customer.get("first_name")), text(customer.get("last_name"))]
    held = [part(told, name).get("customer_id") for name in ("subscription", "invoice", "transaction", "card")]
    return {
        "id": text(*held, customer.get("id")),
        "name": " ".join(name for name in names if name) or None,
        "email": text(customer.get("email")),
        "company": text(customer.get("company")),
    }


def _money(found: Object, name: str) -> Money:
    return from_minor(found.get(name), found.get("currency_code"))


def _subscription(told: Object) -> Data:
    found = part(told, "subscription")
    items = [each for each in listed(found.get("subscription_items")) if each.get("item_type") == "plan"]
    plan = items[0] if items else {}
    amount = plan.get("amount") if plan else found.get("plan_amount")
    status = _STATUSES.get(str(found.get("status")))
    ends = timestamp(found.get("current_term_end"))
    renews = (
        timestamp(found.get("next_billing_at")) if found.get("status") in ("active", "in_trial", "future") else None
    )
    unit = text(found.get("billing_period_unit"))
    return {
        "id": text(found.get("id"))
        or text(*(part(told, name).get("subscription_id") for name in ("invoice", "transaction"))),
        "status": "past_due" if status == "active" and whole(found.get("due_invoices_count")) else status,
        "plan": text(plan.get("item_price_id"), found.get("plan_id")),
        "product_id": text(plan.get("item_price_id"), found.get("plan_id")),
        **from_minor(amount, found.get("currency_code")),
        "quantity": whole(plan.get("quantity") if plan else found.get("plan_quantity")),
        "interval": unit if unit in _UNITS else None,
        "interval_count": whole(found.get("billing_period")),
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
        "failed_payments": whole(found.get("due_invoices_count")),
    }


def _invoice(told: Object) -> Data:
    found = part(told, "invoice")
    amounts = {name: _money(found, name) for name in ("amount_due", "amount_paid", "tax")}
    retry = timestamp(found.get("next_retry_at"))
    return {
        "id": text(found.get("id")),
        "number": text(found.get("id")),
        "status": _INVOICE_STATUSES.get(str(found.get("status"))),
        **_money(found, "total"),
        **{name: money["amount"] for name, money in amounts.items()},
        **{f"{name}_minor": money["amount_minor"] for name, money in amounts.items()},
        "issued_at": timestamp(found.get("date")),
        "due_at": timestamp(found.get("due_date")),
        "paid_at": timestamp(found.get("paid_at")),
        "attempt_count": len(listed(found.get("dunning_attempts"))) or None,
        "next_attempt_at": retry,
        "subscription_id": text(found.get("subscription_id")),
        "items": [_line(line, found.get("currency_code")) for line in listed(found.get("line_items"))],
    }


def _line(line: Object, currency: Any) -> Data:
    return {
        "description": text(line.get("description")),
        "kind": "hosting" if str(line.get("entity_type")).startswith("plan") else "other",
        "quantity": whole(line.get("quantity")),
        **{name: value for name, value in from_minor(line.get("amount"), currency).items() if name != "currency"},
        "period_start": timestamp(line.get("date_from")),
        "period_end": timestamp(line.get("date_to")),
    }


def _payment(told: Object, status: str) -> Data:
    found, card = part(told, "transaction"), part(told, "card")
    linked = listed(found.get("linked_invoices"))
    invoice = text(under(linked[0], "invoice_id")) if linked else text(part(told, "invoice").get("id"))
    return {
        "id": text(found.get("id")),
        "status": status,
        **_money(found, "amount"),
        "method": text(found.get("payment_method")),
        "card_brand": text(card.get("card_type")),
        "card_last4": (text(found.get("masked_card_number")) or text(card.get("last4")) or "")[-4:] or None,
        "failure_code": text(found.get("error_code")) if status == "failed" else None,
        "failure_reason": text(found.get("error_text")) if status == "failed" else None,
        "next_attempt_at": timestamp(part(told, "invoice").get("next_retry_at")),
        "paid_at": timestamp(found.get("date")) if status == "succeeded" else None,
        "gateway": text(found.get("gateway")),
        "invoice_id": invoice,
        "invoice_number": invoice,
        "subscription_id": text(found.get("subscription_id")),
    }


def subscription(told: Object) -> Data:
    invoice = {"invoice": _invoice(told)} if part(told, "invoice") else {}
    return {"subscription": _subscription(told), **invoice}


def of_subscription(told: Object) -> Data:
    return {"subscription": _subscription(told)}


def invoice(told: Object) -> Data:
    return {"invoice": _invoice(told)}


def overdue(told: Object) -> Data:
    return {"invoice": _invoice(told) | {"status": "overdue"}}


def paid(told: Object) -> Data:
    return {"payment": _payment(told, "succeeded"), "invoice": _invoice(told) if part(told, "invoice") else None}


def failed(told: Object) -> Data:
    return {"payment": _payment(told, "failed"), "invoice": _invoice(told) if part(told, "invoice") else None}


def pending(told: Object) -> Data:
    return {"payment": _payment(told, "pending")}


def refund(told: Object) -> Data:
    found = part(told, "transaction")
    return {
        "refund": {
            "id": text(found.get("id")),
            "status": "succeeded",
            **_money(found, "amount"),
            "payment_id": text(found.get("refunded_txn_id"), found.get("reference_transaction_id")),
            "invoice_id": text(part(told, "invoice").get("id")),
            "invoice_number": text(part(told, "invoice").get("id")),
            "created_at": timestamp(found.get("date")),
        }
    }


def method(told: Object) -> Data:
    source = part(told, "payment_source")
    card = part(told, "card") or an_object(source.get("card"))
    month, year = whole(card.get("expiry_month")), whole(card.get("expiry_year"))
    return {
        "payment_method": {
            "id": text(source.get("id"), card.get("payment_source_id")),
            "type": text(source.get("type")) or "card",
            "brand": text(card.get("card_type"), card.get("brand")),
            "last4": text(card.get("last4")),
            "exp_month": month if month and 1 <= month <= 12 else None,
            "exp_year": year if year and 2000 <= year < 2200 else None,
        }
    }


def customer(told: Object) -> Data:
    found = part(told, "customer")
    return {
        "customer": {
            **(who(told) or {}),
            "id": text(found.get("id")),
            "first_name": text(found.get("first_name")),
            "last_name": text(found.get("last_name")),
            "phone": text(found.get("phone")),
            "created_at": timestamp(found.get("created_at")),
        }
    }


def _status(*wanted: str) -> Any:
    return lambda inbound: under(event(inbound), "content", "invoice", "status") in wanted


def _recurring(inbound: Inbound) -> bool:
    """Whether the payment is for a term that is not the first."""
    found = an_object(under(event(inbound), "content", "invoice"))
    return found.get("recurring") is True and found.get("first_invoice") is False


_ADDED = On("payment_method.added", method)
_UPDATED = On("payment_method.updated", method)
_REMOVED = On("payment_method.removed", method)
_EXPIRING = On("payment_method.expiring", method)
_EXPIRED = On("payment_method.expired", method)

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
        "subscription_created": On("subscription.created", subscription),
        "subscription_started": On("subscription.activated", subscription),
        "subscription_activated": On("subscription.activated", subscription),
        "subscription_changed": On("subscription.updated", of_subscription),
        "subscription_renewed": On("subscription.renewed", subscription),
        "subscription_paused": On("subscription.paused", of_subscription),
        "subscription_resumed": On("subscription.resumed", of_subscription),
        "subscription_reactivated": On("subscription.resumed", of_subscription),
        "subscription_cancellation_scheduled": On("subscription.cancellation_scheduled", of_subscription),
        "subscription_scheduled_cancellation_removed": On("subscription.resumed", of_subscription),
        "subscription_cancelled": On("subscription.canceled", of_subscription),
        "subscription_trial_end_reminder": On("subscription.trial_ending", of_subscription),
        "subscription_renewal_reminder": On("subscription.renewal_upcoming", of_subscription),
        "invoice_generated": On("invoice.finalized", invoice),
        "invoice_updated": (
            On("invoice.paid", invoice, when=_status("paid")),
            On("invoice.voided", invoice, when=_status("voided")),
            On("invoice.uncollectible", invoice, when=_status("not_paid")),
        ),
        "payment_due_reminder": On("invoice.due_soon", invoice),
        "payment_overdue_reminder": On("invoice.overdue", overdue),
        "payment_succeeded": (
            On("payment.succeeded", paid),
            On("invoice.paid", paid, when=_status("paid")),
        ),
        "payment_failed": (
            On("payment.failed", failed),
            On("invoice.payment_failed", failed),
            On("subscription.renewal_failed", lambda told: {**failed(told), **of_subscription(told)}, when=_recurring),
        ),
        "payment_initiated": On("payment.pending", pending),
        "payment_refunded": On("refund.succeeded", refund),
        "refund_initiated": On(
            "refund.created", lambda told: {"refund": refund(told)["refund"] | {"status": "pending"}}
        ),
        "dunning_updated": On("payment.retry_scheduled", pending),
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
    ignored=frozenset(
        [
            "invoice_deleted",
            "subscription_items_renewed",
            "subscription_changes_scheduled",
            "subscription_pause_scheduled",
            "unbilled_charges_created",
            "credit_note_created",
            "credit_note_updated",
            "transaction_created",
            "transaction_updated",
            "customer_deleted",
            "pending_invoice_created",
            "pending_invoice_updated",
        ]
    ),
    settings=(
        Setting(
            "api_url", "Site address", "The site's address, such as https://example.chargebee.com, to ask it again."
        ),
        Setting("api_key", "API key", "A read-only key of the site: each event is fetched again with it.", secret=True),
    ),
    secret="ours",
)
