"""What deliveries leave from holds nothing that is worth taking, and a delivery comes to the same by way of it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from kit.subscriber import HEALTHY, Answer, Subscriber
from kit.waiting import PATIENCE_SECONDS, until
from kit.workbench import HOLDER, Workbench, sqlite_url
from relay.errors import Unreachable
from relay.http import Answer as Heard
from relay.http import GuardedClient
from relay.model import now_ms
from relay.outbound.dispatcher import Dispatcher
from relay.outbound.egress import Egress
from relay.outbound.frames import Frames

LOCAL = frozenset({"127.0.0.1"})
SECRET = "a key for tests that is long enough to seal"


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    with Subscriber() as made:
        yield made


async def _once(egress: Egress | GuardedClient, url: str, **how: object) -> object:
    try:
        return await egress.request("POST", url, body=b"{}", headers={"x-test": "1"}, **how)  # type: ignore[arg-type]
    except Unreachable as error:
        return (error.code, error.message)


def both(url: str, **how: object) -> list[object]:
    """What the door says of a request, and what it says by way of the process."""

    async def ask() -> list[object]:
        found = []
        for way in (GuardedClient(allow_private=LOCAL), Egress(LOCAL)):
            found.append(await _once(way, url, **how))
            await way.close()
        return found

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1:1/",
        "http://10.0.0.1/",
        "https://10.0.0.1/",
        "https://[::ffff:169.254.169.254]/",
        "ftp://example.com/",
        "https://no-such-name.invalid/",
    ],
)
def test_what_is_refused_or_not_reached_is_so_in_the_same_words(url: str) -> None:
    alone, apart = both(url)

    assert isinstance(alone, tuple)
    assert apart == alone


@pytest.mark.parametrize("answer", [HEALTHY, (503, {"Retry-After": "7", "X-Other": "x"}), (410, {}), (302, {})])
def test_an_answer_is_told_as_far_as_it_is_judged(subscriber: Subscriber, answer: Answer) -> None:
    subscriber.answer = lambda _: answer

    alone, apart = both(subscriber.url, max_bytes=4096, body_timeout=1.0)

    assert isinstance(alone, Heard)
    judged_by = {name: value for name, value in alone.headers.items() if name == "retry-after"}
    assert apart == replace(alone, headers=judged_by)
    assert alone.status == answer[0]
    assert [each.headers["x-test"] for each in subscriber.received] == ["1", "1"]


def test_its_environment_holds_no_setting_of_the_relay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_SECRET_KEY", SECRET)
    monkeypatch.setenv("RELAY_DATABASE_URL", "postgresql://relay:password@db/relay")
    monkeypatch.setenv("RELAY_REDIS_URL", "redis://:password@valkey/0")
    monkeypatch.setenv("RELAY_DATA_DIR", "/var/lib/relay")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)

    async def look() -> dict[str, str]:
        egress = Egress(LOCAL)
        found = psutil.Process(egress.pid).environ()
        await egress.close()
        return found

    names = asyncio.run(look())
    ours = {name for name in names if name.startswith("RELAY_")}
    assert ours - {"RELAY_LOG_LEVEL"} == {"RELAY_EGRESS_PROXY"}
    assert not any(value in (SECRET, "/var/lib/relay") or "password" in value for value in names.values())


ATTACK = """
import json, os, signal, socket, sys
from pathlib import Path
from relay.outbound.sandbox import confine, readable
import relay.http
given = json.loads(sys.argv[1])
confine(readable())
found = {}
def attempt(name, work):
    try:
        work()
        found[name] = "done"
    except OSError as error:
        found[name] = type(error).__name__
attempt("key file", lambda: Path(given["key"]).read_bytes())
attempt("database", lambda: open(given["database"], "r+b"))
attempt("listing", lambda: os.listdir(given["directory"]))
attempt("writing", lambda: Path(given["directory"], "new").write_text("x"))
attempt("environment of its worker", lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes())
attempt("memory of its worker", lambda: open(f"/proc/{os.getppid()}/mem", "rb"))
attempt("a program", lambda: os.execv("/bin/sh", ["sh", "-c", "exit 0"]))
attempt("a signal to its worker", lambda: os.kill(os.getppid(), 0))
attempt("a port of its own", lambda: socket.create_server(("127.0.0.1", 0)))
attempt("certificates", lambda: __import__("ssl").create_default_context())
attempt("names", lambda: socket.getaddrinfo("localhost", 443))
print(json.dumps(found))
"""


@pytest.mark.landlock
def test_who_takes_the_process_over_finds_no_file_no_memory_and_no_way_on(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text(SECRET)
    (tmp_path / "relay.db").write_bytes(b"rows")
    given = {"key": str(tmp_path / "secret.key"), "database": str(tmp_path / "relay.db"), "directory": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", ATTACK, json.dumps(given)], capture_output=True, text=True, check=False, cwd="/"
    )

    assert json.loads(done.stdout or "{}") == {
        "key file": "PermissionError",
        "database": "PermissionError",
        "listing": "PermissionError",
        "writing": "PermissionError",
        "environment of its worker": "PermissionError",
        "memory of its worker": "PermissionError",
        "a program": "PermissionError",
        "a signal to its worker": "PermissionError",
        "a port of its own": "PermissionError",
        "certificates": "done",
        "names": "done",
    }, done.stderr


PAST_THE_PROXY = """
import socket, sys
from relay.outbound.sandbox import confine, readable
given, other = int(sys.argv[1]), int(sys.argv[2])
confine(readable(), given)
socket.create_connection(("127.0.0.1", given)).close()
try:
    socket.create_connection(("127.0.0.1", other))
except PermissionError:
    print("refused")
"""


@pytest.mark.landlock
def test_with_a_proxy_there_is_no_way_past_its_port() -> None:
    with Subscriber() as given, Subscriber() as other:
        ports = [str(urlsplit(each.url).port) for each in (given, other)]
        done = subprocess.run(
            [sys.executable, "-c", PAST_THE_PROXY, *ports], capture_output=True, text=True, check=False
        )

    assert done.stdout == "refused\n", done.stderr


def test_what_was_under_way_when_it_ended_is_sent_again_and_counts_as_no_failure(
    tmp_path: Path, subscriber: Subscriber
) -> None:
    gate, made = threading.Event(), []

    def egress() -> Egress:
        made.append(Egress(LOCAL))
        return made[0]

    def wait(_: bytes) -> Answer:
        gate.wait(PATIENCE_SECONDS)
        return HEALTHY

    subscriber.answer = wait
    with Workbench(sqlite_url(tmp_path)) as bench:
        dispatcher = Dispatcher(bench.database, egress, HOLDER, on_gone=lambda *_: None, on_turn=lambda: None)
        hook = bench.hook(subscriber.url)
        [parcel] = bench.due(hook)
        dispatcher.hand([parcel])
        until(lambda: subscriber.waiting, "the delivery is under way")
        os.kill(made[0].pid, signal.SIGKILL)
        until(lambda: dispatcher.load == 0, "it is handed back")
        [lost] = bench.deliveries()
        gate.set()
        dispatcher.hand([parcel])
        until(lambda: dispatcher.load == 0, "it is sent again")
        [sent] = bench.deliveries()
        dispatcher.close(patience=5)

    assert (lost.state, lost.attempts) == ("pending", 0)
    assert lost.due_at is not None
    assert lost.due_at <= now_ms()
    assert (sent.state, sent.attempts) == ("delivered", 1)
    assert len({each.event_id for each in subscriber.received}) == 1


def test_it_ends_with_its_worker_and_not_by_a_signal_to_all() -> None:
    worker = (
        "import sys, time; from relay.outbound.egress import Egress; print(Egress().pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        sending = psutil.Process(int(process.stdout.readline()))
        until(lambda: any("uvloop" in each.path for each in sending.memory_maps()), "it ignores signals by now")
        sending.terminate()
        sending.send_signal(signal.SIGINT)
        goes_on = sending.is_running()
        process.kill()

    until(lambda: not sending.is_running() or sending.status() == psutil.STATUS_ZOMBIE, "it has ended")
    assert goes_on


def test_messages_come_whole_however_they_are_cut() -> None:
    sent: list[bytes] = []

    class Wire(asyncio.Transport):
        def is_closing(self) -> bool:
            return False

        def write(self, data: bytes) -> None:  # type: ignore[override]
            sent.append(bytes(data))

    taken: list[tuple[object, bytes]] = []
    frames = Frames(lambda head, body: taken.append((head, body)), lambda: None)
    frames.connection_made(Wire())
    messages = [([1, "a", {"b": None}], b""), ([2, "ü", 0.5], b"\x00\xff" * 500), ([], b"x")]
    for head, body in messages:
        frames.send(head, body)

    stream = b"".join(sent)
    for size in (1, 3, 7, 1000, len(stream)):
        for at in range(0, len(stream), size):
            frames.data_received(stream[at : at + size])

    assert taken == [(head, body) for _ in range(5) for head, body in messages]
