"""Reads the folder of a Make app, as Make's editor lays it out.

https://developers.make.com/custom-apps-documentation/create-your-first-app/local-development-for-apps
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from relay.errors import ConfigError, Unreadable
from relay.formats import jsontext

MANIFEST = "makecomapp.json"
TYPES = ("connection", "endpoint", "rpc", "webhook", "module", "function")
"""In the order in which they may refer to one another."""

PLAIN = (MANIFEST, "groups.json")
"""The editor reads these without leave for comments."""


@dataclass(frozen=True, slots=True)
class Code:
    """One code file. `text` is null where there is no such file, `trouble` says why it could not be read."""

    key: str
    path: str
    text: str | None
    value: Any = None
    trouble: str = ""

    @property
    def blocks(self) -> list[Mapping[str, Any]]:
        """The requests in it: one, or a chain of them."""
        found = self.value if isinstance(self.value, list) else [self.value]
        return [each for each in found if isinstance(each, Mapping)]

    @property
    def fields(self) -> list[Mapping[str, Any]]:
        """The parameters in it."""
        found = self.value if isinstance(self.value, list) else []
        return [each for each in found if isinstance(each, Mapping)]


@dataclass(frozen=True, slots=True)
class Component:
    """One connection, webhook, module, RPC, function or endpoint."""

    type: str
    id: str
    entry: Mapping[str, Any]
    codes: Mapping[str, Code]

    @property
    def label(self) -> str:
        return str(self.entry.get("label") or "")

    @property
    def kind(self) -> str:
        """What sort of module it is."""
        return str(self.entry.get("moduleType") or "")

    @property
    def place(self) -> str:
        """Where it stands in the manifest."""
        return f"components.{self.type}.{self.id}"

    def blocks(self, key: str = "communication") -> list[Mapping[str, Any]]:
        return self.codes[key].blocks if key in self.codes else []

    def fields(self, *keys: str) -> list[Mapping[str, Any]]:
        return [each for key in keys if key in self.codes for each in self.codes[key].fields]


@dataclass(frozen=True, slots=True)
class App:
    folder: Path
    manifest: Mapping[str, Any]
    general: Mapping[str, Code]
    components: Sequence[Component] = field(default_factory=tuple)

    def of(self, kind: str) -> list[Component]:
        return [each for each in self.components if each.type == kind]

    def get(self, kind: str, own_id: Any) -> Component | None:
        return next((each for each in self.of(kind) if each.id == own_id), None)

    def codes(self) -> Iterator[tuple[Component | None, Code]]:
        """Every code file that the manifest names, with the component it belongs to."""
        for code in self.general.values():
            yield None, code
        for component in self.components:
            for code in component.codes.values():
                yield component, code

    @property
    def base(self) -> Mapping[str, Any]:
        """What every request of modules, RPCs and webhooks begins with."""
        value = self.general["base"].value if "base" in self.general else None
        return value if isinstance(value, Mapping) else {}


def read(folder: Path) -> App:
    """Raises `ConfigError` where there is no manifest, or none that can be read."""
    path = folder / MANIFEST
    if not path.is_file():
        raise ConfigError(f"There is no {MANIFEST} in {folder}: name the folder of the Make app.")
    try:
        manifest = jsontext.loads(path.read_bytes())
    except Unreadable as error:
        raise ConfigError(f"{path} cannot be read: {error.message}") from None
    if not isinstance(manifest, Mapping):
        raise ConfigError(f"{path} must hold one JSON object.")
    components = manifest.get("components")
    return App(
        folder,
        manifest,
        _codes(folder, manifest.get("generalCodeFiles")),
        tuple(_components(folder, components if isinstance(components, Mapping) else {})),
    )


def _components(folder: Path, components: Mapping[str, Any]) -> Iterator[Component]:
    for kind in TYPES:
        entries = components.get(kind)
        if isinstance(entries, Mapping):
            for own_id, entry in entries.items():
                known = entry if isinstance(entry, Mapping) else {}
                yield Component(kind, own_id, known, _codes(folder, known.get("codeFiles")))


def _codes(folder: Path, paths: Any) -> dict[str, Code]:
    """By the manifest's key. A path that is null is not managed."""
    named = paths if isinstance(paths, Mapping) else {}
    return {key: _code(folder, key, path) for key, path in named.items() if isinstance(path, str)}


def _code(folder: Path, key: str, path: str) -> Code:
    if not (folder / path).resolve().is_relative_to(folder.resolve()):
        return Code(key, path, None, trouble="it lies outside the app's folder")
    try:
        text = (folder / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Code(key, path, None, trouble="there is no such file in UTF-8")
    if not path.endswith(".json"):
        return Code(key, path, text)
    try:
        return Code(key, path, text, _value(text, commented=Path(path).name not in PLAIN))
    except Unreadable as error:
        return Code(key, path, text, trouble=error.message)


def _value(text: str, *, commented: bool) -> Any:
    try:
        return jsontext.loads(text.encode())
    except Unreadable:
        if not commented:
            raise
    return jsontext.loads(without_comments(text).encode())


def without_comments(text: str) -> str:
    """JSON from JSON with comments and trailing commas; each line stays where it was."""
    kept: list[str] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = _after_string(text, at)
            kept.append(text[at:end])
        elif text.startswith("//", at):
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
        elif text.startswith("/*", at):
            end = text.find("*/", at + 2)
            end = len(text) if end < 0 else end + 2
            kept.append("\n" * text.count("\n", at, end))
        else:
            end = at + 1
            if text[at] in "]}":
                _drop_comma(kept)
            kept.append(text[at])
        at = end
    return "".join(kept)


def _after_string(text: str, at: int) -> int:
    at += 1
    while at < len(text) and text[at] != '"':
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _drop_comma(kept: list[str]) -> None:
    for index in range(len(kept) - 1, -1, -1):
        if not kept[index].isspace() and kept[index]:
            if kept[index] == ",":
                kept[index] = ""
            return
