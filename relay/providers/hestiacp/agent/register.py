"""Adds a line of ours to the scripts that HestiaCP runs, and removes it: `register.py add | remove`.

https://github.com/hestiacp/hestiacp (bin/v-add-user, bin/v-add-letsencrypt-domain)

There is one script for each package and one for certificates. One of somebody else's stays, with our line behind its
first; one that we made is deleted again. Packages that are made later get theirs from cron.
"""

import glob
import os
import shlex
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(BASE, "../../.."))
PACKAGES = os.path.join(ROOT, "usr/local/hestia/data/packages")
CERTIFICATE = os.path.join(ROOT, "etc/hestiacp/hooks/le_post.sh")
FIRST = "#!/bin/bash\n"
MARK = "# the relay's sender"


def scripts() -> "dict[str, str]":
    """Each script's event, by its path."""
    found = {os.path.splitext(path)[0] + ".sh": "data/packages/PACKAGE.sh" for path in glob.glob(PACKAGES + "/*.pkg")}
    return dict(found, **{CERTIFICATE: "/etc/hestiacp/hooks/le_post.sh"})


def line(event: str) -> str:
    hook = shlex.quote(os.path.join(BASE, "relay-hook.py"))
    call = f'RELAY_SCRIPT="$0" {shlex.quote(sys.executable)} {hook} {event} --arguments "$@"'
    return f"{call} </dev/null >/dev/null 2>&1 || :  {MARK}\n"


def read(path: str) -> "list[str]":
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readlines()
    except FileNotFoundError:
        return []


def write(path: str, lines: "list[str]") -> None:
    mode = os.stat(path).st_mode & 0o777 if os.path.exists(path) else 0o755
    with open(path + ".relay-new", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(lines)
    os.chmod(path + ".relay-new", mode | 0o100)
    os.rename(path + ".relay-new", path)


def add() -> int:
    for path, event in scripts().items():
        before = read(path)
        # Right behind the first line: what others wrote may end with `exit`.
        rest = [each for each in before if MARK not in each]
        after = [*(rest[:1] or [FIRST]), line(event), *rest[1:]]
        if after != before:
            os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
            write(path, after)
    return 0


def remove() -> int:
    for path in [*glob.glob(PACKAGES + "/*.sh"), CERTIFICATE]:
        before = read(path)
        rest = [each for each in before if MARK not in each]
        if rest == before:
            continue
        if rest == [FIRST]:
            os.unlink(path)
        else:
            write(path, rest)
    return 0


if __name__ == "__main__":
    sys.exit({"add": add, "remove": remove}[sys.argv[1]]())
