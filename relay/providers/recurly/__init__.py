"""Recurly: subscriptions, invoices and payments. Its JSON webhooks hold ids only, its XML ones everything, unsigned.

Their events: https://docs.recurly.com/recurly-subscriptions/docs/webhooks
"""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence

from relay.formats.times import day, days_until, instant, timestamp
from relay.formats.values import CURRENCY, KEY, SECONDS
from relay.providers.recurly import reading
from relay.providers.recurly.reading import money
from relay.providers.recurly.verification import RecurlySignature
from relay.sdk.api_settings import vendor_api
from relay.sdk.entities import Customer, Data, Invoice, Payment, Subscription, named
from relay.sdk.fields import Object, an_object, dig, integer, scalar, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, LookUp, On, Provider, Reader, Route, Setting, by

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


def who(told: Object) -> Customer | None:
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


def subscription(told: Object) -> Data:
    return {"subscription": _subscription(told)}


def _subscription(told: Object) -> Subscription:
    found, plan = told["subscription"], an_object(told["subscription"].get("plan"))
    ends = timestamp(found.get("current_period_ends_at"))
    state = _STATES.get(str(found.get("state")))
    runs_on = state in ("active", "trialing", "past_due")
    return {
        "id": scalar(found.get("uuid")) or scalar(told["ids"].get("uuid")),
        "status": state,
        "plan": text(plan.get("name"), plan.get("plan_code"), plan.get("code")),
        "product_id": text(plan.get("plan_code"), plan.get("code")),
        **money(told, found, "total_amount_in_cents", "total", "subtotal"),
        "quantity": integer(found.get("quantity")),
        "started_at": timestamp(found.get("activated_at")),
        "current_period_start": timestamp(found.get("current_period_started_at")),
        "current_period_end": ends,
        "renews_at": ends if runs_on else None,
        "trial_ends_at": timestamp(found.get("trial_ends_at")),
        "cancel_at": timestamp(found.get("expires_at")) if state == "canceled" else None,
        "canceled_at": timestamp(found.get("canceled_at")),
        "ended_at": timestamp(found.get("expires_at")) if state == "expired" else None,
        "cancel_reason": text(found.get("expiration_reason")) if state in ("canceled", "expired") else None,
        "days_until_renewal": days_until(ends, told["now"]) if runs_on else None,
    }


def ended(told: Object) -> Data:
    found = _subscription(told)
    return {"subscription": found | {"status": "expired", "ended_at": found["ended_at"] or told["at"]}}


def _invoice(told: Object, status: str | None) -> Invoice:
    found = told["invoice"]
    subscriptions = found.get("subscription_ids")
    first = subscriptions[0] if isinstance(subscriptions, list) and subscriptions else None
    return {
        "id": scalar(found.get("uuid")) or scalar(found.get("id")),
        "number": scalar(found.get("invoice_number"))
        or scalar(found.get("number"))
        or scalar(told["ids"].get("invoice_number")),
        "status": status or _INVOICE_STATES.get(str(found.get("state"))),
        **money(told, found, "total_in_cents", "total"),
        **named("amount_due", money(told, found, "balance_in_cents", "balance")),
        **named("amount_paid", money(told, found, "paid_in_cents", "paid")),
        **named("tax", money(told, found, "tax_in_cents", "tax")),
        "billing_reason": text(found.get("origin")),
        "issued_at": timestamp(found.get("created_at")),
        "due_at": timestamp(found.get("due_on")) or day(found.get("due_on")) or timestamp(found.get("due_at")),
        "paid_at": (timestamp(found.get("closed_at")) or told["at"]) if status == "paid" else None,
        "attempt_count": _dunned(found),
        "subscription_id": scalar(first),
    }


def invoice(status: str) -> Reader:
    return lambda told: {"invoice": _invoice(told, status)}


def _dunned(found: Object) -> int | None:
    """How often a customer was reminded of an invoice, as after each try; where nobody tries it counts no tries."""
    if found.get("collection_method") == "manual":
        return None
    counted = (integer(found.get(name)) for name in ("dunning_events_count", "dunning_events_sent"))
    return next((count for count in counted if count is not None and count >= 0), None)


def _payment(told: Object, status: str) -> Payment:
    found = told["transaction"]
    # API v3 has an object where XML has a word.
    method = an_object(found.get("payment_method"))
    month, year = _expiry(method)
    failed = status == "failed"
    subscriptions = found.get("subscription_ids")
    first = subscriptions[0] if isinstance(subscriptions, list) and subscriptions else None
    return {
        "id": scalar(found.get("uuid")) or scalar(found.get("id")) or scalar(told["ids"].get("uuid")),
        "status": status,
        **money(told, found, "amount_in_cents", "amount"),
        "method": text(found.get("payment_method"), method.get("object")),
        "card_brand": text(method.get("card_type")),
        "card_last4": (text(method.get("last_four")) or "")[-4:] or None,
        "card_exp_month": month,
        "card_exp_year": year,
        "failure_code": text(found.get("failure_type"), found.get("status_code")) if failed else None,
        "failure_reason": text(found.get("message"), found.get("status_message")) if failed else None,
        "paid_at": told["at"] if status == "succeeded" else None,
        "reference": text(found.get("reference"), found.get("gateway_reference")),
        "gateway": text(found.get("gateway"), dig(found, "payment_gateway", "name")) or "Recurly",
        "invoice_id": scalar(found.get("invoice_id")) or scalar(dig(found, "invoice", "id")),
        "invoice_number": scalar(found.get("invoice_number")) or scalar(dig(found, "invoice", "number")),
        "subscription_id": scalar(found.get("subscription_id")) or scalar(first),
    }


def payment(status: str) -> Reader:
    return lambda told: {"payment": _payment(told, status)}


def refund(told: Object) -> Data:
    """Money that went back: refunded, or a payment voided before it was settled."""
    found = told["transaction"]
    original = an_object(found.get("original_transaction"))
    return {
        "refund": {
            "id": scalar(found.get("uuid")) or scalar(found.get("id")) or scalar(told["ids"].get("uuid")),
            "status": "succeeded",
            **money(told, found, "amount_in_cents", "amount"),
            "payment_id": scalar(original.get("uuid")) or scalar(original.get("id")),
            "invoice_id": scalar(found.get("invoice_id")) or scalar(dig(found, "invoice", "id")),
            "invoice_number": scalar(found.get("invoice_number")) or scalar(dig(found, "invoice", "number")),
            "created_at": timestamp(found.get("date")) or timestamp(found.get("created_at")),
        }
    }


def dunning(told: Object) -> Data:
    """Of an invoice that is due: XML tells the attempt too, JSON the invoice only."""
    owed = _invoice(told, None)
    tried = _payment(told, "failed")
    if tried["amount"] is None:
        tried |= {"amount": owed["amount_due"], "amount_minor": owed["amount_due_minor"], "currency": owed["currency"]}
    tried |= {
        "invoice_id": tried["invoice_id"] or owed["id"],
        "invoice_number": tried["invoice_number"] or owed["number"],
        "subscription_id": tried["subscription_id"] or owed["subscription_id"],
        "attempt_count": owed["attempt_count"],
    }
    return {"payment": tried, "invoice": owed}


def _expiry(method: Object) -> tuple[int | None, int | None]:
    month, year = integer(method.get("exp_month")) or 0, integer(method.get("exp_year")) or 0
    return (month, year) if 1 <= month <= 12 and 2000 <= year < 2200 else (None, None)


def card(told: Object) -> Data:
    billing = an_object(dig(told["account"], "billing_info"))
    method = an_object(billing.get("payment_method"))
    month, year = _expiry(method)
    names = [text(billing.get("first_name")), text(billing.get("last_name"))]
    return {
        "payment_method": {
            "id": scalar(billing.get("id")),
            "type": text(method.get("object")),
            "brand": text(method.get("card_type")),
            "last4": (text(method.get("last_four")) or "")[-4:] or None,
            "exp_month": month,
            "exp_year": year,
            "expires_at": f"{year}-{month:02}-{monthrange(year, month)[1]}T23:59:59Z" if month and year else None,
            "holder_name": " ".join(name for name in names if name) or None,
            "country": text(dig(billing, "address", "country")),
        }
    }


def customer(told: Object) -> Data:
    account = told["account"]
    address = an_object(account.get("address"))
    return {
        "customer": {
            **(who(told) or {}),
            "first_name": text(account.get("first_name")),
            "last_name": text(account.get("last_name")),
            "phone": text(account.get("phone"), address.get("phone")),
            "address_line1": text(address.get("street1")),
            "address_line2": text(address.get("street2")),
            "city": text(address.get("city")),
            "state": text(address.get("region")),
            "postal_code": text(address.get("postal_code")),
            "country": text(address.get("country")),
            "username": text(account.get("username")),
            "language": text(account.get("preferred_locale")),
            "created_at": timestamp(account.get("created_at")),
        }
    }


def _in_state(*states: str) -> Callable[[Inbound], bool]:
    return lambda inbound: reading.subject(inbound)["invoice"].get("state") in states


# XML has no id of its own where the header is missing, and both kinds may be sent: what happens once is told once.
_PAYMENT, _REFUND = by("payment", "id", "status"), by("refund", "id")
_SUBSCRIPTION, _TERM = by("subscription", "id"), by("subscription", "id", "current_period_end")
_INVOICE = by("invoice", "number")
_OVERDUE = On("invoice.overdue", invoice("overdue"), once=_INVOICE)
_CREATED = On("invoice.finalized", invoice("open"), once=_INVOICE)
_PAID = On("invoice.paid", invoice("paid"), once=_INVOICE)
_LOST = On("invoice.uncollectible", invoice("uncollectible"), once=_INVOICE)
# Invoices of sites from before 2018 are closed, whether they were paid or not.
_CLOSED = (
    On("invoice.paid", invoice("paid"), when=_in_state("collected", "paid"), once=_INVOICE),
    On("invoice.uncollectible", invoice("uncollectible"), when=_in_state("failed"), once=_INVOICE),
)
_PENDING = On("payment.pending", payment("pending"), once=_PAYMENT)
_REFUNDED = On("refund.succeeded", refund, once=_REFUND)


def dunned(inbound: Inbound) -> Sequence[On]:
    """Recurly reminds of an invoice. One that it collects itself is tried again, unless this was the last reminder. One
    that the customer pays by hand is tried by nobody: it is overdue, and said once however often he is reminded.
    """
    bill = reading.subject(inbound)["invoice"]
    if bill.get("collection_method") == "manual":
        return (_OVERDUE,)
    return () if bill.get("final_dunning_event") is True else (On("payment.retry_scheduled", dunning),)


_JSON: Mapping[str, Route] = {
    "subscription.created": On("subscription.created", subscription, once=_SUBSCRIPTION),
    "subscription.updated": On("subscription.updated", subscription),
    "subscription.renewed": On("subscription.renewed", subscription, once=_TERM),
    "subscription.paused": On("subscription.paused", subscription),
    "subscription.resumed": On("subscription.resumed", subscription),
    "subscription.canceled": On("subscription.cancellation_scheduled", subscription),
    "subscription.reactivated": On("subscription.resumed", subscription),
    "subscription.expired": On("subscription.expired", ended, once=_SUBSCRIPTION),
    "subscription.renewal.scheduled": On("subscription.renewal_upcoming", subscription),
    "charge_invoice.created": _CREATED,
    "charge_invoice.past_due": _OVERDUE,
    "charge_invoice.paid": _PAID,
    "charge_invoice.failed": _LOST,
    "invoice.created": _CREATED,
    "invoice.past_due": _OVERDUE,
    "invoice.closed": _CLOSED,
    "dunning_event.created": dunned,
    "payment.scheduled": _PENDING,
    "payment.processing": _PENDING,
    "payment.succeeded": On("payment.succeeded", payment("succeeded"), once=_PAYMENT),
    "payment.failed": On("payment.failed", payment("failed"), once=_PAYMENT),
    "payment.refunded": _REFUNDED,
    "payment.voided": _REFUNDED,
    "billing_info.created": On("payment_method.added", card),
    "billing_info.updated": On("payment_method.updated", card),
    "account.created": On("customer.created", customer),
    "account.updated": On("customer.updated", customer),
}
_XML: Mapping[str, Route] = {
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
    "closed_invoice_notification": _JSON["invoice.closed"],
    "new_dunning_event_notification": _JSON["dunning_event.created"],
    "successful_payment_notification": _JSON["payment.succeeded"],
    "failed_payment_notification": _JSON["payment.failed"],
    "scheduled_payment_notification": _JSON["payment.scheduled"],
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
    event_name=reading.event_name,
    event_id=reading.event_id,
    occurred_at=lambda inbound: instant(reading.subject(inbound)["at"]),
    livemode=reading.livemode,
    subject=reading.subject,
    customer=who,
    look_up=LookUp(reading.questions),
    events={**_JSON, **_XML},
    ignored=frozenset(
        [
            "account.closed",
            "account.canceled",
            "billing_info.update_failed",
            "subscription.pending_change.scheduled",
            *(f"charge_invoice.{each}" for each in ("updated", "processing", "reopened")),
            *(f"invoice.{each}" for each in ("updated", "pending", "processing")),
            *(
                f"credit_invoice.{each}"
                for each in ("created", "updated", "processing", "closed", "voided", "reopened", "opened")
            ),
            "credit_payment.created",
            "credit_payment.voided",
            *(
                f"{each}_notification"
                for each in (
                    "canceled_account",
                    "closed_account",
                    "billing_info_update_failed",
                    "new_shipping_address",
                    "updated_shipping_address",
                    "deleted_shipping_address",
                    "scheduled_subscription_pause",
                    "subscription_pause_modified",
                    "subscription_pause_canceled",
                    "paused_subscription_renewal",
                    "new_usage",
                    "purchased_gift_card",
                    "canceled_gift_card",
                    "updated_gift_card",
                    "regenerated_gift_card",
                    "redeemed_gift_card",
                    "updated_balance_gift_card",
                    "low_balance_gift_card",
                    "processing_charge_invoice",
                    "reopened_charge_invoice",
                    "updated_charge_invoice",
                    "new_credit_invoice",
                    "processing_credit_invoice",
                    "closed_credit_invoice",
                    "voided_credit_invoice",
                    "reopened_credit_invoice",
                    "open_credit_invoice",
                    "updated_credit_invoice",
                    "processing_invoice",
                    "updated_invoice",
                    "fraud_info_updated",
                    "transaction_status_updated",
                    "transaction_authorized",
                    "new_credit_payment",
                    "voided_credit_payment",
                )
            ),
        ]
    ),
    settings=(
        vendor_api("Where Recurly's API is.", "https://v3.recurly.com", "v3.eu.recurly.com"),
        Setting(
            "api_key",
            "API key",
            "Private API key, read-only: what JSON webhooks leave out is asked with it.",
            secret=True,
            form=KEY,
        ),
        Setting(
            "xml_password",
            "Password of XML webhooks",
            "Password (or USER:PASSWORD) of HTTP Basic authentication, without which XML is refused.",
            secret=True,
        ),
        Setting("currency", "Currency", "The site's currency, such as USD: XML payments name none.", form=CURRENCY),
        Setting("tolerance", "Tolerance", "How many seconds old a signature may be.", default="300", form=SECONDS),
    ),
)
