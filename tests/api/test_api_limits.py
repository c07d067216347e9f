"""How often a key may call, and what happens while Redis is away."""

import socket
import time

import pytest

from relay.api import build_app
from relay.config import Config


def test_a_key_that_calls_too_often_is_asked_to_wait(limited):
    api = limited(5)

    answers = [api.call("GET", "/me", key="events:read") for _ in range(6)]

    assert [each.status_code for each in answers] == [200] * 5 + [429]
    error = answers[5].json["error"]
    assert error["code"] == "too_many_requests"
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 61
    assert "Retry-After" not in answers[0].headers


def test_all_operations_share_one_limit_and_each_key_has_its_own(limited):
    api = limited(4)

    for path in ("/me", "/events", "/event-types", "/deliveries"):
        assert api.call("GET", path, key="events:read").status_code == 200

    assert api.call("GET", "/me", key="events:read").status_code == 429
    assert api.call("GET", "/me", key="admin").status_code == 200


def test_calls_without_a_valid_key_are_limited_by_address(limited):
    api = limited(3)

    statuses = [api.call("GET", "/me", key=None).status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 429]
    assert api.call("GET", "/me").status_code == 200


def test_only_the_api_is_limited(limited):
    api = limited(1)
    client = api.app.test_client()

    for path in ("/healthz", "/readyz", "/docs", "/"):
        assert [client.get(path).status_code for _ in range(3)] == [200] * 3
    assert [client.post("/in/src_none").status_code for _ in range(3)] == [404] * 3


@pytest.mark.parametrize("silent", [False, True], ids=["refuses", "is silent"])
def test_a_redis_that_does_not_answer_costs_no_call_and_little_time(api, tmp_path, silent):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if not silent:
        listener.close()
    config = Config.load(
        {
            "RELAY_DATA_DIR": str(tmp_path),
            "RELAY_SECRET_KEY": "a key for tests that is long enough to seal",
            "RELAY_REDIS_URL": f"redis://127.0.0.1:{port}/0",
        }
    )
    app = build_app(config, calls_per_minute=3)
    headers = {"Authorization": f"Bearer {api.mine.keys['admin']}"}

    start = time.monotonic()
    statuses = [app.test_client().get("/api/v1/me", headers=headers).status_code for _ in range(4)]
    took = time.monotonic() - start

    app.extensions["relay"].database.close()
    listener.close()
    assert statuses == [200, 200, 200, 429]
    assert took < 2
