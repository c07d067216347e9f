"""Customers and their means of payment in our words, and who an event is about."""

from relay.formats.times import timestamp
from relay.providers.paddle.reading import Object, entity
from relay.sdk.entities import Customer, Data
from relay.sdk.fields import an_object, dig, text


def read(event: Object) -> Data:
    who = entity(event)
    return {
        "customer": {
            "id": text(who.get("id")),
            "name": text(who.get("name")),
            "email": text(who.get("email")),
            "language": text(who.get("locale")),
            "created_at": timestamp(who.get("created_at")),
        }
    }


def payment_method(event: Object) -> Data:
    """Paddle tells which kind it is, and nothing of the card."""
    means = entity(event)
    return {"payment_method": {"id": text(means.get("id")), "type": text(means.get("type"))}}


def who(event: Object) -> Customer:
    """The customer: in most events only an id, unless the customer came along."""
    about = entity(event)
    person = about if str(event.get("event_type")).startswith("customer.") else an_object(about.get("customer"))
    return {
        "id": text(about.get("customer_id"), person.get("id")),
        "name": text(person.get("name")),
        "email": text(person.get("email")),
        "company": text(dig(about, "business", "name")),
    }
