"""`/customers`, `/subscriptions`, ...: what is known by now of whom and of what, as events told it."""

from collections.abc import Callable
from typing import Any

from relay.areas import paging
from relay.areas.paging import CURSOR, LIMIT, page_of
from relay.areas.resources import Answer, Call, Parameter, PathParameter, Resource, Route, Sandbox
from relay.areas.schemas import Schema, many, moment, nullable, record, text
from relay.catalogue.record_kinds import RecordKind, record_kinds
from relay.catalogue.vocabulary import catalogue
from relay.errors import NotFound
from relay.formats import jsontext
from relay.insight.records import example, shown
from relay.storage import events, records
from relay.storage.events import EventQuery
from relay.storage.records import RecordQuery

OF_A_CUSTOMER = tuple(kind for kind in record_kinds().values() if kind.of_a_customer)
OF_AN_EVENT = ("id", "type", "occurred_at", "severity", "summary")
"""What a customer's summary tells: kinds of records, and the keys of its newest events."""

_MOST_IN_A_SUMMARY = 50
_TOLD = "invoice.paid"
"""An event that tells of a customer."""
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 320}
_ID = Parameter("id", "Its id here or at its source; for an invoice also its number.", _TEXT, "INV-1042")
_EMAIL = Parameter("email", "E-mail address of the customer, in any case.", _TEXT, "zoe@example.com")
_DOMAIN = Parameter("domain", "Domain name, in any case.", _TEXT, "acme-shop.example")
_STATUS = Parameter("status", "Its state, such as `active`, `overdue` or `suspended`.", _TEXT, "active")
_CUSTOMER = Parameter("customer", "The customer's id at its source, or the e-mail address.", _TEXT, "zoe@example.com")
_SOURCE = Parameter("source", "Only from this source: `src_...`", _TEXT)


def _listed(kind: RecordKind) -> Callable[[Call], Answer]:
    def work(call: Call) -> Answer:
        asked = paging.by_number(call, kind.path)
        query = RecordQuery(
            kind=kind.name,
            name=call.query.get("id"),
            email=call.query.get("email"),
            domain=call.query.get("domain"),
            status=call.query.get("status"),
            customer=call.query.get("customer"),
            source_id=call.query.get("source"),
            before=asked.before,
            limit=asked.one_more,
        )
        with call.workspace.database.read() as connection:
            found = records.search(connection, call.workspace.id, query)
        rows, cursor = asked.cut(found, lambda row: row[0])
        return paging.page([_shown(body) for _, body in rows], cursor)

    return work


def _shown(body: bytes) -> dict[str, Any]:
    return shown(jsontext.loads(body))


def _summary(call: Call) -> Answer:
    """A customer with everything that is known of it, across all sources if it has an e-mail address."""
    with call.workspace.database.read() as connection:
        record = records.get(connection, call.workspace.id, call.path["record_id"])
        if record is None or record.kind != "customer":
            raise NotFound("There is no customer with this id in this workspace. GET /customers finds it.")
        who = record.email or record.customer_id
        source_id = None if record.email else record.source_id
        things = {
            kind.plural: [
                _shown(body)
                for _, body in records.search(
                    connection,
                    call.workspace.id,
                    RecordQuery(kind=kind.name, customer=who, source_id=source_id, limit=_MOST_IN_A_SUMMARY),
                )
            ]
            for kind in OF_A_CUSTOMER
        }
        recent = events.search(connection, call.workspace.id, EventQuery(customer=who, limit=10))
    told = [jsontext.loads(event.body) for event in recent if event.sequence >= 0]
    newest = [{name: event[name] for name in OF_AN_EVENT} for event in told]
    return Answer({**shown(record.item), **things, "recent_events": newest})


def _route(kind: RecordKind) -> Route:
    searched = [_ID, _STATUS, _SOURCE]
    if kind.of_a_customer:
        searched.append(_CUSTOMER)
    if kind.of_a_customer or kind.name == "customer":
        searched.append(_EMAIL)
    if "domain" in kind.searched_by:
        searched.append(_DOMAIN)
    return Route(
        "GET", f"/{kind.path}", f"list_{kind.plural}", f"Find {kind.label}", _listed(kind),
        "events:read",
        "What events have told by now, that of which an event told last first. An older event never overwrites what a"
        " newer one said. A few seconds behind the events.",
        parameters=(*searched, LIMIT, CURSOR),
        answer="RecordPage",
        example={"items": [example(kind.name, catalogue())], "next_cursor": None},
    )  # fmt: skip


_RECORD: Schema = {
    "id": text("Its id here: `rec_...`"),
    "kind": text("What it is, such as `customer` or `invoice`. The field of this name holds what is known of it."),
    "native_id": text("Its id at its source."),
    "status": nullable(text("Its state, such as `active` or `overdue`; null where none was told.")),
    "source": {"type": "object", "description": "Where it is, and how its newest event was proved."},
    "customer": {"type": "object", "description": "Whose it is; all of its fields are null where nobody is named."},
    "updated_at": moment("When the newest event told of it."),
    "event": {"type": "object", "description": "That event: id and type."},
}


def example_of(sandbox: Sandbox) -> dict[str, str]:
    """One of each kind."""
    types = catalogue().types.values()
    for kind in record_kinds():
        sandbox.tell(next((each.type for each in types if catalogue().sample(each)["data"].get(kind)), _TOLD))
    (customer, *_) = sandbox.call("GET", "/customers")["items"]
    return {"record_id": customer["id"]}


RESOURCE = Resource(
    "Records",
    "What is known by now of customers and their things.",
    place=80,
    routes=(
        *(_route(kind) for kind in record_kinds().values()),
        Route(
            "GET", "/customers/{record_id}/summary", "get_customer_summary", "Get all that is known of a customer",
            _summary, "events:read",
            "Who it is, and its subscriptions, invoices, services, domains, cards and newest events, from all sources"
            " that know its e-mail address.",
            answer="CustomerSummary",
            example=example("customer", catalogue())
            | {kind.plural: [] for kind in OF_A_CUSTOMER}
            | {"recent_events": []},
        ),
    ),
    schemas={
        "Record": {**record(_RECORD), "additionalProperties": True},
        "RecordPage": page_of("Record", "records"),
        "CustomerSummary": {
            **record(
                {
                    **_RECORD,
                    **{
                        name: many({"$ref": "#/components/schemas/Record"}, f"Its {name.replace('_', ' ')}.")
                        for name in ("subscriptions", "invoices", "services", "domains", "payment_methods")
                    },
                    "recent_events": many({"type": "object"}, "Its newest events, with id, type, time and summary."),
                }
            ),
            "additionalProperties": True,
        },
    },
    example_of=example_of,
    path_parameters={
        "record_id": PathParameter(
            "The customer: `rec_...`, as `GET /customers` shows it.", "rec_0f4c1f6e2a3b4c5d6e7f8091a2b3c4d5"
        ),
    },
)  # fmt: skip
