"""API keys. Every change is checked, written and noted in the audit log in one transaction."""

from collections.abc import Sequence

from relay.accounts.fields import name_of
from relay.context import Workspace
from relay.errors import InvalidRequest
from relay.model import now_ms
from relay.storage import workspaces
from relay.storage.workspaces import ApiKey


def create(workspace: Workspace, name: str, scopes: Sequence[str]) -> tuple[ApiKey, str]:
    """A new API key and its text, which is not kept."""
    for scope in scopes:
        if scope not in workspaces.SCOPES:
            known = ", ".join(workspaces.SCOPES)
            raise InvalidRequest(f"scopes holds {scope[:60]!r}, which is not a scope. Known scopes: {known}.")
    if not scopes:
        raise InvalidRequest(f"scopes must name at least one of {', '.join(workspaces.SCOPES)}.")
    now = now_ms()
    with workspace.database.write() as connection:
        key, text = workspaces.add_key(connection, workspace.id, name_of(name), tuple(dict.fromkeys(scopes)), now)
        workspace.note(connection, now, "key.created", key.id)
    return key, text


def revoke(workspace: Workspace, key_id: str) -> bool:
    """Whether there was one to revoke."""
    now = now_ms()
    with workspace.database.write() as connection:
        gone = workspaces.revoke_key(connection, workspace.id, key_id, now)
        if gone:
            workspace.note(connection, now, "key.revoked", key_id)
    return gone
