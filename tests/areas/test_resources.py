"""An API resource is a file in any area: it is routed, described and documented without another file being touched."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kit.databases import at_newest
from relay.areas import discovery
from relay.areas.resources import all_resources
from relay.config import Config
from relay.model import now_ms
from relay.security.vault import Vault
from relay.storage import workspaces
from relay.web.app import build_app

CHECKS = """
from relay.areas.resources import Answer, Call, PathParameter, Resource, Route
from relay.areas.schemas import record, text

SHAPE = record({"id": text("`wtc_...`"), "workspace": text("Whose it is.")})


def get(call: Call) -> Answer:
    return Answer({"id": call.path["watch_id"], "workspace": call.workspace.id})


RESOURCE = Resource(
    "Watches",
    "What is looked at.",
    routes=(
        Route(
            "GET", "/watches/{watch_id}", "get_watch", "Get a watch", get, "events:read", "As it stands.",
            answer="Watch", example={"id": "wtc_1", "workspace": "ws_1"},
        ),
    ),
    schemas={"Watch": SHAPE},
    path_parameters={"watch_id": PathParameter("The watch's id.", "wtc_1")},
)
"""
KEY = "a key for tests that is long enough to seal"


@pytest.fixture
def another_area(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A project with one area of its own, in place of the relay's areas."""
    area = tmp_path / "acme" / "watch"
    area.mkdir(parents=True)
    (area / "watches.py").write_text(CHECKS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(discovery, "ROOT", tmp_path / "acme")
    _forget()
    yield
    _forget()
    for name in [each for each in sys.modules if each.partition(".")[0] == "acme"]:
        monkeypatch.delitem(sys.modules, name)


def _forget() -> None:
    discovery.handed_out.cache_clear()
    all_resources.cache_clear()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    redis = f"unix://{tmp_path / 'nobody-listens.sock'}"
    return Config.load({"RELAY_DATA_DIR": str(tmp_path), "RELAY_SECRET_KEY": KEY, "RELAY_REDIS_URL": redis})


@pytest.fixture
def app(config: Config, another_area: None) -> Iterator[Flask]:
    made = build_app(config)
    yield made
    made.extensions["relay"].database.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_it_is_routed_with_the_scope_that_it_asks_for(config: Config, client: FlaskClient) -> None:
    database = at_newest(config.database_url, Vault(config.secret_keys))
    with database.write() as connection:
        mine = workspaces.add(connection, "Mine", now_ms())
        keys = {
            scope: workspaces.add_key(connection, mine.id, scope, (scope,), now_ms())[1]
            for scope in ("events:read", "hooks:write")
        }
    database.close()

    answers = {
        scope: client.get("/api/v1/watches/wtc_7", headers={"Authorization": f"Bearer {key}"})
        for scope, key in keys.items()
    }

    assert answers["events:read"].json == {"id": "wtc_7", "workspace": mine.id}
    assert answers["hooks:write"].status_code == 403
    assert client.get("/api/v1/watches/wtc_7").status_code == 401


def test_it_is_described(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json or {}

    operation = document["paths"]["/api/v1/watches/{watch_id}"]["get"]
    assert document["tags"] == [{"name": "Watches", "description": "What is looked at."}]
    assert operation["x-scope"] == "events:read"
    assert operation["parameters"] == [
        {
            "name": "watch_id",
            "in": "path",
            "required": True,
            "description": "The watch's id.",
            "schema": {"type": "string", "pattern": "^[A-Za-z0-9_]{1,64}$"},
            "example": "wtc_1",
        }
    ]
    assert operation["responses"]["200"]["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/Watch"},
        "example": {"id": "wtc_1", "workspace": "ws_1"},
    }
    assert list(document["components"]["schemas"]["Watch"]["properties"]) == ["id", "workspace"]


def test_it_is_on_the_page_for_people(client: FlaskClient) -> None:
    page = client.get("/docs").text

    assert 'id="get_watch"' in page
    assert "What is looked at." in page
