"""What the relay itself has to tell goes the same way as what others post: stored, normalized, delivered.

Each workspace has one source of the provider `relay` for it, which no address outside leads to.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from relay import jsontext
from relay.model import Inbound, Source, new_id, now_ms
from relay.normalize import read
from relay.providers import get as get_provider
from relay.receive import pack
from relay.storage import Connection, Database, inbound, sources
from relay.vault import Vault

PROVIDER = "relay"
VERIFIED_BY = "relay"


def source_of(database: Database, vault: Vault, workspace_id: str) -> Source:
    """The workspace's own source, made when it is first needed. Its id follows from the workspace's."""
    with database.read() as connection:
        found = sources.get(connection, vault, _source_id(workspace_id))
    if found is None:
        with database.write() as connection:
            found = _source_within(connection, vault, workspace_id)
    return found


def tell(
    connection: Connection,
    vault: Vault,
    workspace_id: str,
    event_type: str,
    data: Mapping[str, Any],
    *,
    key: str | None = None,
    customer: Mapping[str, Any] | None = None,
) -> str:
    """Store something of our own to be said as an event, in the transaction of what it tells of.

    Answers the id it is kept under. `key` makes a repeat harmless: the same type and key are said once.
    """
    source = _source_within(connection, vault, workspace_id)
    provider = get_provider(PROVIDER)
    own_id = new_id("in")
    message_id = f"{event_type}:{key or own_id}"
    message = {"id": message_id, "type": event_type, "data": data, "customer": customer}
    webhook = read(provider, Inbound(body=jsontext.dumps(message)))
    new = inbound.NewInbound(
        id=own_id,
        workspace_id=workspace_id,
        source_id=source.id,
        dedupe_key=message_id,
        verified_by=VERIFIED_BY,
        received_at=now_ms(),
        sealed=vault.seal(pack(provider, webhook), own_id),
    )
    return inbound.store(connection, [new])[own_id]


def _source_within(connection: Connection, vault: Vault, workspace_id: str) -> Source:
    source_id = _source_id(workspace_id)
    found = sources.get(connection, vault, source_id)
    if found is None:
        found = Source(source_id, workspace_id, PROVIDER, "Relay")
        sources.add(connection, vault, found, now_ms())
    return found


def _source_id(workspace_id: str) -> str:
    return f"src_relay_{hashlib.sha256(workspace_id.encode()).hexdigest()[:20]}"
