"""`/event-types`: the vocabulary, for dropdowns, field lists and samples."""

from typing import Any

from relay.catalogue.vocabulary import EventType, catalogue
from relay.errors import NotFound
from relay.formats import jsontext
from relay.outbound.match import named
from relay.web.api import schemas
from relay.web.api.make_parameters import fields_of
from relay.web.framework import openapi
from relay.web.framework.requests import Parameter
from relay.web.framework.responses import Answer
from relay.web.framework.routes import Call, Route


def _shown(event_type: EventType) -> dict[str, Any]:
    return {
        "type": event_type.type,
        "label": event_type.title,
        "title": event_type.title,
        "description": event_type.description,
        "noun": event_type.noun,
        "family": event_type.family,
        "severity": event_type.severity,
        "version": event_type.version,
        "launch": event_type.launch,
    }


def _find(call: Call) -> EventType:
    found = catalogue().types.get(call.path["type"])
    if found is None:
        raise NotFound("There is no event type of this name. GET /api/v1/event-types lists them.")
    return found


def _list(call: Call) -> Answer:
    return Answer({"items": [_shown(each) for each in catalogue().types.values()]})


def _get(call: Call) -> Answer:
    event_type = _find(call)
    return Answer(_shown(event_type) | {"schema": openapi.self_contained(event_type.schema)})


def _sample(call: Call) -> Answer:
    return Answer(raw=jsontext.dumps(catalogue().sample(_find(call))) + b"\n")


def _fields(call: Call) -> Answer:
    known, types = catalogue().types, call.query.get("types", ())
    wanted = named(types) or tuple(known)
    first = next((each for each in types if each in known), wanted[0])
    fields = fields_of(catalogue(), [known[each] for each in wanted])
    return Answer({"fields": fields, "sample": catalogue().sample(known[first])})


_TYPE = catalogue().types["invoice.paid"]

ROUTES = (
    Route(
        "GET", "/event-types", "list_event_types", "List event types", "Event types", _list, None,
        answer="EventTypeList",
        example={"items": [_shown(_TYPE)]},
    ),
    Route(
        "GET", "/event-types/fields", "list_event_fields", "List the fields of events", "Event types",
        _fields, None,
        "The fields of a delivered event of these types, nested, as Make's parameter specifications; and a"
        " sample.",
        parameters=(
            Parameter(
                "types",
                f"Which event types, repeated or with commas between; without it all. {schemas.EVERY_TYPE_SAYS}",
                schemas.event_types("Names of event types."),
                ["invoice.paid"],
            ),
        ),
        answer="Fields",
    ),
    Route(
        "GET", "/event-types/{type}", "get_event_type", "Get an event type", "Event types", _get, None,
        "With the JSON Schema of its `data`.",
        answer="EventTypeDetails",
    ),
    Route(
        "GET", "/event-types/{type}/sample", "get_event_sample", "Get a sample event", "Event types", _sample,
        None,
        "A whole event of this type with example values, in the form in which events are delivered.",
        answer="Event",
        example=catalogue().sample(_TYPE),
    ),
)  # fmt: skip
