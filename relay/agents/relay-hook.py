# ruff: noqa: N999  it is a program, and named as one
"""What a panel's hook calls: takes the fields that are listed for an event, keeps them, and says yes to the panel.

    relay-hook.py NAME              the values are environment variables
    relay-hook.py NAME --arguments  the values are what follows
    relay-hook.py --of VARIABLE     the event's name is in a variable too

`hooks.json` beside it lists for each event the names of its fields, or how many arguments it has. Nothing else leaves
the panel, and an event that is not listed is none. Where `panel.py` lies beside it, that has the last word: panels run
their hooks more often than the thing happens. Whatever goes wrong, the panel goes on with its work.
"""

import importlib.util
import json
import os
import sys
from typing import Any

BASE = os.path.dirname(os.path.abspath(__file__))
LONGEST = 4000


def main(arguments: "list[str]") -> None:
    os.umask(0o077)
    with open(os.path.join(BASE, "hooks.json"), encoding="utf-8") as file:
        table = json.load(file)
    if arguments[:1] == ["--of"]:
        arguments = [os.environ.get(arguments[1], ""), *arguments[2:]]
    event, rest = arguments[0], arguments[1:]
    wanted = table.get(event)
    if wanted is None:
        return
    if isinstance(wanted, int):
        data: Any = [value[:LONGEST] for value in rest[1 : wanted + 1]]
    else:
        data = {name: os.environ[name][:LONGEST] for name in wanted if name in os.environ}
    happened = judged(event, data)
    if happened is not None:
        beside("relay-send.py").tell(*happened)


def judged(event: str, data: "Any") -> "tuple[str, Any] | None":
    """What is to be told, and by which name; None for what did not happen. What cannot be judged is told as it is."""
    if not os.path.exists(os.path.join(BASE, "panel.py")):
        return event, data
    try:
        found: tuple[str, Any] | None = beside("panel.py").judge(event, data)
    except Exception as error:  # noqa: BLE001  what it remembers may be gone or unreadable
        beside("relay-send.py").log(f"an event is told unjudged: {type(error).__name__}")
        return event, data
    return found


def beside(file: str) -> "Any":
    specification = importlib.util.spec_from_file_location(os.path.splitext(file)[0], os.path.join(BASE, file))
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Exception as error:  # noqa: BLE001  a suspension must not fail because of us
        print(f"relay: an event was lost: {type(error).__name__}", file=sys.stderr)
    sys.exit(0)
