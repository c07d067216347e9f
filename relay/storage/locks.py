"""A named lock with an end, so that one clock works at a time and another takes over when it dies."""

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select, update

from relay.storage.bulk import insert_once
from relay.storage.tables import locks

CLOCK = "clock"
"""Held by the active clock, for a few seconds beyond its last tick."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Who took a lock the last time, and until when (Unix ms)."""

    holder: str
    until: int


def get(connection: Connection, name: str) -> Lock | None:
    """None if nobody ever took it."""
    row = connection.execute(select(locks.c.holder, locks.c.until).where(locks.c.name == name)).first()
    return Lock(row.holder, row.until) if row else None


def hold(connection: Connection, name: str, holder: str, now: int, until: int) -> bool:
    """Take or keep the lock until `until`; False while somebody else holds it.

    One that is held for much longer than that was taken by a clock that has been set back since, and counts no more.
    """
    insert_once(connection, locks, name=name, holder=holder, until=0)
    done = connection.execute(
        update(locks)
        .where(
            locks.c.name == name,
            or_(locks.c.holder == holder, locks.c.until < now, locks.c.until > until + (until - now)),
        )
        .values(holder=holder, until=until)
    )
    return done.rowcount > 0


def release(connection: Connection, name: str, holder: str) -> None:
    connection.execute(update(locks).where(locks.c.name == name, locks.c.holder == holder).values(until=0))
