"""Clients and their tickets."""

from functools import partial

from relay.providers.whmcs.reading import Hook, client, client_id, currency, date, full_name, ident, text, web_address
from relay.sdk.entities import CustomerDetails, Data


def profile(hook: Hook) -> Data:
    """A client. The hooks of clients carry the profile bare; what the agent looked up wins over it."""
    known = {**hook, **client(hook)}
    return {
        "customer": {
            "id": client_id(hook),
            "name": full_name(known),
            "first_name": text(known.get("firstname")),
            "last_name": text(known.get("lastname")),
            "email": text(known.get("email")),
            "company": text(known.get("companyname")),
            "phone": text(known.get("phonenumber")),
            "address_line1": text(known.get("address1")),
            "address_line2": text(known.get("address2")),
            "city": text(known.get("city")),
            "state": text(known.get("state")),
            "postal_code": text(known.get("postcode")),
            "country": text(known.get("country")),
            "language": text(known.get("language")),
            "currency": currency(hook),
            "created_at": date(known.get("datecreated")),
        }
    }


def profile_owner(hook: Hook) -> CustomerDetails:
    return profile(hook)["customer"]


def ticket(hook: Hook, status: str | None = None) -> Data:
    return {
        "ticket": {
            "id": ident(hook.get("ticketid")),
            "number": text(hook.get("ticketmask")),
            "subject": text(hook.get("subject")),
            "status": text(hook.get("status")) or status,
            "priority": text(hook.get("priority")),
            "department": text(hook.get("deptname")),
            "url": web_address(hook.get("url")),
        }
    }


opened_ticket = partial(ticket, status="Open")
closed_ticket = partial(ticket, status="Closed")
