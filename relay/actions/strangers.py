"""Own words to people whom no record knows: a person looks at them first, where a program asked by an API key.

Without it whoever has such a key could have the relay write whatever to whomever. The words of a ready text are the
relay's or the vendor's own; a chat, and a person whom a channel's address names, are the operator's choice.
"""

from collections.abc import Callable, Mapping
from typing import Any

from relay.model import record_id
from relay.notify import channel_urls, people
from relay.security.vault import Vault
from relay.storage import Connection, channels, records

_Given = Mapping[str, Any]
_Finds = Callable[[Connection, Vault, str, str | None, _Given], bool]


def writes_to_stranger(
    connection: Connection, vault: Vault, workspace_id: str, action: str, source_id: str | None, given: _Given
) -> bool:
    """Whether a call has words of its own for somebody of whom no record of a source tells."""
    finds = _FINDS.get(action)
    return finds is not None and finds(connection, vault, workspace_id, source_id, given)


def _by_channel(connection: Connection, vault: Vault, workspace_id: str, _: str | None, given: _Given) -> bool:
    to = given.get("to")
    if to is None or not _has_words(given):
        return False
    names = [each.strip() for each in str(given["channel"]).split(",")]
    kinds = {
        channel_urls.kind_of(channel.url) for channel in channels.named(connection, vault, workspace_id, names).values()
    }
    known = any(records.knows_email(connection, workspace_id, each) for each in people.mailboxes(str(to)))
    return channel_urls.SMS in kinds or (channel_urls.MAIL in kinds and not known)


def _by_vendor(connection: Connection, _: Vault, workspace_id: str, source_id: str | None, given: _Given) -> bool:
    if given.get("template") or not _has_words(given):
        return False
    customer = str(given["customer_id"]).strip()
    return records.get(connection, workspace_id, record_id(source_id or "", "customer", customer)) is None


def _has_words(given: _Given) -> bool:
    return any(str(given.get(name) or "").strip() for name in ("subject", "message"))


_FINDS: Mapping[str, _Finds] = {"notification.send": _by_channel, "customer.send_email": _by_vendor}
