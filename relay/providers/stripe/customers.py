"""Customers and checkouts in our words, and who an event is about."""

from typing import Any

from relay.formats.times import timestamp
from relay.providers.stripe.reading import Object, before, expanded, first, identity, money, subject, text, told_at
from relay.sdk.entities import Customer, Data, Payment
from relay.sdk.fields import dig


def read(event: Object) -> Data:
    who = subject(event)
    address = expanded(who.get("address"))
    locales = who.get("preferred_locales")
    return {
        "customer": {
            "id": identity(who),
            "name": text(who.get("name")),
            "email": text(who.get("email")),
            "company": text(who.get("business_name")),
            "phone": text(who.get("phone")),
            "address_line1": text(address.get("line1")),
            "address_line2": text(address.get("line2")),
            "city": text(address.get("city")),
            "state": text(address.get("state")),
            "postal_code": text(address.get("postal_code")),
            "country": text(address.get("country")),
            "language": text(locales[0]) if isinstance(locales, list) and locales else None,
            "currency": money(None, who.get("currency"))["currency"],
            "created_at": timestamp(who.get("created")),
        }
    }


def checkout(event: Object) -> Data:
    """A finished checkout and its payment, which is still pending where the bank takes days."""
    session = subject(event)
    return {
        "checkout": {
            **money(session.get("amount_total"), session.get("currency")),
            "id": identity(session),
            "status": text(session.get("status")),
            "mode": text(session.get("mode")),
            "payment_id": identity(session.get("payment_intent")),
            "subscription_id": identity(session.get("subscription")),
            "invoice_id": identity(session.get("invoice")),
            "url": text(session.get("url")),
            "reference": text(session.get("client_reference_id")),
        },
        "payment": _payment(session, {"paid": "succeeded", "unpaid": "pending"}.get(_paid(session)), event),
    }


def succeeded_checkout(event: Object) -> Data:
    return {"payment": _payment(subject(event), "succeeded", event)}


def failed_checkout(event: Object) -> Data:
    return {"payment": _payment(subject(event), "failed", event)}


def who(event: Object) -> Customer | None:
    """The customer of whatever the event is about.

    Most objects carry the id alone, some a name and an e-mail address beside it: an invoice in fields of its
    own, a card or a charge in its billing details.
    """
    about = subject(event)
    if about.get("object") == "customer":
        return _person(about, about)
    charge = expanded(about.get("latest_charge") or about.get("charge")) or first(about.get("charges"))
    references = (
        about.get("customer"),
        about.get("customer_account"),
        before(event).get("customer"),  # a payment method that was detached has none any more
        charge.get("customer"),
        dig(about, "invoice", "customer"),
    )
    reference = next(filter(None, references), None)
    return _person(
        {"id": identity(reference)},
        expanded(reference),
        {"name": about.get("customer_name"), "email": about.get("customer_email")},
        about.get("customer_details"),
        about.get("billing_details"),
        charge.get("billing_details"),
        dig(about, "last_payment_error", "payment_method", "billing_details"),
        {"email": about.get("receipt_email") or charge.get("receipt_email")},
        {"name": about.get("name") if about.get("object") == "card" else None},
        about.get("owner"),
        {
            "name": dig(about, "evidence", "customer_name"),
            "email": dig(about, "evidence", "customer_email_address"),
        },
    )


def _person(*told: Any) -> Customer:
    """For each field the first that is told."""
    known = [each for each in told if isinstance(each, dict)]

    def field(name: str) -> str | None:
        return next(filter(None, (text(each.get(name)) for each in known)), None)

    return {
        "id": field("id"),
        "name": field("name"),
        "email": field("email"),
        "company": field("business_name"),
    }


def _paid(session: Object) -> str:
    return str(session.get("payment_status"))


def _payment(session: Object, status: str | None, event: Object) -> Payment | None:
    if status is None:
        return None
    return {
        **money(session.get("amount_total"), session.get("currency")),
        "id": identity(session.get("payment_intent")),
        "status": status,
        "paid_at": told_at(event) if status == "succeeded" else None,
        "reference": text(session.get("client_reference_id")),
        "gateway": "Stripe",
        "invoice_id": identity(session.get("invoice")),
        "subscription_id": identity(session.get("subscription")),
    }
