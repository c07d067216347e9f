"""Customers in our words, and who an event is about."""

from relay.formats.times import timestamp
from relay.providers.polar.reading import Object, about
from relay.sdk.entities import Customer, Data
from relay.sdk.fields import an_object, text


def read(event: Object) -> Data:
    who = about(event)
    address = an_object(who.get("billing_address"))
    return {
        "customer": {
            "id": text(who.get("id")),
            "name": text(who.get("name")),
            "email": text(who.get("email")),
            "company": text(who.get("billing_name")),
            "address_line1": text(address.get("line1")),
            "address_line2": text(address.get("line2")),
            "city": text(address.get("city")),
            "state": text(address.get("state")),
            "postal_code": text(address.get("postal_code")),
            "country": text(address.get("country")),
            "language": text(who.get("locale")),
            "created_at": timestamp(who.get("created_at")),
        }
    }


def who(event: Object) -> Customer:
    """The customer: the object itself, one that came along, or the fields of a checkout; a refund has the id only."""
    told = about(event)
    person = told if str(event.get("type")).startswith("customer.") else an_object(told.get("customer"))
    if person:
        return {
            "id": text(person.get("id")),
            "name": text(person.get("name")),
            "email": text(person.get("email")),
            "company": text(person.get("billing_name")),
        }
    return {
        "id": text(told.get("customer_id")),
        "name": text(told.get("customer_name")),
        "email": text(told.get("customer_email")),
        "company": text(told.get("customer_billing_name")),
    }
