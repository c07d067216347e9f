"""Puts the relay's app into CyberPanel's settings, or takes it out: `register.py add` or `register.py remove`.

An update of CyberPanel brings its own settings, so cron runs `add` every few minutes. Where all is in place nothing is
changed and nothing restarted. The line is guarded: without the app's file the panel starts all the same.
"""

import os
import shutil
import subprocess
import sys

BASE = os.path.dirname(os.path.abspath(__file__))
PANEL = os.path.join(os.path.dirname(BASE), "CyberCP")
SETTINGS = os.path.join(PANEL, "CyberCP", "settings.py")
APP = os.path.join(PANEL, "relay_sender.py")
BLOCK = """
# >>> relay sender
if os.path.exists(os.path.join(BASE_DIR, 'relay_sender.py')):
    INSTALLED_APPS.append('relay_sender.RelaySender')
# <<< relay sender
"""


def read(path: str) -> str:
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def write(path: str, text: str) -> None:
    """In place, so that owner and mode stay as they are."""
    with open(path, "r+", encoding="utf-8", newline="") as file:
        file.write(text)
        file.truncate()


def add() -> bool:
    """Whether anything had to be done."""
    source, changed = os.path.join(BASE, "relay_sender.py"), False
    if not os.path.exists(APP) or read(APP) != read(source):
        shutil.copyfile(source, APP + ".new")
        # The panel reads it as another user; there is no secret in it.
        os.chmod(APP + ".new", 0o644)
        os.replace(APP + ".new", APP)
        changed = True
    settings = read(SETTINGS)
    if BLOCK not in settings:
        write(SETTINGS, settings + BLOCK)
        changed = True
    return changed


def remove() -> bool:
    settings = read(SETTINGS) if os.path.exists(SETTINGS) else ""
    found = os.path.exists(APP) or BLOCK in settings
    if BLOCK in settings:
        write(SETTINGS, settings.replace(BLOCK, ""))
    if os.path.exists(APP):
        os.unlink(APP)
    return found


def main(arguments: "list[str]") -> int:
    if arguments not in (["add"], ["remove"]):
        print("Usage: register.py add | remove", file=sys.stderr)
        return 2
    if not os.path.exists(SETTINGS):
        return 0 if arguments == ["remove"] else 1
    changed = add() if arguments == ["add"] else remove()
    if changed and shutil.which("systemctl"):
        subprocess.call(["systemctl", "restart", "lscpd"])  # noqa: S607
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
