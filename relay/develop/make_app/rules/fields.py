"""Fields that people fill in, what modules give, and the samples of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from relay.develop.make_app.app import App, Code
from relay.develop.make_app.iml import words
from relay.develop.make_app.rules.reading import Fault, every_field, inputs, mapping

_TYPES = words(
    "any array boolean buffer cert collection color date email filename folder file filter hidden json integer"
    " uinteger number password path pkey port select text time timestamp timezone url uuid banner udt"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*")
_OF_VALUE: tuple[tuple[type, frozenset[str]], ...] = (
    (bool, frozenset(("boolean",))),
    (dict, frozenset(("collection", "any", "json"))),
    (list, frozenset(("array", "any"))),
)
_TEXTS = _TYPES - {"array", "collection", "boolean", "number", "integer", "uinteger"}
_NUMBERS = frozenset(("number", "integer", "uinteger", "port", "timestamp", "any", "date"))


def field_shape(app: App) -> Iterator[Fault]:
    """Every field has a name of its own and a type that Make knows; a select has options."""
    for component in app.components:
        for key in ("params", "staticParams", "mappableParams", "interface"):
            code = component.codes.get(key)
            if code is None:
                continue
            for place, each in every_field(code.value):
                inner = place.endswith("[0]") and "name" not in each
                if not each.get("name") and each.get("type") != "banner" and not (inner and ".spec" in place):
                    yield Fault(code.path, place, "Give it a name.")
                if each.get("type") not in _TYPES:
                    yield Fault(code.path, f"{place}.type", "Set it to a type that Make knows.")
                if each.get("type") == "select" and not each.get("options"):
                    yield Fault(code.path, f"{place}.options", "Give it options.")
            names = [each.get("name") for each in code.fields]
            for name in sorted({str(name) for name in names if names.count(name) > 1}):
                yield Fault(code.path, f"[{name}]", "Give each field a name of its own.")


def id_by_hand(app: App) -> Iterator[Fault]:
    """An ID of a get, update or delete is chosen from a list, or typed or mapped: `mode` is then `edit`."""
    for component, code, place, field in inputs(app):
        if component.type != "module" or component.kind != "action":
            continue
        chosen = str(field.get("options", "")).startswith("rpc://")
        if chosen and re.search(r"(?:[a-z]Id|_id)$", str(field.get("name"))) and field.get("mode") != "edit":
            yield Fault(code.path, f"{place}.mode", "Set it to edit, so that an ID can be mapped.")


def interface_sample(app: App) -> Iterator[Fault]:
    """The sample has what the interface tells, and nothing else."""
    for code, sample in _outputs(app):
        if not code.fields:
            yield Fault(sample.path, "", "Tell in the interface what the sample shows.")
            continue
        told = {str(each.get("name")) for each in code.fields}
        for name in sorted(told - set(mapping(sample.value))):
            yield Fault(sample.path, name, "Show it: the interface has it.")
        yield from _not_told(code.fields, sample.value, sample.path, "")


def interface_type(app: App) -> Iterator[Fault]:
    """Types are those of the values in the sample; dates are dates."""
    for code, sample in _outputs(app):
        yield from _wrong_types(code.fields, sample.value, code.path, "")


def interface_label(app: App) -> Iterator[Fault]:
    """What comes out is called as what went in, and stands in the same order."""
    for component in app.of("module"):
        code = component.codes.get("interface")
        if code is None or component.entry.get("actionCrud") not in ("create", "update"):
            continue
        given = {each.get("name"): each for each in component.fields("staticParams", "mappableParams")}
        both = [each for each in code.fields if each.get("name") in given]
        for each in both:
            label = given[each.get("name")].get("label")
            if each.get("label") != label:
                yield Fault(code.path, f"[{each.get('name')}].label", f"Call it {label}, as the field.")
        order = [name for name in given if name in [each.get("name") for each in both]]
        if order != [each.get("name") for each in both]:
            yield Fault(code.path, "", f"Put them in the order of the fields: {', '.join(map(str, order))}.")


def _outputs(app: App) -> Iterator[tuple[Code, Code]]:
    """Interface and sample of every module whose interface is not asked for at run time."""
    for component in app.of("module"):
        code, sample = component.codes.get("interface"), component.codes.get("samples")
        asked = code is not None and isinstance(code.value, list) and any(isinstance(each, str) for each in code.value)
        if code and sample and not code.trouble and not sample.trouble and not asked:
            yield code, sample


def _inner(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The fields within a collection, or within each thing of a list."""
    spec = field.get("spec")
    if isinstance(spec, Mapping):
        spec = spec.get("spec") if spec.get("type") == "collection" else None
    return [each for each in spec or () if isinstance(each, Mapping)]


def _pairs(fields: Any, value: Any, place: str) -> Iterator[tuple[Mapping[str, Any], Any, str]]:
    """Each field with its value in the sample, also within others."""
    known = {str(each.get("name")): each for each in fields or () if isinstance(each, Mapping)}
    for name, item in mapping(value).items():
        if name in known:
            own = f"{place}.{name}" if place else name
            yield known[name], item, own
            for each in item if isinstance(item, list) else [item]:
                yield from _pairs(_inner(known[name]), each, own)


def _not_told(fields: Any, value: Any, file: str, place: str) -> Iterator[Fault]:
    known = {str(each.get("name")): each for each in fields or () if isinstance(each, Mapping)}
    for name, item in mapping(value).items():
        own = f"{place}.{name}" if place else name
        if name not in known:
            yield Fault(file, own, "Tell of it in the interface, or leave it out.")
            continue
        inner = _inner(known[name])
        for each in item if isinstance(item, list) else [item]:
            if inner:
                yield from _not_told(inner, each, file, own)


def _wrong_types(fields: Any, value: Any, file: str, place: str) -> Iterator[Fault]:
    for field, item, own in _pairs(fields, value, place):
        kind = str(field.get("type"))
        if isinstance(item, str) and _DATE.fullmatch(item):
            if kind != "date":
                yield Fault(file, f"{own}.type", "Set it to date.")
        elif not _fits(kind, item):
            yield Fault(file, f"{own}.type", f"Set it to the type of {str(item)[:40]!r} in the sample.")


def _fits(kind: str, value: Any) -> bool:
    for sort, kinds in _OF_VALUE:
        if isinstance(value, sort):
            return kind in kinds
    if value is None:
        return True
    return kind in (_TEXTS if isinstance(value, str) else _NUMBERS)
