"""`/events`: what happened, as it was delivered; what it came from; and events of your own."""

from collections.abc import Mapping, Sequence
from typing import Any

from relay.areas import paging
from relay.areas.paging import CURSOR, LIMIT, page_of
from relay.areas.resources import Answer, Call, Forgotten, Parameter, PathParameter, Resource, Route
from relay.areas.schemas import described, moment, nullable, record, request, text
from relay.catalogue.vocabulary import catalogue
from relay.errors import NotFound
from relay.formats import jsontext
from relay.inbound import own_events
from relay.inbound.identity import event_id
from relay.inbound.stored import open_stored
from relay.model import SEVERITIES, iso, new_id
from relay.outbound.match import EVERY_TYPE, left_out, wants
from relay.outbound.wanted import EVERY_TYPE_SAYS, event_types, read_filters
from relay.queue.lanes import FRESH
from relay.security.approval_links import Links
from relay.security.redaction import parameters_without_secrets, without_secrets
from relay.storage import events, inbound
from relay.storage.events import EventQuery, StoredEvent
from relay.web.api.deliveries import EXAMPLE as DELIVERY
from relay.web.api.deliveries import HOOK, STATE, listed

_CUSTOM = "custom"
_MOST_PASSES = 20
_NEXT_PASS = 200
_FILTERED = ("min_amount", "currency", "severity", "livemode", "domain", "days_ahead")
"""Filters of hooks that lists take too; by the others a list is found in the database."""


def _list(call: Call) -> Answer:
    found, cursor = _page(call)
    # The stored bytes are what was delivered; they are put together, never written anew but for links to approve by.
    items = b",".join(_seen(call, event) for event in found)
    return Answer(raw=b'{"items":[' + items + b'],"next_cursor":' + jsontext.dumps(cursor) + b"}\n")


def _page(call: Call) -> tuple[Sequence[StoredEvent], str | None]:
    """One page, and the cursor of the next one, if there may be more."""
    asked = paging.by_number(call, "events")
    defects, types = call.query.get("defects", False), call.query.get("type", ())
    filters = read_filters({name: call.query[name] for name in _FILTERED if name in call.query}, within="")
    found: list[StoredEvent] = []
    before, size = asked.before, asked.one_more
    with call.workspace.database.read() as connection:
        for _ in range(_MOST_PASSES):
            batch = events.search(
                connection,
                call.workspace.id,
                EventQuery(
                    types=() if EVERY_TYPE in types else tuple(types),
                    but=left_out(types),
                    source_id=call.query.get("source"),
                    customer=call.query.get("customer"),
                    created_after=call.query.get("created_after"),
                    before=before,
                    limit=size,
                ),
            )
            # Test events stand below zero, behind all that happened.
            real = [event for event in batch if event.sequence >= 0]
            found += [event for event in real if _wanted(event, filters, defects=defects)]
            if len(found) > asked.size:
                return asked.cut(found, lambda event: event.sequence)
            if len(real) < size:
                return found, None
            before, size = real[-1].sequence, _NEXT_PASS
    return found, None if before is None else asked.cursor(before)


def _wanted(event: StoredEvent, filters: Mapping[str, Any], *, defects: bool) -> bool:
    if event.defect is not None and not defects:
        return False
    return not filters or wants(filters, jsontext.loads(event.body))


def _seen(call: Call, event: StoredEvent) -> bytes:
    """An event as the caller may see it: a link to approve by is for keys with `admin` only."""
    if not call.key.allows("admin"):
        return event.body
    return Links(call.workspace.vault, call.workspace.config.public_url).for_key(call.key.id, event.body)


def _stored(call: Call) -> StoredEvent:
    with call.workspace.database.read() as connection:
        found = events.get(connection, call.workspace.id, call.path["event_id"])
    if found is None:
        raise NotFound("There is no event with this id in this workspace.")
    return found


def _get(call: Call) -> Answer:
    return Answer(raw=_seen(call, _stored(call)) + b"\n")


def _raw(call: Call) -> Answer:
    event = _stored(call)
    with call.workspace.database.read() as connection:
        kept = inbound.get(connection, event.place)
    if kept is None:
        raise NotFound("This is a test event: no webhook stands behind it.")
    if kept.sealed is None:
        raise Forgotten("The webhook behind this event was forgotten: they are kept for 30 days. The event stays.")
    webhook = open_stored(call.workspace.vault, kept)
    call.note_seen("webhook.read", event.id)
    return Answer(
        {
            "event_id": event.id,
            "inbound_id": kept.id,
            "received_at": iso(kept.received_at),
            "verified_by": kept.verified_by,
            "defect": event.defect,
            "method": webhook.method,
            "headers": parameters_without_secrets(webhook.headers, of="headers"),
            "query": parameters_without_secrets(webhook.query),
            "body": webhook.body.decode(errors="replace"),
        }
    )


def _deliveries(call: Call) -> Answer:
    return listed(call, _stored(call).id)


def _create(call: Call) -> Answer:
    """Said like everything else that the relay itself has to say, so its id is known before it is made."""
    key = new_id("msg")
    workspace = call.workspace
    # As what anybody posts: on its way it counts as our own, whose ids are known.
    data, _ = without_secrets(call.body["data"])
    source = own_events.source_of(workspace.database, workspace.vault, workspace.id)
    with workspace.database.write() as connection:
        own_events.tell(
            connection,
            workspace.vault,
            workspace.id,
            _CUSTOM,
            {_CUSTOM: data},
            key=key,
            customer=call.body.get("customer"),
        )
    workspace.wake(FRESH)
    return Answer({"id": event_id(source.id, f"{_CUSTOM}:{key}", _CUSTOM), "status": "accepted"}, status=202)


EXAMPLE = catalogue().sample(catalogue().types["invoice.paid"])
_EVENT_ID = {"event_id": EXAMPLE["id"]}
TYPES = Parameter(
    "type",
    f"Only these event types: repeat it, or put commas between. {EVERY_TYPE_SAYS}",
    event_types("Names of event types."),
    ["invoice.paid", "payment.failed"],
)


_SEARCHED_BY = (
    Parameter("source", "Only of this source: its id.", {"type": "string", "maxLength": 64}),
    Parameter(
        "customer",
        "Only of this customer: an id or an e-mail address.",
        {"type": "string", "maxLength": 320},
        "zoe@example.com",
    ),
    Parameter("min_amount", "Only of at least this amount, in its currency.", {"type": "number"}, 100),
    Parameter("currency", "Only in this currency.", {"type": "string", "maxLength": 3, "minLength": 3}, "EUR"),
    Parameter("severity", "Only at least so severe.", {"type": "string", "enum": list(SEVERITIES)}, "warning"),
    Parameter("livemode", "Only real business, or only tests.", {"type": "boolean"}),
    Parameter(
        "domain",
        "Only of this domain and those below it.",
        {"type": "string", "minLength": 1, "maxLength": 253},
        "acme-shop.example",
    ),
    Parameter(
        "days_ahead",
        "Only what renews, expires or is due within so many days.",
        {"type": "integer", "minimum": 0, "maximum": 3650},
        30,
    ),
    Parameter(
        "created_after",
        "Only what came in after this.",
        {"type": "string", "format": "date-time"},
        "2026-11-22T07:00:00Z",
    ),
    Parameter(
        "defects",
        "Also events that break their own schema and are never delivered.",
        {"type": "boolean", "default": False},
    ),
)
_CUSTOMER_TEXT = nullable(text("", maxLength=300))
_NEW_EVENT = request(
    {
        "data": {
            "type": "object",
            "description": "What happened, in fields of your own.",
            "minProperties": 1,
            "x-hint": "must be an object with at least one field.",
        },
        "customer": {
            "type": ["object", "null"],
            "description": "Whom it is about.",
            "properties": {
                "id": described(_CUSTOMER_TEXT, "The customer's id where you keep it."),
                "name": described(_CUSTOMER_TEXT, "A person's name."),
                "email": described(_CUSTOMER_TEXT, "An e-mail address."),
                "company": described(_CUSTOMER_TEXT, "A company's name."),
            },
            "additionalProperties": False,
        },
    },
    ("data",),
)

RESOURCE = Resource(
    "Events",
    "What happened.",
    place=30,
    routes=(
        Route(
            "GET", "/events", "list_events", "List events", _list, "events:read",
            "Newest first, each exactly as it was delivered. Links to approve by are shown to keys with `admin` only.",
            parameters=(TYPES, *_SEARCHED_BY, LIMIT, CURSOR),
            answer="EventPage",
            example={"items": [EXAMPLE], "next_cursor": None},
            errors={400: "The cursor is not one of this list."},
        ),
        Route(
            "GET", "/events/{event_id}", "get_event", "Get an event", _get, "events:read",
            answer="Event",
            example=EXAMPLE,
        ),
        Route(
            "GET", "/events/{event_id}/raw", "get_raw_webhook", "Get the webhook behind an event", _raw,
            "events:read",
            "As it came in, without secrets. Kept for 30 days.",
            answer="RawWebhook",
            example=_EVENT_ID | {
                "inbound_id": "in_019aa9d3b2c07f4e81d25a6c3b9e04f7",
                "received_at": "2026-11-22T07:00:01Z",
                "verified_by": "stripe_signature",
                "defect": None,
                "method": "POST",
                "headers": {"content-type": "application/json"},
                "query": {},
                "body": '{"id":"evt_1","type":"invoice.paid"}',
            },
            errors={410: "The webhook was forgotten after 30 days."},
        ),
        Route(
            "GET", "/events/{event_id}/deliveries", "list_deliveries_of_event", "List the deliveries of an event",
            _deliveries, "events:read",
            parameters=(HOOK, STATE, LIMIT, CURSOR),
            answer="DeliveryPage",
            example={"items": [DELIVERY], "next_cursor": None},
        ),
        Route(
            "POST", "/events", "create_event", "Send an event of your own", _create, "hooks:write",
            "It becomes an event of the type `custom` and goes to the hooks that want that type. Fields whose names say"
            " that they hold a secret, such as `password`, are removed.",
            body=_NEW_EVENT,
            body_example={
                "data": {"plan": "Business", "seats": 12},
                "customer": {"id": "cus_42", "email": "zoe@example.com"},
            },
            status=202,
            answer="EventAccepted",
            example={"id": "evt_5f0c7d21e9a84b36b1d7c2f80e93a64d", "status": "accepted"},
            errors={422: "A name or a text in it holds the character U+0000."},
        ),
    ),
    schemas={
        "EventPage": page_of("Event", "events"),
        "RawWebhook": record(
            {
                "event_id": text("The event that was requested."),
                "inbound_id": text("The webhook that it came from: `in_...`"),
                "received_at": moment("When it came in."),
                "verified_by": text("How its sender was proved."),
                "defect": nullable(text("Why the event is not delivered; null for a good one.")),
                "method": text("Its HTTP method."),
                "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                "query": {"type": "object", "additionalProperties": {"type": "string"}},
                "body": text("Its body as text, without secrets."),
            }
        ),
        "EventAccepted": record({"id": text("The event's id."), "status": {"const": "accepted"}}),
    },
    example_of=lambda sandbox: {"event_id": sandbox.tell("invoice.paid")["id"]},
    path_parameters={
        "event_id": PathParameter("The event's id.", "evt_5f0c7d21e9a84b36b1d7c2f80e93a64d"),
    },
)  # fmt: skip
