"""How often a key may call, and what happens while Redis is away."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator

import pytest

from relay.config import Config
from relay.running.redis_server import redis_command
from relay.web.app import build_app


@pytest.fixture
def redis() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A real server and its address. Its directory is a short one: a socket's path has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="relay") as directory:
        config = Config.load({"RELAY_DATA_DIR": directory})
        server = subprocess.Popen(redis_command(config), stdout=subprocess.DEVNULL)
        path = config.redis_url.removeprefix("unix://")
        for _ in range(500):
            with socket.socket(socket.AF_UNIX) as probe:
                if probe.connect_ex(path) == 0:
                    break
            time.sleep(0.01)
        yield config.redis_url, server
        server.kill()
        server.wait()


def another_app(directory, redis_url, calls_per_minute):
    """One more web process, as it were, on the database of `api`."""
    config = Config.load(
        {
            "RELAY_DATA_DIR": str(directory),
            "RELAY_SECRET_KEY": "a key for tests that is long enough to seal",
            "RELAY_REDIS_URL": redis_url,
        }
    )
    return build_app(config, calls_per_minute=calls_per_minute)


def test_web_processes_count_together_and_each_alone_once_redis_is_gone(api, tmp_path, redis):
    redis_url, server = redis
    apps = [another_app(tmp_path, redis_url, 4) for _ in range(2)]
    headers = {"Authorization": f"Bearer {api.mine.keys['admin']}"}

    def statuses(count):
        return [apps[n % 2].test_client().get("/api/v1/me", headers=headers).status_code for n in range(count)]

    together = statuses(6)
    server.kill()
    server.wait()
    alone = statuses(10)

    for app in apps:
        app.extensions["relay"].database.close()
    assert together == [200] * 4 + [429] * 2
    assert alone == [200] * 8 + [429] * 2


def test_a_key_that_calls_too_often_is_asked_to_wait(limited):
    api = limited(5)

    answers = [api.call("GET", "/me", key="events:read") for _ in range(6)]

    assert [each.status_code for each in answers] == [200] * 5 + [429]
    error = answers[5].json["error"]
    assert error["code"] == "too_many_requests"
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 60
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
def test_a_redis_that_does_not_answer_costs_no_call(api, tmp_path, silent):
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if not silent:
        listener.close()
    app = another_app(tmp_path, f"redis://127.0.0.1:{port}/0", 3)
    headers = {"Authorization": f"Bearer {api.mine.keys['admin']}"}

    statuses = [app.test_client().get("/api/v1/me", headers=headers).status_code for _ in range(4)]

    app.extensions["relay"].database.close()
    listener.close()
    assert statuses == [200, 200, 200, 429]
