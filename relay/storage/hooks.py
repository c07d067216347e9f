"""Hooks: who wants which events, and how their circuit stands."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from relay.errors import DoesNotOpen, NotFound
from relay.formats import jsontext
from relay.model import Hook, Secret
from relay.security.vault import Vault
from relay.storage.tables import hooks

ACTIVE, SWITCHED_OFF, DELETED = "active", "switched_off", "deleted"


def add(connection: Connection, vault: Vault, hook: Hook, now: int) -> None:
    connection.execute(insert(hooks), _row(vault, hook) | {"id": hook.id, "created_at": now, "updated_at": now})


def save(connection: Connection, vault: Vault, hook: Hook, now: int) -> None:
    """Write what its owner may change; how its circuit stands is left alone."""
    row = _row(vault, hook)
    del row["failures"], row["open_until"]
    connection.execute(update(hooks).where(hooks.c.id == hook.id).values(**row, updated_at=now))


def get(connection: Connection, vault: Vault, workspace_id: str, hook_id: str) -> Hook | None:
    """A hook that was not deleted."""
    row = connection.execute(
        select(hooks).where(hooks.c.workspace_id == workspace_id, hooks.c.id == hook_id, hooks.c.status != DELETED)
    ).first()
    return _hook(vault, row) if row else None


def require(connection: Connection, vault: Vault, workspace_id: str, hook_id: str) -> Hook:
    """A hook that was not deleted. Raises `NotFound`."""
    found = get(connection, vault, workspace_id, hook_id)
    if found is None:
        raise NotFound(f"There is no hook {hook_id[:64]!r} in this workspace.")
    return found


def search(
    connection: Connection, vault: Vault, workspace_id: str, *, before: str | None = None, limit: int = 50
) -> list[Hook]:
    """Newest first, without deleted ones."""
    statement = select(hooks).where(hooks.c.workspace_id == workspace_id, hooks.c.status != DELETED)
    if before is not None:
        statement = statement.where(hooks.c.id < before)
    rows = connection.execute(statement.order_by(hooks.c.id.desc()).limit(limit))
    return [_hook_or_shut(vault, row) for row in rows]


def active(connection: Connection, vault: Vault) -> list[Hook]:
    """The active hooks of every workspace, for matching."""
    return [_hook_or_shut(vault, row) for row in connection.execute(select(hooks).where(hooks.c.status == ACTIVE))]


def shut(connection: Connection, hook_id: str) -> Hook | None:
    """What can be said of a hook without opening it."""
    row = connection.execute(select(hooks).where(hooks.c.id == hook_id)).first()
    return _shut(row) if row else None


def there_is(connection: Connection, workspace_id: str, hook_id: str) -> bool:
    """Whether there is such a hook that was not deleted, whether it opens or not."""
    return (
        connection.execute(
            select(hooks.c.id).where(
                hooks.c.workspace_id == workspace_id, hooks.c.id == hook_id, hooks.c.status != DELETED
            )
        ).first()
        is not None
    )


def pause(connection: Connection, hook_id: str, until: int) -> None:
    """Nothing is sent to it before."""
    connection.execute(update(hooks).where(hooks.c.id == hook_id).values(open_until=until))


def newest_change(connection: Connection) -> int | None:
    """When any hook was last made, changed or switched off (Unix ms)."""
    return connection.execute(select(func.max(hooks.c.updated_at))).scalar()


def get_active(connection: Connection, vault: Vault, hook_id: str) -> Hook | None:
    """An active hook of any workspace, as it stands now. For the stages; the API asks with a workspace."""
    row = connection.execute(select(hooks).where(hooks.c.id == hook_id, hooks.c.status == ACTIVE)).first()
    return _hook(vault, row) if row else None


def set_status(connection: Connection, hook_id: str, status: str, reason: str | None, now: int) -> bool:
    """Whether this changed it."""
    done = connection.execute(
        update(hooks)
        .where(hooks.c.id == hook_id, hooks.c.status != status)
        .values(status=status, status_reason=reason, updated_at=now)
    )
    return done.rowcount > 0


def status_reason(connection: Connection, hook_id: str) -> str | None:
    found: str | None = connection.execute(select(hooks.c.status_reason).where(hooks.c.id == hook_id)).scalar()
    return found


def count_failures(connection: Connection, failed: dict[str, tuple[int, int]]) -> None:
    """Set, for each hook, the failures since its last success and until when its circuit stays open."""
    if failed:
        statement = (
            update(hooks)
            .where(hooks.c.id == bindparam("row"))
            .values(failures=bindparam("count"), open_until=bindparam("until"))
        )
        connection.execute(
            statement,
            [{"row": hook_id, "count": count, "until": until} for hook_id, (count, until) in failed.items()],
        )


def _row(vault: Vault, hook: Hook) -> dict[str, Any]:
    hidden = {"secrets": [asdict(secret) for secret in hook.secrets], "token": hook.token}
    return {
        "workspace_id": hook.workspace_id,
        "target_url": hook.target_url,
        "event_types": jsontext.dumps(list(hook.event_types)).decode(),
        "filters": jsontext.dumps(dict(hook.filters)).decode(),
        "platform": hook.platform,
        "ordered": hook.ordered,
        "rate_limit": hook.rate_limit,
        "status": hook.status,
        "failures": hook.failures,
        "open_until": hook.open_until,
        "approval_links_by": hook.approval_links_by,
        "sealed": vault.seal(jsontext.dumps(hidden), hook.id),
    }


def _hook(vault: Vault, row: Any) -> Hook:
    hidden = jsontext.loads(vault.open(row.sealed, row.id))
    return replace(_shut(row), secrets=read_secrets(hidden["secrets"]), token=hidden["token"], opens=True)


def _hook_or_shut(vault: Vault, row: Any) -> Hook:
    """In a list one that does not open stands in no other's way."""
    try:
        return _hook(vault, row)
    except DoesNotOpen:
        return _shut(row)


def _shut(row: Any) -> Hook:
    return Hook(
        id=row.id,
        workspace_id=row.workspace_id,
        target_url=row.target_url,
        event_types=tuple(jsontext.loads(row.event_types.encode())),
        filters=jsontext.loads(row.filters.encode()),
        platform=row.platform,
        ordered=row.ordered,
        rate_limit=row.rate_limit,
        status=row.status,
        failures=row.failures,
        open_until=row.open_until,
        approval_links_by=row.approval_links_by,
        opens=False,
    )


def read_secrets(kept: Sequence[dict[str, Any]]) -> tuple[Secret, ...]:
    """Secrets as they are sealed: a list of `{"value", "not_after"}`."""
    return tuple(
        Secret(each["value"], None if each["not_after"] is None else float(each["not_after"])) for each in kept
    )


def with_new_secret(hook: Hook, secret: str, *, old_until: float) -> Hook:
    """The hook signing with `secret` first; the ones it had stay until `old_until` (Unix seconds)."""
    kept = tuple(Secret(each.value, min(each.not_after or old_until, old_until)) for each in hook.secrets)
    return replace(hook, secrets=(Secret(secret), *kept[:1]))
