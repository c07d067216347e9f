"""Judges a Make app by every rule that needs no Make account."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs

from relay.develop.make_app.app import MANIFEST, App, read
from relay.develop.make_app.rules import LINT_RULES
from relay.develop.make_app.rules.reading import Fault
from relay.errors import ConfigError
from relay.formats import jsontext

_SCHEMAS = {
    "base": "base.json",
    "groups": "groups.json",
    "common": "common.json",
    "communication": "api.json",
    "attach": "api.json",
    "detach": "api.json",
    "update": "api.json",
    "params": "parameters.json",
    "staticParams": "parameters.json",
    "mappableParams": "parameters.json",
    "interface": "parameters.json",
    "samples": "samples.json",
    "epoch": "epoch.json",
    "scope": "scope.json",
}
_FIRST = "readable-file"
_BASE = "https://schemas.invalid/"
"""The schemas name one another by file; this makes addresses of the names, and nothing is fetched."""


@dataclass(frozen=True, slots=True)
class Finding:
    file: str
    place: str
    rule: str
    do: str


def lint(folder: Path, schemas: Path | None = None) -> list[Finding]:
    """What is wrong, by file. `schemas` is a folder with those of Make's editor.

    Raises `ConfigError` where there is no app to judge.
    """
    app = read(folder)
    unreadable = any(code.path.endswith(".json") and code.trouble for _, code in app.codes())
    # While a file cannot be read, what others would say of it is noise.
    rules = {_FIRST: LINT_RULES[_FIRST]} if unreadable else LINT_RULES
    found = [Finding(fault.file, fault.place, name, fault.do) for name, rule in rules.items() for fault in rule(app)]
    if schemas is not None:
        found += [Finding(fault.file, fault.place, "schema", fault.do) for fault in _by_schemas(app, schemas)]
    return sorted(found, key=lambda each: (each.file, each.place, each.rule))


def _by_schemas(app: App, folder: Path) -> Iterator[Fault]:
    """What Make's editor would underline."""
    registry = _registry(folder)
    checked: list[tuple[str, str, Any]] = [("makecomapp.schema.json", MANIFEST, app.manifest)]
    for _, code in app.codes():
        if code.key in _SCHEMAS and code.text is not None and not code.trouble:
            checked.append((_SCHEMAS[code.key], code.path, code.value))
    for schema, path, value in checked:
        judge = jsonschema_rs.Draft7Validator({"$ref": _BASE + schema}, registry=registry)
        for error in judge.iter_errors(jsontext.floats(value)):
            yield Fault(path, ".".join(map(str, error.instance_path)), f"Make's schema says: {error.message[:160]}")


def _registry(folder: Path) -> jsonschema_rs.Registry:
    if not (folder / "makecomapp.schema.json").is_file():
        raise ConfigError(f"{folder} has no makecomapp.schema.json: name the folder with the schemas of Make's editor.")
    return jsonschema_rs.Registry(
        [(_BASE + path.name, jsontext.plain(path.read_bytes())) for path in sorted(folder.glob("*.json"))],
        draft=jsonschema_rs.Draft7,
    )
