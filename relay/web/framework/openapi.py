"""The API's description in OpenAPI 3.1, from the resources and the catalogue."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from relay import __version__
from relay.areas.resources import PREFIX, Parameter, PathParameter, Resource, Route, placeholders
from relay.areas.schemas import record, reference, text
from relay.catalogue.vocabulary import Catalogue, EventType, catalogue
from relay.web.framework.requests import with_blanks

Node = dict[str, Any]

_ABOUT = """\
Receives the webhooks of hosting panels, billing systems and payment gateways, proves who sent them, keeps \
them, says them in one vocabulary and delivers them to hooks.

**Keys.** Every call carries `Authorization: Bearer KEY`. A key has scopes; `admin` may do everything, and \
each operation names the scope it needs in `x-scope`.

**Pages.** Lists are newest first and hold at most 100 entries. Pass `next_cursor` back as `cursor` until it \
is null.

**Repeats.** A POST with an `Idempotency-Key` (1 to 255 visible ASCII characters) is done once within 30 \
days: a repeat with the same API key gets the same answer, marked `Idempotency-Replayed: true`. The same key \
with another request is refused with 409, and so is a repeat while the first is still at work. A call that \
failed frees its key. What another API key sends under the same key is another call.

**Limits.** 600 calls a minute for each key; beyond that 429 with `Retry-After`.

**Errors.** Always `{"error": {"code", "message"}}`: the code is stable, the message says what to do.

**Deliveries.** Each event is one POST, signed by the rules of Standard Webhooks (`webhook-id`, \
`webhook-timestamp`, `webhook-signature`) and with the hook's token in `x-relay-token`. A 2xx answer is \
taken as received, 410 switches the hook off, anything else is tried again for about a day. `id` stays the \
same over retries and replays: use it to recognize repeats.
"""
_SUCCESSES = {200: "As asked.", 201: "Made.", 202: "Accepted: it happens now.", 204: "Done."}
_ERRORS = {
    400: ("BadRequest", "The request cannot be read."),
    401: ("Unauthorized", "No API key, or one that is not valid."),
    403: ("Forbidden", "The API key lacks the scope."),
    404: ("NotFound", "There is no such thing in this workspace."),
    409: (
        "Conflict",
        "The Idempotency-Key was used for another request, or its first call is still at work.",
    ),
    410: ("Gone", "It was forgotten on purpose."),
    413: ("TooLarge", "The body is larger than 1 MiB."),
    415: ("UnsupportedEncoding", "The body is not plain JSON."),
    422: ("InvalidRequest", "A field or parameter is wrong; the message names it."),
    429: ("TooManyRequests", "Too many calls. `Retry-After` says how many seconds to wait."),
    503: ("Unavailable", "The database does not answer. `Retry-After` says how many seconds to wait."),
}
_ERROR = record(
    {
        "error": record(
            {
                "code": text("Stable, for machines."),
                "message": text("What was expected, what came, what to do."),
            }
        )
    },
    "Every answer with a status of 400 or more.",
)
_HIDDEN = ("$id", "$schema")


def document(resources: Sequence[Resource], public_url: str) -> Node:
    """The whole description."""
    words = catalogue()
    known = {name: each for resource in resources for name, each in resource.path_parameters.items()}
    paths: Node = {}
    for resource in resources:
        for route in resource.routes:
            paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(resource, route, known)
    for resource in resources:
        for path, operations in resource.outside.items():
            paths[path] = {method: _outside(resource, path, each, known) for method, each in operations.items()}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {"title": "Relay", "version": __version__, "description": _ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": public_url}],
        "security": [{"apiKey": []}],
        "tags": [{"name": each.tag, "description": each.about} for each in resources],
        "paths": paths,
        "webhooks": {each.type: {"post": _delivery(words, each)} for each in words.types.values()},
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "description": "Made with `relay key add`."}
            },
            "schemas": _components(resources, words),
            "responses": {name: error(about, status) for status, (name, about) in _ERRORS.items()},
        },
    }


def self_contained(schema: Mapping[str, Any]) -> Node:
    """An event type's schema with the definitions that it refers to under its own `$defs`."""
    definitions = catalogue().definitions["$defs"]
    needed: dict[str, Node] = {}

    def local(name: str) -> str:
        if name not in needed:
            needed[name] = {}
            needed[name] = _rewritten(definitions[name], local)
        return f"#/$defs/{name}"

    whole: Node = _rewritten(schema, local)
    return whole | {"$defs": dict(sorted(needed.items()))} if needed else whole


def data_name(name: str) -> str:
    return f"data.{name}"


def event_name(name: str) -> str:
    return f"event.{name}"


def answered(about: str, kind: str = "application/json", schema: Mapping[str, Any] | None = None) -> Node:
    """A response with content, of an operation that is described but not routed with the API."""
    return {"description": about, "content": {kind: {"schema": schema or {"type": "object"}}}}


def error(about: str, status: int = 0) -> Node:
    """A response with an error; with the headers that the API sends with this status."""
    response = answered(about, schema=reference("Error"))
    if status in (429, 503):
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    if status == 401:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response


def refused(*statuses: int) -> Node:
    """Responses by status, as the whole API refuses."""
    return {str(status): _usual(status) for status in statuses}


def _usual(status: int) -> Node:
    return {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}


def _outside(resource: Resource, path: str, operation: Mapping[str, Any], known: Mapping[str, PathParameter]) -> Node:
    found = {"tags": [resource.tag], **operation, "security": []}
    parameters = [_path_parameter(name, known[name]) for name in placeholders(path)]
    return found | {"parameters": parameters} if parameters else found


def _operation(resource: Resource, route: Route, known: Mapping[str, PathParameter]) -> Node:
    operation: Node = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [resource.tag],
        "x-scope": route.scope or "any",
    }
    if route.description:
        operation["description"] = route.description
    parameters = [_path_parameter(name, known[name]) for name in route.path_parameters]
    parameters += [_query_parameter(each) for each in route.parameters]
    if route.method == "POST":
        parameters.append(_IDEMPOTENCY_KEY)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        body = with_blanks(route.body) if route.blank_is_absent else route.body
        content = {"schema": _rewritten(body, data_name), "example": route.body_example}
        needed = bool(route.body.get("required"))
        operation["requestBody"] = {"required": needed, "content": {"application/json": content}}
    operation["responses"] = {str(status): _success(route, status) for status in (route.status, *route.also)} | {
        str(status): _refusal(status, route.errors.get(status)) for status in sorted(_refusals(route))
    }
    return operation


def _success(route: Route, status: int) -> Node:
    response: Node = {"description": _SUCCESSES[status]}
    if route.answer is not None:
        content: Node = {"schema": reference(route.answer)}
        if route.example is not None:
            content["example"] = route.example
        response["content"] = {"application/json": content}
    if route.method == "POST":
        response["headers"] = {
            "Idempotency-Replayed": {
                "description": "`true` when this is the answer to an earlier call with the same key.",
                "schema": {"type": "string", "enum": ["true"]},
            }
        }
    return response


def _refusals(route: Route) -> set[int]:
    found = {401, 429, 503} | set(route.errors)
    if route.scope is not None:
        found.add(403)
    if route.path_parameters:
        found.add(404)
    if route.parameters:
        found.add(422)
    if any(each.name == "cursor" for each in route.parameters):
        found.add(400)
    if route.method in ("POST", "PATCH"):
        found |= {400, 413, 415, 422}
    if route.method == "POST":
        found.add(409)
    return found


def _refusal(status: int, about: str | None) -> Node:
    if about is None:
        return _usual(status)
    return error(f"{about} {_ERRORS[status][1]}" if status in (409, 422) else about, status)


def _path_parameter(name: str, parameter: PathParameter) -> Node:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": parameter.description,
        "schema": _rewritten(parameter.schema, data_name),
        "example": parameter.example,
    }


def _query_parameter(parameter: Parameter) -> Node:
    described: Node = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": _rewritten(parameter.schema, data_name),
    }
    if parameter.schema["type"] == "array":
        described |= {"style": "form", "explode": True}
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


_IDEMPOTENCY_KEY: Node = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a repeat of this call harmless.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "example": "order-1042-created",
}


def _components(resources: Iterable[Resource], words: Catalogue) -> Node:
    found: Node = {"Error": _ERROR}
    for resource in resources:
        found |= {name: _rewritten(schema, data_name) for name, schema in resource.schemas.items()}
    for name, schema in words.definitions["$defs"].items():
        found[data_name(name)] = _rewritten(schema, _data_reference)
    found["Event"] = _rewritten(words.envelope, _data_reference)
    for event_type in words.types.values():
        found[event_name(event_type.type)] = _event(event_type)
    return found


def _event(event_type: EventType) -> Node:
    return {
        "title": event_type.title,
        "description": event_type.description,
        "allOf": [
            reference("Event"),
            {
                "type": "object",
                "properties": {
                    "type": {"const": event_type.type},
                    "data": _rewritten(event_type.schema, _data_reference),
                },
            },
        ],
    }


def _delivery(words: Catalogue, event_type: EventType) -> Node:
    content = {"schema": reference(event_name(event_type.type)), "example": words.sample(event_type)}
    return {
        "summary": event_type.title,
        "description": event_type.description,
        "tags": [event_type.family],
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": about,
                "schema": {"type": "string"},
            }
            for name, about in (
                ("webhook-id", "The event's id."),
                ("webhook-timestamp", "Unix seconds of this attempt."),
                ("webhook-signature", "`v1,` and the signature; two of them while a secret is changed."),
                ("x-relay-token", "The hook's token."),
                (
                    "relay-hops",
                    "How many relays the event came through, this one included: one that grows is a circle.",
                ),
            )
        ],
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {
            "2XX": {"description": "Received."},
            "410": {"description": "The hook is switched off."},
        },
        "security": [],
    }


def _data_reference(name: str) -> str:
    return f"#/components/schemas/{data_name(name)}"


def _rewritten(node: Any, refer: Callable[[str], str]) -> Any:
    """A schema without marks of our own, its references to shared definitions led elsewhere."""
    if isinstance(node, list):
        return [_rewritten(each, refer) for each in node]
    if not isinstance(node, Mapping):
        return node
    rewritten: Node = {}
    for name, value in node.items():
        if name in _HIDDEN or name.startswith("x-"):
            continue
        if name == "$ref" and not value.startswith("#/components/"):
            rewritten[name] = refer(value.rpartition("/")[2])
        elif name in ("examples", "example", "default", "const", "enum"):
            rewritten[name] = value
        else:
            rewritten[name] = _rewritten(value, refer)
    return rewritten
