"""Every file of the derived app is written as Make documents it, by a schema of our own (schema.json)."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from kit.cases import cases
from make_app.test_lint import Change, drop, put
from relay.develop.generate import ROOT
from relay.develop.generate.make import FOLDER

APP = ROOT / FOLDER
DEFINITIONS = json.loads((Path(__file__).parent / "schema.json").read_text())["$defs"]
KINDS = {
    "communication": "calls",
    "attach": "calls",
    "detach": "calls",
    "update": "calls",
    "epoch": "calls",
    "params": "fields",
    "static-params": "fields",
    "mappable-params": "fields",
    "interface": "fields",
    "samples": "samples",
}
GENERAL = {"makecomapp.json": "manifest", "modules/groups.json": "groups", "general/base.iml.json": "base"}
FILES = [
    str(path.relative_to(APP))
    for path in sorted(APP.rglob("*.json"))
    if "blueprints" not in path.parts and not path.name.startswith(".") and path.name != "common.json"
]


def kind_of(file: str) -> str:
    return GENERAL.get(file) or KINDS[Path(file).name.split(".")[1]]


def faults(kind: str, value: Any) -> list[str]:
    schema = {"$ref": f"#/$defs/{kind}", "$defs": DEFINITIONS}
    return [f"{error.json_path}: {error.message[:200]}" for error in Draft202012Validator(schema).iter_errors(value)]


def test_the_schema_is_one() -> None:
    for definition in DEFINITIONS.values():
        Draft202012Validator.check_schema(definition)


@cases("file", FILES)
def test_a_file_is_written_as_make_documents_it(file: str) -> None:
    assert faults(kind_of(file), json.loads((APP / file).read_text())) == []


@cases(
    ("file", "change"),
    [
        ("modules/get-event/get-event.communication.iml.json", put("gzip", to="yes")),
        ("modules/get-event/get-event.communication.iml.json", put("method", to="FETCH")),
        ("modules/get-event/get-event.communication.iml.json", put("url", to=["/events"])),
        ("modules/search-domains/search-domains.communication.iml.json", put("pagination", to=True)),
        ("modules/search-domains/search-domains.communication.iml.json", put("response", "limit", to=[10])),
        ("modules/poll-alerts/poll-alerts.communication.iml.json", drop("response", "trigger", "id")),
        ("modules/poll-alerts/poll-alerts.communication.iml.json", put("response", "trigger", "order", to="up")),
        ("modules/get-event/get-event.mappable-params.iml.json", drop("eventId", "label")),
        ("modules/get-event/get-event.mappable-params.iml.json", put("eventId", "type", to="dropdown")),
        ("modules/get-event/get-event.mappable-params.iml.json", put("eventId", "required", to="yes")),
        ("modules/search-domains/search-domains.interface.iml.json", put("domain", "spec", to="name")),
        ("modules/groups.json", put("Events", "modules", to=[])),
        ("general/base.iml.json", put("timeout", to="40000")),
        ("general/base.iml.json", put("response", "error", "429", "type", to="TooMany")),
        ("general/base.iml.json", put("log", "sanitize", to=["authorization"])),
        ("makecomapp.json", put("fileVersion", to=2)),
        ("makecomapp.json", put("components", "module", "getEvent", "moduleType", to="getter")),
        ("makecomapp.json", put("components", "module", "getEvent", "codeFiles", "samples", to="..\\samples")),
    ],
)
def test_a_planted_fault_is_found(file: str, change: Change) -> None:
    value = json.loads((APP / file).read_text())

    change(value)

    assert len(faults(kind_of(file), value)) == 1
