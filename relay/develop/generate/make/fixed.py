"""The parts of the Make app that are the same whatever the catalogue holds: base, connection, RPCs, webhooks."""

from typing import Any

from relay.catalogue.vocabulary import FAMILIES, Catalogue
from relay.develop.generate.make.parts import CONNECTION, SANITIZED, Component, camel, parameter
from relay.outbound.match import EVERY_TYPE, UNKNOWN
from relay.outbound.platforms.make import PLATFORM

# Only a rejected key may switch a scenario off, so that 401 alone is a token error.
_ERRORS = {
    "message": "[{{statusCode}}] {{ifempty(body.error.message, 'The relay answered with an unexpected error.')}}",
    "type": "RuntimeError",
    "400": {"type": "DataError", "message": "[{{statusCode}}] {{ifempty(body.error.message, 'Bad request.')}}"},
    "401": {"type": "InvalidAccessTokenError", "message": "[{{statusCode}}] The relay rejected the API key."},
    "403": {
        "type": "DataError",
        "message": "[{{statusCode}}] {{ifempty(body.error.message, 'The API key may not do this.')}}",
    },
    "404": {"type": "DataError", "message": "[{{statusCode}}] {{ifempty(body.error.message, 'Not found.')}}"},
    "409": {"type": "DataError", "message": "[{{statusCode}}] {{ifempty(body.error.message, 'Conflict.')}}"},
    "410": {"type": "DataError", "message": "[{{statusCode}}] {{ifempty(body.error.message, 'Gone.')}}"},
    "422": {"type": "DataError", "message": "[{{statusCode}}] {{ifempty(body.error.message, 'Invalid data.')}}"},
    "429": {"type": "RateLimitError", "message": "[{{statusCode}}] Too many requests. Make tries again later."},
    "502": {"type": "ConnectionError", "message": "[{{statusCode}}] The relay cannot be reached."},
    "503": {"type": "ConnectionError", "message": "[{{statusCode}}] The relay is not available right now."},
    "504": {"type": "ConnectionError", "message": "[{{statusCode}}] The relay did not answer in time."},
}

BASE: dict[str, Any] = {
    "baseUrl": "{{connection.relayUrl}}/api/v1",
    "headers": {"authorization": "Bearer {{connection.apiKey}}"},
    "timeout": 40000,
    "response": {"error": _ERRORS},
    "log": SANITIZED,
}

# Users end the address with a slash as often as not.
_URL = (
    "{{if(substring(parameters.relayUrl, length(parameters.relayUrl) - 1) == '/', "
    "substring(parameters.relayUrl, 0, length(parameters.relayUrl) - 1), parameters.relayUrl)}}"
)

# The token shows that a delivery comes from the relay that this hook was made at; the proof, an HMAC over id and time
# keyed with the token, that it was made for this delivery; and the time, that it is not an old one posted again.
_PROOF = (
    "sha256(replace(replace('$id.$time', '$id', headers.`webhook-id`), '$time', headers.`webhook-timestamp`), 'hex',"
    " data.token)"
)
_AGE = "parseNumber(formatDate(now, 'X')) - parseNumber(ifempty(headers.`webhook-timestamp`, '0'))"
DELIVERY = {
    "condition": "{{length(ifempty(data.token, '')) > 0 && headers.`x-relay-token` == data.token"
    f" && headers.`x-relay-proof` == {_PROOF} && {_AGE} < 300 && {_AGE} > -300}}}}",
    "output": "{{body}}",
}


def components(known: Catalogue) -> list[Component]:
    return [_connection(), *_rpcs(), *webhooks(known)]


def _connection() -> Component:
    error = "[{{statusCode}}] {{ifempty(body.error.message, 'The relay URL or the API key is wrong.')}}"
    return Component(
        "connection",
        CONNECTION,
        "Relay (API key)",
        {
            "communication": {
                "url": f"{_URL}/api/v1/me",
                "headers": {"authorization": "Bearer {{parameters.apiKey}}"},
                "response": {
                    "valid": {
                        "condition": "{{body.product == 'relay'}}",
                        "message": "There is no relay at this address: it answered something else.",
                        "type": "InvalidConfigurationError",
                    },
                    "error": {"message": error, "type": "InvalidConfigurationError"},
                    "data": {"relayUrl": _URL, "apiKey": "{{parameters.apiKey}}"},
                    "uid": "{{body.account.id}}",
                    "metadata": {"type": "text", "value": "{{body.workspace_name}} ({{body.host}})"},
                },
                "log": {"sanitize": ["request.headers.authorization"]},
            },
            "params": [
                parameter(
                    "relayUrl",
                    "url",
                    "Relay URL",
                    "The address of your relay, for example `https://relay.example.com`.",
                    required=True,
                ),
                parameter(
                    "apiKey",
                    "password",
                    "API key",
                    "Whoever runs your relay makes it with `relay key add --name Make`.",
                    required=True,
                    editable=True,
                ),
            ],
            "common": None,
        },
        {"connectionType": "basic"},
    )


def _rpc(own_id: str, label: str, communication: dict[str, Any]) -> Component:
    settings = {"connection": CONNECTION, "altConnection": None}
    return Component("rpc", own_id, label, {"communication": communication, "params": []}, settings)


def _options(path: str, label: str, value: str, **query: Any) -> dict[str, Any]:
    return {
        "url": path,
        "qs": {"limit": 100, **query},
        "pagination": {"qs": {"cursor": "{{body.next_cursor}}"}, "condition": "{{body.next_cursor}}"},
        "response": {
            "iterate": "{{body.items}}",
            "limit": 500,
            "output": {"label": label, "value": value},
        },
    }


_SOURCE = "{{item.name}} ({{item.provider}})"
_EVENT = "{{item.summary}} ({{item.occurred_at}})"
_HOOK = (
    "{{join(slice(item.event_types, 0, 3), ', ')}}{{if(length(item.event_types) > 3, ' and more', '')}}"
    " ({{ifempty(item.platform, 'other')}}, {{item.id}})"
)
"""A hook may want every event type by name: the first few show what it is, and its id which one."""


def _rpcs() -> list[Component]:
    types = {
        "url": "/event-types",
        "response": {
            "iterate": "{{body.items}}",
            "limit": 500,
            "output": {"label": "{{item.label}}", "value": "{{item.type}}"},
        },
    }
    fields = {
        "url": "/event-types/fields",
        "qs": {"types": "{{join(ifempty(webhook.eventTypes, emptyarray), ',')}}"},
        "response": {"iterate": "{{body.fields}}", "limit": 500, "output": "{{item}}"},
    }
    return [
        _rpc("listEventTypes", "List event types", types),
        _rpc("eventFields", "List event fields", fields),
        _rpc("listSourceOptions", "List sources", _options("/sources", _SOURCE, "{{item.id}}")),
        _rpc("listHookOptions", "List hooks", _options("/hooks", _HOOK, "{{item.id}}")),
        _rpc("listEventOptions", "List events", _options("/events", _EVENT, "{{item.id}}")),
    ]


def webhooks(known: Catalogue) -> list[Component]:
    """One for every type, and one for each family, whose types stand in its list."""
    any_type = parameter(
        "eventTypes",
        "select",
        "Event types",
        "What you want to hear of. Leave it empty for everything.",
        multiple=True,
        options="rpc://listEventTypes",
    )
    found = [_webhook("relayEvents", "Relay events", any_type)]
    for family in FAMILIES:
        options = [{"label": t.title, "value": t.type} for t in known.types.values() if t.family == family]
        usual = [t.type for t in known.types.values() if t.family == family and t.launch]
        chosen = any_type | {
            "help": "What you want to hear of.",
            "required": True,
            "options": options,
            "default": usual or [each["value"] for each in options if each["value"] != UNKNOWN],
        }
        label = "Relay activity" if family == "relay" else f"Relay {family}"
        found.append(_webhook(camel("relay", family), label, chosen))
    return found


_TYPES = (
    "{{if(length(ifempty(parameters.eventTypes, emptyarray)) > 0, parameters.eventTypes,"
    f" add(emptyarray, '{EVERY_TYPE}'))}}}}"
)
"""Whoever chooses no event type wants them all."""


def _webhook(own_id: str, label: str, types: dict[str, Any]) -> Component:
    source = parameter(
        "source",
        "select",
        "Source",
        "Only what this connected account reports. Leave it empty for all. Beyond the newest 500, enter its ID.",
        options="rpc://listSourceOptions",
        editable=True,
    )
    wanted = {"event_types": _TYPES, "filters": {"source": "{{parameters.source}}"}}
    secrets = ["response.body.secret", "response.body.token"]
    return Component(
        "webhook",
        own_id,
        label,
        {
            "communication": DELIVERY,
            "params": [types, source],
            "attach": {
                "url": "/hooks",
                "method": "POST",
                "body": {"target_url": "{{webhook.url}}", "platform": PLATFORM.name, **wanted},
                "response": {"data": {"externalHookId": "{{body.id}}", "token": "{{body.token}}"}},
                "log": {"sanitize": [*SANITIZED["sanitize"], *secrets]},
            },
            "detach": {"url": "/hooks/{{webhook.externalHookId}}", "method": "DELETE"},
            "update": {"url": "/hooks/{{webhook.externalHookId}}", "method": "PATCH", "body": wanted},
        },
        {"webhookType": "web", "connection": CONNECTION, "altConnection": None},
    )
