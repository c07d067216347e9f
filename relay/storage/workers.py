"""Workers that hold leases. Each counts up while it lives, so that another sees when it does so no longer."""

from sqlalchemy import Connection, delete, select

from relay.storage.bulk import upsert
from relay.storage.tables import workers


def beat(connection: Connection, worker_id: str) -> None:
    """Count one beat of a worker, its first one included."""
    upsert(connection, workers, {"id": worker_id}, {"beats": workers.c.beats + 1}, new={"beats": 1})


def beats(connection: Connection) -> dict[str, int]:
    """How many beats each worker has counted."""
    return {row.id: row.beats for row in connection.execute(select(workers.c.id, workers.c.beats))}


def leave(connection: Connection, worker_id: str) -> None:
    """The worker holds nothing, or is dead."""
    connection.execute(delete(workers).where(workers.c.id == worker_id))
