"""A relay's database with one source, an adapter of the test's own, and an actor that carries runs out."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from kit.waiting import PATIENCE_SECONDS
from kit.workbench import OwnDatabase, sqlite_url
from relay.actions import adapters
from relay.actions.requests import Desk
from relay.actions.runner import Patience, Runner
from relay.model import Secret, Source, new_id, now_ms
from relay.queue.presence import Presence
from relay.sdk.actions import Adapter
from relay.storage import runs, sources
from relay.storage.runs import Run
from relay.storage.tables import inbound

QUICK = Patience(retries=(0.05, 0.05), look_ups=(0.05, 0.05, 0.05), settled=0.0)


class Bench(OwnDatabase):
    """`does` takes the place of what the provider `standard` does."""

    def __init__(self, directory: Path, does: Mapping[str, Adapter], monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(sqlite_url(directory))
        monkeypatch.setattr(adapters, "of", lambda provider: does if provider in ("standard", "hmac") else {})
        monkeypatch.setattr(adapters, "able", lambda name: ["standard"] if name in does else [])
        self.source = self.add_source()

    def add_source(self, provider: str = "standard", **settings: Any) -> Source:
        known = {"api_url": "http://127.0.0.1:1", "api_key": "s3cret", **settings}
        made = Source(new_id("src"), self.workspace_id, provider, provider.title(), (Secret("whsec_x"),), known)
        with self.database.write() as connection:
            sources.add(connection, self.vault, made, now_ms())
        return made

    def actor(self, patience: Patience = QUICK) -> Runner:
        presence = Presence(self.database, lambda *_: None)
        return Runner(self.relay, lambda _, __, ___: [now_ms()], presence, patience=patience)

    def desk(self, actor: str) -> Desk:
        return Desk(self.working_in(actor=actor))

    def ask(self, name: str, idempotency: str | None = None, **given: Any) -> Run:
        return self.desk("key_1").request(name, given, key=idempotency)

    def approved(self, name: str, **given: Any) -> Run:
        run = self.ask(name, **given)
        return self.desk("key_2").decide(run.id, approve=True)

    def point(self, url: str) -> None:
        """Have the source's API elsewhere."""
        self.source = replace(self.source, settings={**self.source.settings, "api_url": url})
        with self.database.write() as connection:
            sources.save(connection, self.vault, self.source)

    def run(self, run_id: str) -> Run:
        with self.database.read() as connection:
            found = runs.get(connection, self.vault, run_id)
        assert found is not None
        return found

    def carry_out(self, run: Run, patience: Patience = QUICK, until: Callable[[Run], bool] | None = None) -> Run:
        """The run once it is over, or nobody is to look at it any more."""
        actor = self.actor(patience)
        wanted = until or (lambda found: found.due_at is None)
        end = time.monotonic() + PATIENCE_SECONDS
        try:
            while not wanted(found := self.run(run.id)):
                assert time.monotonic() < end, found.state
                actor.carry_out_due()
                time.sleep(0.01)
        finally:
            actor.close()
        return found

    def told(self) -> list[str]:
        """What the relay said of itself, by the ids that it is kept under."""
        with self.database.read() as connection:
            return list(connection.execute(select(inbound.c.dedupe_key).order_by(inbound.c.place)).scalars())
