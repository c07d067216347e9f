"""`/event-types`: the vocabulary, for dropdowns, field lists and samples."""

from typing import Any

from relay.areas.resources import Answer, Call, Parameter, PathParameter, Resource, Route
from relay.areas.schemas import Schema, described, many, record, reference, text, truth, whole
from relay.catalogue.vocabulary import EventType, catalogue
from relay.errors import NotFound
from relay.formats import jsontext
from relay.model import SEVERITIES
from relay.outbound.match import named
from relay.outbound.wanted import EVENT_TYPES, EVERY_TYPE_SAYS, event_types
from relay.web.framework import openapi
from relay.web.framework.make_parameters import fields_of


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


_EVENT_TYPE: Schema = {
    "type": text("Its name, such as `invoice.paid`."),
    "label": text("Its title, for lists."),
    "title": text("Its title."),
    "description": text("When it happens."),
    "noun": text("What it is about."),
    "family": text("The group it belongs to."),
    "severity": text("How grave it is, unless an event says otherwise.", enum=list(SEVERITIES)),
    "version": whole("The version of its data."),
    "launch": truth("Whether it is among the most used."),
}

RESOURCE = Resource(
    "Event types",
    "The vocabulary.",
    place=50,
    routes=(
        Route(
            "GET", "/event-types", "list_event_types", "List event types", _list, None,
            answer="EventTypeList",
            example={"items": [_shown(_TYPE)]},
        ),
        Route(
            "GET", "/event-types/fields", "list_event_fields", "List the fields of events",
            _fields, None,
            "The fields of a delivered event of these types, nested, as Make's parameter specifications; and a"
            " sample.",
            parameters=(
                Parameter(
                    "types",
                    f"Which event types, repeated or with commas between; without it all. {EVERY_TYPE_SAYS}",
                    event_types("Names of event types."),
                    ["invoice.paid"],
                ),
            ),
            answer="Fields",
        ),
        Route(
            "GET", "/event-types/{type}", "get_event_type", "Get an event type", _get, None,
            "With the JSON Schema of its `data`.",
            answer="EventTypeDetails",
        ),
        Route(
            "GET", "/event-types/{type}/sample", "get_event_sample", "Get a sample event", _sample,
            None,
            "A whole event of this type with example values, in the form in which events are delivered.",
            answer="Event",
            example=catalogue().sample(_TYPE),
        ),
    ),
    schemas={
        "EventType": record(_EVENT_TYPE),
        "EventTypeDetails": record(
            {**_EVENT_TYPE, "schema": {"type": "object", "description": "The JSON Schema of its `data`."}}
        ),
        "EventTypeList": record({"items": many(reference("EventType"), "All of them.")}),
        "Fields": record(
            {
                "fields": many(
                    {
                        "type": "object",
                        "required": ["name", "label", "type"],
                        "properties": {
                            "name": {"type": "string"},
                            "label": {"type": "string"},
                            "type": {"type": "string"},
                            "help": {"type": "string"},
                        },
                    },
                    "The fields of a delivered event, as Make's parameter specifications.",
                ),
                "sample": described(reference("Event"), "An event of the first of these types."),
            }
        ),
    },
    example_of=lambda _: {"type": _TYPE.type},
    path_parameters={
        "type": PathParameter("The event type.", _TYPE.type, {"type": "string", "enum": list(EVENT_TYPES)}),
    },
)  # fmt: skip
