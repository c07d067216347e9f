"""What cPanel's hooks call: one JSON document comes in, the listed fields of it are kept, and cPanel is told yes.

https://api.docs.cpanel.net/guides/guide-to-standardized-hooks/

The account's fields lie under `data`, or there under `args`. A name with a dot is a field of a field.
"""

import importlib.util
import json
import os
import sys
from typing import Any

BASE = os.path.dirname(os.path.abspath(__file__))
CONTEXT = ("category", "event", "stage", "point")
LONGEST = 4000
MOST = 4 * 1024 * 1024


def main() -> None:
    os.umask(0o077)
    document = json.loads(sys.stdin.buffer.read(MOST).decode("utf-8", "replace"))
    context = document["context"]
    event = f"{context['category']}::{context['event']}"
    with open(os.path.join(BASE, "hooks.json"), encoding="utf-8") as file:
        wanted = json.load(file).get(event)
    if wanted is None:
        return
    found = document.get("data")
    found = found if isinstance(found, dict) else {}
    inner = found.get("args")
    kept: dict[str, Any] = {}
    for name in wanted:
        value = field(inner, name) if isinstance(inner, dict) and field(inner, name) is not None else field(found, name)
        if value is not None:
            put(kept, name, value)
    engine().tell(event, {"context": {name: text(context.get(name)) for name in CONTEXT}, "data": kept})


def field(values: "dict[str, Any]", name: str) -> "Any":
    """A text or a number; nothing else is taken along, whatever it holds."""
    first, dot, rest = name.partition(".")
    value = values.get(first)
    if dot:
        return field(value, rest) if isinstance(value, dict) else None
    return text(value)


def text(value: "Any") -> "Any":
    if isinstance(value, str):
        return value[:LONGEST]
    return value if isinstance(value, (int, float)) else None


def put(kept: "dict[str, Any]", name: str, value: "Any") -> None:
    first, dot, rest = name.partition(".")
    if dot:
        put(kept.setdefault(first, {}), rest, value)
    else:
        kept[first] = value


def engine() -> "Any":
    specification = importlib.util.spec_from_file_location("relay_send", os.path.join(BASE, "relay-send.py"))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # noqa: BLE001  a suspension must not fail because of us
        print(f"relay: an event was lost: {type(error).__name__}", file=sys.stderr)
    print("1 ok")
    sys.exit(0)
