"""Recurly: subscriptions, invoices and payments. Its JSON webhooks hold ids only, its XML ones everything, unsigned.

Their events: https://docs.recurly.com/recurly-subscriptions/docs/webhooks
"""

import base64
from collections.abc import Mapping
from typing import Any

from relay.model import Inbound
from relay.money import Money, from_decimal, from_minor
from relay.providers.base import ANY, Data, LookUp, On, Provider, Question, Setting, by_arrival, segment
from relay.providers.reading import Object, an_object, scalar, text, under, whole
from relay.providers.recurly.verification import RecurlySignature
from relay.times import days_until, instant, timestamp

_VERSION = "application/vnd.recurly.v2021-02-25+json"
_STATES = {
    "active": "active",
    "future": "pending",
    "in_trial": "trialing",
    "past_due": "past_due",
    "paused": "paused",
    "canceled": "canceled",
    "expired": "expired",
    "failed": "incomplete",
}
_INVOICE_STATES = {
    "pending": "open",
    "open": "open",
    "processing": "open",
    "paid": "paid",
    "collected": "paid",
    "past_due": "overdue",
    "failed": "uncollectible",
    "voided": "void",
    "closed": "paid",
}


def _is_xml(inbound: Inbound) -> bool:
    return "object_type" not in an_object(inbound.payload)


def _root(inbound: Inbound) -> Object:
    """What stands in the XML document's root."""
    return an_object(next(iter(an_object(inbound.payload).values()), None))


def event_name(inbound: Inbound) -> str | None:
    payload = an_object(inbound.payload)
    if _is_xml(inbound):
        return next(iter(payload), None)
    return f"{payload.get('object_type')}.{payload.get('event_type')}"


def event_id(inbound: Inbound) -> str | None:
    """The header stays the same however often it is tried. XML has none, and may say the same words another day."""
    named = inbound.headers.get("recurly-notification-id")
    if named or _is_xml(inbound):
        return named or by_arrival(inbound)
    payload = inbound.payload
    return ":".join(str(payload.get(name)) for name in ("id", "object_type", "event_type", "event_time"))


def questions(inbound: Inbound) -> Mapping[str, Question]:
    """The object whose id a JSON webhook holds. XML has it."""
    payload = an_object(inbound.payload)
    if _is_xml(inbound):
        return {}
    key = base64.b64encode(f"{inbound.settings.get('api_key', '')}:".encode()).decode()
    headers = {"authorization": f"Basic {key}", "accept": _VERSION}
    kind, uuid = payload.get("object_type"), scalar(payload.get("uuid"))
    number, account = scalar(payload.get("invoice_number")), scalar(payload.get("account_code"))
    if kind in ("subscription",) and uuid:
        return {"subscription": Question(f"/subscriptions/uuid-{segment(uuid)}", headers)}
    if kind in ("payment", "transaction") and uuid:
        return {"transaction": Question(f"/transactions/uuid-{segment(uuid)}", headers)}
    if number:
        return {"invoice": Question(f"/invoices/number-{segment(number)}", headers)}
    if account:
        return {"account": Question(f"/accounts/code-{segment(account)}", headers)}
    return {}


def subject(inbound: Inbound) -> Object:
    """The parts that a webhook tells of, whether they stood in it or were looked up."""
    root = _root(inbound) if _is_xml(inbound) else dict(inbound.looked_up)
    payload = {} if _is_xml(inbound) else an_object(inbound.payload)
    parts = {name: an_object(root.get(name)) for name in ("subscription", "invoice", "transaction", "account")}
    held = next((part for part in (parts["subscription"], parts["invoice"], parts["transaction"]) if part), {})
    return {
        **parts,
        "account": parts["account"] or an_object(held.get("account")),
        "dunning": an_object(root.get("dunning_event")) or an_object(under(parts["invoice"], "dunning_events")),
        "ids": payload,
        "at": timestamp(payload.get("event_time")) or timestamp(parts["transaction"].get("date")),
        "now": instant(payload.get("event_time")) or inbound.received_at,
        "currency": inbound.settings.get("currency"),
    }


def who(told: Object) -> Data | None:
    account = told["account"]
    names = [text(account.get("first_name")), text(account.get("last_name"))]
    return {
        "id": scalar(account.get("account_code"))
        or scalar(account.get("code"))
        or scalar(told["ids"].get("account_code")),
        "name": " ".join(name for name in names if name) or None,
        "email": text(account.get("email")),
        "company": text(account.get("company_name"), account.get("company")),
    }


def _money(told: Object, part: Object, cents: str, decimal: str) -> Money:
    """XML counts in cents and names no currency for payments: then it is the site's."""
    currency = text(part.get("currency"), told["invoice"].get("currency"), told["currency"])
    if cents in part:
        return from_minor(part.get(cents), currency)
    return from_decimal(part.get(decimal), currency)


def subscription(told: Object) -> Data:
    found = told["subscription"]
    ends = timestamp(found.get("current_period_ends_at"))
    plan = an_object(found.get("plan"))
    state = _STATES.get(str(found.get("state")))
    runs_on = state in ("active", "trialing", "past_due")
    return {
        "subscription": {
            "id": scalar(found.get("uuid")) or scalar(told["ids"].get("uuid")),
            "status": state,
            "plan": text(plan.get("name"), plan.get("plan_code"), plan.get("code")),
            "product_id": text(plan.get("plan_code"), plan.get("code")),
            **_money(told, found, "total_amount_in_cents", "total" if "total" in found else "subtotal"),
            "quantity": whole(found.get("quantity")),
            "started_at": timestamp(found.get("activated_at")),
            "current_period_start": timestamp(found.get("current_period_started_at")),
            "current_period_end": ends,
            "renews_at": ends if runs_on else None,
            "trial_ends_at": timestamp(found.get("trial_ends_at")),
            "cancel_at": timestamp(found.get("expires_at")) if state == "canceled" else None,
            "canceled_at": timestamp(found.get("canceled_at")),
            "ended_at": timestamp(found.get("expires_at")) if state == "expired" else None,
            "days_until_renewal": days_until(ends, told["now"]) if runs_on else None,
        }
    }


def ended(told: Object) -> Data:
    data = subscription(told)
    data["subscription"] |= {"status": "expired", "ended_at": data["subscription"]["ended_at"] or told["at"]}
    return data


def invoice(status: str | None) -> Any:
    def read(told: Object) -> Data:
        found = told["invoice"]
        total = _money(told, found, "total_in_cents", "total")
        due = _money(told, found, "balance_in_cents", "balance")
        subscriptions = found.get("subscription_ids")
        first = subscriptions[0] if isinstance(subscriptions, list) and subscriptions else None
        number = scalar(found.get("invoice_number")) or scalar(found.get("number"))
        return {
            "invoice": {
                "id": scalar(found.get("uuid")) or scalar(found.get("id")),
                "number": number or scalar(told["ids"].get("invoice_number")),
                "status": status or _INVOICE_STATES.get(str(found.get("state"))),
                **total,
                "amount_due": due["amount"],
                "amount_due_minor": due["amount_minor"],
                "billing_reason": text(found.get("origin")),
                "issued_at": timestamp(found.get("created_at")),
                "due_at": timestamp(found.get("due_on")) or timestamp(found.get("due_at")),
                "paid_at": (timestamp(found.get("closed_at")) or told["at"]) if status == "paid" else None,
                "subscription_id": scalar(first),
            }
        }

    return read


def payment(status: str) -> Any:
    def read(told: Object) -> Data:
        found = told["transaction"]
        own = {
            "id": scalar(found.get("id")) or scalar(found.get("uuid")) or scalar(told["ids"].get("uuid")),
            "status": status,
            **_money(told, found, "amount_in_cents", "amount"),
            "method": text(found.get("payment_method")),
            "failure_code": text(found.get("failure_type")) if status == "failed" else None,
            "failure_reason": text(found.get("message"), found.get("status_message")) if status == "failed" else None,
            "paid_at": told["at"] if status == "succeeded" else None,
            "reference": text(found.get("reference")),
            "gateway": text(found.get("gateway")) or "Recurly",
            "invoice_id": scalar(found.get("invoice_id")),
            "invoice_number": scalar(found.get("invoice_number")) or scalar(under(found, "invoice", "number")),
            "subscription_id": scalar(found.get("subscription_id")),
        }
        return {"payment": own}

    return read


def refund(told: Object) -> Data:
    found = told["transaction"]
    return {
        "refund": {
            "id": scalar(found.get("id")) or scalar(told["ids"].get("uuid")),
            "status": "succeeded",
            **_money(told, found, "amount_in_cents", "amount"),
            "invoice_id": scalar(found.get("invoice_id")),
            "invoice_number": scalar(found.get("invoice_number")),
            "created_at": timestamp(found.get("date")) or timestamp(found.get("created_at")),
        }
    }


def dunning(told: Object) -> Data:
    data: Data = payment("failed")(told)
    data["payment"] |= {
        "invoice_number": scalar(told["invoice"].get("invoice_number")) or scalar(told["ids"].get("invoice_number")),
        "attempt_count": whole(told["invoice"].get("dunning_events_count")),
    }
    return data


def card(told: Object) -> Data:
    billing = an_object(under(told["account"], "billing_info"))
    method = an_object(billing.get("payment_method"))
    month, year = whole(method.get("exp_month")), whole(method.get("exp_year"))
    return {
        "payment_method": {
            "id": scalar(billing.get("id")),
            "type": text(method.get("object")),
            "brand": text(method.get("card_type")),
            "last4": text(method.get("last_four")),
            "exp_month": month if month and 1 <= month <= 12 else None,
            "exp_year": year if year and 2000 <= year < 2200 else None,
        }
    }


def customer(told: Object) -> Data:
    account = told["account"]
    return {
        "customer": {
            **(who(told) or {}),
            "first_name": text(account.get("first_name")),
            "last_name": text(account.get("last_name")),
            "phone": text(account.get("phone")),
            "created_at": timestamp(account.get("created_at")),
        }
    }


_JSON = {
    "subscription.created": On("subscription.created", subscription),
    "subscription.updated": On("subscription.updated", subscription),
    "subscription.renewed": On("subscription.renewed", subscription),
    "subscription.paused": On("subscription.paused", subscription),
    "subscription.resumed": On("subscription.resumed", subscription),
    "subscription.canceled": On("subscription.cancellation_scheduled", subscription),
    "subscription.reactivated": On("subscription.resumed", subscription),
    "subscription.expired": On("subscription.expired", ended),
    "subscription.renewal.scheduled": On("subscription.renewal_upcoming", subscription),
    "charge_invoice.created": On("invoice.finalized", invoice("open")),
    "charge_invoice.past_due": On("invoice.overdue", invoice("overdue")),
    "charge_invoice.paid": On("invoice.paid", invoice("paid")),
    "charge_invoice.failed": On("invoice.uncollectible", invoice("uncollectible")),
    "dunning_event.created": On("payment.retry_scheduled", dunning),
    "payment.succeeded": On("payment.succeeded", payment("succeeded")),
    "payment.failed": On("payment.failed", payment("failed")),
    "payment.processing": On("payment.pending", payment("pending")),
    "payment.refunded": On("refund.succeeded", refund),
    "payment.voided": On("refund.succeeded", refund),
    "billing_info.updated": On("payment_method.updated", card),
    "billing_info.created": On("payment_method.added", card),
    "account.created": On("customer.created", customer),
    "account.updated": On("customer.updated", customer),
}
_XML = {
    "new_subscription_notification": _JSON["subscription.created"],
    "updated_subscription_notification": _JSON["subscription.updated"],
    "renewed_subscription_notification": _JSON["subscription.renewed"],
    "canceled_subscription_notification": _JSON["subscription.canceled"],
    "reactivated_account_notification": _JSON["subscription.reactivated"],
    "expired_subscription_notification": _JSON["subscription.expired"],
    "subscription_paused_notification": _JSON["subscription.paused"],
    "subscription_resumed_notification": _JSON["subscription.resumed"],
    "prerenewal_notification": _JSON["subscription.renewal.scheduled"],
    "new_charge_invoice_notification": _JSON["charge_invoice.created"],
    "new_invoice_notification": _JSON["charge_invoice.created"],
    "past_due_charge_invoice_notification": _JSON["charge_invoice.past_due"],
    "past_due_invoice_notification": _JSON["charge_invoice.past_due"],
    "paid_charge_invoice_notification": _JSON["charge_invoice.paid"],
    "failed_charge_invoice_notification": _JSON["charge_invoice.failed"],
    "new_dunning_event_notification": _JSON["dunning_event.created"],
    "successful_payment_notification": _JSON["payment.succeeded"],
    "failed_payment_notification": _JSON["payment.failed"],
    "processing_payment_notification": _JSON["payment.processing"],
    "successful_refund_notification": _JSON["payment.refunded"],
    "void_payment_notification": _JSON["payment.voided"],
    "billing_info_updated_notification": _JSON["billing_info.updated"],
    "new_account_notification": _JSON["account.created"],
    "updated_account_notification": _JSON["account.updated"],
}

PROVIDER = Provider(
    name="recurly",
    label="Recurly",
    kind="payment_gateway",
    homepage="https://docs.recurly.com/recurly-subscriptions/docs/webhooks",
    verification=RecurlySignature(),
    body=ANY,
    event_name=event_name,
    event_id=event_id,
    occurred_at=lambda inbound: instant(subject(inbound)["at"]),
    subject=subject,
    customer=who,
    look_up=LookUp(questions),
    events={**_JSON, **_XML},
    ignored=frozenset(
        [
            "account.closed",
            "account.canceled",
            "canceled_account_notification",
            "closed_account_notification",
            "charge_invoice.updated",
            "charge_invoice.processing",
            "processing_charge_invoice_notification",
            "closed_invoice_notification",
            "credit_invoice.created",
            "credit_invoice.updated",
            "credit_payment.created",
            "new_credit_payment_notification",
            "scheduled_payment_notification",
        ]
    ),
    settings=(
        Setting("api_url", "API address", "Where Recurly's API is.", default="https://v3.recurly.com"),
        Setting(
            "api_key",
            "API key",
            "Private API key, read-only: what JSON webhooks leave out is asked with it.",
            secret=True,
        ),
        Setting("currency", "Currency", "The site's currency: XML payments name none.", default="USD"),
        Setting("tolerance", "Tolerance", "How many seconds old a signature may be.", default="300"),
    ),
)
