"""Makes a relay that has been at work for long: stored events, and many hooks."""

import os
import time
from pathlib import Path

from bench.payloads import invoice_paid
from bench.running import environment
from relay.accounts.hooks import create as create_hook
from relay.config import Config
from relay.context import Relay
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Inbound, new_id, now_ms
from relay.pipeline.commit import BATCH
from relay.providers import get
from relay.security.vault import Vault
from relay.storage import Database, deliveries, events, hooks, inbound, sources
from relay.storage.migrate import upgrade

_HOUR_MS = 3600 * 1000


def make(data: Path, source_id: str, count: int) -> None:
    """Store `count` webhooks with their events and deliveries, through the functions that the relay stores with.

    They are older than 30 days, so their raw bodies are already forgotten, as they would be by then.
    """
    config = Config.load({**os.environ, **environment(data)})
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault)
    upgrade(database)
    provider = get("stripe")
    with database.read() as connection:
        source = sources.get(connection, vault, source_id)
        assert source is not None
        hook_ids = [hook.id for hook in hooks.active(connection, vault)]
    received_at = now_ms() - 40 * 24 * _HOUR_MS
    for start in range(0, count, BATCH * 10):
        made = []
        for index in range(start, min(start + BATCH * 10, count)):
            body = jsontext.dumps(invoice_paid(f"old{index:08d}", int(time.time()) - 3_500_000, index % 1000))
            event = normalize(provider, read(provider, Inbound(body)), Origin(source, index + 1, "stripe_signature"))[0]
            made.append((index + 1, received_at, event))
        with database.write() as connection:
            for at in range(0, len(made), BATCH):
                part = made[at : at + BATCH]
                inbound.store(
                    connection,
                    [
                        inbound.NewInbound(
                            new_id("in"),
                            source.workspace_id,
                            source.id,
                            f"old{place}",
                            "stripe_signature",
                            received_at,
                            b"",
                        )
                        for place, _, _ in part
                    ],
                )
                inbound.finish(connection, [place for place, _, _ in part])
                events.store(connection, {place: source.workspace_id for place, _, _ in part}, part)
                rows = [
                    deliveries.NewDelivery(
                        new_id("dlv"),
                        source.workspace_id,
                        event.id,
                        event.sequence,
                        hook_id,
                        None,
                        received_at,
                        received_at,
                    )
                    for _, _, event in part
                    for hook_id in hook_ids
                ]
                deliveries.store(connection, rows)
                deliveries.record(
                    connection,
                    [
                        deliveries.Attempt(row.id, 1, received_at, 5, 200, None, deliveries.DELIVERED, None)
                        for row in rows
                    ],
                )
        with database.write() as connection:
            inbound.forget_bodies(connection, now_ms(), BATCH * 10)
    database.close()


def add_hooks(data: Path, url: str, count: int, hanging: int) -> None:
    """Add hooks that each want one customer's events; the first `hanging` of them point where nobody answers."""
    config = Config.load({**os.environ, **environment(data)})
    vault = Vault(config.secret_keys)
    database = Database(config.database_url, vault)
    upgrade(database)
    with database.read() as connection:
        from relay.storage import workspaces

        workspace = workspaces.first(connection)
        assert workspace is not None
    working = Relay(config, database, vault, lambda _: None).workspace(workspace.id, "bench")
    for index in range(count):
        create_hook(
            working,
            {
                "target_url": f"{url}hang/{index}" if index < hanging else f"{url}hook/{index}",
                "event_types": ["invoice.paid"],
                "filters": {"customer": f"cus_bench{index:06d}"},
            },
        )
    database.close()
