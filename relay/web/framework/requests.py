"""What a caller sent, read strictly: body, query and headers, by the same schemas that the docs show."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import request

from relay.areas.resources import Parameter
from relay.areas.schemas import Schema
from relay.errors import InvalidRequest, UnsupportedEncoding
from relay.formats import json_schema, jsontext
from relay.formats.times import instant
from relay.web.framework import body

_LONGEST_QUERY_VALUE = 1000
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$", re.ASCII)
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def raw_body() -> bytes:
    """The request's bytes. Raises what `body.read` does, and `UnsupportedEncoding` when they are not plain JSON."""
    sent = body.read()
    if sent:
        _check_kind()
    return sent


def json_object(sent: bytes, schema: Schema, *, blank_is_absent: bool = False) -> dict[str, Any]:
    """The body as an object that fits the schema; no body is an empty object. With `blank_is_absent` a field that is
    null, or an empty text where a text is asked for, counts as not given: so platforms send what a user left empty.

    Raises `Unreadable` when it is no JSON, `InvalidRequest` that names the field when it does not fit.
    """
    found: Any = jsontext.loads(sent) if sent else {}
    if not isinstance(found, dict):
        raise InvalidRequest("The body must be a JSON object.")
    if b"\\u0000" in sent and _has_nul(found):
        raise InvalidRequest("The body holds the character U+0000, which cannot be stored. Leave it out.")
    fields: dict[str, Any] = json_schema.without_blanks(found, schema) if blank_is_absent else found
    json_schema.check(fields, schema)
    return fields


def with_blanks(schema: Schema) -> Schema:
    """What a body may hold whose blank fields count as not given, for the documentation."""
    required = schema.get("required", ())
    found = {name: each if name in required else _or_blank(each) for name, each in schema["properties"].items()}
    return {**schema, "properties": found}


def _or_blank(schema: Schema) -> Schema:
    if schema["type"] != "string":
        return {**schema, "type": [schema["type"], "null"]}
    blank = [{"type": "string", "maxLength": 0}, {"type": "null"}]
    return {"description": schema["description"], "anyOf": [schema, *blank]}


def query(parameters: Iterable[Parameter]) -> dict[str, Any]:
    """The query parameters that were given, by name; others are passed over. Raises `InvalidRequest`."""
    found = {}
    for parameter in parameters:
        values = [value for value in request.args.getlist(parameter.name) if value != ""]
        if values:
            found[parameter.name] = _query_value(parameter, values)
        elif parameter.required:
            raise InvalidRequest(f"{parameter.name} is required.")
    return found


def idempotency_key() -> str | None:
    """The `Idempotency-Key` header. Raises `InvalidRequest`."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidRequest("Idempotency-Key must be 1 to 255 visible ASCII characters without blanks.")
    return key


def moment(name: str, text: str) -> int:
    """Unix milliseconds of ISO 8601 with an offset, or of a day in UTC. Raises `InvalidRequest`."""
    found = None
    if _DAY.fullmatch(text):
        try:
            found = datetime.fromisoformat(text).replace(tzinfo=UTC)
        except ValueError:
            found = None
    elif not text.isdigit():
        # A plus that was not percent-encoded arrives as a blank.
        found = instant(_LOST_PLUS.sub(r"+\1", text.upper()))
    if found is None:
        raise InvalidRequest(f"{name} must be ISO 8601 with an offset, such as 2026-11-22T07:00:00Z.")
    return int(found.timestamp() * 1000)


def _check_kind() -> None:
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedEncoding("The body must be JSON, with the header `Content-Type: application/json`.")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedEncoding("The body must be JSON in UTF-8.")
    body.expect_plain()


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _has_nul(item) for name, item in value.items())
    return isinstance(value, list) and any(map(_has_nul, value))


def _query_value(parameter: Parameter, values: list[str]) -> Any:
    name, schema = parameter.name, parameter.schema
    if any("\0" in value for value in values):
        raise InvalidRequest(f"{name} must be a text without the character U+0000.")
    if schema["type"] == "array":
        # A list is as long as its entries are many: only each of them is held to a length.
        parts = [stripped for value in values for part in value.split(",") if (stripped := part.strip())]
        if len(parts) > schema["maxItems"]:
            raise InvalidRequest(f"{name} must be a list of at most {schema['maxItems']} entries.")
        return list(dict.fromkeys(_single(name, schema["items"], part) for part in parts))
    if len(values) > 1:
        raise InvalidRequest(f"{name} may be given only once; it was given {len(values)} times.")
    return _single(name, schema, values[0])


def _single(name: str, schema: Schema, text: str) -> Any:
    if schema["type"] == "integer":
        lowest, highest = schema["minimum"], schema["maximum"]
        if not _INTEGER.fullmatch(text) or not lowest <= int(text) <= highest:
            raise InvalidRequest(f"{name} must be a whole number from {lowest} to {highest}.")
        return int(text)
    if schema["type"] == "boolean":
        if text not in ("true", "false"):
            raise InvalidRequest(f"{name} must be true or false.")
        return text == "true"
    if schema.get("format") == "date-time":
        return moment(name, text)
    if "enum" in schema and text not in schema["enum"]:
        raise InvalidRequest(f"{name} {json_schema.choices(schema, text)}")
    longest = schema.get("maxLength", _LONGEST_QUERY_VALUE)
    if len(text) > longest:
        raise InvalidRequest(f"{name} must be a text of at most {longest} characters.")
    return text
