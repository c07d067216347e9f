"""Clients and what they write."""

from relay.formats.times import day
from relay.sdk.entities import Customer, Data
from relay.sdk.fields import Object, an_object, scalar


def customer(said: Object) -> Customer:
    """The client that was looked up, or the buyer as the invoice names them."""
    invoice = an_object(said.get("invoice"))
    person = an_object(said.get("client")) or an_object(invoice.get("buyer"))
    return {
        "id": scalar(an_object(said.get("client")).get("id")) or _client_id(said),
        "name": _name(person),
        "email": scalar(person.get("email")),
        "company": scalar(person.get("company")),
    }


def profile(said: Object) -> Data:
    client = an_object(said.get("client"))
    return {
        "customer": {
            "id": scalar(client.get("id")) or scalar(said.get("id")),
            "name": _name(client),
            "first_name": scalar(client.get("first_name")),
            "last_name": scalar(client.get("last_name")),
            "email": scalar(client.get("email")),
            "company": scalar(client.get("company")),
            "phone": _phone(client),
            "address_line1": scalar(client.get("address_1")),
            "address_line2": scalar(client.get("address_2")),
            "city": scalar(client.get("city")),
            "state": scalar(client.get("state")),
            "postal_code": scalar(client.get("postcode")),
            "country": scalar(client.get("country")),
            "language": scalar(client.get("lang")),
            "currency": scalar(client.get("currency")),
            "created_at": day(client.get("created_at")),
        }
    }


def ticket(said: Object, status: str | None = None) -> Data:
    found = an_object(said.get("ticket"))
    number = scalar(said.get("id")) or scalar(found.get("id"))
    return {
        "ticket": {
            "id": number,
            "number": number,
            "subject": scalar(found.get("subject")),
            "status": status or scalar(found.get("status")),
            "priority": scalar(found.get("priority")),
            "department": scalar(an_object(found.get("helpdesk")).get("name")),
            "created_at": day(found.get("created_at")),
            "updated_at": day(found.get("updated_at")),
        }
    }


def _client_id(said: Object) -> str | None:
    places = (an_object(said.get(name)).get("client_id") for name in ("invoice", "order", "ticket"))
    return next(filter(None, map(scalar, places)), None)


def _name(person: Object) -> str | None:
    return " ".join(filter(None, (scalar(person.get("first_name")), scalar(person.get("last_name"))))) or None


def _phone(client: Object) -> str | None:
    code, number = scalar(client.get("phone_cc")), scalar(client.get("phone"))
    return f"+{code.lstrip('+')} {number}" if code and number else number
