"""Workers that hold leases. Each counts up while it lives, so that another sees when it does so no longer."""

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from relay.storage.tables import workers


def beat(connection: Connection, worker_id: str) -> None:
    """Count one beat of a worker, its first one included."""
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    first = insert(workers).values(id=worker_id, beats=1)
    connection.execute(first.on_conflict_do_update(index_elements=["id"], set_={"beats": workers.c.beats + 1}))


def beats(connection: Connection) -> dict[str, int]:
    """How many beats each worker has counted."""
    return {row.id: row.beats for row in connection.execute(select(workers.c.id, workers.c.beats))}


def leave(connection: Connection, worker_id: str) -> None:
    """The worker holds nothing, or is dead."""
    connection.execute(delete(workers).where(workers.c.id == worker_id))
