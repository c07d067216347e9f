"""Everything offered, read from `schemas/`: one description from which API, docs and connectors follow."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from relay.catalogue.refs import resolved
from relay.formats import jsontext
from relay.formats.money import currency_code, in_both_forms

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NEWS = "~"
_LONGEST_SAID = 300
DEFINITIONS = "urn:relay:schema:definitions"
_SAMPLE_SOURCES = {
    "customers": ("whmcs", "billing_system", "WHMCS", "standard_webhooks"),
    "hosting": ("cpanel", "hosting_panel", "server1.host.example", "standard_webhooks"),
    "alerts": ("standard", "generic", "Monitoring", "standard_webhooks"),
    "relay": ("relay", "relay", "Relay", "relay"),
}
"""Who tells of the families that no payment gateway knows, in samples."""

FAMILIES = ("renewals", "invoices", "payments", "customers", "hosting", "alerts", "relay")


def schema_directory() -> Path:
    """`schemas/` inside an installed package, or beside the code in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "schemas"
    return packaged if packaged.is_dir() else package.parent / "schemas"


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of a sentence: whether it may go, whether it is said only as news, and what it is made of: text and, as
    tuples of paths, placeholders."""

    may_go: bool
    is_news: bool
    pieces: tuple[str | tuple[tuple[str, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """One sentence about an event, from the schema's `x-summary`.

    `{a.b|c}` is the first of these paths that is not null; a part in square brackets goes when a placeholder
    in it has no value, and one that begins with ~ when its values have been said by then. `parts` are the
    template's pieces.
    """

    parts: tuple["_Part", ...]

    @classmethod
    def read(cls, template: str) -> "Summary":
        pieces = enumerate(_OPTIONAL.split(template))
        return cls(
            tuple(
                _Part(index % 2 == 1, piece.startswith(_NEWS), _read_piece(piece.removeprefix(_NEWS)))
                for index, piece in pieces
                if piece
            )
        )

    def of(self, envelope: Mapping[str, Any]) -> str:
        values = {"customer": envelope["customer"], "source": envelope["source"], **envelope["data"]}
        sentence = ""
        for part in self.parts:
            filled = [each if isinstance(each, str) else _cut(_first(values, each)) for each in part.pieces]
            if part.may_go and None in filled:
                continue
            if part.is_news and all(says(sentence, each) for each in filled if each not in part.pieces):
                continue
            sentence += "".join("" if each is None else str(each) for each in filled)
        # What a provider says of a failure may be many lines.
        return sentence if "\n" not in sentence else " ".join(sentence.split())


def _read_piece(piece: str) -> tuple[str | tuple[tuple[str, ...], ...], ...]:
    split = _PLACEHOLDER.split(piece)
    return tuple(
        tuple(tuple(path.split(".")) for path in each.split("|")) if index % 2 else each
        for index, each in enumerate(split)
        if each
    )


def _cut(value: Any) -> Any:
    """What a provider says of a failure may be a page."""
    if isinstance(value, str) and len(value) > _LONGEST_SAID:
        return value[: _LONGEST_SAID - 1].rstrip() + "…"
    return value


def says(sentence: str, value: Any) -> bool:
    """Whether a sentence holds a value as whole words."""
    whole = rf"(?<!\w){re.escape(str(value).strip())}(?!\w)"
    return re.search(whole, sentence, re.IGNORECASE) is not None


def _first(values: Mapping[str, Any], paths: tuple[tuple[str, ...], ...]) -> Any:
    for path in paths:
        value: Any = values
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


@dataclass(frozen=True, slots=True)
class Entity:
    """The keys of an entity before anything is known: null, or an empty list; what the lists hold, and the objects."""

    blank: Mapping[str, Any]
    items: Mapping[str, "Entity"]
    parts: Mapping[str, "Entity"] = field(default_factory=dict)

    def complete(self, value: Any) -> Any:
        """`value` with every key. A key that the entity does not have stays, to be refused by the schema."""
        if not isinstance(value, dict):
            return value
        completed = {**self.blank, **value}
        for name, entity in self.items.items():
            if isinstance(completed[name], list):
                completed[name] = [entity.complete(item) for item in completed[name]]
        return completed

    def whole(self, value: Any) -> dict[str, Any]:
        """The keys of the entity, all of them and no others, down to the last: also those of an object that is null."""
        known = value if isinstance(value, Mapping) else {}
        return {name: self._part(name, known.get(name, blank)) for name, blank in self.blank.items()}

    def _part(self, name: str, value: Any) -> Any:
        if name in self.parts:
            return self.parts[name].whole(value)
        return [self.items[name].whole(each) for each in value or ()] if name in self.items else value

    def fit(self, value: Any, currency: str | None = None) -> Any:
        """The part of `value` that the entity has keys for, amounts in both their forms; all of it where an entity is
        free of keys. `currency` is that of what it lies in."""
        if not isinstance(value, dict) or not self.blank:
            return value
        known = {name: item for name, item in value.items() if name in self.blank}
        code = currency_code(known.get("currency"))
        if code is not None:
            known["currency"] = currency = code
        if currency is not None:
            for name in self.blank:
                if name.endswith("_minor"):
                    known |= in_both_forms(name.removesuffix("_minor"), known, currency)
        for name, entity in self.items.items():
            if isinstance(known.get(name), list):
                known[name] = [entity.fit(item, currency) for item in known[name]]
        return known


@dataclass(frozen=True, slots=True)
class EventType:
    """One event type. `entities` are what its `data` holds, by key; those in `optional` may be null."""

    type: str
    title: str
    description: str
    noun: str
    family: str
    severity: str
    launch: bool
    version: int
    summary: Summary
    schema: Mapping[str, Any]
    entities: Mapping[str, Entity]
    optional: frozenset[str]
    validator: Any

    def complete(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """`data` with every key its schema has: those left out are null."""
        completed: dict[str, Any] = {name: entity.complete(data.get(name)) for name, entity in self.entities.items()}
        return completed | {name: value for name, value in data.items() if name not in completed}

    def fit(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The part of `data` that the schema has keys for."""
        return {name: self.entities[name].fit(value) for name, value in data.items() if name in self.entities}

    def defect(self, data: Any) -> str | None:
        """Why the schema refuses this `data` (plain JSON values), or None. Names fields, never their values."""
        if self.validator.is_valid(data):
            return None
        error = next(self.validator.iter_errors(data))
        where = ".".join(str(part) for part in error.instance_path) or "data"
        rule = ".".join(str(part) for part in error.schema_path[-2:])
        return f"{where} breaks the rule {rule} of {self.type}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All event types by name, in the order of the files, and the schemas that they share."""

    types: Mapping[str, EventType]
    definitions: Mapping[str, Any]
    envelope: Mapping[str, Any]

    def sample(self, event_type: EventType) -> dict[str, Any]:
        """A whole event of this type as it would be delivered: the schema's example in the example envelope."""
        envelope = dict(self.envelope["examples"][0])
        envelope |= {
            "type": event_type.type,
            "version": event_type.version,
            "severity": event_type.severity,
            "data": event_type.schema["examples"][0],
        }
        if event_type.family in _SAMPLE_SOURCES:
            provider, kind, name, proof = _SAMPLE_SOURCES[event_type.family]
            envelope["source"] = envelope["source"] | {
                "name": name,
                "provider": provider,
                "kind": kind,
                "verified_by": proof,
            }
            envelope["provider_event"] = {"id": "msg_example_1042", "type": None}
        if event_type.family == "relay":
            envelope["customer"] = None
        envelope["summary"] = event_type.summary.of(envelope)
        return envelope


def entity_of(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Entity:
    """The keys that a schema of an object names."""
    blank: dict[str, Any] = {}
    items, parts = {}, {}
    for name, each in resolved(schema, definitions).get("properties", {}).items():
        found = resolved(each, definitions)
        listed = found.get("items")
        blank[name] = None if listed is None else []
        if listed is not None and "properties" in resolved(listed, definitions):
            items[name] = entity_of(listed, definitions)
        elif "properties" in found:
            parts[name] = entity_of(each, definitions)
    return Entity(blank, items, parts)


def _is_optional(schema: Mapping[str, Any]) -> bool:
    return any(choice.get("type") == "null" for choice in schema.get("anyOf", ()))


def load(directory: Path) -> Catalogue:
    """Read a schema directory. A broken file raises here, at start, not at the first event."""
    definitions = jsontext.loads((directory / "definitions.json").read_bytes())
    envelope = jsontext.loads((directory / "envelope.json").read_bytes())
    registry = jsonschema_rs.Registry([(each["$id"], _plain(each)) for each in (definitions, envelope)])
    types = {}
    for path in sorted((directory / "events").glob("*.json")):
        schema = jsontext.loads(path.read_bytes())
        types[path.stem] = EventType(
            type=path.stem,
            title=schema["title"],
            description=schema["description"],
            noun=schema["x-noun"],
            family=schema["x-family"],
            severity=schema["x-severity"],
            launch=schema["x-launch"],
            version=schema["x-version"],
            summary=Summary.read(schema["x-summary"]),
            schema=schema,
            entities={name: entity_of(each, definitions) for name, each in schema["properties"].items()},
            optional=frozenset(name for name, each in schema["properties"].items() if _is_optional(each)),
            validator=jsonschema_rs.Draft202012Validator(_plain(schema), registry=registry),
        )
    return Catalogue(types, definitions, envelope)


def _plain(schema: Any) -> Any:
    """The same schema with floats for the compiled validator, which knows no Decimal."""
    return jsontext.floats(schema)


@cache
def catalogue() -> Catalogue:
    """The catalogue of this installation, read once."""
    return load(schema_directory())
