"""Adds our hooks to cPanel, and removes them: `register.py add | remove`.

https://api.docs.cpanel.net/guides/guide-to-standardized-hooks/guide-to-standardized-hooks-the-manage_hooks-utility/

The program that cPanel runs stands where its own do. Each hook is registered at the stage behind the event; disk quotas
have only the one before.
"""

import json
import os
import shlex
import subprocess
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(BASE, "../../.."))
MANAGE = os.path.join(ROOT, "usr/local/cpanel/bin/manage_hooks")
PROGRAM = os.path.join(ROOT, "usr/local/cpanel/3rdparty/bin/relay-cpanel-hook")
TEXT = """#!/bin/sh
# The relay's sender: {base}
exec {python} {hook}
"""


def hooks() -> "list[tuple[str, str, str]]":
    """Category, event and stage of each."""
    with open(os.path.join(BASE, "hooks.json"), encoding="utf-8") as file:
        names = list(json.load(file))
    found = [name.split("::", 1) for name in names]
    return [(category, event, "pre" if category == "DiskQuota" else "post") for category, event in found]


def manage(verb: str, category: str, event: str, stage: str) -> int:
    words = ("script", PROGRAM, "--manual", "--category", category, "--event", event, "--stage", stage)
    done = subprocess.run(  # noqa: S603
        [MANAGE, verb, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode


def add() -> int:
    text = TEXT.format(
        base=BASE, python=shlex.quote(sys.executable), hook=shlex.quote(os.path.join(BASE, "cpanel-hook.py"))
    )
    if os.path.exists(PROGRAM) and read(PROGRAM) == text and read(registered()) == listed():
        return 0
    os.makedirs(os.path.dirname(PROGRAM), mode=0o755, exist_ok=True)
    with open(PROGRAM + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(PROGRAM + ".new", 0o755)  # noqa: S103  as all programs there
    os.rename(PROGRAM + ".new", PROGRAM)
    failed = []
    for hook in hooks():
        # Twice is once: one that is there is taken away first.
        manage("delete", *hook)
        if manage("add", *hook):
            failed.append("::".join(hook))
    if failed:
        print(f"relay: manage_hooks did not take {', '.join(failed)}", file=sys.stderr)
    else:
        with open(registered(), "w", encoding="utf-8") as file:
            file.write(listed())
    return 1 if len(failed) == len(hooks()) else 0


def remove() -> int:
    for hook in hooks():
        manage("delete", *hook)
    for path in (PROGRAM, registered()):
        if os.path.exists(path):
            os.unlink(path)
    return 0


def registered() -> str:
    return os.path.join(BASE, "state", "registered")


def listed() -> str:
    return "".join(" ".join(hook) + "\n" for hook in hooks())


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit({"add": add, "remove": remove}[sys.argv[1]]())
