"""Whether fields fit a JSON Schema, and what does not, in words that name the field and never its value."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import orjson

from relay.errors import InvalidRequest
from relay.formats import jsontext
from relay.formats.nearest import did_you_mean

Schema = Mapping[str, Any]


def check(fields: Mapping[str, Any], schema: Schema, *, within: str = "") -> None:
    """Raises `InvalidRequest` that names the field, as one of `within` where the fields are a part of a body."""
    try:
        plain = jsontext.floats(fields)
    except orjson.JSONDecodeError:
        raise InvalidRequest("The body holds a number that is too large.") from None
    error = next(_validator(_Hashed(schema)).iter_errors(plain), None)
    if error is not None:
        raise InvalidRequest(within + _sentence(error, schema))


def without_blanks(fields: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The fields but for those that are null, or an empty text where a text is asked for."""
    known = schema["properties"]
    return {name: value for name, value in fields.items() if not _is_blank(value, known.get(name))}


def _is_blank(value: Any, schema: Schema | None) -> bool:
    return schema is not None and (value is None or (value == "" and schema["type"] == "string"))


class _Hashed:
    """A schema as a cache's key: by identity, since the schemas of the routes live as long as the process."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hashed) and other.schema is self.schema


@cache
def _validator(hashed: _Hashed) -> Any:
    return jsonschema_rs.Draft202012Validator(jsontext.floats(hashed.schema))


def _sentence(error: Any, schema: Schema) -> str:
    """What is wrong, in words that name the field and never its value."""
    where = _where(error.instance_path)
    rule, node = error.schema_path[-1], _node(schema, error.schema_path[:-1])
    if error.kind.name == "required":
        return f"{_where([*error.instance_path, error.kind.property])} is required."
    if error.kind.name == "additionalProperties":
        name = _where([*error.instance_path, str(sorted(error.kind.unexpected)[0])[:60]])
        return f"{name} is not a field of this request. Known fields: {', '.join(node['properties'])}."
    if error.kind.name == "enum":
        return f"{where} {choices(node, error.instance)}"
    if "x-hint" in node:
        return f"{where} {node['x-hint']}"
    match error.kind.name:
        case "type":
            return f"{where} must be {_type_words(node['type'])}."
        case "minLength" | "maxLength" | "pattern":
            shortest, longest = node.get("minLength", 0), node.get("maxLength", "any number of")
            return f"{where} must be a text of {shortest} to {longest} characters in the form that /docs shows."
        case "minimum" | "maximum":
            return f"{where} must lie between {node.get('minimum')} and {node.get('maximum')}."
        case "minItems" | "maxItems":
            return f"{where} must be a list of {node.get('minItems', 0)} to {node.get('maxItems')} entries."
    return f"{where} breaks the rule {rule}; /docs shows what is expected."


def _where(path: Iterable[str | int]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "The body"


def _node(schema: Any, path: Iterable[str | int]) -> Any:
    for part in path:
        schema = schema[part]
    return schema


_TYPE_WORDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def _type_words(types: str | list[str]) -> str:
    return " or ".join(_TYPE_WORDS[each] for each in ([types] if isinstance(types, str) else types))


def choices(schema: Schema, value: Any) -> str:
    """What may be chosen, behind the field's name, and which choice was probably meant."""
    known = [str(each) for each in schema["enum"] if each is not None]
    there_are = schema.get("x-hint") or f"must be one of {', '.join(known)}."
    return f"{there_are}{did_you_mean(value, known) if isinstance(value, str) else ''}"
