"""Checks: by when a source that is expected to tell of a success has to do so, and which of its runs have begun."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from relay.storage.bulk import upsert
from relay.storage.tables import check_runs, checks

LONGEST_RUN_MS = 72 * 3600 * 1000
"""A run that began before that has not ended: it broke off, and says nothing of the next."""


@dataclass(frozen=True, slots=True)
class Check:
    """`expected_at` (Unix ms) is None once it was missed, until the next ping comes."""

    source_id: str
    expected_at: int | None
    succeeded_at: int | None
    missed: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has begun, and by when its check had been expected until then."""

    started_at: int
    expected_at: int | None


def begin(connection: Connection, source_id: str, run: str, started_at: int, expected_at: int) -> None:
    """A run has begun (`run` is its name, or "" where it has none), and is to have succeeded by then."""
    before = connection.execute(select(checks.c.expected_at).where(checks.c.source_id == source_id)).scalar()
    earlier = begun(connection, source_id, run, started_at)
    if earlier is not None and before == earlier.started_at + expected_at - started_at:
        before = earlier.expected_at  # its beginning is told again
    values = {"started_at": started_at, "expected_at": before}
    too_old = check_runs.c.started_at < started_at - LONGEST_RUN_MS
    connection.execute(delete(check_runs).where(check_runs.c.source_id == source_id, too_old))
    upsert(connection, check_runs, {"source_id": source_id, "run": run}, values)
    expect(connection, source_id, expected_at)


def begun(connection: Connection, source_id: str, run: str, now: int) -> Run | None:
    """A run that has begun and not ended."""
    found = connection.execute(
        select(check_runs).where(
            check_runs.c.source_id == source_id,
            check_runs.c.run == run,
            check_runs.c.started_at.between(now - LONGEST_RUN_MS, now),
        )
    ).first()
    return None if found is None else Run(found.started_at, found.expected_at)


def end(connection: Connection, source_id: str, run: str) -> None:
    connection.execute(delete(check_runs).where(check_runs.c.source_id == source_id, check_runs.c.run == run))


def restore(connection: Connection, source_id: str, expected_at: int | None) -> None:
    """It is expected by when it had been: what came in between was none of its successes."""
    values = {"expected_at": expected_at, "missed": expected_at is None}
    connection.execute(update(checks).where(checks.c.source_id == source_id).values(**values))


def expect(connection: Connection, source_id: str, expected_at: int, *, succeeded_at: int | None = None) -> None:
    """From now on the next success is expected by then."""
    values: dict[str, object] = {"expected_at": expected_at, "missed": False}
    if succeeded_at is not None:
        values["succeeded_at"] = succeeded_at
    upsert(connection, checks, {"source_id": source_id}, values)


def due(connection: Connection, now: int, limit: int) -> list[Check]:
    """Those whose time is over."""
    late = select(checks).where(checks.c.expected_at <= now).order_by(checks.c.expected_at).limit(limit)
    return [Check(row.source_id, row.expected_at, row.succeeded_at, row.missed) for row in connection.execute(late)]


def miss(connection: Connection, source_id: str, expected_at: int) -> bool:
    """It was missed, unless a ping came meanwhile; returns whether it was."""
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
    connection.execute(delete(check_runs).where(check_runs.c.source_id == source_id))
