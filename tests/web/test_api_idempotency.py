"""A POST with a key is done once."""

import threading

import pytest
from sqlalchemy import insert

from relay.model import now_ms
from relay.storage import idempotency, tables, workspaces

HOOK = {"target_url": "https://hooks.example.com/", "event_types": ["invoice.paid"]}


def keyed(key="one"):
    return {"Idempotency-Key": key}


def admin_of(api, connection):
    return workspaces.find_key(connection, api.mine.keys["admin"]).id


def test_a_repeat_gets_the_first_answer_and_does_nothing(api):
    first = api.call("POST", "/hooks", HOOK, headers=keyed())
    repeat = api.call("POST", "/hooks", HOOK, headers=keyed())

    assert (repeat.status_code, repeat.data) == (first.status_code, first.data)
    assert repeat.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert len(api.call("GET", "/hooks").json["items"]) == 1


def test_another_api_key_gets_no_answer_of_the_first_ones(api):
    first = api.call("POST", "/hooks", HOOK, headers=keyed())
    other = api.call("POST", "/hooks", HOOK, headers=keyed(), key="hooks:write")

    assert (first.status_code, other.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in other.headers
    assert [name for name in ("id", "secret", "token") if first.json[name] == other.json[name]] == []


def test_what_was_used_before_api_keys_were_noted_is_neither_done_again_nor_shown(api):
    with api.database.write() as connection:
        connection.execute(
            insert(tables.idempotency).values(
                workspace_id=api.mine.id,
                api_key_id="",
                key="one",
                request_hash="0" * 64,
                status_code=201,
                sealed=b"sealed",
                created_at=now_ms(),
            )
        )

    answer = api.call("POST", "/hooks", HOOK, headers=keyed())

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "idempotency_key_reused")
    assert api.call("GET", "/hooks").json["items"] == []


def test_without_a_key_every_call_counts(api):
    assert api.call("POST", "/hooks", HOOK).json["id"] != api.call("POST", "/hooks", HOOK).json["id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/hooks", HOOK | {"ordered": True}), ("/events", HOOK), ("/sources", {"provider": "standard"})],
)
def test_the_same_key_with_another_request_is_refused(api, path, body):
    api.call("POST", "/hooks", HOOK, headers=keyed())

    answer = api.call("POST", path, body, headers=keyed())

    assert answer.status_code in (409, 422)
    if answer.status_code == 409:
        assert answer.json["error"]["code"] == "idempotency_key_reused"


def test_a_refused_call_frees_its_key(api):
    refused = api.call("POST", "/hooks/hk_none/test", {}, headers=keyed())
    made = api.call("POST", "/hooks", HOOK, headers=keyed())

    assert (refused.status_code, made.status_code) == (404, 201)


def test_a_call_that_broke_frees_its_key(api, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("relay.accounts.hooks.create", lambda *_, **__: 1 / 0)
        assert api.call("POST", "/hooks", HOOK, headers=keyed()).status_code == 500

    assert api.call("POST", "/hooks", HOOK, headers=keyed()).status_code == 201


def test_concurrent_calls_with_one_key_are_done_once(api):
    answers = []
    start = threading.Barrier(12)

    def call():
        start.wait()
        answers.append(api.call("POST", "/hooks", HOOK, headers=keyed()))

    threads = [threading.Thread(target=call) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert {each.status_code for each in answers} <= {201, 409}
    assert len({each.data for each in answers if each.status_code == 201}) == 1
    assert len(api.call("GET", "/hooks").json["items"]) == 1
    for each in answers:
        if each.status_code == 409:
            assert each.json["error"]["code"] == "still_working"
            assert each.headers["Retry-After"] == "1"


def test_a_call_still_at_work_is_not_started_again(api):
    with api.database.write() as connection:
        fingerprint = "0" * 64
        assert idempotency.begin(connection, api.mine.id, admin_of(api, connection), "one", fingerprint, now_ms())

    assert api.call("POST", "/hooks", HOOK, headers=keyed()).status_code == 409


def test_a_call_that_was_killed_at_its_work_may_be_made_again(api):
    with api.database.write() as connection:
        fingerprint = "0" * 64
        assert idempotency.begin(
            connection, api.mine.id, admin_of(api, connection), "one", fingerprint, now_ms() - 600_000
        )

    assert api.call("POST", "/hooks", HOOK, headers=keyed()).status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "ü", "k" * 256, "tab\there"])
def test_a_key_that_is_not_visible_ascii_is_refused(api, key):
    answer = api.call("POST", "/hooks", HOOK, headers=keyed(key))

    assert answer.status_code == 422
    assert answer.json["error"]["message"].startswith("Idempotency-Key must be")


def test_a_key_of_255_characters_is_taken(api):
    assert api.call("POST", "/hooks", HOOK, headers=keyed("k" * 255)).status_code == 201


def test_what_is_remembered_is_sealed(api):
    made = api.call("POST", "/hooks", HOOK, headers=keyed()).json

    with api.database.read() as connection:
        row = connection.execute(tables.idempotency.select()).one()
    assert row.status_code == 201
    assert made["secret"].encode() not in row.sealed
    assert made["token"].encode() not in row.sealed


def test_a_get_has_no_use_for_a_key(api):
    assert api.call("GET", "/me", headers=keyed("two words")).status_code == 200
