"""Customers and cards on file in our words, and who an event is about."""

from calendar import monthrange

from relay.formats.times import timestamp
from relay.providers.square.reading import Object, brand, days_from, expiry, last4, person, subject, word
from relay.sdk.entities import Customer, Data
from relay.sdk.fields import an_object, dig, text


def read(event: Object) -> Data:
    who = subject(event, "customer")
    address = an_object(who.get("address"))
    return {
        "customer": {
            **person(who),
            "id": text(who.get("id")),
            "first_name": text(who.get("given_name")),
            "last_name": text(who.get("family_name")),
            "phone": text(who.get("phone_number")),
            "address_line1": text(address.get("address_line_1")),
            "address_line2": text(address.get("address_line_2")),
            "city": text(address.get("locality")),
            "state": text(address.get("administrative_district_level_1")),
            "postal_code": text(address.get("postal_code")),
            "country": text(address.get("country")),
            "created_at": timestamp(who.get("created_at")),
        }
    }


def card(event: Object) -> Data:
    """A card on file. It is good until the end of the month printed on it."""
    kept = subject(event, "card")
    month, year = expiry(kept)
    expires_at = f"{year}-{month:02}-{monthrange(year, month)[1]}T23:59:59Z" if month and year else None
    return {
        "payment_method": {
            "id": text(kept.get("id")),
            "type": "card",
            "brand": brand(kept),
            "last4": last4(kept),
            "exp_month": month,
            "exp_year": year,
            "expires_at": expires_at,
            "holder_name": text(kept.get("cardholder_name")),
            "country": text(dig(kept, "billing_address", "country")),
            "days_until_expiry": days_from(event, expires_at, kept),
        }
    }


def who(event: Object) -> Customer:
    """The customer of whatever the event is about: an invoice names its recipient, most objects an id only."""
    held = an_object(dig(event, "data", "object"))
    about = an_object(next((each for each in held.values() if isinstance(each, dict)), None))
    if word(dig(event, "data", "type")) == "customer":
        return person(about) | {"id": text(about.get("id"))}
    recipient = person(about.get("primary_recipient"))
    return recipient | {
        "id": recipient["id"] or text(about.get("customer_id")),
        "name": recipient["name"] or text(about.get("cardholder_name")),
        "email": recipient["email"] or text(about.get("buyer_email_address")),
    }
