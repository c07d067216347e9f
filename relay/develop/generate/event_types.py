"""docs/reference/events.md: every event type and every field, from the schemas."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from relay.catalogue.refs import referred
from relay.catalogue.vocabulary import FAMILIES, catalogue
from relay.develop.generate.marking import MARK


def files(root: Path) -> Mapping[Path, str]:
    return {root / "docs/reference/events.md": "\n".join(_lines()) + "\n"}


def _lines() -> list[str]:
    known = catalogue()
    lines = [
        MARK,
        "# Event types",
        "",
        f"{len(known.types)} event types in {len(FAMILIES)} families. A trigger marked ★ is in Zapier's launch set.",
    ]
    for family in FAMILIES:
        lines += ["", f"## {family.capitalize()}", "", "| type | title | when | holds |", "|---|---|---|---|"]
        for each in known.types.values():
            if each.family == family:
                star = " ★" if each.launch else ""
                holds = ", ".join(f"{name}?" if name in each.optional else name for name in each.entities)
                lines.append(f"| `{each.type}` | {each.title}{star} | {each.description} | {holds} |")
    lines += ["", "`?` marks what may be null. Keys never vanish: what is not known is null.", "", "# Fields"]
    for name, entity in known.definitions["$defs"].items():
        if "properties" in entity:
            lines += ["", f"## {name}", "", "| field | type | meaning |", "|---|---|---|"]
            lines += [
                f"| `{field}` | {_type(each)} | {each.get('description', '')} |"
                for field, each in entity["properties"].items()
            ]
    return lines


def _type(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if name := referred(schema):
        return name
    kinds = schema.get("type", "any")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
