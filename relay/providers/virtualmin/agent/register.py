"""Adds our commands to Virtualmin's configuration, and removes them: `register.py add | remove`.

https://github.com/virtualmin/virtualmin-gpl (made_changes, backup.pl)

`post_command` runs after every change to a virtual server, `after` of each scheduled backup (`backup_after` of the
first one) after it. A command that is there already stays, with ours behind it. Later backups get theirs from cron.
"""

import glob
import os
import re
import shlex
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
CONFIG = os.path.normpath(os.path.join(BASE, "../../../etc/webmin/virtual-server"))
COMMAND = f"{shlex.quote(sys.executable)} {shlex.quote(os.path.join(BASE, 'relay-hook.py'))}"
CHANGE = COMMAND + " --of VIRTUALSERVER_ACTION"
BACKUP = COMMAND + " SCHEDULED_BACKUP"
HOOK = re.escape(os.path.join(BASE, "relay-hook.py"))
OURS = re.compile(rf"(?:; )?\S+ {HOOK}(?: --of VIRTUALSERVER_ACTION| SCHEDULED_BACKUP)")


def edit(path: str, commands: "dict[str, str | None]") -> None:
    """Set our command behind what a key has (None: take ours away), and leave everything else as it is."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        before = file.readlines()
    after, seen = [], set()
    for line in before:
        key, equals, value = line.rstrip("\n").partition("=")
        if equals and key in commands:
            seen.add(key)
            others = OURS.sub("", value)
            ours = commands[key]
            value = others if ours is None else f"{others}; {ours}" if others.strip() else ours
            if ours is None and not value and OURS.search(line) and not had_key(path, key):
                continue
            line = f"{key}={value}\n"
        after.append(line)
    missing = [key for key in commands if key not in seen and commands[key] is not None]
    if missing and after and not after[-1].endswith("\n"):
        after[-1] += "\n"
    after += [f"{key}={commands[key]}\n" for key in missing]
    for key in missing:
        note(path, key)
    if after == before:
        return
    status = os.stat(path)
    with open(path + ".relay-new", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(after)
    os.chmod(path + ".relay-new", status.st_mode & 0o777)
    if os.geteuid() == 0:
        os.chown(path + ".relay-new", status.st_uid, status.st_gid)
    os.rename(path + ".relay-new", path)


def added() -> str:
    return os.path.join(BASE, "state", "added-keys")


def note(path: str, key: str) -> None:
    """Remember a key that was not there before us, to leave no empty one behind."""
    with open(added(), "a", encoding="utf-8") as file:
        file.write(f"{path}\t{key}\n")


def had_key(path: str, key: str) -> bool:
    try:
        with open(added(), encoding="utf-8") as file:
            return f"{path}\t{key}\n" not in file.readlines()
    except FileNotFoundError:
        return True


def every(change: "str | None", backup: "str | None") -> int:
    edit(os.path.join(CONFIG, "config"), {"post_command": change, "backup_after": backup})
    for path in glob.glob(os.path.join(CONFIG, "backups", "*")):
        if os.path.isfile(path) and not path.endswith(".relay-new"):
            edit(path, {"after": backup})
    return 0


def add() -> int:
    sys.dont_write_bytecode = True
    import panel  # type: ignore[import-not-found]

    panel.learn()
    return every(CHANGE, BACKUP)


if __name__ == "__main__":
    sys.exit(add() if sys.argv[1] == "add" else every(None, None))
