"""What both apps declare is what the API answers: the same keys, down to the last, for every kind and every action."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from kit.cases import cases
from relay.actions.requests import Desk
from relay.catalogue.action_types import RESULT, actions
from relay.catalogue.record_kinds import record_kinds
from relay.catalogue.vocabulary import catalogue
from relay.develop.generate.make.parts import camel
from relay.formats import jsontext
from relay.storage import runs
from relay.storage.runs import Run
from relay.web.api.records import OF_A_CUSTOMER

CONNECTORS = Path(__file__).parents[2] / "connectors"
MAKE = json.loads((CONNECTORS / "make/makecomapp.json").read_text())["components"]["module"]
ZAPIER = json.loads((CONNECTORS / "zapier/catalogue.json").read_text())


def keys(value: Any, at: str = "") -> Iterator[str]:
    """The keys of a value with no more below them, as `customer.email` and `items[].amount`."""
    if isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from keys(each, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for each in value or [None]:
            yield from keys(each, f"{at}[]")
    else:
        yield at


def of_make(spec: Any, at: str = "") -> Iterator[str]:
    for each in spec:
        own = f"{at}.{each['name']}" if at else each["name"]
        inner = each.get("spec")
        if each["type"] == "array" and isinstance(inner, list):
            yield from of_make(inner, f"{own}[]")
        elif each["type"] == "collection" and inner:
            yield from of_make(inner, own)
        else:
            yield f"{own}[]" if each["type"] == "array" else own


def of_zapier(fields: Any) -> Iterator[str]:
    for each in fields:
        own = each["key"].replace("__", ".").replace("[]", "[].")
        yield f"{own}[]" if each.get("list") else own


def read(path: str) -> Any:
    return json.loads((CONNECTORS / "make" / path).read_text())


def interface(module: str) -> list[str]:
    return sorted(of_make(read(MAKE[module]["codeFiles"]["interface"])))


def sample(module: str) -> list[str]:
    return came(read(MAKE[module]["codeFiles"]["samples"]))


def came(value: Any) -> list[str]:
    """The keys of a value; those of a list are those of all its entries, however many of the lists are empty."""
    found = set(keys(value))
    return sorted(each for each in found if not any(other.startswith(f"{each}.") for other in found))


def module_of(kind: str) -> str:
    return "search" + "".join(word.capitalize() for word in record_kinds()[kind].path.split("-"))


def event(type_name: str) -> dict[str, Any]:
    return deepcopy(catalogue().sample(catalogue().types[type_name]))


def about(kind: str) -> str:
    return next(each for each in catalogue().types if each.partition(".")[0] == kind)


@pytest.mark.parametrize("kind", record_kinds())
@pytest.mark.parametrize("customer", ["somebody", "hardly anybody", "nobody"])
def test_a_search_gives_the_keys_that_it_declares(api, kind, customer):
    # Most events name a customer and tell no more of it.
    told = event("invoice.paid" if kind == "customer" else about(kind))
    if customer == "nobody" and kind != "customer":
        told["customer"] = None
    elif customer == "hardly anybody":
        told["customer"] = dict.fromkeys(told["customer"]) | {"id": "cus_1"}
    api.learn(api.mine.id, told)

    (item,) = api.call("GET", f"/{record_kinds()[kind].path}").json["items"]

    assert came(item) == interface(module_of(kind)) == sample(module_of(kind))
    for search in ZAPIER["searches"]:
        if search["kind"] == kind:
            assert came(item) == sorted(of_zapier(search["output_fields"])) == came(search["sample"])


def test_a_record_that_was_learnt_when_there_were_fewer_keys_has_them_all(api):
    told = event("invoice.paid")
    told["data"]["invoice"] = {"id": "in_1", "number": "INV-1", "retired": "yes"}
    told["source"] = {name: told["source"][name] for name in ("id", "name", "provider", "kind")}
    api.learn(api.mine.id, told)

    (item,) = api.call("GET", "/invoices").json["items"]

    assert set(came(item)) - {"invoice.items[]"} == {
        each for each in interface("searchInvoices") if ".items[]" not in each
    }
    assert item["invoice"]["amount"] is item["source"]["signed"] is None


def test_all_of_a_customer_has_the_keys_that_it_declares(api):
    for name in ("invoice.paid", "service.created", "domain.added", "payment_method.added"):
        api.learn(api.mine.id, api.event(name))
    zoe = {"email": "zoe@acme-shop.example", "source": "src_example_stripe"}
    (customer,) = api.call("GET", "/customers", **zoe).json["items"]

    summary = api.call("GET", f"/customers/{customer['id']}/summary").json

    assert all(summary[kind.plural] for kind in OF_A_CUSTOMER)
    assert came(summary) == interface("getCustomer") == sample("getCustomer")


def test_money_in_a_record_keeps_its_digits(api):
    told = event("invoice.paid")
    api.learn(api.mine.id, told)

    answer = api.call("GET", "/invoices")

    assert b'"amount":24.00' in answer.data
    assert jsontext.loads(answer.data)["items"][0]["invoice"] == told["data"]["invoice"]


# Events


def free(module: str) -> tuple[str, ...]:
    """What holds any keys: a custom event's own, and whatever the universal module is answered with."""
    return ("body", "headers") if module == "makeApiCall" else ("data.custom",)


def without(found: list[str], prefixes: tuple[str, ...]) -> list[str]:
    return [each for each in found if each not in prefixes and not each.startswith(tuple(f"{p}." for p in prefixes))]


ASKED_FOR = [module for module, entry in MAKE.items() if read(entry["codeFiles"]["interface"]) == ["rpc://eventFields"]]


@cases("module", [each for each in MAKE if each not in ASKED_FOR])
def test_the_sample_of_a_module_shows_every_key_of_its_interface(module):
    prefixes = free(module)

    assert without(sample(module), prefixes) == without(interface(module), prefixes)


@cases("type_name", catalogue().types)
def test_an_event_has_the_keys_that_its_triggers_declare(shared_api, type_name):
    """Of those that tell of several types, the keys of the data that its own type tells of."""
    sent = shared_api.call("GET", f"/event-types/{type_name}/sample").json
    asked_for = shared_api.call("GET", "/event-types/fields", types=type_name).json["fields"]
    family = catalogue().types[type_name].family

    given = without(came(sent), ("data.custom",))
    # An object that is null has no keys, and a list that is empty no entries.
    empty = [each for each in given if each == "customer" or re.fullmatch(r"data\.\w+", each) or each.endswith("[]")]

    def declared(fields: list[str]) -> list[str]:
        told = tuple(f"data.{name}." for name in sent["data"])
        own = [
            each for each in without(fields, ("data.custom", *empty)) if each[:5] != "data." or each.startswith(told)
        ]
        return sorted([*own, *empty])

    assert given == declared(sorted(of_make(asked_for))) == declared(interface(camel("watch", family)))
    assert given == declared(interface("searchEvents")) == declared(interface("getEvent"))


# Actions


@pytest.mark.parametrize("name", actions())
def test_what_a_user_left_empty_counts_as_not_given(shared_api, monkeypatch, name):
    """A platform sends null or an empty text for it."""
    action = actions()[name]
    taken = []
    monkeypatch.setattr(Desk, "dry_run", lambda _, name, body, **__: taken.append(body) or {"status": "dry_run"})
    given = jsontext.floats(action.example["input"]) | {"dry_run": True}
    empty = {each: None for each in action.input["properties"] if each not in given}
    texts = {each: "" for each in empty if action.input["properties"][each]["type"] == "string"}

    for body in (given, given | empty | {"fallback": None} if not action.own else given | empty, given | texts):
        answer = shared_api.call("POST", f"/actions/{name}", body)
        assert answer.status_code == 200, answer.text
    assert taken[0] == taken[1] == taken[2]
    for field in action.input.get("required", ()):
        refusal = shared_api.call("POST", f"/actions/{name}", given | {field: None})
        assert (refusal.status_code, refusal.json["error"]["message"]) == (422, f"{field} is required.")


@cases("name", actions())
def test_no_key_of_an_output_is_one_of_the_runs_own(name):
    assert set(actions()[name].outputs).isdisjoint(RESULT)


@pytest.mark.parametrize("name", actions())
@pytest.mark.parametrize("state", [runs.SUCCEEDED, runs.PENDING, runs.QUEUED, runs.UNKNOWN])
def test_an_action_gives_the_keys_that_it_declares_however_it_stands(shared_api, monkeypatch, name, state):
    """An adapter may leave out what it does not know, and know more than is asked."""
    action = actions()[name]
    output = dict(list(action.example["output"].items())[:1]) | {"more": 1}
    told = Run(
        id="run_1", workspace_id="ws_1", action=name, risk=action.risk, source_id=None, state=state,
        requested_by="key_1", created_at=0, due_at=None, expires_at=86_400_000 if state == runs.PENDING else None,
        content={"input": {}} if state == runs.PENDING else {"input": {}, "output": output, "text": "Done."},
    )  # fmt: skip
    monkeypatch.setattr(Desk, "request", lambda *_, **__: told)

    answer = shared_api.call("POST", f"/actions/{name}", jsontext.floats(action.example["input"]))

    assert answer.status_code == (200 if state == runs.SUCCEEDED else 202), answer.text
    assert answer.json["approval_expires_at"] == ("1970-01-02T00:00:00Z" if state == runs.PENDING else None)
    (module,) = [
        each
        for each, entry in MAKE.items()
        if read(entry["codeFiles"]["communication"]).get("url") == f"/actions/{name}"
    ]
    assert came(answer.json) == interface(module) == sample(module)
    (told_zapier,) = [each for each in ZAPIER["actions"] if each["name"] == name]
    run = ZAPIER["run"]
    declared = sorted(of_zapier([*run["output_fields"], *told_zapier["output_fields"]]))
    assert came(answer.json) == declared == came(run["sample"] | told_zapier["sample"])
