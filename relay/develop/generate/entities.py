"""relay/sdk/entities.py: the entities of `schemas/definitions.json` as types, so that mypy finds a misspelt key."""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from relay.catalogue.refs import referred
from relay.catalogue.vocabulary import catalogue

_WIDTH = 116
_TYPES = {"string": "str", "integer": "int", "number": "Decimal | int", "boolean": "bool", "null": "None"}
_HEAD = '''"""What readers give, in our words: the entities of `schemas/definitions.json` as types.

Derived by `relay generate`; do not edit. A key that is left out becomes null.
"""

from decimal import Decimal
from typing import Any, Literal, overload

from typing_extensions import TypedDict

from relay.formats import money
from relay.formats.money import Money
'''
_OVERLOAD = """

@overload
def named(prefix: Literal["{name}"], amount: Money) -> {kind}: ...
"""
_NAMED = '''

def named(prefix: Any, amount: Money) -> Any:
    """The same money under other keys: `named("tax", m)` is {"tax": ..., "tax_minor": ...}."""
    return money.named(prefix, amount)
'''


def files(root: Path) -> Mapping[Path, str]:
    return {root / "relay/sdk/entities.py": "".join([_HEAD, _kind(), *_entities(), *_sums(), _NAMED])}


def _kind() -> str:
    """The kinds of provider, which `schemas/envelope.json` names."""
    kinds = catalogue().envelope["properties"]["source"]["properties"]["kind"]["enum"]
    listed = "".join(f'    "{each}",\n' for each in kinds)
    return (
        f'\nKind = Literal[\n{listed}]\n"""What sort of product a provider is, as `schemas/envelope.json` has it."""\n'
    )


def _entities() -> Iterator[str]:
    """Each entity that has keys, and `Data`, which holds them."""
    for name, shape in _shapes().items():
        fields = {key: _type(each) for key, each in shape["properties"].items()}
        yield _class(_title(name), shape["description"], fields)
    yield _class("Data", "All that an event may hold, by the keys of its `data`.", _held())


def _shapes() -> dict[str, Mapping[str, Any]]:
    definitions = catalogue().definitions["$defs"]
    return {name: each for name, each in definitions.items() if "properties" in each and name != "money"}


def _held() -> dict[str, str]:
    """Returns the type of each key: null too, where any event type may have null there."""
    found: dict[str, str] = {}
    for event_type in catalogue().types.values():
        for name, each in event_type.schema["properties"].items():
            found[name] = max(found.get(name, ""), _type(each), key=len)
    return dict(sorted(found.items()))


def _type(schema: Mapping[str, Any]) -> str:
    """Returns the type of what a schema describes, as Python writes it."""
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if name := referred(schema):
        shape = catalogue().definitions["$defs"][name]
        if shape["type"] != "object":
            return _type(shape)
        return _title(name) if "properties" in shape else "dict[str, Any]"
    if schema["type"] == "array":
        return f"list[{_type(schema['items'])}]"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " | ".join(_TYPES[each] for each in kinds)


def _sums() -> Iterator[str]:
    """The sums of money that entities hold, and what `named` gives for each."""
    keys = {key for each in _shapes().values() for key in each["properties"]}
    names = sorted(key for key in keys if f"{key}_minor" in keys)
    for name in names:
        fields = {name: "Decimal | None", f"{name}_minor": "int | None"}
        yield _class(f"{_title(name)}Sum", f'What `named("{name}", ...)` gives.', fields, total=True)
    for name in names:
        yield _OVERLOAD.format(name=name, kind=f"{_title(name)}Sum")


def _class(name: str, about: str, fields: Mapping[str, str], *, total: bool = False) -> str:
    bases = "TypedDict, closed=True" if total else "TypedDict, total=False, closed=True"
    described = textwrap.wrap(f'"""{about}', _WIDTH, initial_indent="    ", subsequent_indent="    ")
    closed = [*described[:-1], f'{described[-1]}"""'] if len(described) == 1 else [*described, '    """']
    return "\n".join(
        ["\n", f"class {name}({bases}):", *closed, "", *(f"    {key}: {fields[key]}" for key in fields), ""]
    )


def _title(name: str) -> str:
    return name.title().replace("_", "")
