"""The public language keeps its own rules, judged by the reference validator."""

import json
import re
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from kit.cases import cases
from relay.catalogue.vocabulary import FAMILIES, catalogue

SCHEMAS = Path(__file__).parent.parent / "schemas"
EVENTS = sorted((SCHEMAS / "events").glob("*.json"))


def schema(path: Path) -> dict:
    return json.loads(path.read_bytes())


REGISTRY = Registry().with_resources(
    (found["$id"], Resource.from_contents(found, default_specification=DRAFT202012))
    for found in (schema(SCHEMAS / "definitions.json"), schema(SCHEMAS / "envelope.json"))
)


def validator(found: dict) -> Draft202012Validator:
    return Draft202012Validator(found, registry=REGISTRY)


@cases("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_type_follows_the_meta_schema(path: Path) -> None:
    found = schema(path)

    Draft202012Validator.check_schema(found)
    assert [error.message for error in validator(schema(SCHEMAS / "meta.json")).iter_errors(found)] == []
    assert found["$id"] == f"urn:relay:schema:events/{path.stem}"
    assert sorted(found["required"]) == sorted(found["properties"])
    assert found["x-family"] in FAMILIES


@cases("path", EVENTS, ids=lambda path: path.stem)
def test_its_examples_are_valid_and_its_anti_examples_are_not(path: Path) -> None:
    found = schema(path)

    assert all(validator(found).is_valid(example) for example in found["examples"])
    assert not any(validator(found).is_valid(each["value"]) for each in found["x-anti-examples"])


@cases("path", EVENTS, ids=lambda path: path.stem)
def test_its_summary_names_only_what_there_is(path: Path) -> None:
    known = catalogue().types[path.stem]
    keys = {name: set(entity.blank) for name, entity in known.entities.items()}
    keys |= {
        "customer": keys.get("customer", set()) | {"id", "name", "email", "company"},
        "source": {"id", "name", "provider"} | keys.get("source", set()),
    }

    for placeholder in re.findall(r"\{([^{}]+)\}", known.schema["x-summary"]):
        for place in placeholder.split("|"):
            entity, _, field = place.partition(".")
            assert field in keys[entity], place


@cases("path", EVENTS, ids=lambda path: path.stem)
def test_its_sample_is_a_whole_event(path: Path) -> None:
    sample = catalogue().sample(catalogue().types[path.stem])

    plain = json.loads(json.dumps(sample, default=float))
    assert [error.message for error in validator(schema(SCHEMAS / "envelope.json")).iter_errors(plain)] == []
    assert "{" not in sample["summary"]
    assert "[" not in sample["summary"]
