"""What there is to do so that the app at Make is as the folder says. Nothing is asked or sent here."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.develop.make_app.app import TYPES, App, Code, Component
from relay.develop.make_app.origin import Origin
from relay.errors import ConfigError
from relay.formats import jsontext

MODULE_TYPES = {"trigger": 1, "action": 4, "search": 9, "instant_trigger": 10, "responder": 11, "universal": 12}
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "app": {"base": "base", "common": "common", "readme": "readme", "groups": "groups"},
    "connection": {"communication": "api", "params": "parameters", "common": "common"},
    "webhook": {
        "communication": "api",
        "params": "parameters",
        "attach": "attach",
        "detach": "detach",
        "update": "update",
        "requiredScope": "scope",
    },
    "module": {
        "communication": "api",
        "epoch": "epoch",
        "staticParams": "parameters",
        "mappableParams": "expect",
        "interface": "interface",
        "samples": "samples",
        "scope": "scope",
    },
    "rpc": {"communication": "api", "params": "parameters"},
}
"""What Make calls each code file."""

_SUMS = {"connection": "accounts", "webhook": "hooks", "module": "modules", "rpc": "rpcs"}
_COLUMNS = {
    "label": "label",
    "description": "description",
    "typeId": "type_id",
    "crud": "crud",
    "connection": "account_name",
    "altConnection": "alt_account_name",
}
"""What Make calls the properties of an entry in its checksums; of a module's webhook it tells none."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request. Without a `key` it is about the component's own entry, else about one of its code files."""

    verb: str
    type: str
    id: str = ""
    key: str = ""

    @property
    def what(self) -> str:
        """What it is about, in words."""
        return f"{self.type}{f' {self.id}' if self.id else ''}{f': {self.key}' if self.key else ''}"

    def __str__(self) -> str:
        return f"{self.verb} {self.what}"


@dataclass(frozen=True, slots=True)
class Known:
    """What Make tells of the app: checksums of everything, names of connections and webhooks, what is visible."""

    checksums: Mapping[str, Any] = field(default_factory=dict)
    listed: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    """By type: what there is, each with name and label."""

    def names(self, kind: str) -> list[str]:
        return [str(each.get("name")) for each in self.listed.get(kind, ())]

    def sums(self, kind: str, name: str | None) -> Mapping[str, Any] | None:
        """Checksums of one component; null where there is none."""
        rows = self.checksums.get("app" if kind == "app" else _SUMS[kind])
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, Mapping) and (kind == "app" or row.get("name") == name):
                sums = row.get("checksum")
                return sums if isinstance(sums, Mapping) else {}
        return None


def match_up(app: App, origin: Origin, known: Known) -> None:
    """Set right in the origin what Make calls each component. One that was made, but whose name never came back, is
    known by its label. Raises `ConfigError` where Make has several of that label.
    """
    for component in app.components:
        kind = component.type
        if kind in ("module", "rpc"):
            if component.id not in known.names(kind):
                origin.forget(kind, component.id)
            continue
        if origin.name_of(kind, component.id) in known.names(kind):
            continue
        origin.forget(kind, component.id)
        taken = set(origin.names.get(kind, {}).values())
        found = [
            str(each.get("name"))
            for each in known.listed.get(kind, ())
            if each.get("label") == component.label and each.get("name") not in taken
        ]
        if len(found) > 1:
            raise ConfigError(
                f"Make has several {kind}s called {component.label!r}: {', '.join(found)}. Delete all but one there."
            )
        if found:
            origin.call(kind, component.id, found[0])


def steps(app: App, origin: Origin, known: Known, *, visible: bool = False) -> list[Step]:
    """In the order in which things may refer to one another; the groups name modules, so they come last."""
    found: list[Step] = [] if origin.app else [Step("create", "app")]
    general = [_section(code, "app", "", origin, known) for key, code in app.general.items() if key != "groups"]
    found += [step for step in general if step]
    for kind in TYPES:
        for component in app.of(kind):
            found += _of(component, origin, known)
    if visible:
        shown = {each.get("name") for each in known.listed.get("module", ()) if each.get("public")}
        found += [Step("show", "module", each.id) for each in app.of("module") if each.id not in shown]
    if "groups" in app.general:
        groups = _section(app.general["groups"], "app", "", origin, known)
        found += [groups] if groups else []
    return found


def left_over(app: App, origin: Origin, known: Known) -> list[str]:
    """What Make has and the folder has not. It is not deleted: scenarios may use it."""
    gone = []
    for kind in SECTIONS:
        wanted = {origin.name_of(kind, each.id) for each in app.of(kind)}
        gone += [f"{kind} {name}" for name in known.names(kind) if name not in wanted]
    return gone


def entry(component: Component, origin: Origin) -> dict[str, Any]:
    """What Make keeps of a component beside its code, with the names that Make gave."""
    body: dict[str, Any] = {"label": component.label}
    given = component.entry
    if component.type == "module":
        body |= {"description": given.get("description"), "typeId": MODULE_TYPES[component.kind]}
        if component.kind == "action":
            body["crud"] = given.get("actionCrud")
        if component.kind == "instant_trigger":
            body["webhook"] = origin.name_of("webhook", str(given.get("webhook")))
    if component.type != "connection":
        for key in ("connection", "altConnection"):
            body[key] = origin.name_of("connection", given[key]) if given.get(key) else None
    return body


def first_entry(component: Component, origin: Origin) -> dict[str, Any]:
    """The entry, with what can be said only once, when a component is made."""
    body = entry(component, origin)
    if component.type == "connection":
        body["type"] = component.entry.get("connectionType")
    elif component.type == "webhook":
        body["type"] = component.entry.get("webhookType")
    else:
        body["name"] = component.id
    if component.type == "module":
        body["moduleInitMode"] = "blank"
        if component.kind == "universal":
            body["subtype"] = "Universal"
    return body


def mark(kind: str, own_id: str, key: str) -> str:
    """By what the origin remembers that a part was sent."""
    return f"{kind}.{own_id}.{key or 'entry'}"


def md5(text: str) -> str:
    """As Make's checksums are made; nothing secret hangs on it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def entry_sum(body: Mapping[str, Any]) -> str:
    return md5(jsontext.dumps(body).decode())


def _of(component: Component, origin: Origin, known: Known) -> Iterator[Step]:
    kind, own_id = component.type, component.id
    name = origin.name_of(kind, own_id)
    if name is None or name not in known.names(kind):
        yield Step("create", kind, own_id)
    elif not _same_entry(component, origin, known, name):
        yield Step("update", kind, own_id)
    for code in component.codes.values():
        step = _section(code, kind, own_id, origin, known)
        if step:
            yield step


def _same_entry(component: Component, origin: Origin, known: Known, name: str) -> bool:
    body, sums = entry(component, origin), known.sums(component.type, name) or {}
    untold = False
    for key, value in body.items():
        column = _COLUMNS.get(key)
        if column is None or column not in sums:
            untold = True
        elif sums[column] != (None if value is None else md5(str(value))):
            return False
    return not untold or origin.sent.get(mark(component.type, component.id, "")) == entry_sum(body)


def _section(code: Code, kind: str, own_id: str, origin: Origin, known: Known) -> Step | None:
    """What to send of a code file: null where Make has it already."""
    section = SECTIONS.get(kind, {}).get(code.key)
    if section is None or code.text is None:
        return None
    sums = known.sums(kind, origin.name_of(kind, own_id)) or {}
    told = {
        sums[name] for key in (code.key, section) for name in (key, f"{key}_jsonc") if isinstance(sums.get(name), str)
    }
    if code.key == "readme" and isinstance(sums.get("content"), str):
        told.add(sums["content"])
    held = told or {origin.sent.get(mark(kind, own_id, code.key))}
    return None if md5(code.text) in held else Step("update", kind, own_id, code.key)
