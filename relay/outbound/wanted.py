"""What a hook, a list or a replay may want: event types and filters, as JSON Schema, and as they are kept. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from relay.areas.schemas import Schema, many, nullable
from relay.catalogue.vocabulary import catalogue
from relay.formats import json_schema
from relay.model import SEVERITIES
from relay.outbound.match import EVERY_TYPE

EVENT_TYPES = tuple(catalogue().types)
EVENT_TYPE: Schema = {
    "type": "string",
    "enum": list(EVENT_TYPES),
    "x-hint": "is no event type. GET /api/v1/event-types lists them.",
}
EVERY_TYPE_SAYS = f"`{EVERY_TYPE}` is every type but `unknown`."
_TYPE_OR_EVERY: Schema = {**EVENT_TYPE, "enum": [*EVENT_TYPES, EVERY_TYPE]}
_MOST_TYPES = 500
_MOST_IN_A_FILTER = 1000
_UP_TO_3650 = "([0-9]{1,3}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)"


def event_types(description: str, **rules: Any) -> Schema:
    """A list of event types, wherever one is asked for: by name, or all of them by one sign."""
    return many(_TYPE_OR_EVERY, f"{description} {EVERY_TYPE_SAYS}", maxItems=_MOST_TYPES, **rules)


def _one_or_many(entry: Mapping[str, Any], description: str) -> Schema:
    what = f"must be a text or a list of 1 to {_MOST_IN_A_FILTER} texts."
    some = {"type": "array", "items": entry, "minItems": 1, "maxItems": _MOST_IN_A_FILTER}
    return {
        "description": description,
        "anyOf": [entry, some, {"type": "string", "maxLength": 0}, {"type": "null"}],
        "x-hint": what,
    }


FILTERS: Schema = {
    "type": ["object", "null"],
    "description": "Only events that pass every filter are sent. A filter that an event has no value for"
    " holds it back; null, or an empty text, is no filter.",
    "properties": {
        "source": _one_or_many({"type": "string", "minLength": 1}, "Ids of sources."),
        "customer": _one_or_many({"type": "string", "minLength": 1}, "Ids or e-mail addresses of customers."),
        "min_amount": {
            "type": ["number", "string", "null"],
            "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$",
            "description": "The least amount, in the event's own currency.",
            "x-hint": "must be a number such as 100 or 9.50.",
        },
        "currency": _one_or_many({"type": "string", "pattern": "^[A-Za-z]{3}$"}, "ISO 4217 codes."),
        "severity": nullable(
            {"type": "string", "enum": list(SEVERITIES), "description": "The lowest severity to send."}
        ),
        "livemode": {
            "type": ["boolean", "null"],
            "description": "Only live (true) or only test (false) events.",
        },
        "domain": _one_or_many({"type": "string", "minLength": 1}, "Domain names; names below them pass too."),
        "days_ahead": {
            "type": ["integer", "string", "null"],
            "minimum": 0,
            "maximum": 3650,
            "pattern": f"^{_UP_TO_3650}$",
            "description": "Only what renews, expires or is due within so many days.",
            "x-hint": "must be a whole number of days from 0 to 3650.",
        },
    },
    "additionalProperties": False,
}


def read_filters(filters: Mapping[str, Any], *, within: str = "filters.") -> dict[str, Any]:
    """Filters as they are kept, from what a caller sent. Raises `InvalidRequest` that names the field, as one of
    `within`."""
    json_schema.check(filters, FILTERS, within=within)
    return {name: _KEPT[name](value) for name, value in filters.items() if value is not None and value != ""}


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


_KEPT: Mapping[str, Callable[[Any], Any]] = {
    "source": _texts,
    "customer": lambda value: [each.lower() if "@" in each else each for each in _texts(value)],
    "min_amount": str,
    "currency": lambda value: [each.upper() for each in _texts(value)],
    "severity": str,
    "livemode": bool,
    "domain": lambda value: [each.lower().removeprefix("*.") for each in _texts(value)],
    "days_ahead": int,
}
