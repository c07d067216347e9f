"""Starts and stops what the benchmark measures. Whatever happens, nothing stays behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.payloads import SECRET

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
CONNECTIONS = 64
_PATIENCE = 20.0


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process with all that it starts, gone at the end."""
    running = subprocess.Popen(
        list(command),
        env={**os.environ, **(environment or {})},
        cwd=HERE.parent,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=sys.stderr if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(_PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def module(name: str, *words: str) -> list[str]:
    """The command line of one of our modules."""
    return [sys.executable, "-m", name, *words]


def listening(port: int) -> None:
    """Wait until somebody listens."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port} after 60 s; run again with BENCH_VERBOSE=1")


def load(**orders: Any) -> dict[str, Any]:
    """Run the load generator in a process of its own."""
    done = subprocess.run(
        module("bench.load"), input=json.dumps(orders).encode(), capture_output=True, check=False, cwd=HERE.parent
    )
    if done.returncode:
        raise SystemExit(f"the load generator failed: {done.stderr.decode()[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    if set(answer["statuses"]) != {"202"} or answer["broken"]:
        raise SystemExit(f"not every request was answered 202: {answer['statuses']}, {answer['broken']} broken")
    return answer


class Subscriber:
    """The subscriber's side of a measurement."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}/"

    def ask(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{what}", timeout=60) as response:
            return json.load(response)

    def wait_for(self, count: int, *, seconds: float = 300) -> dict[str, Any]:
        """Wait until so many ids came. Fails when none came for a while."""
        end = time.monotonic() + seconds
        seen, since = -1, time.monotonic()
        while time.monotonic() < end:
            stats: dict[str, Any] = self.ask("stats")
            if stats["unique"] >= count:
                return stats
            if stats["unique"] != seen:
                seen, since = stats["unique"], time.monotonic()
            if time.monotonic() - since > 90:
                break
            time.sleep(0.2)
        raise SystemExit(f"only {seen} of {count} events arrived")


@contextmanager
def subscriber() -> Iterator[Subscriber]:
    port = free_port()
    with process(module("bench.subscriber", str(port))):
        listening(port)
        yield Subscriber(port)


@contextmanager
def directory() -> Iterator[Path]:
    """A directory on the disk of this checkout, so that persistence costs what it costs."""
    CACHE.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="run-", dir=CACHE))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def redis(path: Path) -> Iterator[str]:
    """A Redis that keeps what it is told."""
    from relay.running.redis_server import server_binary

    at = Path(tempfile.mkdtemp(prefix="bench-")) / "redis.sock"
    options = ["--port", "0", "--unixsocket", str(at), "--dir", str(path), "--appendonly", "yes", "--save", ""]
    try:
        with process([server_binary(), *options]):
            while not at.exists():
                time.sleep(0.05)
            yield f"unix://{at}"
    finally:
        shutil.rmtree(at.parent, ignore_errors=True)


def environment(data: Path) -> dict[str, str]:
    """The relay's environment for one measurement."""
    return {
        "RELAY_DATA_DIR": str(data),
        "RELAY_ALLOW_PRIVATE_TARGETS": "127.0.0.1",
        "RELAY_LOG_LEVEL": "error",
        "RELAY_PUBLIC_URL": "https://relay.example.com",
    }


def relay_command(data: Path, *words: str) -> Any:
    """Run a `relay` command and read its JSON."""
    done = subprocess.run(
        module("relay", *words, "--json"), env={**os.environ, **environment(data)}, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def source_path(data: Path) -> str:
    """Add a source; answers the path that webhooks are posted to."""
    added = relay_command(data, "source", "add", "stripe", "--name", "bench", "--secret", SECRET)
    return f"/in/{added['id']}"


@contextmanager
def relay(data: Path) -> Iterator[int]:
    """The whole relay on one machine, as its user starts it; answers its port."""
    port = free_port()
    with process(module("relay", "up", "--port", str(port), "--data-dir", str(data)), environment(data)):
        listening(port)
        time.sleep(3)
        yield port


@contextmanager
def node_red(target: str) -> Iterator[int]:
    """Node-RED with our flow, installed at its first use."""
    home = CACHE / "node-red"
    if not (home / "node_modules/node-red").exists():
        print("installing Node-RED (once) ...", flush=True)
        home.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(HERE / "nodered" / name, home)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=home, check=True)
    shutil.copy(HERE / "nodered/flows.json", home)
    port = free_port()
    told = {
        "BENCH_PORT": str(port),
        "BENCH_DIR": str(home),
        "BENCH_TARGET": target,
        "BENCH_SECRET": SECRET,
        "NODE_ENV": "production",
    }
    command = ["node", str(home / "node_modules/node-red/red.js"), "-s", str(HERE / "nodered/settings.js")]
    with process(command, told):
        listening(port)
        time.sleep(3)
        yield port
