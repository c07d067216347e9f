"""Has a last look at what HestiaCP runs: a package's script runs more often than a user gets a package.

https://github.com/hestiacp/hestiacp (bin/v-add-user, bin/v-change-user-package, func/rebuild.sh)

The script is told whose it is, but not why it runs: for a new user, for another package, and whenever a user is
rebuilt, restored or given the same package again, as after an upgrade. The command that runs it says why. Its name
stands in the table of processes; its arguments hold a password, and are not looked at.
"""

import os
import re
from typing import Any

SCRIPT = "data/packages/PACKAGE.sh"
TOLD = ("v-add-user", "v-change-user-package")
SAME_PACKAGE = ("v-update-user-package", "v-rename-user-package")
SHELLS = ("sh", "bash", "dash")
COMMAND = re.compile(r"v-[a-z0-9-]+")
MOST_ANCESTORS = 20


def judge(event: str, data: "list[Any]") -> "tuple[str, list[Any]] | None":
    """What is to be told of a script that was run, by which name; None for nothing.

    Where no command of HestiaCP runs it (a person does, or the table cannot be read), it is told as it is, and the
    relay says once that there is such a user.
    """
    if event != SCRIPT:
        return event, data
    commands = callers()
    if not commands:
        return event, data
    if commands[0] not in TOLD or any(each in SAME_PACKAGE for each in commands):
        return None
    package = os.path.basename(os.environ.get("RELAY_SCRIPT", ""))
    return commands[0], [*data, os.path.splitext(package)[0]]


def callers() -> "list[str]":
    """HestiaCP's commands among the processes that this one comes from, the nearest first."""
    found, process = [], os.getppid()
    for _ in range(MOST_ANCESTORS):
        if process <= 1:
            break
        try:
            with open(f"/proc/{process}/cmdline", "rb") as file:
                name = command(file.read().decode("utf-8", "replace").split("\0"))
            with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
                # The second field is the program's name in parentheses, and may hold anything.
                process = int(file.read().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
        if name is not None:
            found.append(name)
    return found


def command(arguments: "list[str]") -> "str | None":
    """The script that a process runs, if it is a command of HestiaCP's."""
    program = os.path.basename(arguments[0])
    if program in SHELLS:
        # `bash -c TEXT` runs no script; other options stand before the script's path.
        options = [each for each in arguments[1:] if each]
        while options and options[0].startswith("-"):
            if "c" in options[0]:
                return None
            options.pop(0)
        program = os.path.basename(options[0]) if options else ""
    return program if COMMAND.fullmatch(program) else None
