"""The API's description in OpenAPI 3.1, from the table of routes, the schemas and the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from relay import __version__
from relay.catalogue.vocabulary import Catalogue, EventType, catalogue
from relay.web.api import schemas
from relay.web.framework.requests import with_blanks
from relay.web.framework.routes import PREFIX, Route

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
_TAGS = {
    "Connection": "For testing a connection.",
    "Hooks": "Who is told of events.",
    "Events": "What happened.",
    "Replays": "Sending again.",
    "Event types": "The vocabulary.",
    "Deliveries": "What was sent to whom, and how it went.",
    "Sources": "Who may post to the relay.",
    "Records": "What is known by now of customers and their things.",
    "Actions": "What the relay does for you at gateways, panels and desks, and who has to approve it.",
    "Inbound": "Where providers post to.",
    "Health": "For monitors.",
}
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
_PATH_PARAMETERS = {
    "record_id": ("The customer: `rec_...`, as `GET /customers` shows it.", "rec_0f4c1f6e2a3b4c5d6e7f8091a2b3c4d5"),
    "hook_id": ("The hook's id.", "hk_019aa9d3b2c07f4e81d25a6c3b9e04f1"),
    "source_id": ("The source's id.", "src_019aa9d3b2c07f4e81d25a6c3b9e04f4"),
    "event_id": ("The event's id.", "evt_5f0c7d21e9a84b36b1d7c2f80e93a64d"),
    "run_id": ("The run's id.", "run_019aa9d3b2c07f4e81d25a6c3b9e04f8"),
    "type": ("The event type.", "invoice.paid"),
}
_HIDDEN = ("$id", "$schema")


def document(routes: Iterable[Route], public_url: str) -> Node:
    """The whole description."""
    words = catalogue()
    paths: Node = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    for path, operations in _OUTSIDE.items():
        paths[path] = {method: {**operation, "security": []} for method, operation in operations.items()}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {"title": "Relay", "version": __version__, "description": _ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": public_url}],
        "security": [{"apiKey": []}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "webhooks": {each.type: {"post": _delivery(words, each)} for each in words.types.values()},
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "http", "scheme": "bearer", "description": "Made with `relay key add`."}
            },
            "schemas": _components(words),
            "responses": {name: _error(status, about) for status, (name, about) in _ERRORS.items()},
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


def _operation(route: Route) -> Node:
    operation: Node = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "x-scope": route.scope or "any",
    }
    if route.description:
        operation["description"] = route.description
    parameters = [_path_parameter(name) for name in route.path_parameters]
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
        content: Node = {"schema": schemas.reference(route.answer)}
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
    name, usual = _ERRORS[status]
    if about is None:
        return {"$ref": f"#/components/responses/{name}"}
    return _error(status, f"{about} {usual}" if status in (409, 422) else about)


def _error(status: int, about: str) -> Node:
    response: Node = {
        "description": about,
        "content": {"application/json": {"schema": schemas.reference("Error")}},
    }
    if status in (429, 503):
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    if status == 401:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response


def _path_parameter(name: str) -> Node:
    about, example = _PATH_PARAMETERS[name]
    schema: Node = {"type": "string"}
    if name == "type":
        schema["enum"] = list(schemas.EVENT_TYPES)
    else:
        schema["pattern"] = "^[A-Za-z0-9_]{1,64}$"
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": about,
        "schema": schema,
        "example": example,
    }


def _query_parameter(parameter: Any) -> Node:
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


def _components(words: Catalogue) -> Node:
    found: Node = {name: _rewritten(schema, data_name) for name, schema in schemas.COMPONENTS.items()}
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
            schemas.reference("Event"),
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
    content = {"schema": schemas.reference(event_name(event_type.type)), "example": words.sample(event_type)}
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


def _plain(about: str, kind: str = "application/json", schema: Node | None = None) -> Node:
    return {"description": about, "content": {kind: {"schema": schema or {"type": "object"}}}}


_ANSWER = {"type": "object", "required": ["id", "status"], "properties": {"id": {"type": "string"}}}
_POST_INBOUND: Node = {
    "operationId": "receive_webhook",
    "summary": "Receive a webhook",
    "tags": ["Inbound"],
    "description": "What a provider posts to: its own body, proved its own way. Some providers need other"
    " answers and get them.",
    "parameters": [_path_parameter("source_id")],
    "requestBody": {"required": False, "content": {"*/*": {}}},
    "responses": {
        "202": _plain("Kept.", schema=_ANSWER),
        "200": _plain("A repeat of one that is kept: the id is the first one's.", schema=_ANSWER),
        "400": {"$ref": "#/components/responses/BadRequest"},
        "401": _error(0, "The sender could not be proved."),
        "404": _error(0, "There is no such source."),
        "413": {"$ref": "#/components/responses/TooLarge"},
        "415": {"$ref": "#/components/responses/UnsupportedEncoding"},
        "503": {"$ref": "#/components/responses/Unavailable"},
    },
}
_OUTSIDE: Mapping[str, Mapping[str, Node]] = {
    "/in/{source_id}": {"post": _POST_INBOUND},
    "/healthz": {
        "get": {
            "operationId": "get_health",
            "summary": "Is it alive",
            "tags": ["Health"],
            "responses": {"200": _plain("The process lives.")},
        }
    },
    "/readyz": {
        "get": {
            "operationId": "get_readiness",
            "summary": "Is it ready",
            "tags": ["Health"],
            "description": "Ready means that webhooks can be kept. They are without Redis, too.",
            "responses": {"200": _plain("Ready."), "503": _plain("The database does not answer.")},
        }
    },
    "/metrics": {
        "get": {
            "operationId": "get_metrics",
            "summary": "Numbers for Prometheus",
            "tags": ["Health"],
            "description": "For callers on the relay's own machine (not through a proxy), and for API keys"
            " with `events:read`. The numbers are of all workspaces together and name none.",
            "responses": {
                "200": _plain("Prometheus text.", "text/plain", {"type": "string"}),
                "401": {"$ref": "#/components/responses/Unauthorized"},
                "403": {"$ref": "#/components/responses/Forbidden"},
                "503": {"$ref": "#/components/responses/Unavailable"},
            },
        }
    },
    f"{PREFIX}/openapi.json": {
        "get": {
            "operationId": "get_openapi",
            "summary": "This description",
            "tags": ["Connection"],
            "responses": {
                "200": _plain("OpenAPI 3.1."),
                "429": {"$ref": "#/components/responses/TooManyRequests"},
            },
        }
    },
}
