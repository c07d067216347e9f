"""Adds our scripts to DirectAdmin's hooks, and removes them: `register.py add | remove`.

https://docs.directadmin.com/developer/hooks/

Since version 1.60 every script in `custom/HOOK/` runs, so ours stands beside those of others and touches none. `made`
beside this file names the folders that were not there before: they go again, those of others stay, empty or not.
"""

import json
import os
import shlex
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
CUSTOM = os.path.normpath(os.path.join(BASE, "../directadmin/scripts/custom"))
MADE = os.path.join(BASE, "made")
NAME = "relay.sh"
SCRIPT = """#!/bin/sh
# The relay's sender: {base}. A script that fails shows an error to the user, so this one never does.
{python} {hook} {event} </dev/null >/dev/null 2>&1
exit 0
"""


def events() -> "list[str]":
    with open(os.path.join(BASE, "hooks.json"), encoding="utf-8") as file:
        return list(json.load(file))


def made() -> "list[str]":
    try:
        with open(MADE, encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        # An earlier version kept no list: a folder that holds its script alone was made by it.
        return [each for each in folders() if os.path.isdir(each) and os.listdir(each) == [NAME]]


def folders() -> "list[str]":
    return [os.path.join(CUSTOM, event) for event in events()]


def write(path: str, text: str, mode: int) -> None:
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path + ".new", mode)
    os.rename(path + ".new", path)


def add() -> int:
    missing = [each for each in [CUSTOM, *folders()] if not os.path.isdir(each)]
    # The list comes first: a folder that is on it and could not be made does no harm.
    write(MADE, "".join(each + "\n" for each in dict.fromkeys(made() + missing)), 0o600)
    for folder in missing:
        os.mkdir(folder, 0o755)
    for event in events():
        text = SCRIPT.format(
            base=BASE,
            python=shlex.quote(sys.executable),
            hook=shlex.quote(os.path.join(BASE, "relay-hook.py")),
            event=event,
        )
        write(os.path.join(CUSTOM, event, NAME), text, 0o700)
    return 0


def remove() -> int:
    ours = sorted(made(), key=len, reverse=True)
    for folder in folders():
        if os.path.exists(os.path.join(folder, NAME)):
            os.unlink(os.path.join(folder, NAME))
    for folder in ours:
        try:
            os.rmdir(folder)
        except OSError:
            continue  # it is gone, or others have theirs there by now
    return 0


if __name__ == "__main__":
    sys.exit({"add": add, "remove": remove}[sys.argv[1]]())
