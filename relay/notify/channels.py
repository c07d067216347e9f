"""Channels as an operator sets them up: checked, sealed, noted in the audit log. An address is never shown again."""

import re
from typing import Any

from relay.errors import DoesNotOpen, InvalidRequest, NotFound
from relay.model import now_ms
from relay.notify import channel_urls, quiet_hours
from relay.notify.localized import LANGUAGES
from relay.security.vault import Vault
from relay.storage import Database, audit, channels
from relay.storage.channels import Channel
from relay.storage.sent_messages import PER_CHANNEL_HOUR

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}")
_LONGEST_URL = 2048
_MOST_PER_HOUR = 10_000
_LONGEST_SIGNATURE = 200


def add(
    database: Database,
    vault: Vault,
    workspace_id: str,
    name: str,
    url: str,
    *,
    actor: str,
    language: str = "en",
    quiet: str | None = None,
    zone: str = "UTC",
    per_hour: int = 20,
    per_channel_hour: int = PER_CHANNEL_HOUR,
    signature: str | None = None,
    approval_links: bool = False,
    allow_private: frozenset[str] = frozenset(),
) -> Channel:
    """A new channel, or one of this name written over. Raises `InvalidRequest` or `AddressRefused`."""
    if not _NAME.fullmatch(name):
        raise InvalidRequest("A channel's name has at most 63 letters, digits, spaces, dots, - and _.")
    url = url.strip()
    if not 1 <= len(url) <= _LONGEST_URL:
        raise InvalidRequest(f"A channel's address has 1 to {_LONGEST_URL} characters.")
    if language not in LANGUAGES:
        raise InvalidRequest(f"language must be one of {', '.join(LANGUAGES)}.")
    for field, value in (("per_hour", per_hour), ("per_channel_hour", per_channel_hour)):
        if not 1 <= value <= _MOST_PER_HOUR:
            raise InvalidRequest(f"{field} must lie between 1 and {_MOST_PER_HOUR}.")
    if signature is not None and (len(signature) > _LONGEST_SIGNATURE or not signature.isprintable()):
        raise InvalidRequest(f"A signature is one line of at most {_LONGEST_SIGNATURE} characters.")
    channel_urls.check(url, allow_private)
    if approval_links and channel_urls.read(url).kind != channel_urls.CHAT:
        raise InvalidRequest(
            "Only a chat gets links to approve by: elsewhere who asks for a message says to whom it goes."
        )
    channel = Channel(
        workspace_id,
        name,
        url,
        language=language,
        quiet=quiet_hours.checked_quiet(quiet) if quiet else None,
        zone=quiet_hours.checked_zone(zone),
        per_hour=per_hour,
        per_channel_hour=per_channel_hour,
        signature=signature,
        approval_links=approval_links,
    )
    now = now_ms()
    with database.write() as connection:
        channels.save(connection, vault, channel, now)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "channel.saved", name))
    return channel


def remove(database: Database, workspace_id: str, name: str, *, actor: str) -> None:
    """Raises `NotFound`."""
    now = now_ms()
    with database.write() as connection:
        if not channels.remove(connection, workspace_id, name):
            raise NotFound(f"There is no channel {name[:64]!r}. `relay channel list` shows them.")
        audit.append(connection, audit.Entry(workspace_id, now, actor, "channel.removed", name))


def get(database: Database, vault: Vault, workspace_id: str, name: str) -> Channel:
    """Raises `NotFound`."""
    with database.read() as connection:
        found = channels.named(connection, vault, workspace_id, [name]).get(name)
    if found is None:
        raise NotFound(f"There is no channel {name[:64]!r}. `relay channel list` shows them.")
    if not found.opens:
        raise DoesNotOpen(
            f"Channel {name[:64]!r} does not open with RELAY_SECRET_KEY: add it again, or put its key back."
        )
    return found


def shown(channel: Channel) -> dict[str, Any]:
    """A channel as it may be seen: of its address only the service."""
    if not channel.opens:
        return {"name": channel.name, "service": "does not open with RELAY_SECRET_KEY"}
    way = channel_urls.read(channel.url)
    return {
        "name": channel.name,
        "service": way.label,
        "kind": way.kind,
        "language": channel.language,
        "quiet": channel.quiet,
        "zone": channel.zone,
        "per_hour": channel.per_hour,
        "per_channel_hour": channel.per_channel_hour,
        "signature": channel.signature,
        "approval_links": channel.approval_links,
    }
