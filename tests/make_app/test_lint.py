"""The derived app has no fault, and every rule finds the fault that it is for."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from corpus import make_schemas, of_corpus
from kit.cases import cases
from relay.cli import main
from relay.develop import generate
from relay.develop.generate.make import FOLDER
from relay.develop.make_app import iml
from relay.develop.make_app.app import without_comments
from relay.develop.make_app.lint import Finding, lint
from relay.develop.make_app.rules import LINT_RULES
from relay.develop.make_app.rules.words import sentence_case

Change = Callable[[Any], None]

BASE = "general/base.iml.json"
MANIFEST = "makecomapp.json"
GROUPS = "modules/groups.json"
KEY = "connections/relay-key/relay-key.communication.iml.json"
KEY_PARAMS = "connections/relay-key/relay-key.params.iml.json"
HOOK = "webhooks/relay-alerts/relay-alerts.communication.iml.json"
ATTACH = "webhooks/relay-alerts/relay-alerts.attach.iml.json"
DETACH = "webhooks/relay-alerts/relay-alerts.detach.iml.json"
TYPES = "rpcs/list-event-types/list-event-types.communication.iml.json"
SOURCES = "rpcs/list-source-options/list-source-options.communication.iml.json"


def module(name: str, part: str) -> str:
    return f"modules/{name}/{name}.{part}.iml.json"


SEARCH, SEARCH_FIELDS = module("search-domains", "communication"), module("search-domains", "mappable-params")
GET, GET_FIELDS = module("get-event", "communication"), module("get-event", "mappable-params")
POLL, EPOCH = module("poll-alerts", "communication"), module("poll-alerts", "epoch")
ANY = module("make-api-call", "communication")
SAMPLE, INTERFACE = module("search-domains", "samples"), module("search-domains", "interface")
REFUND = module("refund-payment", "interface")


def put(*path: Any, to: Any) -> Change:
    """Set what is at a path; a name finds a field of that name in a list."""

    def change(value: Any) -> None:
        inside(value, path[:-1])[key_of(inside(value, path[:-1]), path[-1])] = to

    return change


def drop(*path: Any) -> Change:
    def change(value: Any) -> None:
        holder = inside(value, path[:-1])
        del holder[key_of(holder, path[-1])]

    return change


def add(*path: Any, new: Any) -> Change:
    return lambda value: inside(value, path).append(new)


def turn(*path: Any) -> Change:
    """Put the first of a list last."""

    def change(value: Any) -> None:
        held = inside(value, path)
        held.append(held.pop(0))

    return change


def inside(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[key_of(value, step)]
    return value


def key_of(holder: Any, step: Any) -> Any:
    if isinstance(holder, list) and isinstance(step, str):
        return next(index for index, each in enumerate(holder) if step in (each.get("name"), each.get("label")))
    return step


def component(kind: str, own_id: str, *path: str) -> tuple[str, ...]:
    return ("components", kind, own_id, *path)


EVENT = component("module", "getEvent")

FAULTS: list[tuple[str, str, Change]] = [
    ("manifest-shape", MANIFEST, put("extra", to=1)),
    ("manifest-shape", MANIFEST, put("fileVersion", to=2)),
    ("manifest-shape", MANIFEST, drop("generalCodeFiles", "readme")),
    ("manifest-shape", MANIFEST, drop("components", "endpoint")),
    ("manifest-shape", MANIFEST, put("origins", to=[{"appId": "mine"}])),
    ("component-type", MANIFEST, put(*component("connection", "relayKey", "connectionType"), to="magic")),
    ("component-type", MANIFEST, put(*component("webhook", "relayAlerts", "webhookType"), to="web-shared")),
    ("component-type", MANIFEST, put(*component("module", "searchEvents", "actionCrud"), to="read")),
    ("code-files", MANIFEST, put(*component("module", "getEvent", "codeFiles", "epoch"), to=None)),
    ("reference", MANIFEST, put(*component("rpc", "listEventTypes", "altConnection"), to="another")),
    ("reference", MANIFEST, put(*component("module", "watchAlerts", "webhook"), to="relayNothing")),
    ("reference", MANIFEST, put(*component("module", "getEvent", "webhook"), to="relayAlerts")),
    ("no-functions", MANIFEST, put(*component("function", "myOwn"), to={"label": "My own", "codeFiles": {}})),
    ("no-functions", MANIFEST, put(*component("endpoint", "getThing"), to={"label": "Get", "codeFiles": {}})),
    ("grouped", GROUPS, drop("Events", "modules", 0)),
    ("grouped", GROUPS, add("Events", "modules", new="nothingLikeIt")),
    ("group-order", GROUPS, turn("Events", "modules")),
    ("group-order", GROUPS, turn()),
    ("iml-syntax", GET, put("response", "output", to="{{body")),
    ("iml-syntax", GET, put("response", "output", to="{{body.}}")),
    ("iml-syntax", GET, put("response", "output", to="{{lower(body}}")),
    ("iml-syntax", GET, put("response", "output", to="body}}")),
    ("iml-function", GET, put("response", "output", to="{{myOwn(body)}}")),
    ("iml-variable", GET, put("response", "output", to="{{payload}}")),
    ("iml-variable", GET, put("url", to="/events/{{body.id}}")),
    ("iml-field", GET, put("qs", to={"id": "{{parameters.eventID}}"})),
    ("iml-field", BASE, put("baseUrl", to="{{connection.url}}/api/v1")),
    ("iml-field", DETACH, put("qs", to={"id": "{{webhook.hookId}}"})),
    ("iml-field", POLL, put("qs", "created_after", to="{{data.since}}")),
    ("rpc-target", GET_FIELDS, put("eventId", "options", to="rpc://listAnything")),
    ("request-shape", GET, put("uri", to="/events")),
    ("request-shape", GET, put("response", "outputs", to="{{body}}")),
    ("request-shape", GET, put("method", to="FETCH")),
    ("request-shape", SEARCH, put("headers", to={"x": {"y": "z"}})),
    ("request-shape", SEARCH, put("headers", to="x: y")),
    ("request-shape", BASE, put("timeout", to=300_001)),
    ("request-body", module("replay-event", "communication"), drop("body")),
    ("path-encoding", GET, put("url", to="/events/{{parameters.eventId}}")),
    ("path-encoding", GET, drop("encodeUrl")),
    ("error-handling", BASE, put("response", "error", "message", to="Something went wrong.")),
    ("error-handling", BASE, put("response", "error", "message", to="[{{statusCode}}]")),
    ("error-handling", BASE, put("response", "error", "422", "message", to="Invalid.")),
    ("error-handling", BASE, put("response", "error", "204", to={"message": "[{{statusCode}}]"})),
    ("error-handling", BASE, put("response", "error", "type", to="StrangeError")),
    ("error-handling", KEY, drop("response", "error")),
    ("error-types", BASE, drop("response", "error", "429")),
    ("error-types found-nothing", BASE, drop("response", "error", "404")),
    ("error-types", BASE, put("response", "error", "429", "type", to="DataError")),
    ("error-types", BASE, put("response", "error", "403", "type", to="InvalidAccessTokenError")),
    ("error-types", BASE, put("response", "error", "type", to="InvalidConfigurationError")),
    ("sanitize", BASE, put("log", "sanitize", to=[])),
    ("sanitize", KEY, drop("log")),
    ("sanitize", ATTACH, put("log", "sanitize", to=["request.headers.authorization"])),
    ("sanitize", ATTACH, put("log", "sanitize", to=["response.body.token"])),
    ("sanitize", GET, put("qs", to={"key": "{{connection.apiKey}}"})),
    ("connection-test", KEY, put("url", to="/me")),
    ("connection-test", KEY, drop("response", "metadata")),
    ("connection-test", KEY, put("response", "expires", to="{{now}}")),
    ("connection-test", KEY, put("pagination", to={"condition": "{{body.next}}"})),
    ("connection-url", KEY_PARAMS, put("relayUrl", "editable", to=True)),
    ("connection-label", MANIFEST, put(*component("connection", "relayKey", "label"), to="Relay")),
    ("webhook-hook", ATTACH, put("body", "target_url", to="https://hook.example")),
    ("webhook-hook", DETACH, put("url", to="/hooks")),
    ("webhook-hook", DETACH, put("method", to="GET")),
    ("webhook-proof", HOOK, drop("condition")),
    ("webhook-proof", HOOK, put("condition", to="{{headers.`x-relay-token` == data.token}}")),
    ("module-parts", GET, put("response", "limit", to=10)),
    ("module-parts", GET, put("pagination", to={"condition": "{{body.next_cursor}}"})),
    ("module-parts", SEARCH, drop("response", "iterate")),
    ("module-parts", POLL, put("response", "trigger", "order", to="asc")),
    ("module-parts", POLL, drop("response", "trigger", "date")),
    ("module-parts", EPOCH, put("response", "limit", to=500)),
    ("module-parts", EPOCH, drop("response", "output", "label")),
    ("limit", SEARCH, drop("response", "limit")),
    ("limit", TYPES, put("response", "limit", to=1000)),
    ("limit", SEARCH_FIELDS, put("limit", "default", to=100)),
    ("limit", SEARCH_FIELDS, put("limit", "required", to=True)),
    ("limit", SEARCH_FIELDS, turn()),
    ("limit iml-field", module("poll-alerts", "static-params"), drop("limit")),
    ("pagination", SEARCH, drop("pagination")),
    ("pagination", SEARCH, put("qs", "limit", to=20)),
    ("pagination", SOURCES, drop("pagination")),
    ("options", TYPES, drop("response", "output", "value")),
    ("universal", ANY, put("url", to="{{parameters.url}}")),
    ("universal", ANY, put("url", to="//{{parameters.url}}")),
    ("universal", ANY, put("url", to="https://elsewhere.example/{{parameters.url}}")),
    ("label-case", MANIFEST, put(*EVENT, "label", to="Get an Event")),
    ("label-case", MANIFEST, put(*component("module", "pollAlerts", "label"), to="Watch alerts (Scheduled)")),
    ("label-case", GROUPS, put("Payment methods", "label", to="Payment Methods")),
    ("label-case", GET_FIELDS, put("eventId", "label", to="Event ID Here")),
    ("module-label", MANIFEST, put(*EVENT, "label", to="Fetch an event")),
    ("module-label", MANIFEST, put(*component("module", "watchAlerts", "label"), to="New alerts")),
    ("module-label", MANIFEST, put(*component("module", "searchAlerts", "label"), to="List alerts")),
    ("module-label", MANIFEST, put(*component("module", "createInvoice", "label"), to="Create invoices")),
    ("module-label", MANIFEST, put(*component("module", "makeApiCall", "label"), to="Call the API")),
    ("module-description", MANIFEST, put(*EVENT, "description", to="Gets an event by its ID.")),
    ("module-description", MANIFEST, put(*component("module", "voidInvoice", "description"), to="Void an invoice.")),
    ("module-description", MANIFEST, put(*component("module", "voidInvoice", "description"), to="Voids it")),
    ("module-description", MANIFEST, put(*component("module", "searchAlerts", "description"), to="Gives alerts.")),
    ("input-label", GET_FIELDS, put("eventId", "label", to="Event")),
    ("input-label", GET_FIELDS, put("eventId", "label", to="The event ID")),
    ("input-label", GET_FIELDS, put("eventId", "label", to="Which event by its ID")),
    ("input-label", GET_FIELDS, put("eventId", "label", to="Event, ID")),
    ("input-help", GET_FIELDS, drop("eventId", "help")),
    ("input-help", GET_FIELDS, put("eventId", "help", to="The event")),
    ("input-help", GET_FIELDS, put("eventId", "help", to="The event, such as evt_1.")),
    ("date-format", GET_FIELDS, add(new={"name": "due", "type": "text", "label": "Due date", "help": "When it is."})),
    ("us-english", GET_FIELDS, put("eventId", "help", to="Its colour.")),
    ("us-english", MANIFEST, put(*component("module", "voidInvoice", "description"), to="Marks it as cancelled.")),
    ("field-shape", GET_FIELDS, put("eventId", "type", to="dropdown")),
    ("field-shape", GET_FIELDS, drop("eventId", "options")),
    ("field-shape iml-field", GET_FIELDS, drop("eventId", "name")),
    ("field-shape", SEARCH_FIELDS, lambda fields: fields.insert(0, dict(fields[0]))),
    ("id-by-hand", GET_FIELDS, drop("eventId", "mode")),
    ("interface-sample", SAMPLE, drop("status")),
    ("interface-sample", SAMPLE, put("colour", to="red")),
    ("interface-sample", SAMPLE, put("domain", "unheard_of", to="x")),
    ("interface-type", INTERFACE, put("updated_at", "type", to="text")),
    ("interface-type", INTERFACE, put("status", "type", to="number")),
    ("interface-type", INTERFACE, put("domain", "spec", "name", "type", to="number")),
    ("interface-label", REFUND, put("amount", "label", to="Sum")),
    ("interface-label", REFUND, lambda fields: fields.reverse()),
]


def write(name: str, text: str) -> Change:
    return lambda app: (app / name).write_text(text)


def rename(kind: str, old: str, new: str) -> Change:
    """Another id for a component, in the manifest and in its group."""

    def change(app: Path) -> None:
        for file in (MANIFEST, GROUPS):
            text = (app / file).read_text()
            (app / file).write_text(text.replace(f'"{old}"', f'"{new}"'))

    return change


def move_outside(app: Path) -> None:
    (app / GET).rename(app.parent / "outside.iml.json")
    text = (app / MANIFEST).read_text()
    (app / MANIFEST).write_text(text.replace(GET, "../outside.iml.json"))


FILE_FAULTS: list[tuple[str, Change]] = [
    ("readable-file", lambda app: (app / "README.md").unlink()),
    ("readable-file", lambda app: (app / GET_FIELDS).unlink()),
    ("readable-file", write(GET_FIELDS, "[{")),
    ("readable-file", write(GET_FIELDS, '[{"name": "a", "name": "b"}]')),
    ("readable-file", move_outside),
    ("left-over-file", write("modules/old/old.communication.iml.json", "{}")),
    ("component-id", rename("webhook", "relayAlerts", "relay_alerts")),
    ("component-id rpc-target", rename("rpc", "listHookOptions", "list-hooks")),
    ("no-test-component", rename("module", "getEvent", "testEvent")),
    ("no-test-component", rename("module", "getEvent", "getEventCopy")),
    ("universal", rename("module", "makeApiCall", "callAnything")),
]


def changed(app: Path, file: str, change: Change) -> None:
    value = json.loads((app / file).read_text())
    change(value)
    (app / file).write_text(json.dumps(value))


def rules(app: Path) -> set[str]:
    return {each.rule for each in lint(app)}


def test_the_derived_app_has_no_fault() -> None:
    assert lint(generate.ROOT / FOLDER) == []


@of_corpus
def test_the_derived_app_is_what_makes_editor_expects() -> None:
    assert lint(generate.ROOT / FOLDER, make_schemas()) == []


@pytest.mark.parametrize(("rule", "file", "change"), FAULTS, ids=[f"{n}-{rule}" for n, (rule, *_) in enumerate(FAULTS)])
def test_a_planted_fault_is_found_by_its_rule_alone(app: Path, rule: str, file: str, change: Change) -> None:
    changed(app, file, change)

    assert rules(app) == set(rule.split())


@pytest.mark.parametrize(
    ("rule", "change"), FILE_FAULTS, ids=[f"{n}-{rule}" for n, (rule, _) in enumerate(FILE_FAULTS)]
)
def test_a_fault_of_files_is_found_by_its_rule_alone(app: Path, rule: str, change: Change) -> None:
    (app / "modules/old").mkdir()

    change(app)

    assert rules(app) == set(rule.split())


def test_every_rule_has_a_fault_that_only_it_finds() -> None:
    alone = {rule for rule, *_ in (*FAULTS, *FILE_FAULTS) if " " not in rule}

    assert set(LINT_RULES) - alone == {"found-nothing"}  # without 404 in the base, which is a fault by itself


def test_what_is_found_names_the_file_the_place_and_what_to_do(app: Path) -> None:
    changed(app, BASE, put("response", "error", "429", "type", to="DataError"))

    assert lint(app) == [
        Finding(BASE, "response.error.429.type", "error-types", "Set it to RateLimitError."),
    ]


def test_comments_are_read_where_makes_editor_reads_them(app: Path) -> None:
    for name in (GET, GROUPS):
        (app / name).write_text("// as it is\n" + (app / name).read_text().replace("}\n", "},\n", 1))

    assert [(each.file, each.rule) for each in lint(app)][:1] == [(GROUPS, "readable-file")]
    assert all(each.file == GROUPS for each in lint(app))


@of_corpus
def test_with_makes_schemas_it_finds_what_they_find(app: Path) -> None:
    changed(app, GET, put("gzip", to="yes"))

    assert rules(app) == set()
    assert {each.rule for each in lint(app, make_schemas())} == {"schema"}


def test_the_command_prints_a_table_and_exits_with_1(app: Path) -> None:
    (app / "README.md").unlink()

    result = CliRunner().invoke(main, ["make", "lint", str(app)])

    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.output.splitlines()] == [
        ["file", "place"],
        ["README.md", "readable-file"],
    ]


def test_the_command_prints_json(app: Path) -> None:
    changed(app, MANIFEST, put(*EVENT, "label", to="Fetch an event"))

    result = CliRunner().invoke(main, ["make", "lint", str(app), "--json"])

    assert (result.exit_code, json.loads(result.output)) == (
        1,
        [
            {
                "file": MANIFEST,
                "place": "components.module.getEvent.label",
                "rule": "module-label",
                "do": "Begin it with Get.",
            }
        ],
    )


def test_the_command_says_when_nothing_is_wrong() -> None:
    result = CliRunner().invoke(main, ["make", "lint"])

    assert (result.exit_code, result.output) == (0, "The app has no errors.\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"fileVersion": 1'])
def test_a_folder_without_a_manifest_is_no_app(tmp_path: Path, text: str) -> None:
    if text:
        (tmp_path / MANIFEST).write_text(text)

    result = CliRunner().invoke(main, ["make", "lint", str(tmp_path)])

    assert result.exit_code == 1
    assert result.output.startswith("relay: ")


@pytest.mark.parametrize("name", ["generalCodeFiles", "components"])
@pytest.mark.parametrize("odd", [None, 1, "x", [], {"module": 3}, {"module": {"a": 1}}])
def test_an_odd_manifest_gives_findings_and_no_exception(app: Path, name: str, odd: Any) -> None:
    changed(app, MANIFEST, put(name, to=odd))

    assert lint(app) != []


@pytest.mark.parametrize("odd", [None, 1, "x", [], {}, [1], [[]], {"response": 1, "url": [], "log": 5, "qs": 7}])
def test_odd_contents_give_no_exception(app: Path, odd: Any) -> None:
    for path in app.rglob("*.json"):
        if path.name != MANIFEST:
            path.write_text(json.dumps(odd))

    assert isinstance(lint(app), list)


# The parts that rules stand on


@cases(
    ("text", "calls", "paths"),
    [
        ("plain", [], []),
        ("{{body}}", [], [("body",)]),
        (
            "[{{statusCode}}] {{ifempty(body.error.message, 'No }} here')}}",
            ["ifempty"],
            [("statusCode",), ("body", "error", "message")],
        ),
        (
            "{{headers.`x-relay-token` == data.token && !(now > 3)}}",
            [],
            [("headers", "x-relay-token"), ("data", "token")],
        ),
        (
            "{{join(map(body.items[1].names[], 'a'), \", \")}}",
            ["map", "join"],
            [("body", "items", "[]", "names", "[]")],
        ),
        ("{{-1 * (temp.a + 2.5) % 3}}", [], [("temp", "a")]),
        ("{{get(split(item.id, '-')[2].x, 'y')}}", ["get", "split"], [("item", "id")]),
        ("{{if(true, null, emptyarray)}}", ["if"], []),
    ],
)
def test_expressions_are_read(text: str, calls: list[str], paths: list[tuple[str, ...]]) -> None:
    found = list(iml.expressions(text))

    assert sorted(name for each in found for name in each.calls) == sorted(calls)
    assert {path for each in found for path in each.paths} - {("now",)} == set(paths)


@cases(
    "text",
    ["{{", "{{}}", "{{a b}}", "{{a.}}", "{{a[1}}", "{{f(}}", "{{f(a,)}}", "{{'a}}", "{{a ==}}", "}}", "{{a # b}}"],
)
def test_what_is_no_expression_is_said(text: str) -> None:
    with pytest.raises(iml.Wrong):
        list(iml.expressions(text))


@pytest.mark.parametrize(
    "label",
    [
        "Get an event",
        "Make an API call",
        "URL",
        "API key",
        "Customer ID",
        "Watch alerts (scheduled)",
        "Relay (API key)",
    ],
)
def test_sentence_case_is_known(label: str) -> None:
    assert sentence_case(label)


@pytest.mark.parametrize("label", ["", "get an event", "Get an Event", "API Key", "Watch alerts (Beta)", "GET it"])
def test_other_cases_are_not(label: str) -> None:
    assert not sentence_case(label)


def test_comments_and_trailing_commas_are_left_out() -> None:
    text = '{"a": "// no /* comment", /* yes\n */ "b": [1, 2, ], // end\n "c": "\\"",\n}'

    assert json.loads(without_comments(text)) == {"a": "// no /* comment", "b": [1, 2], "c": '"'}
    assert without_comments(text).count("\n") == text.count("\n")
