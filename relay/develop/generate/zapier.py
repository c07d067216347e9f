"""`connectors/zapier/catalogue.json`: everything that the Zapier app reads, from schemas and the tables of the API."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from relay.catalogue.action_types import RESULT
from relay.catalogue.record_kinds import RecordKind, record_kinds
from relay.catalogue.refs import referred, resolved
from relay.catalogue.vocabulary import Catalogue, EventType, catalogue, schema_directory
from relay.formats import jsontext
from relay.insight import records
from relay.model import SEVERITIES
from relay.outbound.match import filters_of
from relay.web.api.actions.calls import EXAMPLE_RESULT

Node = Mapping[str, Any]
Field = dict[str, Any]

OLDEST_RELAY = "0.1.0"
"""The oldest release whose API has all that the app asks for."""

_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}
_FILTERS: Mapping[str, Field] = {
    "source": {
        "label": "Source",
        "type": "string",
        "dynamic": "source_list.id.name",
        "helpText": "Only what this connected account reports. Leave it empty for all.",
    },
    "min_amount": {
        "label": "Minimum Amount",
        "type": "number",
        "helpText": "Only amounts of at least this much, in the currency of the event, such as 50 or 9.90.",
    },
    "currency": {
        "label": "Currency",
        "type": "string",
        "helpText": "Only amounts in this currency, as a three-letter code such as EUR.",
    },
    "severity": {
        "label": "Lowest Severity",
        "type": "string",
        "choices": {each: each.capitalize() for each in SEVERITIES},
        "helpText": "Only what is at least as urgent as this.",
    },
    "domain": {
        "label": "Domain",
        "type": "string",
        "helpText": "Only this domain and the names below it, such as acme-shop.example.",
    },
    "days_ahead": {
        "label": "Days Ahead",
        "type": "integer",
        "helpText": "Only what renews, expires or is due within this many days, such as 7.",
    },
}
"""The filters of hooks that a Zap asks for, with the words that it asks in."""

_OF_THE_RELAY = ("action", "hook", "source")
"""What only the relay itself tells of."""

_ASKED: Mapping[str, Field] = {
    "email": {"label": "Email Address", "helpText": "The customer's e-mail address, in upper or lower case."},
    "id": {"label": "Number or Reference", "helpText": "What it is called at its source, or the number printed on it."},
    "customer": {"label": "Customer", "helpText": "The customer's e-mail address, or its reference at the source."},
    "domain": {"label": "Domain", "helpText": "The domain name, such as acme-shop.example."},
    "status": {"label": "Status", "helpText": "Its state, such as active, overdue, suspended or canceled."},
}


def files(root: Path) -> Mapping[Path, str]:
    return {root / "connectors/zapier/catalogue.json": jsontext.pretty(document(catalogue(), actions()))}


def actions(directory: Path | None = None) -> list[Node]:
    """The schemas of actions, by name."""
    paths = sorted(((directory or schema_directory()) / "actions").glob("*.json"))
    return [{"name": path.stem, **jsontext.loads(path.read_bytes())} for path in paths]


def document(known: Catalogue, acts: Iterable[Node]) -> dict[str, Any]:
    """The whole catalogue."""
    return {
        "oldest_relay": OLDEST_RELAY,
        "envelope": _flat({name: each for name, each in known.envelope["properties"].items() if name != "data"}, known),
        "entities": {name: _flat(each["properties"], known) for name, each in _entities(known).items()},
        "event_types": {each.type: each.title for each in known.types.values()},
        "triggers": [_trigger(each, known) for each in known.types.values()],
        "any_event": {
            "sample": known.sample(known.types["invoice.paid"]),
            "filters": [{"key": name, **_FILTERS[name]} for name in ("source", "severity", "domain")],
        },
        "searches": [_search(known, each) for each in record_kinds().values() if each.launch],
        "run": {"output_fields": _flat(RESULT, known), "sample": EXAMPLE_RESULT},
        "actions": [_action(each, known) for each in acts],
    }


def key_of(name: str) -> str:
    """A key as Zapier wants it; it never changes once published."""
    return name.replace(".", "_")


def _trigger(event_type: EventType, known: Catalogue) -> dict[str, Any]:
    offered = filters_of(event_type)
    return {
        "key": key_of(event_type.type),
        "event_type": event_type.type,
        "noun": event_type.noun,
        "label": event_type.title,
        "description": event_type.description,
        "hidden": not event_type.launch,
        "filters": [{"key": name, **asked} for name, asked in _FILTERS.items() if _asks(name, event_type, offered)],
        "data": {name: referred(each) for name, each in event_type.schema["properties"].items()},
        "sample": known.sample(event_type),
    }


def _entities(known: Catalogue) -> dict[str, Node]:
    """What the data of events is made of, by the names in definitions.json."""
    named = {referred(each) for kind in known.types.values() for each in kind.schema["properties"].values()}
    found = {name: known.definitions["$defs"][name] for name in sorted(each for each in named if each is not None)}
    return {name: each for name, each in found.items() if "properties" in each}


def _an(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _asks(name: str, event_type: EventType, offered: tuple[str, ...]) -> bool:
    """Severity is a choice only where one type has several, a source only where one of the user's own tells of it."""
    if name == "source" and not event_type.entities.keys().isdisjoint(_OF_THE_RELAY):
        return False
    return name in offered and (name != "severity" or event_type.family == "alerts")


def _search(known: Catalogue, of: RecordKind) -> dict[str, Any]:
    kind, noun = of.name, of.title
    return {
        "key": f"find_{kind}",
        "kind": kind,
        "noun": noun,
        "label": f"Find {noun}",
        "description": f"Finds {_an(noun.lower())} and its present state by what you know of it.",
        "path": f"/{of.path}",
        "fields": [{"key": name, "type": "string", **_ASKED[name]} for name in of.searched_by],
        "output_fields": _flat(records.fields(kind, known), known),
        "sample": records.example(kind, known),
    }


def _action(action: Node, known: Catalogue) -> dict[str, Any]:
    into, out = (resolved(action["properties"][side], known.definitions) for side in ("input", "output"))
    example = action["examples"][0]
    required, title, description = into.get("required", ()), action["title"], action["description"]
    reads = action["x-risk"] == "read"
    fields = [
        {
            "key": name,
            "label": each["title"],
            "helpText": each["description"],
            "required": name in required,
            **_input_type(resolved(each, known.definitions)),
            **({"dynamic": "source_list.id.name"} if name == "source" else {}),
        }
        for name, each in into["properties"].items()
    ]
    return {
        "key": key_of(action["name"]),
        "name": action["name"],
        "noun": action["x-noun"],
        "label": f"Find{title.removeprefix('Get')}" if reads else title,
        "description": description.replace("Returns information about", "Finds", 1) if reads else description,
        "risk": action["x-risk"],
        "hidden": not action.get("x-launch", False),
        "fields": sorted(fields, key=lambda field: not field["required"]),
        "output_fields": _flat(out["properties"], known),
        "sample": example["output"],
    }


def _input_type(node: Node) -> Field:
    if "enum" in node:
        return {"type": "string", "choices": {each: str(each).replace("_", " ").capitalize() for each in node["enum"]}}
    if node.get("format") == "date-time":
        return {"type": "datetime"}
    return {"type": _TYPES.get(_named(node), "string")}


def _flat(properties: Node, known: Catalogue) -> list[Field]:
    return [field for name, each in properties.items() for field in _fields(name, each, each.get("title"), known)]


def _fields(key: str, schema: Node, title: str | None, known: Catalogue) -> Iterator[Field]:
    """Zapier's output fields: nested keys with `__`, line items with `[]`."""
    node = resolved(schema, known.definitions)
    if "properties" in node:
        for name, each in node["properties"].items():
            yield from _fields(f"{key}__{name}", each, each.get("title"), known)
    elif "items" in node:
        entry = resolved(node["items"], known.definitions)
        for name, each in entry.get("properties", {}).items():
            yield from _fields(f"{key}[]{name}", each, each.get("title"), known)
        if "properties" not in entry:
            yield {"key": key, "label": title or node.get("title"), "type": "string", "list": True}
    elif node.get("type") != "object":
        kind = "datetime" if node.get("format") == "date-time" else _TYPES.get(_named(node), "string")
        yield {"key": key, "label": title or node.get("title"), "type": kind}


def _named(node: Node) -> str:
    types = node.get("type", "string")
    return next((each for each in ([types] if isinstance(types, str) else types) if each != "null"), "string")
