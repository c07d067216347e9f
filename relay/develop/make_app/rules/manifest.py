"""The manifest: its shape, its ids, what its entries refer to, and the files it names."""

import re
from collections import Counter
from collections.abc import Iterator

from relay.develop.make_app.app import MANIFEST, App, Component
from relay.develop.make_app.rules.reading import Fault, mapping

GENERAL = ("base", "common", "readme", "groups")
TYPES = ("connection", "webhook", "module", "rpc", "function", "endpoint")
MODULES = ("trigger", "action", "search", "instant_trigger", "responder", "universal")
CRUD = ("create", "read", "update", "delete")
_IDS = {
    "connection": re.compile(r"[a-zA-Z][0-9a-zA-Z-]{2,34}"),
    "webhook": re.compile(r"[a-zA-Z][0-9a-zA-Z-]{2,34}"),
    "module": re.compile(r"[a-zA-Z][0-9a-zA-Z]{2,47}"),
    "rpc": re.compile(r"[a-zA-Z][0-9a-zA-Z]{2,47}"),
}
_EACH_MODULE = ("communication", "staticParams", "mappableParams", "interface", "samples")
_NEEDED = {
    "connection": ("communication", "params"),
    "webhook": ("communication", "params", "attach", "detach"),
    "rpc": ("communication", "params"),
    "module": _EACH_MODULE,
}
_ALLOWED = {
    "connection": ("common", "scopeList", "defaultScope", "installSpec", "installDirectives"),
    "webhook": ("update", "requiredScope"),
    "module": ("scope",),
}
_TRYING = re.compile(r"(?:test|temp|tmp|copy|foo|draft|untitled)(?:[A-Z0-9]|$)|.*(?:Copy|Old)$")
_DERIVED = ("connections", "webhooks", "modules", "rpcs", "functions", "endpoints", "general")
_RANKS = {"trigger": 0, "instant_trigger": 0, "search": 1, "responder": 5, "universal": 5}
_CRUD_RANKS = {"read": 1, "create": 2, "update": 3, "delete": 4}
_NEEDS_GROUPS = 10


def readable_file(app: App) -> Iterator[Fault]:
    """Every file that the manifest names is there and can be read."""
    for _, code in app.codes():
        if code.trouble:
            yield Fault(code.path, "", f"Mend the file: {code.trouble}.")


def left_over_file(app: App) -> Iterator[Fault]:
    """Every code file is named by the manifest: what is not, is not brought to Make."""
    named = {code.path for _, code in app.codes()}
    for top in _DERIVED:
        for path in sorted((app.folder / top).rglob("*")):
            name = path.relative_to(app.folder).as_posix()
            if path.is_file() and not path.name.startswith(".") and name not in named:
                yield Fault(name, "", f"Name it in {MANIFEST}, or remove it.")


def manifest_shape(app: App) -> Iterator[Fault]:
    wanted = {"fileVersion", "generalCodeFiles", "components", "origins"}
    for name in sorted(set(app.manifest) - wanted):
        yield Fault(MANIFEST, name, "Remove it: the editor knows no such part.")
    if app.manifest.get("fileVersion") != 1:
        yield Fault(MANIFEST, "fileVersion", "Set it to 1.")
    for name in GENERAL:
        if name not in mapping(app.manifest.get("generalCodeFiles")):
            yield Fault(MANIFEST, f"generalCodeFiles.{name}", "Name the file, or null if it is not managed.")
    components = mapping(app.manifest.get("components"))
    for name in TYPES:
        if not isinstance(components.get(name), dict):
            yield Fault(MANIFEST, f"components.{name}", "Give it an object, even if it is empty.")
    if app.manifest.get("origins") != []:
        yield Fault(MANIFEST, "origins", "Leave it empty: each user keeps origins of their own.")


def component_id(app: App) -> Iterator[Fault]:
    for each in app.components:
        known = _IDS.get(each.type)
        if known and not known.fullmatch(each.id):
            yield Fault(MANIFEST, each.place, f"Give it an id that matches {known.pattern}.")


def code_files(app: App) -> Iterator[Fault]:
    """Each component has the parts that its kind has, and no others."""
    for each in app.components:
        needed = (*_NEEDED.get(each.type, ()), *(("epoch",) if each.kind == "trigger" else ()))
        allowed = {*needed, *_ALLOWED.get(each.type, ())}
        if each.kind == "instant_trigger":
            allowed -= {"scope"}
        named = mapping(each.entry.get("codeFiles"))
        for key in needed:
            if not isinstance(named.get(key), str):
                yield Fault(MANIFEST, f"{each.place}.codeFiles.{key}", "Name the file of this part.")
        for key in named:
            if each.type in _NEEDED and key not in allowed:
                yield Fault(MANIFEST, f"{each.place}.codeFiles.{key}", "Remove it: this kind has no such part.")


def component_type(app: App) -> Iterator[Fault]:
    """Connections, webhooks and modules say what kind they are."""
    for each in app.components:
        place, entry = each.place, each.entry
        if each.type == "connection" and entry.get("connectionType") not in ("basic", "oauth"):
            yield Fault(MANIFEST, f"{place}.connectionType", "Set it to basic or oauth.")
        if each.type == "webhook" and entry.get("webhookType") != "web":
            yield Fault(
                MANIFEST, f"{place}.webhookType", "Set it to web: a shared address needs a published app and a uid."
            )
        if each.type != "module":
            continue
        if each.kind not in MODULES:
            yield Fault(MANIFEST, f"{place}.moduleType", f"Set it to one of {', '.join(MODULES)}.")
        crud = entry.get("actionCrud")
        if each.kind == "action" and crud not in CRUD:
            yield Fault(MANIFEST, f"{place}.actionCrud", f"Set it to one of {', '.join(CRUD)}.")
        if each.kind != "action" and crud is not None:
            yield Fault(MANIFEST, f"{place}.actionCrud", "Remove it: only actions have it.")


def reference(app: App) -> Iterator[Fault]:
    """Every connection and webhook that an entry names is there."""
    for each in app.components:
        for key in ("connection", "altConnection"):
            named = each.entry.get(key)
            if named is not None and app.get("connection", named) is None:
                yield Fault(MANIFEST, f"{each.place}.{key}", f"There is no connection {named!r}: name one, or null.")
        if each.type != "module":
            continue
        webhook = each.entry.get("webhook")
        if each.kind == "instant_trigger" and app.get("webhook", webhook) is None:
            yield Fault(MANIFEST, f"{each.place}.webhook", "Name the webhook that starts it.")
        if each.kind != "instant_trigger" and webhook is not None:
            yield Fault(MANIFEST, f"{each.place}.webhook", "Remove it: only instant triggers have one.")


def no_functions(app: App) -> Iterator[Fault]:
    """Functions are closed to ordinary accounts, endpoints are not generally to be had."""
    for each in (*app.of("function"), *app.of("endpoint")):
        yield Fault(MANIFEST, each.place, f"Remove it: {each.type}s are not open to ordinary accounts.")


def no_test_component(app: App) -> Iterator[Fault]:
    """A published app keeps all its components for ever."""
    for each in app.components:
        if _TRYING.match(each.id):
            yield Fault(MANIFEST, each.place, "Remove what was only for trying, or give it a lasting id.")


def grouped(app: App) -> Iterator[Fault]:
    """Every module is in one group."""
    file, groups = _groups(app)
    ids = [each.id for each in app.of("module")]
    counts = Counter(name for _, names in groups for name in names)
    if not groups and len(ids) <= _NEEDS_GROUPS:
        return
    for own_id in ids:
        if counts[own_id] != 1:
            yield Fault(file, own_id, "Name it in exactly one group.")
    for name in counts:
        if name not in ids:
            yield Fault(file, name, "Remove it: there is no such module.")
    labels = Counter(label for label, _ in groups)
    for label, count in labels.items():
        if count > 1:
            yield Fault(file, label, "Put the groups of one name together.")


def group_order(app: App) -> Iterator[Fault]:
    """Triggers come first and Other last; in each group read comes before create, update and delete."""
    file, groups = _groups(app)
    modules = {each.id: each for each in app.of("module")}
    ranks = [(label, [_rank(modules[name]) for name in names if name in modules]) for label, names in groups]
    for label, found in ranks:
        if found != sorted(found):
            yield Fault(file, label, "Put searches and gets first, then create, update, delete.")
    parts = [min(min(found, default=1), 1) + (min(found, default=1) == _RANKS["universal"]) for _, found in ranks]
    if parts != sorted(parts):
        yield Fault(file, "", "Put the triggers' group first and the universal module's last.")


def _rank(module: Component) -> int:
    return _RANKS.get(module.kind, _CRUD_RANKS.get(str(module.entry.get("actionCrud")), 3))


def _groups(app: App) -> tuple[str, list[tuple[str, list[str]]]]:
    code = app.general.get("groups")
    if code is None:
        return MANIFEST, []
    found = code.fields
    return code.path, [
        (str(each.get("label")), [str(name) for name in each.get("modules") or () if isinstance(name, str)])
        for each in found
    ]
