"""The modules: triggers by family, searches and gets of what is known, actions, and the universal one."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from relay.catalogue.action_types import RESULT
from relay.catalogue.record_kinds import record_kinds
from relay.catalogue.vocabulary import FAMILIES, Catalogue, EventType
from relay.develop.generate.make.parts import (
    CONNECTION,
    Component,
    camel,
    example_marked,
    limit,
    parameter,
    sentence,
    with_article,
)
from relay.develop.generate.zapier import actions as known_actions
from relay.insight import records
from relay.web.api.actions.calls import EXAMPLE_RESULT
from relay.web.api.records import OF_A_CUSTOMER, OF_AN_EVENT
from relay.web.framework.make_parameters import fields_of, spec_of

_OF_CONNECTION = {"connection": CONNECTION, "altConnection": None}
_PAGES = {"qs": {"cursor": "{{body.next_cursor}}"}, "condition": "{{body.next_cursor}}"}
_PAGE = 100
_READ = {
    "condition": "{{body.status == 'succeeded'}}",
    "message": "[{{statusCode}}] {{ifempty(body.message, 'The source takes long to answer. Try again later.')}}",
    "type": "ConnectionError",
}
"""What only reads has its answer at once, or none: a run that is still under way tells nothing of the thing."""

_KEY = "{{if(ifempty(parameters.deduplicationKey, '') == '', undefined, sha256(parameters.deduplicationKey))}}"
"""A header takes plain characters only: what a user maps may be any text, or empty, which is no key."""

_CRUD = {"Creates": "create", "Updates": "update"}
"""By the first word of an action's description. What else they do, such as canceling, ends something."""

_OF_ITSELF = "Triggers when an action ends or waits for approval, a hook is switched off, or a source falls silent."
_ORDER = ("read", "create", "update", "delete")
_POLLED = ("renewals", "invoices", "alerts")
_ASKED = {
    "email": ("email", "Email", "The customer's email address."),
    "customer": ("text", "Customer", "The customer's email address, or its reference at the source."),
    "domain": ("text", "Domain", "The domain name, for example `acme-shop.example`."),
    "status": ("text", "Status", "The state, for example `active`, `overdue` or `suspended`."),
    "id": ("text", "Reference", "The number or reference at the source."),
}


def components(known: Catalogue, acts: Iterable[Mapping[str, Any]] | None = None) -> list[Component]:
    """Every module, in the order in which Make lists them."""
    return [
        _watch_any(known),
        *(_watch(family, known) for family in FAMILIES),
        *(_poll(family, known) for family in _POLLED),
        *_records(known),
        *_events(known),
        *(_action(each, known) for each in (known_actions() if acts is None else acts)),
        _universal(),
    ]


def groups(parts: Iterable[Component]) -> list[dict[str, Any]]:
    """The modules by group. In each, those that read come first and those that end something last."""
    found: dict[str, list[Component]] = {}
    for part in parts:
        if part.type == "module":
            found.setdefault(part.group, []).append(part)
    return [
        {"label": label, "modules": [each.id for each in sorted(modules, key=_place)]}
        for label, modules in found.items()
    ]


def _place(module: Component) -> int:
    return _ORDER.index(module.settings.get("actionCrud", "read"))


def _module(
    own_id: str, label: str, description: str, kind: str, group: str, code: dict[str, Any], **more: Any
) -> Component:
    settings = {"description": description, "moduleType": kind, **more, **_OF_CONNECTION}
    return Component("module", own_id, label, code, settings, group)


# Triggers


def _watch_any(known: Catalogue) -> Component:
    return _instant(
        "watchEvents",
        "Watch events",
        "Triggers when an event of the types that you choose is reported.",
        "relayEvents",
        ["rpc://eventFields"],
        known.sample(known.types["invoice.paid"]),
    )


def _watch(family: str, known: Catalogue) -> Component:
    types = _types_of(family, known)
    usual = f"Triggers when something happens to {_plural(family)}, as it is reported."
    return _instant(
        camel("watch", family),
        f"Watch {_plural(family)}",
        _OF_ITSELF if family == "relay" else usual,
        camel("relay", family),
        fields_of(known, types),
        _sample(known, _first(types), types),
    )


def _instant(own_id: str, label: str, description: str, webhook: str, interface: Any, sample: Any) -> Component:
    code = {"communication": {}, "staticParams": [], "mappableParams": [], "interface": interface, "samples": sample}
    return _module(own_id, label, description, "instant_trigger", "Triggers", code, webhook=webhook)


def _poll(family: str, known: Catalogue) -> Component:
    """For those whose scenario was off, or whose queue was full: what the relay keeps, newest first."""
    types = _types_of(family, known)
    query: dict[str, Any] = {"type": ",".join(t.type for t in types), "limit": _PAGE}
    code = {
        "communication": {
            "url": "/events",
            "qs": {**query, "created_after": "{{data.lastDate}}"},
            "pagination": _PAGES,
            "response": {
                "iterate": "{{body.items}}",
                "limit": "{{parameters.limit}}",
                "output": "{{item}}",
                "trigger": {"type": "date", "order": "desc", "id": "{{item.id}}", "date": "{{item.received_at}}"},
            },
        },
        "staticParams": [limit("events")],
        "mappableParams": [],
        "interface": fields_of(known, types),
        "samples": _sample(known, _first(types), types),
        "epoch": {
            "url": "/events",
            "qs": query,
            "response": {
                "iterate": "{{body.items}}",
                "limit": 300,
                "output": {"id": "{{item.id}}", "label": "{{item.summary}}", "date": "{{item.received_at}}"},
            },
        },
    }
    return _module(
        camel("poll", family),
        f"Watch {_plural(family)} (scheduled)",
        f"Triggers when something happened to {_plural(family)} since the last run.",
        "trigger",
        "Triggers",
        code,
    )


def _types_of(family: str, known: Catalogue) -> list[EventType]:
    return [each for each in known.types.values() if each.family == family]


def _first(types: list[EventType]) -> EventType:
    """The type that a family is shown by: one that most want."""
    return next((each for each in types if each.launch), types[0])


def _sample(known: Catalogue, first: EventType, types: list[EventType]) -> dict[str, Any]:
    """An event of the first type, with an example too of each field of the interface that only others tell of."""
    shown = known.sample(first)
    names = dict.fromkeys(name for each in (first, *types) for name in each.entities)
    return shown | {
        "customer": shown["customer"] or known.envelope["examples"][0]["customer"],
        "data": {name: shown["data"].get(name) or _fullest_example(name, known) for name in names},
    }


def _fullest_example(entity: str, known: Catalogue) -> Any:
    examples = [found for each in known.types.values() if (found := each.schema["examples"][0].get(entity))]
    return max(examples, key=lambda example: sum(value not in (None, []) for value in example.values()))


def _plural(family: str) -> str:
    words = {
        "hosting": "hosting services",
        "customers": "customers, tickets and orders",
        "relay": "relay activity",
    }
    return words.get(family, family)


# Searches and gets


def _records(known: Catalogue) -> Iterable[Component]:
    for each in record_kinds().values():
        kind, noun = each.name, each.title.lower()
        plural = f"{noun}s"
        asked = sorted(each.searched_by, key=lambda name: name == "id")
        code = {
            "communication": {
                "url": f"/{each.path}",
                "qs": {"limit": _PAGE, **{name: f"{{{{parameters.{name}}}}}" for name in asked}},
                "pagination": _PAGES,
                "response": {"iterate": "{{body.items}}", "limit": "{{parameters.limit}}", "output": "{{item}}"},
            },
            "staticParams": [],
            "mappableParams": [*(_asked(name) for name in asked), limit(plural)],
            "interface": _record_fields(kind, known),
            "samples": records.example(kind, known),
        }
        yield _module(
            camel("search", each.path),
            f"Search {plural}",
            f"Returns a list of {plural}, each with its present state.",
            "search",
            noun.capitalize() + "s",
            code,
        )
    yield _customer_summary(known)


def _asked(name: str) -> dict[str, Any]:
    kind, label, help_text = _ASKED[name]
    return parameter(name, kind, label, help_text)


def _record_fields(kind: str, known: Catalogue) -> list[dict[str, Any]]:
    return [spec_of(name, schema, known) for name, schema in records.fields(kind, known).items()]


def _customer_summary(known: Catalogue) -> Component:
    event = known.sample(known.types["invoice.paid"])
    lists = {kind.plural: _record_fields(kind.name, known) for kind in OF_A_CUSTOMER}
    lists["recent_events"] = [spec for spec in fields_of(known, []) if spec["name"] in OF_AN_EVENT]
    collections = [
        {"name": name, "label": name.replace("_", " ").capitalize(), "type": "array", "spec": spec}
        for name, spec in lists.items()
    ]
    sample = records.example("customer", known)
    sample |= {kind.plural: [records.example(kind.name, known)] for kind in OF_A_CUSTOMER}
    sample["recent_events"] = [{name: event[name] for name in OF_AN_EVENT}]
    code = {
        "communication": {
            "url": "/customers/{{encodeURL(parameters.customerId)}}/summary",
            "encodeUrl": False,
            "response": {"output": "{{body}}"},
        },
        "staticParams": [],
        "mappableParams": [
            parameter(
                "customerId",
                "text",
                "Customer ID",
                "The record ID, as the **Search customers** module returns it.",
                required=True,
            )
        ],
        "interface": [*_record_fields("customer", known), *collections],
        "samples": sample,
    }
    return _module(
        "getCustomer",
        "Get a customer",
        "Returns information about a specific customer, with all that belongs to it, by its ID.",
        "action",
        "Customers",
        code,
        actionCrud="read",
    )


def _events(known: Catalogue) -> list[Component]:
    every = list(known.types.values())
    event, sample = fields_of(known, every), _sample(known, known.types["invoice.paid"], every)
    types = parameter(
        "type", "select", "Event types", "Only these event types.", multiple=True, options="rpc://listEventTypes"
    )
    source = parameter(
        "source", "select", "Source", "Only what this account reported.", options="rpc://listSourceOptions"
    )
    event_id = parameter(
        "eventId", "select", "Event ID", "The event.", required=True, options="rpc://listEventOptions", mode="edit"
    )
    search = {
        "communication": {
            "url": "/events",
            "qs": {
                "limit": _PAGE,
                "type": "{{join(ifempty(parameters.type, emptyarray), ',')}}",
                "customer": "{{parameters.customer}}",
                "source": "{{parameters.source}}",
                "domain": "{{parameters.domain}}",
            },
            "pagination": _PAGES,
            "response": {"iterate": "{{body.items}}", "limit": "{{parameters.limit}}", "output": "{{item}}"},
        },
        "staticParams": [],
        "mappableParams": [types, _asked("customer"), source, _asked("domain"), limit("events")],
        "interface": event,
        "samples": sample,
    }
    get = {
        "communication": {
            "url": "/events/{{encodeURL(parameters.eventId)}}",
            "encodeUrl": False,
            "response": {"output": "{{body}}"},
        },
        "staticParams": [],
        "mappableParams": [event_id],
        "interface": event,
        "samples": sample,
    }
    return [
        _module("searchEvents", "Search events", "Returns a list of events, newest first.", "search", "Events", search),
        _module(
            "getEvent",
            "Get an event",
            "Returns information about a specific event by its ID.",
            "action",
            "Events",
            get,
            actionCrud="read",
        ),
        _post(
            "createEvent",
            "Create a custom event",
            "Creates a new event of your own, which goes to everything that watches custom events.",
            "Events",
            "/events",
            {"data": "{{toCollection(parameters.data, 'key', 'value')}}", "customer": "{{parameters.customer}}"},
            [
                parameter(
                    "data",
                    "array",
                    "Details",
                    "Names and values that describe what happened.",
                    required=True,
                    spec=[
                        parameter("key", "text", "Key", "The name.", required=True),
                        parameter("value", "text", "Value", "The value."),
                    ],
                ),
                parameter(
                    "customer",
                    "collection",
                    "Customer",
                    "Whom it is about.",
                    spec=[
                        parameter("email", "email", "Email", "The customer's email address."),
                        parameter("name", "text", "Name", "The customer's name."),
                        parameter("id", "text", "Reference", "The customer's reference."),
                    ],
                ),
            ],
            {"id": "Event ID", "status": "Status"},
            {"id": "evt_5f0c7d21e9a84b36b1d7c2f80e93a64d", "status": "accepted"},
        ),
        _post(
            "replayEvent",
            "Replay an event",
            "Creates new deliveries of an event that was reported before, under the same ID.",
            "Events",
            "/events/{{encodeURL(parameters.eventId)}}/replay",
            {},
            [event_id],
            {},
            {
                "events": ["evt_5f0c7d21e9a84b36b1d7c2f80e93a64d"],
                "deliveries": ["dlv_019aa9d3b2c07f4e81d25a6c3b9e04f2"],
                "hooks": ["hk_019aa9d3b2c07f4e81d25a6c3b9e04f1"],
                "dry_run": False,
            },
            [
                {"name": "events", "label": "Events", "type": "array", "spec": {"type": "text"}},
                {"name": "deliveries", "label": "Deliveries", "type": "array", "spec": {"type": "text"}},
                {"name": "hooks", "label": "Hooks", "type": "array", "spec": {"type": "text"}},
                {"name": "dry_run", "label": "Dry run", "type": "boolean"},
            ],
        ),
        _post(
            "createTestEvent",
            "Create a test event",
            "Creates a new example event for one hook, to see whether what follows works.",
            "Events",
            "/hooks/{{encodeURL(parameters.hookId)}}/test",
            {},
            [
                parameter(
                    "hookId",
                    "select",
                    "Hook ID",
                    "Who gets it.",
                    required=True,
                    options="rpc://listHookOptions",
                    mode="edit",
                )
            ],
            {"event_id": "Event ID", "delivery_id": "Delivery ID"},
            {"event_id": "evt_test_5f0c7d21e9a84b36", "delivery_id": "dlv_019aa9d3b2c07f4e81d25a6c3b9e04f2"},
        ),
    ]


def _post(
    own_id: str,
    label: str,
    description: str,
    group: str,
    path: str,
    body: Any,
    inputs: list[dict[str, Any]],
    outputs: Mapping[str, str],
    sample: Any,
    interface: list[dict[str, Any]] | None = None,
    *,
    once: bool = True,
) -> Component:
    """A call that changes something, `once` for a key of the user's. What only reads needs none."""
    key = parameter(
        "deduplicationKey",
        "text",
        "Deduplication key",
        "Something that stays the same when this runs again for the same thing. Then it is done once.",
        advanced=True,
    )
    code = {
        "communication": {
            "url": path,
            **({"encodeUrl": False} if "encodeURL(" in path else {}),
            "method": "POST",
            **({"headers": {"idempotency-key": _KEY}} if once else {}),
            "body": body,
            "response": {"output": "{{body}}"} if once else {"valid": _READ, "output": "{{body}}"},
        },
        "staticParams": [],
        "mappableParams": [*inputs, key] if once else inputs,
        "interface": interface
        if interface is not None
        else [{"name": name, "label": text, "type": "text"} for name, text in outputs.items()],
        "samples": sample,
    }
    return _module(own_id, label, description, "action", group, code, actionCrud="create")


# Actions and the rest


def _action(action: Mapping[str, Any], known: Catalogue) -> Component:
    into, out = action["properties"]["input"], action["properties"]["output"]
    required = into.get("required", ())
    inputs = [
        _in_makes_words(spec_of(name, each, known)) | ({"required": True} if name in required else {})
        for name, each in into["properties"].items()
    ]
    inputs.sort(key=lambda each: not each.get("required", False))
    reads = action["x-risk"] == "read"
    example = action["examples"][0]
    labels = {each["name"]: each["label"] for each in inputs}
    given = [spec_of(name, each, known) for name, each in {**out["properties"], **RESULT}.items()]
    given.sort(key=lambda each: list(labels).index(each["name"]) if each["name"] in labels else len(labels))
    given.sort(key=lambda each: each["name"] not in ("id", "status"))
    module = _post(
        camel(*action["name"].split(".")[::-1]),
        with_article(sentence(action["title"])),
        action["description"],
        sentence(f"{action['x-noun']}s"),
        f"/actions/{action['name']}",
        {each["name"]: f"{{{{parameters.{each['name']}}}}}" for each in inputs},
        inputs,
        {},
        {**EXAMPLE_RESULT, **example["output"]},
        [{**each, "label": labels.get(each["name"], sentence(each["label"]))} for each in given],
        once=not reads,
    )
    crud = "read" if reads else _CRUD.get(action["description"].split()[0], "delete")
    return replace(module, settings={**module.settings, "actionCrud": crud})


def _in_makes_words(field: dict[str, Any]) -> dict[str, Any]:
    """A field of an action, whose words are Zapier's: in sentence case, IDs called so, examples in backticks."""
    label = sentence(field["label"])
    if field["name"] == "source":
        field = {**field, "type": "select", "options": "rpc://listSourceOptions", "mode": "edit"}
    if field["name"].endswith("_id") and "ID" not in label.split():
        label += " ID"
    return (
        {**field, "label": label, "help": example_marked(field["help"])}
        if "help" in field
        else {**field, "label": label}
    )


def _universal() -> Component:
    pair = [parameter("key", "text", "Key", "The name."), parameter("value", "text", "Value", "The value.")]
    methods = [{"label": each, "value": each} for each in ("GET", "POST", "PUT", "PATCH", "DELETE")]
    code = {
        "communication": {
            "url": "/{{parameters.url}}",
            "method": "{{parameters.method}}",
            "headers": {"{{...}}": "{{toCollection(parameters.headers, 'key', 'value')}}"},
            "qs": {"{{...}}": "{{toCollection(parameters.qs, 'key', 'value')}}"},
            "body": "{{parameters.body}}",
            "type": "text",
            "response": {
                "output": {"body": "{{body}}", "headers": "{{headers}}", "statusCode": "{{statusCode}}"},
            },
        },
        "staticParams": [],
        "mappableParams": [
            parameter(
                "url",
                "text",
                "URL",
                "A path relative to `https://relay.example.com/api/v1/`, for example `events`.",
                required=True,
            ),
            parameter("method", "select", "Method", "The HTTP method.", required=True, default="GET", options=methods),
            parameter(
                "headers",
                "array",
                "Headers",
                "You don't have to add authorization headers; we already did that for you.",
                default=[{"key": "Content-Type", "value": "application/json"}],
                spec=pair,
            ),
            parameter("qs", "array", "Query string", "Names and values behind the path.", spec=pair),
            parameter("body", "any", "Body", "The content to send, as JSON.", multiline=True),
        ],
        "interface": [
            {"name": "body", "label": "Body", "type": "any"},
            {"name": "headers", "label": "Headers", "type": "collection"},
            {"name": "statusCode", "label": "Status code", "type": "number"},
        ],
        "samples": {"body": {"status": "accepted"}, "headers": {"content-type": "application/json"}, "statusCode": 200},
    }
    return _module(
        "makeApiCall",
        "Make an API call",
        "Performs an arbitrary authorized API call.",
        "universal",
        "Other",
        code,
    )
