"""Who did what: an append-only log in which each entry's hash covers the one before.

Whoever can write to the database can reckon hashes anew, so each is sealed with a key from the vault, and an anchor
beside the log says, sealed too, how many entries there are and how the newest ends. An older copy of both fits
together: that is found by what was noted elsewhere (`Place`), by the clock in the data directory, or by a person.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from relay.formats import jsontext
from relay.security.vault import Mac
from relay.storage.bulk import upsert
from relay.storage.database import AUDIT
from relay.storage.tables import audit, audit_anchors, workspaces

KIND = "audit log"
"""What its seals are for."""

_START = "0" * 64
_TORN = "f" * 64
"""Follows an anchor that is not ours, so that the log never fits together again."""

_LONGEST_OBJECT = 255


@dataclass(frozen=True, slots=True)
class Entry:
    """`actor` is an API key's id, `console`, `command line` or `relay` itself; `object` the id of what was touched."""

    workspace_id: str
    at: int
    actor: str
    action: str
    object: str
    outcome: str = "done"


@dataclass(frozen=True, slots=True)
class Place:
    """How far the log went at some time: how many entries, and the hash of the last of them."""

    count: int
    head: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`count` entries fit, of which the first `unsealed` are older than the seals. `wrong` says what does not."""

    count: int
    unsealed: int = 0
    wrong: str | None = None


def append(connection: Connection, entry: Entry) -> None:
    """Add an entry to its workspace's chain, in the transaction of what it tells of."""
    # In line first, in a statement of its own: on PostgreSQL one that waited for a lock sees what was there before.
    connection.execute(select(workspaces.c.id).where(workspaces.c.id == entry.workspace_id).with_for_update())
    mac = _mac(connection)
    place = _last(connection, mac, entry.workspace_id)
    number = _hash(entry, place.head)
    connection.execute(
        insert(audit).values(
            workspace_id=entry.workspace_id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            object=entry.object,
            outcome=entry.outcome,
            previous_hash=place.head,
            hash=number,
            seal=mac.seal(number.encode()),
        )
    )
    _anchor(connection, mac, entry.workspace_id, Place(place.count + 1, number))


def verify(connection: Connection, noted: Sequence[Place] = ()) -> Verdict:
    """Whether all entries are there as they were written, and the log of a workspace goes through each place noted."""
    mac = _mac(connection)
    heads: dict[str, Place] = {}
    sealed: set[str] = set()
    count = unsealed = 0
    missed = [each for each in noted if each.count]
    for row in connection.execute(select(audit).order_by(audit.c.number)):
        before = heads.get(row.workspace_id, Place(0, _START))
        if row.previous_hash != before.head or row.hash != _hash(_entry(row), before.head):
            return Verdict(count, unsealed, f"Entry {row.number} does not fit the {count} before it")
        if row.seal is None and row.workspace_id in sealed:
            return Verdict(count, unsealed, f"Entry {row.number} has no seal")
        if row.seal is None:
            unsealed += 1
        elif mac.fits(row.hash.encode(), row.seal):
            sealed.add(row.workspace_id)
        else:
            return Verdict(count, unsealed, f"The seal of entry {row.number} is not one of ours")
        heads[row.workspace_id] = Place(before.count + 1, row.hash)
        count += 1
        here = heads[row.workspace_id]
        missed = [each for each in missed if not (each.count == here.count and here.head.startswith(each.head))]
    wrong = _unanchored(connection, mac, heads, sealed)
    if wrong is None and missed:
        wrong = f"It does not go through {missed[0].count}:{missed[0].head[:16]}"
    return Verdict(count, unsealed, wrong)


def places(connection: Connection) -> dict[str, Place]:
    """How far the log of each workspace goes, for noting it elsewhere."""
    return {row.workspace_id: Place(row.entries, row.head) for row in connection.execute(select(audit_anchors))}


def goes_through(connection: Connection, workspace_id: str, noted: Place) -> bool:
    """Whether the log still has the entry that was the last when this was noted."""
    ours = select(audit.c.hash).where(audit.c.workspace_id == workspace_id).order_by(audit.c.number)
    return bool(connection.execute(ours.offset(noted.count - 1).limit(1)).scalar() == noted.head)


def _unanchored(connection: Connection, mac: Mac, heads: dict[str, Place], sealed: set[str]) -> str | None:
    """What is wrong with the anchors, or with the end of the log."""
    anchors = {row.workspace_id: row for row in connection.execute(select(audit_anchors))}
    for workspace_id in sorted(sealed | anchors.keys()):
        anchor, last = anchors.get(workspace_id), heads.get(workspace_id, Place(0, _START))
        if anchor is None:
            return f"The anchor of workspace {workspace_id} is gone"
        if not mac.fits(_anchored(workspace_id, Place(anchor.entries, anchor.head)), anchor.seal):
            return f"The anchor of workspace {workspace_id} is not one of ours"
        if (anchor.entries, anchor.head) != (last.count, last.head):
            return f"Workspace {workspace_id} had {anchor.entries} entries, and {last.count} are there"
    return None


def _last(connection: Connection, mac: Mac, workspace_id: str) -> Place:
    """Where a workspace's chain ends, as its anchor says: what was cut off is then missed for ever."""
    anchor = connection.execute(select(audit_anchors).where(audit_anchors.c.workspace_id == workspace_id)).first()
    if anchor is not None:
        found = Place(anchor.entries, anchor.head)
        return found if mac.fits(_anchored(workspace_id, found), anchor.seal) else Place(anchor.entries, _TORN)
    ours = audit.c.workspace_id == workspace_id
    newest = connection.execute(
        select(audit.c.hash, audit.c.seal).where(ours).order_by(audit.c.number.desc()).limit(1)
    ).first()
    if newest is None:
        return Place(0, _START)
    count = connection.execute(select(func.count()).select_from(audit).where(ours)).scalar_one()
    # Entries from before there were seals have no anchor; one with a seal has lost it.
    return Place(int(count), newest.hash if newest.seal is None else _TORN)


def _anchor(connection: Connection, mac: Mac, workspace_id: str, at: Place) -> None:
    values = {"entries": at.count, "head": at.head, "seal": mac.seal(_anchored(workspace_id, at))}
    upsert(connection, audit_anchors, {"workspace_id": workspace_id}, values)


def anchored(row: Any) -> bytes:
    """What the seal of an anchor is made of."""
    return _anchored(row.workspace_id, Place(row.entries, row.head))


def _anchored(workspace_id: str, at: Place) -> bytes:
    return jsontext.dumps([workspace_id, at.count, at.head])


def _mac(connection: Connection) -> Mac:
    mac: Mac | None = connection.get_execution_options().get(AUDIT)
    if mac is None:
        raise RuntimeError("The audit log is written and read by a Database that was made with the vault.")
    return mac


def _entry(row: Row[Any]) -> Entry:
    return Entry(row.workspace_id, row.at, row.actor, row.action, row.object, row.outcome)


def _hash(entry: Entry, previous: str) -> str:
    told = [previous, entry.workspace_id, entry.at, entry.actor, entry.action, entry.object, entry.outcome]
    return hashlib.sha256(jsontext.dumps(told)).hexdigest()
