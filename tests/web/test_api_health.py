"""Health, numbers, and the page at the root."""

from contextlib import contextmanager

import pytest
from flask import request

from kit.cases import cases
from relay.errors import StorageUnavailable
from relay.storage import hooks


@contextmanager
def away(*_):
    raise StorageUnavailable("The database did not take it: OperationalError. Try again.")
    yield


def get(api, path, key=None, **environment):
    headers = {"Authorization": f"Bearer {api.mine.keys[key]}"} if key else {}
    headers |= environment.pop("headers", {})
    return api.app.test_client().get(path, headers=headers, environ_overrides=environment)


def test_it_lives_whatever_is_away(api, monkeypatch):
    monkeypatch.setattr("relay.storage.Database.read", away)

    answer = get(api, "/healthz")

    assert (answer.status_code, answer.json["status"]) == (200, "alive")


def test_without_redis_it_is_ready_and_says_so(api):
    answer = get(api, "/readyz")

    assert answer.status_code == 200
    assert answer.json == {"status": "ready", "database": "ok", "redis": "away"}


def test_without_its_database_it_is_not_ready(api, monkeypatch):
    monkeypatch.setattr("relay.storage.Database.read", away)

    answer = get(api, "/readyz")

    assert answer.status_code == 503
    assert answer.json == {"status": "not_ready", "database": "away", "redis": "away"}


def numbers(answer):
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_the_numbers_tell_what_waits_and_how_long(api):
    api.call("POST", "/events", {"data": {"a": 1}})
    made = api.events(3)
    first, second = api.hook(), api.hook()
    api.call("POST", f"/events/{made[0]['id']}/replay")
    with api.database.write() as connection:
        hooks.set_status(connection, second["id"], hooks.SWITCHED_OFF, "gone", 1)
        hooks.count_failures(connection, {first["id"]: (6, 4_102_444_800_000)})

    answer = get(api, "/metrics")

    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    found = numbers(answer)
    assert 0 <= found.pop("relay_webhook_oldest_due_seconds") < 60
    assert 0 <= found.pop("relay_delivery_oldest_due_seconds") < 60
    build = [name for name in found if name.startswith("relay_build_info{version=")]
    assert [found.pop(name) for name in build] == [1.0]
    assert found == {
        "relay_webhooks_accepted_total": 4,
        "relay_webhooks_pending": 1,
        "relay_events_last_minute": 3,
        "relay_deliveries_pending": 2,
        'relay_hooks{status="active"}': 1,
        'relay_hooks{status="switched_off"}': 1,
        "relay_hooks_paused": 1,
        "relay_redis_up": 0,
        "relay_clock_up": 0,
    }


def test_numbers_of_an_empty_relay_are_zeros(api):
    found = numbers(get(api, "/metrics"))

    assert sum(value for name, value in found.items() if "build" not in name) == 0


@cases(
    ("address", "headers", "key", "status"),
    [
        ("127.0.0.1", {}, None, 200),
        ("127.9.9.9", {}, None, 200),
        ("::1", {}, None, 200),
        ("::ffff:127.0.0.1", {}, None, 200),
        ("::ffff:203.0.113.7", {}, None, 401),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, None, 401),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, None, 401),
        ("203.0.113.7", {}, None, 401),
        ("203.0.113.7", {"X-Forwarded-For": "127.0.0.1"}, None, 401),
        ("", {}, None, 401),
        ("203.0.113.7", {}, "hooks:write", 403),
        ("203.0.113.7", {}, "events:read", 200),
        ("203.0.113.7", {}, "admin", 200),
    ],
)
def test_the_numbers_are_for_this_machine_and_for_keys_that_read(shared_api, address, headers, key, status):
    answer = get(shared_api, "/metrics", key, headers=headers, REMOTE_ADDR=address)

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("database", "words"),
    [(True, "They are delivered once the queue is back."), (False, "senders are asked to try again.")],
)
def test_the_root_page_says_how_it_stands(api, monkeypatch, database, words):
    if not database:
        monkeypatch.setattr("relay.storage.Database.read", away)

    answer = get(api, "/")

    assert answer.status_code == 200
    assert answer.mimetype == "text/html"
    assert words in answer.text
    assert 'href="docs"' in answer.text


def test_the_root_page_counts_nothing_and_names_nobody(api):
    before = get(api, "/").text
    api.hook()
    api.event()

    assert get(api, "/").text == before


def test_what_is_nowhere_is_answered_like_everything_else(shared_api):
    for path in ("/nope", "/favicon.ico", "/in", "/api", "/api/v2/me"):
        answer = get(shared_api, path)
        assert answer.status_code == 404
        assert answer.json["error"]["code"] == "not_found"


def test_a_caller_without_a_key_is_known_by_the_address_that_a_trusted_proxy_says(api_of):
    api = api_of(RELAY_TRUSTED_PROXIES="172.16.0.0/12")
    seen = []
    api.app.before_request(lambda: seen.append(request.remote_addr))

    for peer, said in (("172.18.0.1", "203.0.113.7"), ("127.0.0.1", "203.0.113.7"), ("198.51.100.1", "10.0.0.1")):
        get(api, "/healthz", None, headers={"X-Forwarded-For": said}, REMOTE_ADDR=peer)

    assert seen == ["203.0.113.7", "127.0.0.1", "198.51.100.1"]
