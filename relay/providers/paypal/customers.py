"""Who an event is about, by the kind of its resource. Sales and captures do not tell."""

from typing import Any

from relay.providers.paypal.cards import source, trimmed
from relay.providers.paypal.reading import Object, subject, text
from relay.sdk.entities import Customer
from relay.sdk.fields import an_object, dig, first


def who(event: Object) -> Customer | None:
    """The customer. A refund's `payer` is left alone: it is the merchant."""
    for family, read in _READERS.items():
        if str(event.get("event_type")).startswith(family):
            return read(subject(event))
    return None


def _subscriber(sub: Object) -> Customer:
    return _person(an_object(sub.get("subscriber")) or an_object(dig(sub, "payer", "payer_info")))


def _recipient(resource: Object) -> Customer:
    bill = an_object(resource.get("invoice")) or resource
    newer = dig(first(bill.get("primary_recipients")), "billing_info")
    return _person(an_object(newer) or first(bill.get("billing_info")))


def _payer(order: Object) -> Customer:
    _, inner = source(order.get("payment_source"))
    return _person(an_object(order.get("payer")) or inner)


def _disputing_buyer(claim: Object) -> Customer:
    """Told beside the payment, or flat in the older event."""
    buyer = an_object(first(claim.get("disputed_transactions")).get("buyer"))
    return _person(buyer or {"account_id": claim.get("buyer_account_number"), "email": claim.get("buyer_email")})


def _token_holder(saved: Object) -> Customer:
    _, inner = source(saved.get("payment_source"))
    return _person(inner) | {"id": text(dig(saved, "customer", "id")) or _person(inner)["id"]}


def _card_holder(saved: Object) -> Customer:
    card = trimmed(saved)
    return _person(card) | {"id": text(card.get("external_customer_id"), card.get("payer_id"))}


def _person(told: Object) -> Customer:
    return {
        "id": text(told.get("payer_id"), told.get("account_id")),
        "name": _name(told),
        "email": text(told.get("email_address"), told.get("email")),
        "company": text(told.get("business_name")),
    }


def _name(told: Object) -> str | None:
    """v2 has an object of names, or one text; v1 two fields."""
    name: Any = told.get("name")
    if isinstance(name, dict):
        parts = (text(name.get("given_name")), text(name.get("surname")))
        return text(name.get("full_name")) or " ".join(filter(None, parts)) or None
    parts = (text(told.get("first_name")), text(told.get("last_name")))
    return text(name) or " ".join(filter(None, parts)) or None


_READERS = {
    "BILLING.SUBSCRIPTION.": _subscriber,
    "INVOICING.INVOICE.": _recipient,
    "CHECKOUT.": _payer,
    "CUSTOMER.DISPUTE.": _disputing_buyer,
    "RISK.DISPUTE.": _disputing_buyer,
    "VAULT.PAYMENT-TOKEN.": _token_holder,
    "VAULT.CREDIT-CARD.": _card_holder,
}
