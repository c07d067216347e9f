"""An application on a database of its own, two workspaces with a key for each scope, and hands to call it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from kit.databases import at_newest
from kit.workbench import Workings
from relay.catalogue.vocabulary import catalogue
from relay.config import Config
from relay.formats import jsontext
from relay.http import GuardedClient
from relay.inbound.identity import read
from relay.inbound.lookups import ApiReader
from relay.inbound.stored import pack
from relay.insight.records import learnt
from relay.model import EVENTS_PER_WEBHOOK, Event, Inbound, new_id, now_ms, record_id
from relay.providers import get as get_provider
from relay.security.vault import Vault
from relay.storage import Database, events, inbound, records, workspaces
from relay.web.api.actions import calls
from relay.web.app import build_app

SECRET_KEY = "a key for tests that is long enough to seal"
TARGET = "https://hooks.example.com/in"


@dataclass
class Workspace:
    """A workspace and its keys' texts by scope."""

    id: str
    keys: dict[str, str]


@dataclass
class Api:
    """The application under test. `mine` is the workspace that calls go to, `other` somebody else's."""

    app: Flask
    database: Database
    vault: Vault
    mine: Workspace
    other: Workspace
    _place: int = 0
    _hands: list[Any] = field(default_factory=list)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "admin",
        workspace: Workspace | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> TestResponse:
        """One call below /api/v1. `key` names a scope; None calls without a key."""
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("Authorization", f"Bearer {(workspace or self.mine).keys[key]}")
        if body is not None:
            raw = jsontext.dumps(body)
        if raw is not None:
            sent.setdefault("Content-Type", "application/json")
        return self.app.test_client().open(f"/api/v1{path}", method=method, data=raw, headers=sent, query_string=query)

    def hook(self, **fields: Any) -> dict[str, Any]:
        """A hook that was made over the API, with its secrets."""
        answer = self.call("POST", "/hooks", {"target_url": TARGET, "event_types": ["*"], **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def run(self, name: str = "alert.raise", **fields: Any) -> dict[str, Any]:
        """A run of an action that the relay itself does."""
        workspace, asked_by = fields.pop("workspace", None), fields.pop("asked_by", "admin")
        given = {"key": "disk:web03", "title": "Disk is full", **fields}
        answer = self.call("POST", f"/actions/{name}", given, workspace=workspace, key=asked_by)
        assert answer.status_code == 202, answer.text
        return dict(answer.json or {})

    def pending_run(self) -> dict[str, Any]:
        """A run that another key than `admin` asked for, and that waits for a person."""
        self.call("POST", "/action-policies", {"action": "alert.raise", "mode": "always"})
        return self.run(asked_by="actions:run")

    def source(self, **fields: Any) -> dict[str, Any]:
        answer = self.call("POST", "/sources", {"provider": "whmcs", **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.json or {})

    def event(self, type_name: str = "invoice.paid", **changes: Any) -> dict[str, Any]:
        """An event that was stored as the pipeline would; `changes` are to its envelope, or its `defect`."""
        return self.events(1, type_name, **changes)[0]

    def events(
        self,
        count: int,
        type_name: str = "invoice.paid",
        *,
        workspace: Workspace | None = None,
        **changes: Any,
    ) -> list[dict[str, Any]]:
        where = (workspace or self.mine).id
        defect = changes.pop("defect", None)
        received_at = changes.pop("received_ms", None) or now_ms()
        made = []
        batch = []
        for _ in range(count):
            place = self._keep_webhook(where, type_name, received_at)
            envelope = catalogue().sample(catalogue().types[type_name]) | {
                "id": new_id("evt"),
                "sequence": place * EVENTS_PER_WEBHOOK,
                **changes,
            }
            who = envelope["customer"] or {}
            event = Event(
                id=envelope["id"],
                type=type_name,
                sequence=envelope["sequence"],
                customer_id=who.get("id"),
                customer_email=who.get("email"),
                envelope=envelope,
                body=jsontext.dumps(envelope),
                defect=defect,
            )
            made.append(envelope)
            batch.append((place, received_at, event))
        with self.database.write() as connection:
            events.store(connection, {place: where for place, _, _ in batch}, batch)
        return made

    def customer(self, *, workspace: Workspace | None = None) -> str:
        """The id of a customer that an event has told of."""
        (event,) = self.events(1, "invoice.paid", workspace=workspace)
        where = (workspace or self.mine).id
        self.learn(where, event)
        return record_id(event["source"]["id"], "customer", event["customer"]["id"])

    def learn(self, workspace_id: str, *told: dict[str, Any]) -> None:
        """Learn from events as the clock does."""
        lesson = records.Backlog([(workspace_id, jsontext.dumps(event)) for event in told], None, ())
        with self.database.write() as connection:
            records.save(connection, learnt(connection, lesson), lesson)

    def work(self) -> list[Any]:
        """Let the pipeline turn what was accepted into events and deliveries; answers the parcels it sends."""
        dispatcher = _Courier()
        api_reader = ApiReader(GuardedClient)
        workings = Workings(self.database, self.vault, dispatcher, api_reader, lambda *_: [0])
        workings.process()
        workings.retry()
        return dispatcher.parcels

    def _keep_webhook(self, workspace_id: str, type_name: str, received_at: int) -> int:
        own_id = new_id("in")
        provider = get_provider("relay")
        message = {"id": own_id, "type": type_name, "data": {}, "customer": None}
        headers = {"content-type": "application/json", "x-api-key": "sk_live_very_secret"}
        webhook = read(provider, Inbound(jsontext.dumps(message), headers=headers))
        sealed = self.vault.seal(pack(provider, webhook), own_id)
        new = inbound.NewInbound(own_id, workspace_id, "src_test", own_id, "relay", received_at, sealed)
        with self.database.write() as connection:
            inbound.store(connection, [new])
            self._place += 1
            while (kept := inbound.get(connection, self._place)) is None or kept.id != own_id:
                self._place += 1
            inbound.finish(connection, [self._place])
        return self._place


class _Courier:
    """Takes parcels and sends none."""

    load = 0

    def __init__(self) -> None:
        self.parcels: list[Any] = []

    def room(self, *_: Any, **__: Any) -> int:
        return 1000

    def hand(self, parcels: Any) -> None:
        self.parcels += list(parcels)


def make_api(directory: Path, *, environment: Mapping[str, str] | None = None, **settings: Any) -> Api:
    config = Config.load(
        {
            "RELAY_DATA_DIR": str(directory),
            "RELAY_SECRET_KEY": SECRET_KEY,
            "RELAY_PUBLIC_URL": "https://relay.example.com",
            "RELAY_REDIS_URL": f"unix://{directory / 'nobody-listens.sock'}",
            "RELAY_ALLOW_PRIVATE_TARGETS": "127.0.0.1",
            **(environment or {}),
        }
    )
    vault = Vault(config.secret_keys)
    database = at_newest(config.database_url, vault)
    with database.write() as connection:
        found = [
            _workspace(connection, name, ("events:read", "hooks:write", "actions:run", "admin"))
            for name in ("Mine", "Other")
        ]
    return Api(build_app(config, **settings), database, vault, *found)


def close(api: Api) -> None:
    api.app.extensions["relay"].database.close()
    api.database.close()


def _workspace(connection: Any, name: str, scopes: Sequence[str]) -> Workspace:
    made = workspaces.add(connection, name, now_ms())
    keys = {scope: workspaces.add_key(connection, made.id, scope, (scope,), now_ms())[1] for scope in scopes}
    return Workspace(made.id, keys)


@pytest.fixture(autouse=True, scope="session")
def nobody_works() -> Iterator[None]:
    """No worker runs beside these tests, so that a call of an action need not wait for one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calls, "WAIT_SECONDS", 0.0)
        yield


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    made = make_api(tmp_path, calls_per_minute=100_000)
    yield made
    close(made)


@pytest.fixture(scope="module")
def shared_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One application for a whole module of tests that leave nothing behind that matters."""
    made = make_api(tmp_path_factory.mktemp("api"), calls_per_minute=100_000)
    yield made
    close(made)


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Callable[[int], Api]]:
    made: list[Api] = []

    def make(calls_per_minute: int) -> Api:
        made.append(make_api(tmp_path, calls_per_minute=calls_per_minute))
        return made[-1]

    yield make
    for each in made:
        close(each)


@pytest.fixture
def api_of(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """An application with some variables of the environment."""
    made: list[Api] = []

    def make(**environment: str) -> Api:
        made.append(make_api(tmp_path, environment=environment, calls_per_minute=100_000))
        return made[-1]

    yield make
    for each in made:
        close(each)
