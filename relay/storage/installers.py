"""One-time links to an agent's installer. Only a hash of the link is kept."""

import hashlib

from sqlalchemy import Connection, delete, insert

from relay.storage.tables import installers


def add(connection: Connection, token: str, source_id: str, expires_at: int) -> None:
    connection.execute(insert(installers).values(token_hash=_hash(token), source_id=source_id, expires_at=expires_at))


def take(connection: Connection, token: str, now: int) -> str | None:
    """The source that a link is for, and its end; None if there is none, or it was used, or it is too old."""
    taken = (
        delete(installers)
        .where(installers.c.token_hash == _hash(token))
        .returning(installers.c.source_id, installers.c.expires_at)
    )
    row = connection.execute(taken).first()
    return row.source_id if row and now < row.expires_at else None


def prune(connection: Connection, now: int) -> int:
    """Remove the links that nobody used in time; returns how many those were."""
    return connection.execute(delete(installers).where(installers.c.expires_at < now)).rowcount


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


PRUNE = prune
