"""The scenarios to import: that what they map exists. Make itself is not asked."""

import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from relay.develop.generate.make.blueprints import OWN_APP, SCENARIOS, files

APP = Path(__file__).parents[2] / "connectors" / "make"
MANIFEST = json.loads((APP / "makecomapp.json").read_text())["components"]
OPERATORS = {"exist", "text:equal", "number:less", "boolean:equal"}
_MAPPED = re.compile(r"\b1\.([a-z0-9_.]+)")


def part(kind: str, own_id: str, file: str) -> Any:
    return json.loads((APP / MANIFEST[kind][own_id]["codeFiles"][file]).read_text())


def names(spec: list[dict[str, Any]], before: str = "") -> Iterator[str]:
    for each in spec:
        yield before + each["name"]
        if isinstance(each.get("spec"), list):
            yield from names(each["spec"], f"{before}{each['name']}.")


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(each)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_field_that_is_mapped_exists_in_the_trigger(name: str) -> None:
    blueprint = files()[f"{name}.json"]
    known = set(names(part("module", SCENARIOS[name].trigger, "interface")))

    mapped = {
        path.rstrip(".")
        for step in blueprint["flow"][1:]
        for text in texts([step["mapper"], step.get("filter", {})])
        for inner in re.findall(r"\{\{(.*?)\}\}", text)
        for path in _MAPPED.findall(inner)
    }

    assert mapped
    assert mapped - known == set()


@pytest.mark.parametrize("name", SCENARIOS)
def test_its_own_modules_fields_and_event_types_are_the_apps(name: str) -> None:
    scenario, blueprint = SCENARIOS[name], files()[f"{name}.json"]
    hook = part("webhook", MANIFEST["module"][scenario.trigger]["webhook"], "params")
    offered = {each["value"] for field in hook if field["name"] == "eventTypes" for each in field["options"]}

    assert set(scenario.types) <= offered
    for step in blueprint["flow"][1:]:
        app, _, module = step["module"].partition(":")
        if app == OWN_APP:
            fields = {each["name"] for each in part("module", module, "mappableParams")}
            assert set(step["mapper"]) <= fields


@pytest.mark.parametrize("name", SCENARIOS)
def test_its_form_is_that_of_an_export(name: str) -> None:
    blueprint = files()[f"{name}.json"]
    flow = blueprint["flow"]

    assert [each["id"] for each in flow] == list(range(1, len(flow) + 1))
    assert {"name", "flow", "metadata"} == set(blueprint)
    for step in flow:
        assert {"id", "module", "version", "parameters", "mapper", "metadata"} <= set(step)
        for choice in step.get("filter", {}).get("conditions", []):
            assert {each["o"] for each in choice} <= OPERATORS
    assert [choice[0]["b"] for choice in flow[1]["filter"]["conditions"]] == list(SCENARIOS[name].types)


def test_the_readme_names_every_scenario() -> None:
    told = (APP / "blueprints" / "README.md").read_text()

    assert len(SCENARIOS) == 10
    assert [name for name in SCENARIOS if f"`{name}`" not in told] == []


def test_the_icon_is_as_make_wants_it_and_the_one_that_the_app_has() -> None:
    """White on transparent, 512 by 512. Its pixels are compared, since each compressor packs them in its own way."""
    icon = (APP / "icon.png").read_bytes()

    rows = pixels(icon)

    assert icon[16:26] == (512).to_bytes(4, "big") * 2 + bytes((8, 6))  # eight bits each of red, green, blue, opacity
    assert len(rows) == 512 * (1 + 512 * 4)
    assert hashlib.sha256(rows).hexdigest() == "884b4b168b2d7708f2bed6c1aa7374338f0aba06ba5b055f07494f8d4dbc4520"


def pixels(image: bytes) -> bytes:
    start = image.index(b"IDAT")
    length = int.from_bytes(image[start - 4 : start], "big")
    return zlib.decompress(image[start + 4 : start + 4 + length])
