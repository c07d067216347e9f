"""References of schemas to `schemas/definitions.json`, followed."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def referred(schema: Schema) -> str | None:
    """The definition that a schema refers to, by itself or as a choice beside null; None where it refers to none."""
    for choice in (schema, *schema.get("anyOf", ())):
        if "$ref" in choice:
            return str(choice["$ref"].rpartition("/")[2])
    return None


def resolved(schema: Schema, definitions: Schema) -> Schema:
    """The schema behind references and behind "this or null", with the words that stand nearest."""
    words = {name: schema[name] for name in ("title", "description") if name in schema}
    while True:
        if "$ref" in schema:
            rest = {name: value for name, value in schema.items() if name != "$ref"}
            schema = {**definitions["$defs"][referred(schema)], **rest}
            continue
        choices = [each for each in schema.get("anyOf", schema.get("oneOf", ())) if each.get("type") != "null"]
        if len(choices) != 1:
            return {**schema, **words}
        schema = choices[0]


def expanded(node: Any, definitions: Schema) -> Any:
    """The same schema without any reference."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            return expanded(definitions["$defs"][referred(node)], definitions)
        return {name: expanded(each, definitions) for name, each in node.items()}
    return [expanded(each, definitions) for each in node] if isinstance(node, list) else node
