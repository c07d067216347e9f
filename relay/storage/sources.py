"""Sources: one configured provider account each. Secrets and settings are sealed together."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, or_, select, update

from relay.errors import DoesNotOpen
from relay.formats import jsontext
from relay.model import Source
from relay.security.vault import Vault
from relay.storage.bulk import insert_new
from relay.storage.hooks import read_secrets
from relay.storage.tables import sources


def add(connection: Connection, vault: Vault, source: Source, now: int) -> None:
    """One whose id is there already is passed over: the relay's own have ids that follow from their workspace."""
    row = _row(vault, source) | {"id": source.id, "created_at": now}
    insert_new(connection, sources, tuple(row), [tuple(row.values())])


def save(connection: Connection, vault: Vault, source: Source) -> None:
    connection.execute(update(sources).where(sources.c.id == source.id).values(**_row(vault, source)))


def get(connection: Connection, vault: Vault, source_id: str, *, even_shut: bool = False) -> Source | None:
    """A source of any workspace that was not deleted. For the stages; the API asks with a workspace."""
    row = connection.execute(select(sources).where(sources.c.id == source_id, sources.c.deleted_at.is_(None))).first()
    if row is None:
        return None
    return _source_or_shut(vault, row) if even_shut else _source(vault, row)


def get_any(connection: Connection, vault: Vault, source_id: str, *, even_shut: bool = False) -> Source | None:
    """Deleted or not: a webhook that was accepted still becomes events after its source is gone."""
    row = connection.execute(select(sources).where(sources.c.id == source_id)).first()
    if row is None:
        return None
    return _source_or_shut(vault, row) if even_shut else _source(vault, row)


def search(
    connection: Connection, vault: Vault, workspace_id: str, *, before: str | None = None, limit: int = 50
) -> list[Source]:
    """Newest first, without deleted ones."""
    statement = select(sources).where(sources.c.workspace_id == workspace_id, sources.c.deleted_at.is_(None))
    if before is not None:
        statement = statement.where(sources.c.id < before)
    rows = connection.execute(statement.order_by(sources.c.id.desc()).limit(limit))
    return [_source_or_shut(vault, row) for row in rows]


@dataclass(frozen=True, slots=True)
class Outline:
    """What can be said of a source without opening it."""

    id: str
    provider: str
    name: str


def outlines(connection: Connection, workspace_id: str) -> list[Outline]:
    """Newest first, without deleted ones."""
    columns = (sources.c.id, sources.c.provider, sources.c.name)
    statement = select(*columns).where(sources.c.workspace_id == workspace_id, sources.c.deleted_at.is_(None))
    return [Outline(*row) for row in connection.execute(statement.order_by(sources.c.id.desc()))]


def named(connection: Connection, vault: Vault, workspace_id: str, name: str) -> Source | None:
    """The source of a workspace with this id, or the newest with this name."""
    statement = (
        select(sources)
        .where(
            sources.c.workspace_id == workspace_id,
            sources.c.deleted_at.is_(None),
            or_(sources.c.id == name, sources.c.name == name),
        )
        .order_by((sources.c.id == name).desc(), sources.c.id.desc())
        .limit(1)
    )
    row = connection.execute(statement).first()
    return _source(vault, row) if row else None


def delete(connection: Connection, workspace_id: str, source_id: str, now: int) -> bool:
    """Whether there was one to delete."""
    done = connection.execute(
        update(sources)
        .where(sources.c.workspace_id == workspace_id, sources.c.id == source_id, sources.c.deleted_at.is_(None))
        .values(deleted_at=now)
    )
    return done.rowcount > 0


def _row(vault: Vault, source: Source) -> dict[str, Any]:
    hidden = {"secrets": [asdict(secret) for secret in source.secrets], "settings": dict(source.settings)}
    return {
        "workspace_id": source.workspace_id,
        "provider": source.provider,
        "name": source.name,
        "monitor": source.monitor,
        "sealed": vault.seal(jsontext.dumps(hidden), source.id),
    }


def _source(vault: Vault, row: Any) -> Source:
    hidden = jsontext.loads(vault.open(row.sealed, row.id))
    return replace(_shut(row), secrets=read_secrets(hidden["secrets"]), settings=hidden["settings"], opens=True)


def _source_or_shut(vault: Vault, row: Any) -> Source:
    """In a list one that does not open stands in no other's way."""
    try:
        return _source(vault, row)
    except DoesNotOpen:
        return _shut(row)


def _shut(row: Any) -> Source:
    return Source(
        id=row.id,
        workspace_id=row.workspace_id,
        provider=row.provider,
        name=row.name,
        monitor=row.monitor,
        opens=False,
    )
