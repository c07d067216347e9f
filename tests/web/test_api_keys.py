"""Who may call what."""

import time
from typing import Any

import pytest

from kit.workbench import relay_of
from relay.accounts import keys
from relay.areas.resources import Route, all_routes
from relay.storage import workspaces

NO_SUCH = {
    "hook_id": "hk_none",
    "source_id": "src_none",
    "event_id": "evt_none",
    "record_id": "rec_none",
    "run_id": "run_none",
    "type": "invoice.paid",
}


def path_of(route: Route) -> str:
    return route.path.format(**NO_SUCH)


def body_of(route: Route) -> Any:
    return None if route.body is None else route.body_example


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: route.name)
def test_without_a_key_nothing_is_done(shared_api, route):
    answer = shared_api.call(route.method, path_of(route), body_of(route), key=None)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="relay"'
    assert answer.json["error"]["code"] == "unauthorized"


@pytest.mark.parametrize("route", all_routes(), ids=lambda route: route.name)
@pytest.mark.parametrize("scope", workspaces.SCOPES)
def test_a_key_may_do_what_its_scope_says(shared_api, route, scope):
    answer = shared_api.call(route.method, path_of(route), body_of(route), key=scope)

    if route.scope in (None, scope) or scope == "admin":
        # No source of this workspace can do an action.
        assert answer.status_code in (route.status, *route.also, 404, *([422] if route.keeps_key else []))
    else:
        assert answer.status_code == 403
        assert answer.json["error"]["code"] == "forbidden"
        assert route.scope in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer rk_wrong",
        "Bearer two words",
        "Bearer rk_\u00fc",
        f"Bearer {'k' * 300}",
        f"Bearer {'k' * 65_000}",
        "Bearer ' OR 1=1 --",
    ],
)
def test_a_header_that_is_no_valid_key_is_refused(shared_api, header):
    answer = shared_api.call("GET", "/me", key=None, headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json["error"]["message"]


def test_the_word_bearer_may_be_written_in_any_case(shared_api):
    key = shared_api.mine.keys["events:read"]

    answer = shared_api.call("GET", "/me", key=None, headers={"Authorization": f"bearer {key}"})

    assert answer.status_code == 200


def test_me_names_workspace_key_and_host(shared_api):
    answer = shared_api.call("GET", "/me", key="events:read").json

    workspace = {"id": shared_api.mine.id, "name": "Mine"}
    assert answer.pop("key") | {"id": "key"} == {
        "id": "key",
        "name": "events:read",
        "scopes": ["events:read"],
    }
    assert answer == {
        "workspace": workspace,
        "workspace_name": "Mine",
        "account": workspace,
        "product": "relay",
        "version": answer["version"],
        "public_url": "https://relay.example.com",
        "host": "relay.example.com",
    }


def test_a_revoked_key_ends_within_a_second(api, monkeypatch):
    mine = relay_of(api.database, api.vault).workspace(api.mine.id, "test")
    key, text = keys.create(mine, "short", ["events:read"])
    headers = {"Authorization": f"Bearer {text}"}
    assert api.call("GET", "/me", key=None, headers=headers).status_code == 200

    keys.revoke(mine, key.id)
    later = time.monotonic() + 1.1
    monkeypatch.setattr("time.monotonic", lambda: later)

    assert api.call("GET", "/me", key=None, headers=headers).status_code == 401


def test_every_answer_of_the_api_says_not_to_keep_it(shared_api):
    answer = shared_api.call("GET", "/me")

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
