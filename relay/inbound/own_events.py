"""What the relay itself has to tell goes the same way as what others post: stored, normalized, delivered.

Each workspace has one source of the provider `relay` for it, which no address outside leads to.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.stored import pack
from relay.model import OWN_PROVIDER, OWN_SOURCES, Inbound, Source, new_id, now_ms
from relay.providers import of_source
from relay.security.vault import Vault
from relay.storage import Connection, Database, inbound, sources


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
    message_id = f"{event_type}:{key or new_id('msg')}"
    message = {"id": message_id, "type": event_type, "data": data, "customer": customer}
    source = _source_within(connection, vault, workspace_id)
    return keep(connection, vault, source, Inbound(body=jsontext.dumps(message)), message_id, OWN_PROVIDER)


def keep(
    connection: Connection, vault: Vault, source: Source, webhook: Inbound, dedupe_key: str, verified_by: str
) -> str:
    """Store what the relay itself found out for a source, to go the way of its webhooks; returns the id."""
    provider = of_source(source.provider)
    own_id = new_id("in")
    new = inbound.NewInbound(
        id=own_id,
        workspace_id=source.workspace_id,
        source_id=source.id,
        dedupe_key=dedupe_key,
        verified_by=verified_by,
        received_at=now_ms(),
        sealed=vault.seal(pack(provider, read(provider, replace(webhook, settings=source.settings))), own_id),
    )
    return inbound.store(connection, [new])[own_id]


def _source_within(connection: Connection, vault: Vault, workspace_id: str) -> Source:
    source_id = _source_id(workspace_id)
    found = sources.get(connection, vault, source_id)
    if found is None:
        found = Source(source_id, workspace_id, OWN_PROVIDER, "Relay")
        sources.add(connection, vault, found, now_ms())
    return found


def _source_id(workspace_id: str) -> str:
    return f"{OWN_SOURCES}{hashlib.sha256(workspace_id.encode()).hexdigest()[:20]}"
