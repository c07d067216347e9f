"""JSON Schema said again as Make's parameter specifications: a scenario can map every field by its name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from relay.catalogue.refs import resolved
from relay.catalogue.vocabulary import Catalogue, EventType

Spec = dict[str, Any]

_BY_FORMAT = {"date-time": "date", "date": "date", "email": "email", "uri": "url"}
_BY_TYPE = {"integer": "integer", "number": "number", "boolean": "boolean", "string": "text"}


def fields_of(catalogue: Catalogue, types: Sequence[EventType]) -> list[Spec]:
    """The fields of a delivered event: the envelope's, and under `data` those of all these types together."""
    found = []
    for name, schema in catalogue.envelope["properties"].items():
        if name == "data":
            found.append(_data(catalogue, types))
        else:
            found.append(spec_of(name, schema, catalogue))
    return found


def _data(catalogue: Catalogue, types: Iterable[EventType]) -> Spec:
    merged: list[Spec] = []
    for event_type in types:
        properties = event_type.schema.get("properties", {})
        merged = _merged(merged, [spec_of(name, each, catalogue) for name, each in properties.items()])
    return {"name": "data", "label": "Data", "type": "collection", "spec": merged}


def spec_of(name: str, schema: Mapping[str, Any], catalogue: Catalogue) -> Spec:
    """One field, with all that is below it."""
    node = resolved(schema, catalogue.definitions)
    spec: Spec = {"name": name, "label": schema.get("title") or node.get("title") or _label(name)}
    help_text = schema.get("description") or node.get("description")
    if help_text:
        spec["help"] = help_text
    return spec | _kind(node, catalogue)


def _kind(node: Mapping[str, Any], catalogue: Catalogue) -> Spec:
    if "properties" in node:
        below = [spec_of(name, each, catalogue) for name, each in node["properties"].items()]
        return {"type": "collection", "spec": below}
    if "items" in node:
        entry = _kind(resolved(node["items"], catalogue.definitions), catalogue)
        return {"type": "array", "spec": entry.get("spec", entry)}
    if node.get("format") in _BY_FORMAT:
        return {"type": _BY_FORMAT[node["format"]]}
    types = node.get("type")
    named = [each for each in ([types] if isinstance(types, str) else types or ()) if each != "null"]
    if not named and "enum" in node:
        named = ["string"]
    return {"type": _BY_TYPE.get(named[0], "any") if len(named) == 1 else "any"}


def _merged(known: list[Spec], more: Iterable[Spec]) -> list[Spec]:
    """Both lists, collections of one name joined."""
    by_name = {spec["name"]: spec for spec in known}
    for spec in more:
        there = by_name.get(spec["name"])
        if there is not None and there["type"] == spec["type"] == "collection":
            spec = there | {"spec": _merged(there["spec"], spec["spec"])}
        by_name[spec["name"]] = spec
    return list(by_name.values())


def _label(name: str) -> str:
    words = name.replace("_", " ")
    text = words[:1].upper() + words[1:]
    return text.replace(" id", " ID").replace(" url", " URL") if text not in ("Id", "Url") else text.upper()
