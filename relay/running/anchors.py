"""How far the audit log went, noted in a file beside the database: an older copy of the log does not go so far.

A rule of the clock writes it. Where the log does not go through what was noted, the note stays as it is: it is the
evidence.
"""

import os
from dataclasses import asdict
from pathlib import Path

from relay.areas.rules import Rule, each_turn
from relay.context import Relay
from relay.errors import Unreadable
from relay.formats import jsontext
from relay.logs import Logger
from relay.storage import Database, audit
from relay.storage.audit import Place

log = Logger("clock")


def path(data_dir: Path) -> Path:
    return data_dir / "audit.anchor"


def noted(data_dir: Path) -> dict[str, Place]:
    """What was noted last of each workspace; nothing where it cannot be read."""
    try:
        kept = jsontext.loads(path(data_dir).read_bytes())
        return {name: Place(int(each["count"]), str(each["head"])) for name, each in kept.items()}
    except (OSError, Unreadable, KeyError, TypeError, ValueError, AttributeError):
        return {}


def note(database: Database, data_dir: Path) -> bool:
    """Write down how far the log goes; false if it no longer goes through what was noted before."""
    before = noted(data_dir)
    with database.read() as connection:
        now = audit.places(connection)
        changed = {name: each for name, each in before.items() if now.get(name) != each}
        if not all(audit.goes_through(connection, name, each) for name, each in changed.items()):
            return False
    if now != before:
        try:
            _write(path(data_dir), jsontext.dumps({name: asdict(each) for name, each in now.items()}) + b"\n")
        except OSError as error:
            log.warning("anchor_not_noted", reason=error.strerror)
        for name, each in now.items():
            log.info("audit_anchor", workspace=name, anchor=f"{each.count}:{each.head}")
    return True


def _write(place: Path, text: bytes) -> None:
    """Whole or not at all."""
    new = place.with_name(f"{place.name}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
    new.replace(place)


def keep_noted(relay: Relay, _: int) -> None:
    if not note(relay.database, relay.config.data_dir):
        log.error("audit_log_changed", noted=str(path(relay.config.data_dir)))


RULES = (Rule("audit_anchor", 60, each_turn(keep_noted)),)
