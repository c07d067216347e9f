"""Adds our handlers to Plesk's Event Manager, and removes them: `register.py add | remove`.

https://docs.plesk.com/en-US/obsidian/cli-linux/using-command-line-utilities/eventhandler-event-handlers.39185/

Handlers are known by their command, which begins with our folder. A version of Plesk that does not know an event goes
without it.
"""

import json
import os
import re
import shlex
import subprocess
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
HOOK = os.path.join(BASE, "relay-hook.py")
_ID = re.compile(r"^\s*(?:\|\s*)?(?:id\s*:?\s*)?(\d+)\b", re.IGNORECASE)


def plesk(*words: str) -> "tuple[int, str]":
    done = subprocess.run(  # noqa: S603
        ["plesk", "bin", "event_handler", *words],  # noqa: S607
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def ours() -> "dict[str, str]":
    """Our handlers' numbers by the event that they are for, however the list is laid out."""
    found, number = {}, ""
    for line in plesk("--list")[1].splitlines():
        told = _ID.match(line)
        if told:
            number = told.group(1)
        if HOOK in line and number:
            found[number] = line.split(HOOK, 1)[1].split()[0].strip("|'\"")
    return found


def add() -> int:
    with open(os.path.join(BASE, "hooks.json"), encoding="utf-8") as file:
        wanted = json.load(file)
    there = set(ours().values())
    failed = []
    for event in wanted:
        if event in there:
            continue
        command = f"{shlex.quote(sys.executable)} {shlex.quote(HOOK)} {event}"
        status, said = plesk("--create", "-command", command, "-priority", "50", "-user", "root", "-event", event)
        if status:
            failed.append((event, said.strip().splitlines()[-1:] or ["no reason was given"]))
    if len(failed) == len(wanted):
        print(f"relay: Plesk took none of the handlers: {failed[0][1][0]}", file=sys.stderr)
        print("relay: are handlers of root switched off (var/root.event_handler.lock)?", file=sys.stderr)
        return 1
    for event, why in failed:
        print(f"This Plesk has no event {event}, so it is not told ({why[0]}).")
    return 0


def remove() -> int:
    for number in ours():
        plesk("--remove", number)
    return 0


if __name__ == "__main__":
    sys.exit({"add": add, "remove": remove}[sys.argv[1]]())
