"""docs/reference/actions.md: what can be done, by whom, and what an action takes and gives, from the schemas."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from relay.actions import adapters
from relay.catalogue.action_types import Action, actions
from relay.develop.generate.marking import MARK
from relay.providers import get as get_provider


def files(root: Path) -> Mapping[Path, str]:
    return {root / "docs/reference/actions.md": "\n".join(_lines()) + "\n"}


def _lines() -> Iterator[str]:
    yield from (MARK, "# Actions", "")
    yield f"{len(actions())} actions, by the API (`POST /api/v1/actions/NAME`), `relay action run`, Zapier and Make."
    yield "What moves money or is destructive waits for a person, unless you decided otherwise: [Have things"
    yield "done](../how-to/actions.md)."
    yield from ("", "| action | what | at risk | done by |", "|---|---|---|---|")
    for action in actions().values():
        link = f"[`{action.name}`](#{action.name.replace('.', '')})"
        yield f"| {link} | {action.title} | {action.risk} | {_done_by(action)} |"
    for action in actions().values():
        yield from ("", f"## {action.name}", "", action.description, "")
        yield from ("| takes | type | meaning |", "|---|---|---|")
        required = action.input.get("required", ())
        for name, each in action.input["properties"].items():
            mark = "" if name in required else "?"
            yield f"| `{name}`{mark} | {_type(each)} | {each['description']} |"
        yield from ("", "| gives | type | meaning |", "|---|---|---|")
        for name, each in action.output["properties"].items():
            yield f"| `{name}` | {_type(each)} | {each['description']} |"
    yield from ("", "`?` marks what may be left out. What is not known is null.")


def _done_by(action: Action) -> str:
    return "the relay" if action.own else ", ".join(get_provider(name).label for name in adapters.able(action.name))


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    kinds = schema["type"]
    kind = next(each for each in (kinds if isinstance(kinds, list) else [kinds]) if each != "null")
    return {"date-time": "time"}.get(schema.get("format", ""), str(kind))
