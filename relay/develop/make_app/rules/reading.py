"""What the rules share: a fault, the requests of an app, and the texts in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relay.develop.make_app.app import App, Code, Component


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at a place in a file, said as what to do."""

    file: str
    place: str
    do: str


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the app, or the block that reads what a webhook gets: its `sort` is then `incoming`."""

    sort: str
    code: Code
    place: str
    block: Mapping[str, Any]
    component: Component | None = None

    @property
    def response(self) -> Mapping[str, Any]:
        return mapping(self.block.get("response"))

    @property
    def label(self) -> str:
        return self.component.label if self.component else "base"

    def fault(self, place: str, do: str) -> Fault:
        return Fault(self.code.path, self.place + place, do)


_SORTS = {
    ("connection", "communication"): "connection",
    ("webhook", "communication"): "incoming",
    ("webhook", "attach"): "hook",
    ("webhook", "detach"): "hook",
    ("webhook", "update"): "hook",
    ("module", "communication"): "module",
    ("module", "epoch"): "epoch",
    ("rpc", "communication"): "rpc",
}


def requests(app: App, *sorts: str) -> Iterator[Request]:
    """Every request, or those of some sorts: base connection incoming hook module epoch rpc."""
    if "base" in app.general and (not sorts or "base" in sorts):
        yield Request("base", app.general["base"], "", app.base)
    for component in app.components:
        for key, code in component.codes.items():
            sort = _SORTS.get((component.type, key))
            if sort and (not sorts or sort in sorts):
                chain = isinstance(code.value, list)
                for index, block in enumerate(code.blocks):
                    yield Request(sort, code, f"[{index}]." if chain else "", block, component)


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, keys among them, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            below = f"{place}.{key}" if place else str(key)
            if "{{" in str(key):
                yield below, str(key)
            yield from texts(item, below)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, f"{place}[{index}]")


def every_field(fields: Any, place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each parameter, those within others too, with its place."""
    if isinstance(fields, Mapping):
        fields = [fields]
    for index, each in enumerate(fields if isinstance(fields, list) else []):
        if not isinstance(each, Mapping):
            continue
        own = f"{place}[{each.get('name', index)}]"
        yield own, each
        yield from every_field(each.get("spec"), f"{own}.spec")
        yield from every_field(each.get("nested"), f"{own}.nested")
        options = each.get("options")
        for option in options if isinstance(options, list) else [options]:
            yield from every_field(mapping(option).get("nested"), f"{own}.options")


INPUTS = ("params", "staticParams", "mappableParams")


def inputs(app: App) -> Iterator[tuple[Component, Code, str, Mapping[str, Any]]]:
    """Every field that a person fills in."""
    for component in app.components:
        for key in INPUTS:
            if key in component.codes:
                code = component.codes[key]
                for place, each in every_field(code.value):
                    yield component, code, place, each
