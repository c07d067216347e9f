"""Answers to POSTs that carried an `Idempotency-Key`, kept for 30 days, each for the API key that got it.

Rows from before that was noted belong to no API key: what they were used for is neither done again nor shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from relay.security.vault import Vault
from relay.storage.bulk import insert_once
from relay.storage.tables import idempotency

KEPT_MS = 30 * 24 * 3600 * 1000
_LONGEST_CALL_MS = 120_000
_NOBODY = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a key was used for; `status_code` is None while the first call is still at work."""

    request_hash: str
    status_code: int | None
    body: bytes | None


def begin(connection: Connection, workspace_id: str, api_key_id: str, key: str, request_hash: str, now: int) -> bool:
    """Whether this call is the first with its key, or the first since one that was killed at its work."""
    connection.execute(
        delete(idempotency).where(
            _is(workspace_id, (api_key_id, _NOBODY), key),
            idempotency.c.status_code.is_(None),
            idempotency.c.created_at < now - _LONGEST_CALL_MS,
        )
    )
    if connection.execute(select(idempotency.c.key).where(_is(workspace_id, (_NOBODY,), key))).first() is not None:
        return False
    return insert_once(
        connection,
        idempotency,
        workspace_id=workspace_id,
        api_key_id=api_key_id,
        key=key,
        request_hash=request_hash,
        created_at=now,
    )


def get(connection: Connection, vault: Vault, workspace_id: str, api_key_id: str, key: str) -> Remembered | None:
    row = connection.execute(select(idempotency).where(_is(workspace_id, (api_key_id, _NOBODY), key))).first()
    if row is None:
        return None
    if row.api_key_id == _NOBODY:
        return Remembered("", None, None)
    body = vault.open(row.sealed, f"{workspace_id}:{key}") if row.sealed is not None else None
    return Remembered(row.request_hash, row.status_code, body)


def complete(
    connection: Connection, vault: Vault, workspace_id: str, api_key_id: str, key: str, status_code: int, body: bytes
) -> None:
    connection.execute(
        update(idempotency)
        .where(_is(workspace_id, (api_key_id,), key))
        .values(status_code=status_code, sealed=vault.seal(body, f"{workspace_id}:{key}"))
    )


def forget(connection: Connection, workspace_id: str, api_key_id: str, key: str) -> None:
    """The call came to nothing: its key may be used again."""
    connection.execute(delete(idempotency).where(_is(workspace_id, (api_key_id,), key)))


def prune(connection: Connection, now: int) -> int:
    """Remove the keys that are no longer honoured; returns how many those were."""
    return connection.execute(delete(idempotency).where(idempotency.c.created_at < now - KEPT_MS)).rowcount


def _is(workspace_id: str, api_key_ids: Sequence[str], key: str) -> ColumnElement[bool]:
    return and_(
        idempotency.c.workspace_id == workspace_id,
        idempotency.c.api_key_id.in_(api_key_ids),
        idempotency.c.key == key,
    )


PRUNE = prune
