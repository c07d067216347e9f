"""Clientexec: invoices, orders, packages and tickets of a hosting company.

Its snap-ins listen to events: https://www.clientexec.com/developers/

An event hands over an object or an id, whose fields are the panel's own (`m_SubTotal`). The agent, which is a snap-in,
posts the few that are listed in setup.md. Amounts have no currency beside them unless the agent could tell it. What an
invoice costs is its total: a subtotal leaves out the taxes.
"""

from dataclasses import replace
from typing import Any

from relay.formats.money import from_decimal
from relay.formats.times import day
from relay.sdk.entities import Customer, Data, named
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.provider import On, panel


def native_name(said: Object) -> str | None:
    return "Invoice-Paid" if said.keys() >= {"invoiceId", "invoice"} else None


def invoice(said: Object, status: str | None = None) -> Data:
    """The panel's own totals: what is left to pay is `m_BalanceDue`."""
    found = an_object(said.get("invoice"))
    currency = said.get("currency") or found.get("m_Currency")
    number = scalar(said.get("invoiceId")) or scalar(found.get("m_ID"))
    return {
        "invoice": {
            "id": number,
            "number": number,
            "status": status,
            **from_decimal(found.get("m_Total"), currency),
            **named("amount_due", from_decimal(found.get("m_BalanceDue"), currency)),
            "description": scalar(found.get("m_Description")),
            "issued_at": day(_either(found, "m_DateCreated", "m_Date")),
            "due_at": day(_either(found, "m_DateDue", "m_BillDate")),
            "paid_at": day(found.get("m_DatePaid")),
        }
    }


def paid(said: Object) -> Data:
    return invoice(said, "paid")


def created(said: Object) -> Data:
    return invoice(said, "open")


def order(said: Object) -> Data:
    number = scalar(said.get("packageId")) or scalar(said.get("orderId"))
    return {"order": {"id": number, "number": number, "status": "pending", "invoice_id": scalar(said.get("invoiceId"))}}


def package(said: Object) -> Data:
    """A client's package is a hosting service to us."""
    name = scalar(said.get("domain"))
    domain = name.lower().rstrip(".") if name else None
    return {
        "service": {
            "id": scalar(said.get("packageId")) or scalar(said.get("userPackageId")),
            "name": scalar(said.get("package")) or domain,
            "domain": domain,
            "username": scalar(said.get("username")),
            "plan": scalar(said.get("package")),
            "status": "active",
        }
    }


def ticket(said: Object) -> Data:
    number = scalar(said.get("ticketId")) or scalar(said.get("ticketid"))
    return {
        "ticket": {
            "id": number,
            "number": number,
            "subject": scalar(said.get("subject")),
            "status": scalar(said.get("status")),
        }
    }


def customer(said: Object) -> Customer:
    """Whose it is: events give the client's number, under a name of their own each."""
    client = an_object(said.get("client"))
    number = _either(said, "userid", "userId", "user_id") or an_object(said.get("invoice")).get("m_UserID")
    return {
        "id": scalar(number) or scalar(client.get("id")),
        "name": scalar(client.get("name")),
        "email": scalar(client.get("email")),
        "company": scalar(client.get("company")),
    }


def _either(fields: Object, *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


PROVIDER = replace(
    panel(
        name="clientexec",
        label="Clientexec",
        kind="billing_system",
        homepage="https://www.clientexec.com",
        native_name=native_name,
        events={
            "Invoice-Create": On("invoice.created", created),
            "Invoice-Paid": On("invoice.paid", paid),
            "Order-NewPackage": On("order.created", order),
            "UserPackage-Activate": On("service.created", package),
            "Ticket-ReplyByCustomer": On("ticket.updated", ticket),
        },
    ),
    customer=customer,
    ignored=frozenset(("relay_test",)),
    agent=("relay-send.php", "relay-install-php.sh", "relay-uninstall-php.sh"),
    agent_argument="/path/to/clientexec",
)
