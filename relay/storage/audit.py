"""Who did what: an append-only log in which each entry's hash covers the one before."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from relay import jsontext
from relay.storage.tables import audit, workspaces

_START = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """`actor` is an API key's id, `console`, `command line`, `relay` itself, or an approval link and the way that it
    came; `object` is the id of what was touched."""

    workspace_id: str
    at: int
    actor: str
    action: str
    object: str
    outcome: str = "done"


def append(connection: Connection, entry: Entry) -> None:
    """Add an entry to its workspace's chain, in the transaction of what it tells of."""
    # In line first, in a statement of its own: on PostgreSQL one that waited for a lock sees what was there before.
    connection.execute(select(workspaces.c.id).where(workspaces.c.id == entry.workspace_id).with_for_update())
    newest = (
        select(audit.c.hash).where(audit.c.workspace_id == entry.workspace_id).order_by(audit.c.number.desc()).limit(1)
    )
    previous = connection.execute(newest).scalar() or _START
    connection.execute(
        insert(audit).values(
            workspace_id=entry.workspace_id,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            object=entry.object,
            outcome=entry.outcome,
            previous_hash=previous,
            hash=_hash(entry, previous),
        )
    )


def verify(connection: Connection) -> tuple[int, int | None]:
    """How many entries there are, and the number of the first that does not fit the chain (None: all fit)."""
    newest: dict[str, str] = {}
    count = 0
    for row in connection.execute(select(audit).order_by(audit.c.number)):
        entry = Entry(row.workspace_id, row.at, row.actor, row.action, row.object, row.outcome)
        previous = newest.get(row.workspace_id, _START)
        if row.previous_hash != previous or row.hash != _hash(entry, previous):
            return count, row.number
        newest[row.workspace_id] = row.hash
        count += 1
    return count, None


def _hash(entry: Entry, previous: str) -> str:
    told = [previous, entry.workspace_id, entry.at, entry.actor, entry.action, entry.object, entry.outcome]
    return hashlib.sha256(jsontext.dumps(told)).hexdigest()
