"""Checks: by when a source that is expected to tell of a success has to do so."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from relay.storage.tables import checks


@dataclass(frozen=True, slots=True)
class Check:
    """`expected_at` (Unix ms) is None once it was missed, until the next ping comes."""

    source_id: str
    expected_at: int | None
    succeeded_at: int | None
    missed: bool


def expect(connection: Connection, source_id: str, expected_at: int, *, succeeded_at: int | None = None) -> None:
    """From now on the next success is expected by then."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    values: dict[str, object] = {"expected_at": expected_at, "missed": False}
    if succeeded_at is not None:
        values["succeeded_at"] = succeeded_at
    statement = insert(checks).values(source_id=source_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["source_id"], set_=values))


def due(connection: Connection, now: int, limit: int) -> list[Check]:
    """Those whose time is over."""
    late = select(checks).where(checks.c.expected_at <= now).order_by(checks.c.expected_at).limit(limit)
    return [Check(row.source_id, row.expected_at, row.succeeded_at, row.missed) for row in connection.execute(late)]


def miss(connection: Connection, source_id: str, expected_at: int) -> bool:
    """It was missed, unless a ping came meanwhile; answers whether it was."""
    done = connection.execute(
        update(checks)
        .where(checks.c.source_id == source_id, checks.c.expected_at == expected_at)
        .values(expected_at=None, missed=True)
    )
    return done.rowcount > 0


def get(connection: Connection, source_id: str) -> Check | None:
    row = connection.execute(select(checks).where(checks.c.source_id == source_id)).first()
    return Check(row.source_id, row.expected_at, row.succeeded_at, row.missed) if row else None


def forget(connection: Connection, source_id: str) -> None:
    connection.execute(delete(checks).where(checks.c.source_id == source_id))
