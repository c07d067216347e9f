"""Adds our scripts to DirectAdmin's hooks, and removes them: `register.py add | remove`.

https://docs.directadmin.com/developer/hooks/

Since version 1.60 every script in `custom/HOOK/` runs, so ours stands beside those of others and touches none.
"""

import json
import os
import shlex
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
CUSTOM = os.path.normpath(os.path.join(BASE, "../directadmin/scripts/custom"))
NAME = "relay.sh"
SCRIPT = """#!/bin/sh
# The relay's sender: {base}. A script that fails shows an error to the user, so this one never does.
{python} {hook} {event} </dev/null >/dev/null 2>&1
exit 0
"""


def events() -> "list[str]":
    with open(os.path.join(BASE, "hooks.json"), encoding="utf-8") as file:
        return list(json.load(file))


def add() -> int:
    for event in events():
        folder = os.path.join(CUSTOM, event)
        os.makedirs(folder, mode=0o755, exist_ok=True)
        path = os.path.join(folder, NAME)
        text = SCRIPT.format(
            base=BASE,
            python=shlex.quote(sys.executable),
            hook=shlex.quote(os.path.join(BASE, "relay-hook.py")),
            event=event,
        )
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path + ".new", 0o700)
        os.rename(path + ".new", path)
    return 0


def remove() -> int:
    for event in events():
        folder = os.path.join(CUSTOM, event)
        try:
            os.unlink(os.path.join(folder, NAME))
            os.rmdir(folder)
        except OSError:
            continue  # it is gone, or others have theirs there
    try:
        os.rmdir(CUSTOM)
    except OSError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit({"add": add, "remove": remove}[sys.argv[1]]())
