"""The Make app, run by an engine that reads its files as Make does, against a relay in real processes."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from kit.relays import Embedded
from kit.sender import Line, standard_webhook
from kit.signing import credentials
from kit.subscriber import Subscriber
from kit.waiting import until
from make_engine.app import App
from make_engine.engine import EPOCH_ALL, Engine, Hook, MakeError, Trigger
from make_engine.iml import Wrong, value_of
from relay.catalogue.action_types import actions
from relay.catalogue.vocabulary import catalogue
from relay.develop.generate.make import document
from relay.develop.samples import find
from relay.formats import jsontext
from relay.providers import get

FOLDER = Path(__file__).parents[2] / "connectors" / "make"
APP = App.read(FOLDER)
MANY = 260


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with Embedded(tmp_path_factory.mktemp("make") / "relay") as made:
        yield made


@pytest.fixture(scope="module")
def engine(relay: Embedded) -> Engine:
    made = Engine(APP)
    made.connect({"relayUrl": relay.url + "/", "apiKey": relay.command("key", "add", "--scopes", "admin")["key"]})
    return made


@pytest.fixture
def hook_address() -> Iterator[Subscriber]:
    with Subscriber() as made:
        yield made


def stripe(relay: Embedded) -> str:
    held = credentials(get("stripe"))
    return relay.source("Stripe EU", "stripe", held.secrets[0], dict(held.settings))


def post(relay: Embedded, source_id: str, sample_id: str) -> None:
    """A webhook as the provider itself signs it."""
    sample = find(sample_id)
    provider = get(sample.provider)
    webhook = provider.verification.sign(sample.inbound, credentials(provider), time.time())
    with Line(relay.address(source_id)) as line:
        answer = line.post(webhook.body, webhook.headers)
    assert answer is not None
    assert answer.taken, answer.body


def names(spec: list[Any]) -> set[str]:
    return {each["name"] for each in spec}


# Connection


@pytest.mark.parametrize(
    ("address", "key", "kind"),
    [("", "rk_wrong", "InvalidConfigurationError"), ("/docs/nothing", "rk_wrong", "InvalidConfigurationError")],
)
def test_a_wrong_key_or_address_is_refused_when_connecting(relay: Embedded, address: str, key: str, kind: str) -> None:
    with pytest.raises(MakeError) as error:
        Engine(APP).connect({"relayUrl": relay.url + address, "apiKey": key})

    assert error.value.kind == kind


def test_a_key_that_died_is_the_error_that_asks_for_a_new_connection(relay: Embedded) -> None:
    engine = Engine(APP)
    engine.connection = {"relayUrl": relay.url, "apiKey": "rk_dead"}

    with pytest.raises(MakeError, match=r"\[401\]") as error:
        engine.search("searchCustomers", {"email": "zoe@example.com"})

    assert error.value.kind == "InvalidAccessTokenError"


def test_a_connection_knows_whose_it_is(engine: Engine, relay: Embedded) -> None:
    assert engine.connection["relayUrl"] == relay.url
    assert engine.label is not None
    assert engine.label.startswith("My hosting (127.0.0.1")
    assert engine.uid is not None


# Instant triggers


def attached(engine: Engine, module: str, address: Subscriber, **parameters: Any) -> Hook:
    return engine.attach(module, address.url, parameters)


@pytest.mark.parametrize(
    ("module", "types"), [("watchInvoices", ["invoice.paid"]), ("watchEvents", ["invoice.paid", "payment.succeeded"])]
)
def test_a_signed_webhook_becomes_a_bundle_with_the_declared_fields(
    engine: Engine, relay: Embedded, hook_address: Subscriber, module: str, types: list[str]
) -> None:
    hook = attached(engine, module, hook_address, eventTypes=types)
    post(relay, stripe(relay), "stripe:invoice.paid")
    until(lambda: len(hook_address.received) >= len(types), "it is delivered")

    for received in hook_address.received:
        (bundle,) = engine.delivered(module, hook, received.headers, received.body)
        declared = engine.interface(module, webhook=hook.data)
        assert set(bundle) == names(declared)
        assert bundle == json.loads(received.body)
        inner = {each["name"]: each for each in declared}["data"]["spec"]
        assert set(bundle["data"]) <= names(inner)
        for entity in inner:
            told = bundle["data"].get(entity["name"])
            if isinstance(told, dict):
                assert set(told) <= names(entity["spec"])
    if module == "watchInvoices":
        (sample,) = [json.loads(each.read_text()) for each in (FOLDER / "modules/watch-invoices").glob("*samples*")]
        assert set(sample) == set(bundle)
    engine.detach(hook)


@pytest.mark.parametrize("choice", ["all by name", "none"])
def test_every_event_type_may_be_chosen_at_once(
    engine: Engine, relay: Embedded, hook_address: Subscriber, choice: str
) -> None:
    types = [each["value"] for each in engine.rpc("listEventTypes")] if choice == "all by name" else []

    hook = attached(engine, "watchEvents", hook_address, eventTypes=types)

    (kept,) = [each for each in relay.command("hook", "list") if each["id"] == hook.data["externalHookId"]]
    assert kept["event_types"] == (types or ["*"])
    declared = {each["name"]: each for each in engine.interface("watchEvents", webhook=hook.data)}
    told_of = {name for each in catalogue().types.values() for name in each.entities}
    assert names(declared["data"]["spec"]) == told_of
    assert isinstance(engine.search("searchEvents", {"type": types, "limit": 1}), list)
    engine.detach(hook)


def test_what_the_relay_tells_of_itself_becomes_a_bundle_too(
    engine: Engine, relay: Embedded, hook_address: Subscriber
) -> None:
    told = [each.type for each in catalogue().types.values() if each.family == "relay"]
    hook = attached(engine, "watchRelay", hook_address, eventTypes=told)
    (shown,) = [json.loads(each.read_text()) for each in (FOLDER / "modules/watch-relay").glob("*samples*")]

    engine.action("raiseAlert", {"key": "disk:web07", "title": "Disk of web07 is full"})
    until(lambda: hook_address.received, "it is delivered")

    received = hook_address.received[0]
    (bundle,) = engine.delivered("watchRelay", hook, received.headers, received.body)
    declared = {each["name"]: each for each in engine.interface("watchRelay")}
    assert bundle["type"] == "action.completed"
    assert set(bundle) == set(declared) == set(shown)
    assert set(bundle["data"]["action"]) == set(shown["data"]["action"])
    assert set(shown["data"]) == names(declared["data"]["spec"])
    engine.detach(hook)


def test_forged_and_stale_deliveries_are_dropped(engine: Engine, relay: Embedded, hook_address: Subscriber) -> None:
    hook = attached(engine, "watchInvoices", hook_address, eventTypes=["invoice.paid"])
    post(relay, stripe(relay), "stripe:invoice.paid")
    until(lambda: hook_address.received, "it is delivered")
    received = hook_address.received[0]
    good = {name.lower(): value for name, value in received.headers.items()}
    old = str(int(time.time()) - 3600)

    def heard(**changes: str) -> list[Any]:
        headers = good | {name.replace("_", "-"): value for name, value in changes.items()}
        return engine.delivered("watchInvoices", hook, headers, received.body)

    assert len(heard()) == 1
    assert heard(x_relay_token="guessed") == []
    assert heard(x_relay_proof="0" * 64) == []
    assert heard(webhook_id="msg_other") == []
    assert heard(webhook_timestamp=old) == []
    stranger = {name: value for name, value in good.items() if not name.startswith("x-relay")}
    assert engine.delivered("watchInvoices", hook, stranger, received.body) == []
    assert engine.delivered("watchInvoices", replace(hook, data={}), good, received.body) == []
    engine.detach(hook)


def test_a_hook_is_changed_and_gone_when_its_owner_says_so(
    engine: Engine, relay: Embedded, hook_address: Subscriber
) -> None:
    def hooks() -> dict[str, list[str]]:
        return {each["id"]: each["event_types"] for each in relay.command("hook", "list")}

    others = hooks()
    hook = attached(engine, "watchInvoices", hook_address, eventTypes=["invoice.paid"])

    engine.update(hook, {"eventTypes": ["invoice.overdue"]})
    assert hooks() == others | {hook.data["externalHookId"]: ["invoice.overdue"]}

    engine.detach(hook)
    engine.detach(hook)
    assert hooks() == others


# Searches and polling


@pytest.fixture(scope="module")
def many(relay: Embedded) -> str:
    """A source that told of as many customers, invoices and so on as no page holds."""
    source_id = relay.source("Many", "standard")
    with Line(relay.address(source_id)) as line:
        for number in range(MANY):
            told: dict[str, Any] = {
                "customer": {"id": f"c{number}", "email": f"c{number}@example.com", "name": f"Customer {number}"},
                "invoice": {"id": f"i{number}", "number": f"INV-{number}", "status": "overdue"},
                "subscription": {"id": f"s{number}", "status": "active"},
            }
            for kind, data in (
                ("customer.created", {"customer": told["customer"]}),
                ("invoice.overdue", {"invoice": told["invoice"], "subscription": told["subscription"]}),
            ):
                message = {"type": kind, "data": data, "customer": told["customer"]}
                body, headers = standard_webhook(f"msg_{kind}_{number}", message)
                answer = line.post(body, headers)
                assert answer is not None
                assert answer.taken, answer.body
    until(lambda: not relay.left()["webhooks"], "every webhook has become events")
    return source_id


def test_a_search_reads_page_after_page(engine: Engine, many: str) -> None:
    wanted = {"type": ["invoice.overdue"], "source": many}

    found = engine.search("searchEvents", {**wanted, "limit": 255})

    numbers = [int(each["data"]["invoice"]["id"].removeprefix("i")) for each in found]
    assert numbers == list(range(MANY - 1, MANY - 256, -1))
    assert engine.search("searchEvents", {**wanted, "limit": 3}) == found[:3]


@pytest.mark.parametrize("module", ["searchCustomers", "searchInvoices", "searchSubscriptions"])
def test_records_are_read_page_after_page(engine: Engine, many: str, module: str) -> None:
    limit = MANY - 5
    until(lambda: len(engine.search(module, {"limit": limit})) == limit, "the registry has learnt them")

    found = engine.search(module, {"limit": limit})

    assert len({each["id"] for each in found}) == limit
    assert {tuple(sorted(each)) for each in found} == {tuple(sorted(names(engine.interface(module))))}


@pytest.mark.parametrize("module", [each for each in APP.modules if each.startswith("search")])
def test_every_search_can_be_asked(engine: Engine, many: str, module: str) -> None:
    assert isinstance(engine.search(module, {"limit": 1}), list)


def test_polling_gives_each_record_once(engine: Engine, relay: Embedded, many: str) -> None:
    state = Trigger(EPOCH_ALL)

    first = engine.poll("pollInvoices", {"limit": 1000}, state)
    again = engine.poll("pollInvoices", {"limit": 1000}, state)
    source_id = stripe(relay)
    post(relay, source_id, "stripe:invoice.paid")
    until(lambda: not relay.left()["webhooks"], "it is an event")
    last = engine.poll("pollInvoices", {"limit": 1000}, state)

    assert len({each["id"] for each in first}) == len(first) >= MANY
    assert again == []
    assert {each["source"]["id"] for each in last} == {source_id}


@pytest.mark.parametrize("module", ["pollInvoices", "pollRenewals", "pollAlerts"])
def test_a_person_may_choose_where_polling_begins(engine: Engine, many: str, module: str) -> None:
    assert len(engine.epoch(module)) <= 300


# Actions, gets, the universal module, RPCs


def test_an_event_is_made_read_replayed_and_tested(engine: Engine, hook_address: Subscriber) -> None:
    hook = attached(engine, "watchEvents", hook_address, eventTypes=["custom"])
    given = {"data": [{"key": "plan", "value": "Business"}], "deduplicationKey": "once"}

    made = engine.action("createEvent", given)
    assert engine.action("createEvent", given) == made
    for key in ("Zoë, INV-1042", "k" * 300, ""):
        again = [engine.action("createEvent", {**given, "deduplicationKey": key})["id"] for _ in range(2)]
        assert len(set(again)) == (1 if key else 2)
    until(lambda: hook_address.received, "it is delivered")

    read = engine.action("getEvent", {"eventId": made["id"]})
    assert read["data"]["custom"] == {"plan": "Business"}
    assert engine.action("replayEvent", {"eventId": made["id"]})
    assert engine.action("createTestEvent", {"hookId": hook.data["externalHookId"]})
    engine.detach(hook)


def test_a_customer_is_read_with_all_that_is_known(engine: Engine, many: str) -> None:
    until(lambda: engine.search("searchCustomers", {"email": "C7@example.com"}), "the registry has learnt it")
    (found,) = engine.search("searchCustomers", {"email": "C7@example.com"})

    told = engine.action("getCustomer", {"customerId": found["id"]})

    assert told["native_id"] == "c7"


def action_modules() -> dict[str, str]:
    """The module of each action of the catalogue, by the address that it calls."""
    urls = {
        each.code["communication"].get("url"): name for name, each in APP.modules.items() if each.code["communication"]
    }
    return {name: urls[f"/actions/{name}"] for name in actions()}


@pytest.mark.parametrize(
    "name", [each.name for each in actions().values() if each.own and each.name.startswith("alert")]
)
def test_an_action_of_the_relays_own_is_done(engine: Engine, name: str) -> None:
    module = action_modules()[name]
    bundle = engine.action(module, jsontext.floats(actions()[name].example["input"]))

    assert bundle["status"] == "succeeded", bundle
    assert set(bundle) == names(engine.interface(module))


@pytest.mark.parametrize("name", [each.name for each in actions().values() if not each.own])
def test_an_action_that_cannot_be_done_is_a_data_error_that_says_why(engine: Engine, name: str) -> None:
    # Those of Stripe have no API key.
    why = r"\[422\] (No source of this workspace supports|source is required|The source .* has no api_key)"
    with pytest.raises(MakeError, match=why) as error:
        engine.action(action_modules()[name], jsontext.floats(actions()[name].example["input"]))

    assert error.value.kind == "DataError"


def test_the_universal_module_reaches_the_api(engine: Engine) -> None:
    told = engine.action("makeApiCall", {"url": "me", "method": "GET", "headers": [], "qs": []})
    assert (told["statusCode"], told["body"]["product"]) == (200, "relay")

    qs = [{"key": "limit", "value": "1"}]
    assert len(engine.action("makeApiCall", {"url": "events", "method": "GET", "qs": qs})["body"]["items"]) <= 1


def test_rpcs_tell_options_and_fields(engine: Engine, many: str, hook_address: Subscriber) -> None:
    hook = attached(engine, "watchEvents", hook_address, eventTypes=["invoice.paid"])
    types = engine.rpc("listEventTypes")
    assert {each["value"] for each in types} <= set(catalogue().types)
    assert many in {each["value"] for each in engine.rpc("listSourceOptions")}
    assert hook.data["externalHookId"] in {each["value"] for each in engine.rpc("listHookOptions")}
    assert all({"label", "value"} <= set(each) for each in engine.rpc("listEventOptions"))
    assert "Many (standard)" in {each["label"] for each in engine.rpc("listSourceOptions")}
    every = attached(engine, "watchEvents", hook_address, eventTypes=list(catalogue().types))
    (shown,) = [each for each in engine.rpc("listHookOptions") if each["value"] == every.data["externalHookId"]]
    assert shown["label"] == f"{', '.join(list(catalogue().types)[:3])} and more (make, {shown['value']})"
    engine.detach(every)
    assert "data" in names(engine.rpc("eventFields", webhook={"eventTypes": ["invoice.paid"]}))
    engine.detach(hook)


# Errors


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "DataError"),
        (401, "InvalidAccessTokenError"),
        (403, "DataError"),
        (404, "DataError"),
        (409, "DataError"),
        (410, "DataError"),
        (422, "DataError"),
        (429, "RateLimitError"),
        (500, "RuntimeError"),
        (502, "ConnectionError"),
        (503, "ConnectionError"),
        (504, "ConnectionError"),
    ],
)
def test_every_answer_is_the_error_that_makes_does_right_by(
    status: int, kind: str, answering: Callable[[int], str]
) -> None:
    engine = Engine(APP)
    engine.connection = {"relayUrl": answering(status), "apiKey": "rk_x"}

    with pytest.raises(MakeError, match=rf"^{kind}: \[{status}\] ") as error:
        engine.action("getEvent", {"eventId": "evt_1"})

    assert "rk_x" not in error.value.message


@pytest.mark.parametrize("status", [403, 409, 422])
@pytest.mark.parametrize("module", ["raiseAlert", "fetchInvoice"])
def test_a_refusal_is_told_in_the_relays_own_words(status: int, module: str, answering: Callable[..., str]) -> None:
    engine = Engine(APP)
    engine.connection = {"relayUrl": answering(status), "apiKey": "rk_x"}

    with pytest.raises(MakeError, match=rf"^DataError: \[{status}\] What was wrong\.$"):
        engine.action(module, {})


def test_a_look_up_that_is_still_under_way_is_no_answer(answering: Callable[..., str]) -> None:
    engine = Engine(APP)
    told = {"id": "run_1", "status": "queued", "message": "It will be tried again.", "invoice_id": None}
    engine.connection = {"relayUrl": answering(202, told), "apiKey": "rk_x"}

    with pytest.raises(MakeError, match=r"^ConnectionError: \[202\] It will be tried again\.$"):
        engine.action("fetchInvoice", {"invoice_id": "in_1"})


@pytest.fixture
def answering() -> Iterator[Callable[..., str]]:
    servers: list[ThreadingHTTPServer] = []
    wrong = {"error": {"code": "x", "message": "What was wrong."}}

    def make(status: int, content: dict[str, Any] = wrong) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.do_GET()

            def do_GET(self) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        Thread(target=servers[-1].serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_address[1]}"

    yield make
    for each in servers:
        each.shutdown()
        each.server_close()


# The engine itself


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{a}}", 1),
        ("x{{a}}", "x1"),
        ("{{b.`odd-name`[1]}}", "first"),
        ("{{b.`odd-name`[-1]}}", "last"),
        ("{{b.nothing.at.all}}", None),
        ("{{a + 2 * 3}}", 7),
        ("{{'1' == a}}", False),
        ("{{if(a > 0 && !(a == 2), 'yes', 'no')}}", "yes"),
        ("{{ifempty('', 'else')}}", "else"),
        ("{{join(emptyarray, ',')}}", ""),
        ("{{sha256('x', 'hex', 'k')}}", "ab7a1a7f1b10ae2a2cd8ddee9c4d7a2a"),
        ("{{substring('abc', 0, length('abc') - 1)}}", "ab"),
    ],
)
def test_iml_is_worked_out(text: str, expected: Any) -> None:
    found = value_of(text, {"a": 1, "b": {"odd-name": ["first", "last"]}})

    assert (len(found) == 64) if "sha256" in text else found == expected


@pytest.mark.parametrize("text", ["{{nobody(1)}}", "{{unknown.path}}", "{{a", "{{a b}}", "{{a +}}"])
def test_what_make_does_not_understand_is_an_error(text: str) -> None:
    with pytest.raises(Wrong):
        value_of(text, {"a": 1})


def test_a_new_field_and_a_new_event_type_appear_by_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = catalogue()
    paid = known.types["invoice.paid"]
    definitions = jsontext.loads(jsontext.dumps(known.definitions))
    definitions["$defs"]["invoice"]["properties"]["colour"] = {
        "title": "Colour",
        "description": "What colour it has.",
        "type": ["string", "null"],
    }
    grown = replace(
        known,
        definitions=definitions,
        types={**known.types, "invoice.framed": replace(paid, type="invoice.framed", title="Invoice Framed")},
    )

    for name, content in document(grown).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(jsontext.pretty(content))
    app = App.read(tmp_path)

    (types,) = [each for each in app.webhooks["relayInvoices"].code["params"] if each["name"] == "eventTypes"]
    assert "invoice.framed" in {each["value"] for each in types["options"]}
    data = {each["name"]: each for each in app.modules["watchInvoices"].code["interface"]}["data"]["spec"]
    invoice = {each["name"]: each for each in data}["invoice"]
    assert "colour" in names(invoice["spec"])
