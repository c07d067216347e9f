"""Channels as an operator sets them up: checked, sealed, noted in the audit log. An address is never shown again."""

import re
from dataclasses import replace
from typing import Any

from relay.context import Workspace
from relay.errors import DoesNotOpen, InvalidRequest, NotFound
from relay.model import now_ms
from relay.notify import channel_urls, quiet_hours
from relay.notify.localized import LANGUAGES
from relay.storage import channels
from relay.storage.channels import Channel

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}")
_LONGEST_URL = 2048
_MOST_PER_HOUR = 10_000
_LONGEST_SIGNATURE = 200


def add(workspace: Workspace, channel: Channel) -> Channel:
    """Keep a new channel, or write over the one of its name. Returns it as it is kept.

    Raises `InvalidRequest` or `AddressRefused`.
    """
    channel = _checked(channel, workspace.config.allow_private_sources)
    now = now_ms()
    with workspace.database.write() as connection:
        channels.save(connection, workspace.vault, channel, now)
        workspace.note(connection, now, "channel.saved", channel.name)
    return channel


def _checked(channel: Channel, allow_private: frozenset[str]) -> Channel:
    if not _NAME.fullmatch(channel.name):
        raise InvalidRequest("A channel's name has at most 63 letters, digits, spaces, dots, - and _.")
    url = channel.url.strip()
    if not 1 <= len(url) <= _LONGEST_URL:
        raise InvalidRequest(f"A channel's address has 1 to {_LONGEST_URL} characters.")
    if channel.language not in LANGUAGES:
        raise InvalidRequest(f"language must be one of {', '.join(LANGUAGES)}.")
    for field in ("per_hour", "per_channel_hour"):
        if not 1 <= getattr(channel, field) <= _MOST_PER_HOUR:
            raise InvalidRequest(f"{field} must lie between 1 and {_MOST_PER_HOUR}.")
    signature = channel.signature
    if signature is not None and (len(signature) > _LONGEST_SIGNATURE or not signature.isprintable()):
        raise InvalidRequest(f"A signature is one line of at most {_LONGEST_SIGNATURE} characters.")
    channel_urls.check(url, allow_private)
    if channel.approval_links and channel_urls.read(url).kind != channel_urls.CHAT:
        raise InvalidRequest(
            "Only a chat gets links to approve by: elsewhere who asks for a message says to whom it goes."
        )
    quiet = quiet_hours.checked_quiet(channel.quiet) if channel.quiet else None
    return replace(channel, url=url, quiet=quiet, zone=quiet_hours.checked_zone(channel.zone))


def remove(workspace: Workspace, name: str) -> None:
    """Raises `NotFound`."""
    now = now_ms()
    with workspace.database.write() as connection:
        if not channels.remove(connection, workspace.id, name):
            raise _not_found(name)
        workspace.note(connection, now, "channel.removed", name)


def get(workspace: Workspace, name: str) -> Channel:
    """Raises `NotFound`."""
    with workspace.database.read() as connection:
        found = channels.named(connection, workspace.vault, workspace.id, [name]).get(name)
    if found is None:
        raise _not_found(name)
    if not found.opens:
        raise DoesNotOpen(
            f"Channel {name[:64]!r} cannot be decrypted with RELAY_SECRET_KEY: add it again, or restore the key."
        )
    return found


def _not_found(name: str) -> NotFound:
    return NotFound(f"There is no channel {name[:64]!r}. `relay channel list` shows them.")


def shown(channel: Channel) -> dict[str, Any]:
    """A channel as it may be seen: of its address only the service."""
    if not channel.opens:
        return {"name": channel.name, "service": "cannot be decrypted with RELAY_SECRET_KEY"}
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
