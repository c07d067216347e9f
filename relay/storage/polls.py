"""When each source that posts nothing is to be asked again."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from relay.storage.bulk import insert_once
from relay.storage.tables import polls


@dataclass(frozen=True, slots=True)
class Poll:
    """`failures` counts those since the last answer."""

    source_id: str
    failures: int


def add(connection: Connection, source_id: str, now: int) -> None:
    insert_once(connection, polls, source_id=source_id, due_at=now)


def any_due(connection: Connection, now: int) -> bool:
    return connection.execute(select(polls.c.source_id).where(polls.c.due_at <= now).limit(1)).first() is not None


def take(connection: Connection, now: int, limit: int, until: int) -> Sequence[Poll]:
    """Those that are due; they are due again `until`, unless they are settled before."""
    late = select(polls.c.source_id).where(polls.c.due_at <= now).order_by(polls.c.due_at).limit(limit)
    taken = (
        update(polls)
        .where(polls.c.source_id.in_(late.scalar_subquery()))
        .values(due_at=until)
        .returning(polls.c.source_id, polls.c.failures)
    )
    return [Poll(row.source_id, row.failures) for row in connection.execute(taken)]


def settle(connection: Connection, source_id: str, due_at: int, failures: int) -> None:
    connection.execute(update(polls).where(polls.c.source_id == source_id).values(due_at=due_at, failures=failures))


def failures(connection: Connection) -> dict[str, int]:
    """The sources that did not answer the last time, and for how many times."""
    failing = select(polls.c.source_id, polls.c.failures).where(polls.c.failures > 0)
    return {row.source_id: row.failures for row in connection.execute(failing)}


def forget(connection: Connection, source_id: str) -> None:
    connection.execute(delete(polls).where(polls.c.source_id == source_id))
