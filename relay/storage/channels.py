"""Channels: where notifications go. The address holds tokens and passwords, so all but the name is sealed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, delete, select

from relay.errors import DoesNotOpen
from relay.formats import jsontext
from relay.security.vault import Vault
from relay.storage.bulk import upsert
from relay.storage.sealed import channel_context
from relay.storage.sent_messages import PER_CHANNEL_HOUR
from relay.storage.tables import channels

_SEALED = ("url", "language", "quiet", "zone", "per_hour", "per_channel_hour", "signature", "approval_links")


@dataclass(frozen=True, slots=True)
class Channel:
    """One named way to people. `quiet` are hours such as `22:00-07:00`, as the clocks say in `zone`.

    `per_hour` is how many messages one recipient gets in an hour at most, `per_channel_hour` how many all together for
    which API keys asked; `signature` ends the ready messages. With `approval_links` messages about a run that waits
    have the link to approve it. One that does not open, since its key was dropped, has no address and sends nothing.
    """

    workspace_id: str
    name: str
    url: str = field(repr=False)
    language: str = "en"
    quiet: str | None = None
    zone: str = "UTC"
    per_hour: int = 20
    per_channel_hour: int = PER_CHANNEL_HOUR
    signature: str | None = None
    approval_links: bool = False
    opens: bool = True


def save(connection: Connection, vault: Vault, channel: Channel, now: int) -> None:
    """Add a channel, or write it over."""
    hidden = {name: getattr(channel, name) for name in _SEALED}
    sealed = vault.seal(jsontext.dumps(hidden), channel_context(channel.workspace_id, channel.name))
    key = {"workspace_id": channel.workspace_id, "name": channel.name}
    upsert(connection, channels, key, {"sealed": sealed}, new={"created_at": now})


def listed(connection: Connection, vault: Vault, workspace_id: str) -> list[Channel]:
    """By name."""
    rows = connection.execute(select(channels).where(channels.c.workspace_id == workspace_id).order_by(channels.c.name))
    return [_read(vault, row) for row in rows]


def named(connection: Connection, vault: Vault, workspace_id: str, names: Sequence[str]) -> dict[str, Channel]:
    """Those of these names that there are."""
    rows = connection.execute(
        select(channels).where(channels.c.workspace_id == workspace_id, channels.c.name.in_(list(names)))
    )
    return {row.name: _read(vault, row) for row in rows}


def remove(connection: Connection, workspace_id: str, name: str) -> bool:
    """Whether there was one to remove."""
    gone = delete(channels).where(channels.c.workspace_id == workspace_id, channels.c.name == name)
    return connection.execute(gone).rowcount > 0


def _read(vault: Vault, row: Any) -> Channel:
    """One that does not open stands in no other's way."""
    try:
        hidden = jsontext.loads(vault.open(row.sealed, channel_context(row.workspace_id, row.name)))
    except DoesNotOpen:
        return Channel(row.workspace_id, row.name, "", opens=False)
    return Channel(row.workspace_id, row.name, **hidden)
