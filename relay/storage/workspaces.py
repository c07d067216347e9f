"""Workspaces and their API keys. A key is shown once and kept as its SHA-256: it is random, so that is enough."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from relay.model import new_id
from relay.storage.tables import api_keys, workspaces

SCOPES = ("events:read", "hooks:write", "actions:run", "admin")
_PREFIX = "rk_"


@dataclass(frozen=True, slots=True)
class Workspace:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`admin` may do everything."""

    id: str
    workspace_id: str
    name: str
    scopes: tuple[str, ...]

    def allows(self, scope: str) -> bool:
        return scope in self.scopes or "admin" in self.scopes


def first(connection: Connection) -> Workspace | None:
    """The oldest workspace: the one that the command line works in."""
    row = connection.execute(
        select(workspaces.c.id, workspaces.c.name).order_by(workspaces.c.created_at).limit(1)
    ).first()
    return Workspace(*row) if row else None


def get(connection: Connection, workspace_id: str) -> Workspace | None:
    row = connection.execute(select(workspaces.c.id, workspaces.c.name).where(workspaces.c.id == workspace_id)).first()
    return Workspace(*row) if row else None


def add(connection: Connection, name: str, now: int) -> Workspace:
    workspace = Workspace(new_id("ws"), name)
    connection.execute(insert(workspaces).values(id=workspace.id, name=name, created_at=now))
    return workspace


def add_key(
    connection: Connection, workspace_id: str, name: str, scopes: tuple[str, ...], now: int
) -> tuple[ApiKey, str]:
    """A new key and its text, which is not kept."""
    text = _PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(new_id("key"), workspace_id, name, scopes)
    connection.execute(
        insert(api_keys).values(
            id=key.id,
            workspace_id=workspace_id,
            name=name,
            hash=_hash(text),
            scopes=" ".join(scopes),
            created_at=now,
        )
    )
    return key, text


def find_key(connection: Connection, text: str) -> ApiKey | None:
    """The live key with this text. The look-up is by hash, so its time tells nothing of the key."""
    row = connection.execute(
        select(api_keys.c.id, api_keys.c.workspace_id, api_keys.c.name, api_keys.c.scopes).where(
            api_keys.c.hash == _hash(text), api_keys.c.revoked_at.is_(None)
        )
    ).first()
    return ApiKey(row.id, row.workspace_id, row.name, tuple(row.scopes.split())) if row else None


def keys(connection: Connection, workspace_id: str) -> list[ApiKey]:
    """Live keys, newest first."""
    rows = connection.execute(
        select(api_keys.c.id, api_keys.c.workspace_id, api_keys.c.name, api_keys.c.scopes)
        .where(api_keys.c.workspace_id == workspace_id, api_keys.c.revoked_at.is_(None))
        .order_by(api_keys.c.id.desc())
    )
    return [ApiKey(row.id, row.workspace_id, row.name, tuple(row.scopes.split())) for row in rows]


def revoke_key(connection: Connection, workspace_id: str, key_id: str, now: int) -> bool:
    """Whether there was one to revoke."""
    done = connection.execute(
        update(api_keys)
        .where(api_keys.c.workspace_id == workspace_id, api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return done.rowcount > 0


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
