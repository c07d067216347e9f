"""Hooks: who is told of events.

Every change is checked, written and noted in the audit log in one transaction. Errors are `InvalidRequest` that names
the field, or `NotFound`. A secret is in the answer of the call that made it and in no other.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from relay.accounts import fields
from relay.accounts.hook_fields import HOOK_CHANGES, NEW_HOOK
from relay.accounts.settings import new_secret
from relay.context import Workspace
from relay.errors import AddressRefused, Forbidden
from relay.formats import json_schema
from relay.model import Hook, Secret, iso, new_id, now_ms
from relay.outbound.wanted import read_filters
from relay.queue.lanes import LATE
from relay.security.addresses import check_url, is_below
from relay.storage import deliveries
from relay.storage import hooks as rows

_APPROVAL_LINKS = "approval_links"


def create(workspace: Workspace, body: Mapping[str, Any], *, admin: bool = False) -> tuple[Hook, dict[str, Any]]:
    """A new hook, and what its owner is shown once: `shown`, its `secret` and its `token`.

    `body` holds `target_url`, `event_types` and, if wanted, `filters`, `platform`, `ordered`, `rate_limit`,
    `approval_links`. Raises `AddressRefused` for a target that the relay must not connect to, which is itself, too;
    `Forbidden` where links to approve by are wanted by who is no `admin`.
    """
    json_schema.check(body, NEW_HOOK)
    secret = new_secret()
    hook = Hook(
        id=new_id("hk"),
        workspace_id=workspace.id,
        secrets=(Secret(secret),),
        token=_new_token(),
        **_kept(workspace, body),
    )
    hook = _with_approval_links(hook, body, actor=workspace.actor, admin=admin)
    now = now_ms()
    with workspace.database.write() as connection:
        rows.add(connection, workspace.vault, hook, now)
        workspace.note(connection, now, "hook.created", hook.id)
    return hook, shown(hook) | {"secret": secret, "token": hook.token}


def change(
    workspace: Workspace, hook_id: str, changes: Mapping[str, Any], *, admin: bool = False
) -> tuple[Hook, str | None]:
    """The hook as it is changed, and its new token, if it gets one. `status: active` switches a hook on again; a new
    target ends its pause too. With it comes a new token: the old one is what the old target knows its deliveries by.

    Raises `Forbidden` where who is no `admin` would change who gets links to approve by.
    """
    json_schema.check(changes, HOOK_CHANGES)
    changed = _kept(workspace, changes)
    now = now_ms()
    with workspace.database.write() as connection:
        before = rows.require(connection, workspace.vault, workspace.id, hook_id)
        hook = replace(before, **changed)
        token = _new_token() if hook.target_url != before.target_url else None
        hook = replace(hook, token=token or before.token)
        hook = _with_approval_links(hook, changes, actor=workspace.actor, admin=admin)
        if "status" in changes:
            hook = replace(hook, status=rows.ACTIVE)
        rows.save(connection, workspace.vault, hook, now)
        if "status" in changes:
            rows.set_status(connection, hook.id, rows.SWITCHED_OFF, None, now)
            rows.set_status(connection, hook.id, rows.ACTIVE, None, now)
        if "status" in changes or "target_url" in changes:
            rows.count_failures(connection, {hook.id: (0, 0)})
        workspace.note(connection, now, "hook.updated", hook.id)
        hook = rows.require(connection, workspace.vault, workspace.id, hook_id)
    if "status" in changes or "target_url" in changes:
        workspace.wake(LATE)  # what waited for it is sent now
    return hook, token


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def rotate_secret(
    workspace: Workspace,
    hook_id: str,
    *,
    overlap_seconds: int = fields.OVERLAP_SECONDS,
) -> tuple[Hook, str]:
    """The hook with a new secret, and that secret. For the overlap the old one signs deliveries too."""
    now = now_ms()
    secret = new_secret()
    with workspace.database.write() as connection:
        hook = rows.require(connection, workspace.vault, workspace.id, hook_id)
        hook = rows.with_new_secret(hook, secret, old_until=now / 1000 + overlap_seconds)
        rows.save(connection, workspace.vault, hook, now)
        workspace.note(connection, now, "hook.secret_rotated", hook.id)
    return hook, secret


def delete(workspace: Workspace, hook_id: str) -> bool:
    """Whether there was one to delete. What was still to be sent to it is canceled."""
    now = now_ms()
    with workspace.database.write() as connection:
        if not rows.there_is(connection, workspace.id, hook_id):
            return False
        rows.set_status(connection, hook_id, rows.DELETED, "Deleted by its owner.", now)
        deliveries.cancel_of_hook(connection, hook_id, now, "The hook was deleted.")
        workspace.note(connection, now, "hook.deleted", hook_id)
    return True


def shown(hook: Hook, status_reason: str | None = None) -> dict[str, Any]:
    """A hook as it may be shown at any time: neither secret nor token."""
    return {
        "id": hook.id,
        "target_url": hook.target_url,
        "event_types": list(hook.event_types),
        "filters": dict(hook.filters),
        "platform": hook.platform,
        "ordered": hook.ordered,
        "rate_limit": hook.rate_limit,
        "approval_links": hook.approval_links_by is not None,
        "status": hook.status,
        "status_reason": status_reason if hook.opens else "Its secret cannot be decrypted with RELAY_SECRET_KEY.",
        "paused_until": iso(hook.open_until) if hook.open_until > now_ms() else None,
    }


def _kept(workspace: Workspace, body: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: _KEPT[name](value) for name, value in body.items() if name in _KEPT}
    if "target_url" in kept:
        check_url(kept["target_url"], workspace.config.allow_private)
        if is_below(kept["target_url"], workspace.config.public_url):
            raise AddressRefused(
                "target_url is an address of this relay: its events would loop. Give another address:"
                " where events are received, such as the address that Zapier or Make shows."
            )
    return kept


def _with_approval_links(hook: Hook, body: Mapping[str, Any], *, actor: str, admin: bool) -> Hook:
    """Links go to a hook for who marked it, or chose its target, last: for what he asked for there are none."""
    marked = hook.approval_links_by is not None
    wanted = body.get(_APPROVAL_LINKS, marked)
    if not admin and (wanted is not marked or (marked and "target_url" in body)):
        raise Forbidden(
            "Whether a hook gets links to approve by, and the target of one that does, are changed by a key with the"
            " scope admin, or by: relay hook set"
        )
    if wanted and (not marked or "target_url" in body or _APPROVAL_LINKS in body):
        return replace(hook, approval_links_by=actor)
    return hook if wanted else replace(hook, approval_links_by=None)


_KEPT: Mapping[str, Callable[[Any], Any]] = {
    "target_url": str.strip,
    "event_types": lambda value: tuple(dict.fromkeys(value)),
    "filters": lambda value: read_filters(value or {}),
    "platform": lambda value: value,
    "ordered": bool,
    "rate_limit": lambda value: None if value is None else float(value),
}
"""The fields that a hook keeps, by how it keeps them. What they may hold is said in `hook_fields.py`."""
