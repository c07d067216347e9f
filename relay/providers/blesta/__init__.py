"""Blesta: billing, and the services that are billed.

What its Webhooks plugin posts: https://docs.blesta.com/integrations/plugins/webhooks
What each event carries: https://docs.blesta.com/display/dev/Event+Handlers

The body is the event's own parameters, which are mostly an id, and the event's name is a header. What is behind an id
is asked at Blesta's API where the source has a key for it. The plugin signs nothing, numbers nothing and tries once.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from relay.formats import jsontext
from relay.formats.money import from_decimal
from relay.formats.times import local, local_timestamp
from relay.formats.values import KEY, URL
from relay.sdk.entities import Customer, CustomerDetails, Data, named
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, ANYWHERE, BodyFormat, LookUp, On, Provider, Question, Reply, Setting, by, by_arrival
from relay.security.verification import SharedToken

_INVOICE_STATUSES = {"draft": "draft", "proforma": "open", "active": "open", "void": "void"}
_SERVICE_STATUSES = {
    "active": "active",
    "pending": "pending",
    "in_review": "pending",
    "suspended": "suspended",
    "canceled": "canceled",
}
_PERIODS = {"day": "day", "week": "week", "month": "month", "year": "year"}
_BRACKETED = re.compile(r"\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Happening:
    """The parameters of an event, `vars` among them being what it was called with, and what the API told."""

    params: Object
    told: Mapping[str, Any]
    at: datetime

    @property
    def vars(self) -> Object:
        return an_object(self.params.get("vars"))

    def about(self, name: str) -> Object:
        """The row of an invoice, client, service or transaction: from the API, else from the event."""
        return _answer(self.told.get(name)) or an_object(self.params.get(name)) or self.vars

    def id_of(self, name: str) -> str | None:
        return (
            scalar(self.params.get(f"{name}_id"))
            or scalar(an_object(self.params.get(name)).get("id"))
            or scalar(self.vars.get(f"{name}_id"))
            or scalar(_answer(self.told.get(name)).get("id"))
        )


def read(inbound: Inbound) -> Any:
    """JSON, or what PHP makes of nested parameters in a form: `client[first_name]=Zo%C3%AB`."""
    payload = ANY.read(inbound)
    if isinstance(payload, dict) and all(isinstance(value, str) for value in payload.values()):
        return _nested(payload)
    return payload if isinstance(payload, dict) else {}


def subject(inbound: Inbound) -> Happening:
    return Happening(inbound.payload, inbound.looked_up, inbound.received_at)


def questions(inbound: Inbound) -> Mapping[str, Question]:
    """What is behind the ids, and then whose it is."""
    here = subject(inbound)
    asked = {}
    for name in ("invoice", "service", "transaction"):
        found = here.id_of(name)
        if found:
            asked[name] = _get(inbound, name, found)
    client = _client_id(here)
    if client and not an_object(here.params.get("client")):
        asked["client"] = _get(inbound, "client", client)
    return asked


def customer(here: Happening) -> Customer:
    """A client that is told whole is one record; the id of another does not go with its name."""
    client = _answer(here.told.get("client")) or an_object(here.params.get("client"))
    return {
        "id": scalar(client.get("id")) or _client_id(here),
        "name": _full_name(client),
        "email": scalar(client.get("email")),
        "company": scalar(client.get("company")),
    }


def profile(here: Happening) -> Data:
    client = here.about("client")
    return {
        "customer": {
            "id": here.id_of("client"),
            "name": _full_name(client),
            "first_name": scalar(client.get("first_name")),
            "last_name": scalar(client.get("last_name")),
            "email": scalar(client.get("email")),
            "company": scalar(client.get("company")),
            "address_line1": scalar(client.get("address1")),
            "address_line2": scalar(client.get("address2")),
            "city": scalar(client.get("city")),
            "state": scalar(client.get("state")),
            "postal_code": scalar(client.get("zip")),
            "country": scalar(client.get("country")),
            "username": scalar(client.get("username")),
            "created_at": _time(client.get("date_added")),
        }
    }


def whose(here: Happening) -> CustomerDetails:
    return profile(here)["customer"]


def invoice(here: Happening, status: str | None = None) -> Data:
    found = here.about("invoice")
    currency = found.get("currency")
    return {
        "invoice": {
            "id": here.id_of("invoice"),
            "number": scalar(found.get("id_code")),
            "status": status or _INVOICE_STATUSES.get(scalar(found.get("status")) or ""),
            **from_decimal(found.get("total"), currency),
            **named("amount_due", from_decimal(found.get("due"), currency)),
            **named("amount_paid", from_decimal(found.get("paid"), currency)),
            "issued_at": _time(found.get("date_billed")),
            "due_at": _time(found.get("date_due")),
            "paid_at": _time(found.get("date_closed")) if status == "paid" else None,
        }
    }


def closed_invoice(inbound: Inbound) -> tuple[On]:
    """An invoice is closed by its full payment. One that was voided is closed as well, where the API tells so."""
    if subject(inbound).about("invoice").get("status") == "void":
        return (VOIDED,)
    return (PAID,)


def edited_invoice(inbound: Inbound) -> tuple[On, ...]:
    """Of all that can be edited, only its voiding has a name among ours."""
    return (VOIDED,) if subject(inbound).about("invoice").get("status") == "void" else ()


def added_transaction(inbound: Inbound) -> tuple[On, ...]:
    """Blesta writes down what was declined too, and the event itself may hold nothing but an id.

    With the event's own words, a transaction that names no status is approved, as Blesta's `Transactions::add` has it.
    """
    return _by_status(inbound, unless_told=TRANSACTIONS["approved"])


def edited_transaction(inbound: Inbound) -> tuple[On, ...]:
    """What is edited may be no more than a note."""
    return _by_status(inbound, unless_told=())


def _by_status(inbound: Inbound, unless_told: tuple[On, ...]) -> tuple[On, ...]:
    here = subject(inbound)
    status = scalar(here.about("transaction").get("status"))
    if status is None:
        return unless_told if here.vars else (NOTHING_BUT_AN_ID,)
    return TRANSACTIONS.get(status, ())


def nothing_but_an_id(_: Happening) -> Data:
    reason = (
        "Of this transaction only the id is known, so it may be paid, declined or given back. "
        "Blesta's API says which: set api_user and api_key of this source, then replay the event."
    )
    return {"unknown": {"reason": reason, "defect": None}}


def payment(here: Happening, status: str) -> Data:
    found = here.about("transaction")
    when = _time(found.get("date_added"))
    return {
        "payment": {
            "id": here.id_of("transaction"),
            "status": status,
            **from_decimal(found.get("amount"), found.get("currency")),
            "method": scalar(found.get("type_name")) or scalar(found.get("type")),
            "paid_at": when if status == "succeeded" else None,
            "reference": scalar(found.get("transaction_id")),
            "gateway": scalar(found.get("gateway_name")),
        }
    }


def refund(here: Happening) -> Data:
    """A transaction that was given back keeps its number: it is the payment's, and the refund's as well."""
    found = here.about("transaction")
    return {
        "refund": {
            "id": here.id_of("transaction"),
            "status": "succeeded",
            **from_decimal(found.get("amount"), found.get("currency")),
            "payment_id": here.id_of("transaction"),
        }
    }


def service(here: Happening, status: str | None = None) -> Data:
    found = here.about("service")
    name = scalar(found.get("name"))
    return {
        "service": {
            "id": here.id_of("service"),
            "name": name,
            "domain": _domain(found, name),
            "plan": scalar(an_object(found.get("package")).get("name")),
            "status": status or _SERVICE_STATUSES.get(scalar(found.get("status")) or ""),
            "reason": scalar(found.get("suspension_reason")) if status == "suspended" else None,
            "product_id": scalar(an_object(found.get("package")).get("id")),
            "renews_at": _time(found.get("date_renews")),
            "created_at": _time(found.get("date_added")),
            "suspended_at": _time(found.get("date_suspended")) if status == "suspended" else None,
        }
    }


def canceled_service(inbound: Inbound) -> tuple[On]:
    """A service can be canceled for a day to come: it runs until then."""
    here = subject(inbound)
    day = local(here.vars.get("date_canceled") or here.about("service").get("date_canceled"), "UTC")
    if day is not None and day > here.at:
        return (On("service.cancellation_requested", service),)
    return (On("service.terminated", partial(service, status="terminated")),)


def subscription(here: Happening) -> Data:
    """A service that is billed again and again is a subscription too."""
    found = here.about("service")
    price = an_object(found.get("package_pricing"))
    term = scalar(price.get("term")) or ""
    name = scalar(found.get("name"))
    return {
        "subscription": {
            "id": here.id_of("service"),
            "status": "active",
            "plan": scalar(an_object(found.get("package")).get("name")),
            "product_id": scalar(an_object(found.get("package")).get("id")),
            "description": name,
            **from_decimal(price.get("price_renews") or price.get("price"), price.get("currency")),
            "interval": _PERIODS.get(scalar(price.get("period")) or ""),
            "interval_count": int(term) if term.isascii() and term.isdigit() and len(term) < 6 else None,
            "started_at": _time(found.get("date_added")),
            "current_period_end": _time(found.get("date_renews")),
            "renews_at": _time(found.get("date_renews")),
            "domain": _domain(found, name),
        }
    }


def _client_id(here: Happening) -> str | None:
    for place in (here.about("invoice"), here.about("service"), here.about("transaction")):
        if scalar(place.get("client_id")):
            return scalar(place.get("client_id"))
    return here.id_of("client")


def _get(inbound: Inbound, name: str, value: str) -> Question:
    user = f"{inbound.settings.get('api_user')}:{inbound.settings.get('api_key')}"
    path = f"/{name}s/get.json?{urlencode({f'{name}_id': value})}"
    return Question(path, {"authorization": f"Basic {b64encode(user.encode()).decode()}"})


def _answer(found: Any) -> Object:
    """The API wraps what it tells: `{"response": {...}}`."""
    return an_object(an_object(found).get("response"))


def _nested(fields: Mapping[str, str]) -> Object:
    found: Object = {}
    for name, value in fields.items():
        first, *rest = [name.partition("[")[0], *_BRACKETED.findall(name)]
        place = found
        for deeper in rest:
            inner = place.setdefault(first, {})
            if not isinstance(inner, dict):
                break
            place, first = inner, deeper
        place[first] = value
    return found


def _domain(found: Object, name: str | None) -> str | None:
    """Modules keep it in a field of their own; most of them name the service after it."""
    fields = found.get("fields")
    for each in fields if isinstance(fields, list) else ():
        if "domain" in (scalar(an_object(each).get("key")) or ""):
            return (scalar(each.get("value")) or "").lower() or None
    return name.lower() if name and "." in name and " " not in name else None


def _full_name(client: Object) -> str | None:
    return " ".join(filter(None, (scalar(client.get("first_name")), scalar(client.get("last_name"))))) or None


def _time(value: Any) -> str | None:
    return local_timestamp(value, "UTC") if isinstance(value, str) else None


def _both(name: str) -> tuple[str, str]:
    """Since version 4.3 an event after the deed ends in `After`; the older name is still given by older plugins."""
    return name, f"{name}After"


def _paid_with(status: str) -> Callable[[Happening], Data]:
    return partial(payment, status=status)


PAID = On("invoice.paid", partial(invoice, status="paid"))
VOIDED = On("invoice.voided", partial(invoice, status="void"), once=by("invoice", "id", "status"))
NOTHING_BUT_AN_ID = On("unknown", nothing_but_an_id)
# https://source-docs.blesta.com: the statuses of a transaction. Void, and anything new, is no news of money.
TRANSACTIONS: Mapping[str, tuple[On, ...]] = {
    "approved": (On("payment.succeeded", _paid_with("succeeded"), once=by("payment", "id", "status")),),
    "pending": (On("payment.pending", _paid_with("pending"), once=by("payment", "id", "status")),),
    "declined": (On("payment.failed", _paid_with("failed"), once=by("payment", "id", "status")),),
    "error": (On("payment.failed", _paid_with("failed"), once=by("payment", "id", "status")),),
    "refunded": (On("refund.succeeded", refund, once=by("refund", "id", "status")),),
}

PROVIDER = Provider(
    name="blesta",
    label="Blesta",
    kind="billing_system",
    homepage="https://www.blesta.com",
    verification=SharedToken(),
    event_name=lambda inbound: inbound.headers.get("x-blesta-event") or inbound.native,
    event_id=by_arrival,
    subject=subject,
    customer=customer,
    events={
        # Clients
        "Clients.create": On("customer.created", profile, customer=whose, once=by("customer", "id")),
        "Clients.addAfter": On("customer.created", profile, customer=whose, once=by("customer", "id")),
        **dict.fromkeys(_both("Clients.edit"), On("customer.updated", profile, customer=whose)),
        # Invoices
        **dict.fromkeys(_both("Invoices.add"), On("invoice.created", invoice, once=by("invoice", "id"))),
        **dict.fromkeys(_both("Invoices.edit"), edited_invoice),
        **dict.fromkeys(_both("Invoices.setClosed"), closed_invoice),
        # Payments
        **dict.fromkeys(_both("Transactions.add"), added_transaction),
        **dict.fromkeys(_both("Transactions.edit"), edited_transaction),
        # Services
        **dict.fromkeys(_both("Services.add"), On("service.created", service, once=by("service", "id"))),
        **dict.fromkeys(_both("Services.edit"), On("service.updated", service)),
        **dict.fromkeys(_both("Services.suspend"), On("service.suspended", partial(service, status="suspended"))),
        **dict.fromkeys(_both("Services.unsuspend"), On("service.unsuspended", partial(service, status="active"))),
        **dict.fromkeys(_both("Services.cancel"), canceled_service),
        **dict.fromkeys(_both("Services.renew"), On("subscription.renewed", subscription)),
    },
    ignored=frozenset(
        (
            # nothing has happened yet
            "Clients.addBefore",
            "Clients.editBefore",
            "Clients.deleteBefore",
            "Invoices.addBefore",
            "Invoices.editBefore",
            "Services.addBefore",
            "Services.editBefore",
            "Services.suspendBefore",
            "Services.unsuspendBefore",
            "Services.cancelBefore",
            "Services.renewBefore",
            "Services.deleteBefore",
            "Transactions.addBefore",
            "Transactions.editBefore",
            # no event type of ours
            "Clients.delete",
            "Clients.deleteAfter",
            "Services.delete",
            "Services.deleteAfter",
            # pages, sessions and mail of the panel itself
            "Appcontroller.preAction",
            "Appcontroller.structure",
            "Emails.send",
            "Emails.sendCustom",
            "Navigation.getSearchOptions",
            "Report.clientData",
            "Users.login",
            "Users.logout",
        )
    ),
    body=BodyFormat("any", read, jsontext.dumps),
    settings=(
        Setting(
            "api_url",
            "API address",
            "Where Blesta's API answers, such as https://billing.example/api.",
            form=URL,
            hosts=ANYWHERE,
        ),
        Setting("api_user", "API user", "The user of a key under Settings > System > API Access."),
        Setting("api_key", "API key", "The key of this user. Without it, events hold ids only.", secret=True, form=KEY),
    ),
    secret="ours",
    accepted=Reply(200, "ok"),
    look_up=LookUp(questions, needs=("api_user", "api_key")),
)
