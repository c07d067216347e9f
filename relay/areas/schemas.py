"""The words that the shapes of requests and answers are written in, as JSON Schema.

Requests are checked by them, answers are described. `x-hint` ends a sentence that begins with the field's name, for a
rule that its keyword cannot put in words.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

ID: Schema = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_]{1,64}$",
    "x-hint": "must be an id as the relay gives them.",
}


def described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def text(description: str, **rules: Any) -> Schema:
    return {"type": "string", "description": description, **rules}


def nullable(schema: Schema) -> Schema:
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **choices}


def moment(description: str) -> Schema:
    return text(description, format="date-time")


def whole(description: str, **rules: Any) -> Schema:
    return {"type": "integer", "description": description, **rules}


def truth(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def many(items: Schema, description: str, **rules: Any) -> Schema:
    return {"type": "array", "items": items, "description": description, **rules}


def record(properties: Mapping[str, Schema], description: str = "", optional: tuple[str, ...] = ()) -> Schema:
    """An object whose properties are all there, but for optional ones."""
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "required": [name for name in properties if name not in optional],
        "properties": dict(properties),
    }


def request(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """A body: fields that are not in it are refused."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def reference(name: str) -> Schema:
    """The schema that a resource hands out under this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def shown_once(description: str) -> Schema:
    """A secret: it is in the answer that it was made for, and in no other."""
    return text(f"Shown this once. {description}", **{"x-secret": True})
