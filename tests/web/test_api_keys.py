"""Who calls. What which scope may do is `test_every_resource.py`."""

import time

from kit.cases import cases
from kit.workbench import relay_of
from relay.accounts import keys


@cases(
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
