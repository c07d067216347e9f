"""A relay in real processes, in the two set-ups that there are: everything under one command, or part by part.

Whoever runs the parts one by one restarts those that die, as a container runtime does.
"""

import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psutil
from sqlalchemy import select, update

from kit.processes import RELAY, Process, free_port, is_named, kill, of_data_directory, run, says
from kit.sender import SECRET, Line
from kit.servers import Postgres, Redis, redis_answers
from kit.waiting import until
from relay import context
from relay.accounts import hooks, sources
from relay.config import Config
from relay.context import Workspace
from relay.formats import jsontext
from relay.model import inbound_url, now_ms
from relay.running.redis_server import server_binary
from relay.security.vault import Vault
from relay.storage import Database, metrics, workspaces
from relay.storage.tables import action_runs, inbound

_ACTOR = "tests"
_LOOK_SECONDS = 0.2

WEB, FRESH, LATE, CLOCK = "relay: web", "relay: fresh", "relay: late", "relay: clock"
"""What the names of their processes begin with."""


class Relay:
    """What both set-ups have in common. `directory` is empty at first and belongs to this relay."""

    def __init__(self, directory: Path, environment: dict[str, str]) -> None:
        directory.mkdir(parents=True)
        self.directory = directory / "data"
        self.log = directory / "log"
        self.log.touch()
        self.port = free_port(neighbours=1)
        self.url = f"http://127.0.0.1:{self.port}"
        given = {name: value for name, value in os.environ.items() if not name.startswith("RELAY_")}
        self.environment = given | {
            "RELAY_DATA_DIR": str(self.directory),
            "RELAY_PUBLIC_URL": self.url,
            "RELAY_ALLOW_PRIVATE_TARGETS": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        finally:
            kill(of_data_directory(self.directory))

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def lose_redis(self) -> None:
        """Kill Redis and all that it knew; it comes back empty."""
        raise NotImplementedError

    @contextmanager
    def redis_frozen(self) -> Iterator[None]:
        """Redis takes connections and answers nothing, as behind a network that swallows packets."""
        frozen = self._redis_processes()
        for each in frozen:
            each.suspend()
        try:
            yield
        finally:
            for each in frozen:
                each.resume()

    def kill_supervisor(self) -> None:
        """Kill the process that starts the others, and start the relay anew."""
        raise NotImplementedError

    def _redis_processes(self) -> list[psutil.Process]:
        raise NotImplementedError

    def command(self, *words: str) -> Any:
        """What a command prints with `--json`."""
        return jsontext.loads(run(*words, "--json", environment=self.environment).encode())

    def processes(self, part: str) -> list[psutil.Process]:
        """The living processes of one part, a parent before its children."""
        found = [each for each in of_data_directory(self.directory) if is_named(each, part)]
        return sorted(found, key=lambda each: each.create_time())

    def kill(self, part: str) -> None:
        """Kill one part, and see that it comes back."""
        old = self.processes(part)
        kill(old)
        until(lambda: set(self.processes(part)) - set(old), f"{part} is started again")

    def kill_everything(self) -> None:
        """Every process of the relay at once, with its Redis if that is its own."""
        kill(of_data_directory(self.directory))

    @contextmanager
    def disk_full(self) -> Iterator[None]:
        """No process of this relay can write a byte to a file, its log included."""
        every = [each for each in of_data_directory(self.directory) if says(each, *RELAY[1:])]
        kept = {each.pid: resource.prlimit(each.pid, resource.RLIMIT_FSIZE) for each in every}
        for pid, (_, hard) in kept.items():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            for pid, limits in kept.items():
                if psutil.pid_exists(pid):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

    def source(
        self,
        name: str,
        provider: str = "standard",
        secret: str | None = SECRET,
        settings: Mapping[str, Any] | None = None,
        *,
        monitor: bool = False,
    ) -> str:
        """A new source, whose sender signs with the tests' secret unless another is given; answers its id."""
        with self._open() as workspace:
            source, _ = sources.create(
                workspace, provider, name=name, secret=secret, settings=settings, monitor=monitor
            )
        return source.id

    def address(self, source_id: str) -> str:
        return inbound_url(self.url, source_id)

    def hook(self, target_url: str, source_id: str | None, **fields: Any) -> str:
        """A new hook that wants everything of one source, or of all; answers its id."""
        filters = {} if source_id is None else {"source": source_id}
        body = {"target_url": target_url, "event_types": ["*"], "filters": filters, **fields}
        with self._open() as workspace:
            hook, _ = hooks.create(workspace, body)
        return hook.id

    def remove_hook(self, hook_id: str) -> None:
        with self._open() as workspace:
            hooks.delete(workspace, hook_id)

    def left(self) -> dict[str, int]:
        """Webhooks that have not become events, and deliveries that are not at their end."""
        with self._open() as workspace, workspace.database.read() as connection:
            found = metrics.read(connection, now_ms())
        return {"webhooks": found.webhooks_pending, "deliveries": found.deliveries_pending}

    def kept(self, source_id: str) -> set[str]:
        """The ids of all webhooks of a source that are stored."""
        with self._open() as workspace, workspace.database.read() as connection:
            return set(connection.execute(select(inbound.c.id).where(inbound.c.source_id == source_id)).scalars())

    def opened(self) -> list[bytes]:
        """Every webhook as it is kept, with its seal broken."""
        with self._open() as workspace, workspace.database.read() as connection:
            rows = connection.execute(select(inbound.c.id, inbound.c.sealed).where(inbound.c.sealed.is_not(None)))
            return [workspace.vault.open(row.sealed, row.id) for row in rows]

    def end_leases(self) -> None:
        """What a dead worker held is free now, as it would be in some seconds."""
        with self._open() as workspace, workspace.database.write() as connection:
            connection.execute(update(action_runs).where(action_runs.c.due_at > now_ms()).values(due_at=now_ms()))

    def complaints(self) -> list[dict[str, str]]:
        """What `relay doctor` calls broken."""
        return [each for each in self.command("doctor") if each["state"] == "broken"]

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def answers(self) -> bool:
        with Line(f"{self.url}/in/nobody") as line:
            answer = line.post(b"", {})
        return answer is not None and answer.status == 404

    def wait_until_ready(self) -> None:
        until(self.answers, f"the relay answers; it said: {self.said()[-2000:]}")

    @contextmanager
    def _open(self) -> Iterator[Workspace]:
        config = Config.load(self.environment)
        vault = Vault(config.secret_keys)
        database = Database(config.database_url, vault)
        try:
            with database.read() as connection:
                first = workspaces.first(connection)
            assert first is not None
            yield context.Relay(config, database, vault, lambda _: None).workspace(first.id, _ACTOR)
        finally:
            database.close()


class Embedded(Relay):
    """`relay up`: SQLite, a Redis of its own, everything under one supervisor."""

    def __init__(self, directory: Path, *options: str, **environment: str) -> None:
        self._options = options
        self.process: Process | None = None
        super().__init__(directory, environment)

    def start(self) -> None:
        words = ("up", "--port", str(self.port), "--data-dir", str(self.directory), *self._options)
        self.process = Process([*RELAY, *words], self.environment, self.log)
        self.wait_until_ready()

    def stop(self) -> int:
        """As Ctrl-C does; answers the exit code."""
        assert self.process is not None
        return self.process.end(signal.SIGINT)

    def kill_everything(self) -> None:
        super().kill_everything()
        assert self.process is not None
        self.process.kill()

    def kill_supervisor(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.start()

    def lose_redis(self) -> None:
        for path in self._redis_files():
            path.unlink()
        self._restart_redis()

    def damage_redis(self) -> None:
        """Kill Redis, and make what it kept unreadable."""
        for path in self._redis_files():
            path.write_bytes(b"no file of Redis" * 100)
        self._restart_redis()

    def _restart_redis(self) -> None:
        servers = self._redis_processes()
        assert servers
        kill(servers)
        until(lambda: redis_answers(Config.load(self.environment).redis_url), "Redis is started again")

    def _redis_files(self) -> list[Path]:
        return [path for path in (self.directory / "redis").rglob("*") if path.is_file()]

    def _redis_processes(self) -> list[psutil.Process]:
        program = Path(server_binary()).name
        return [each for each in of_data_directory(self.directory) if Path(each.exe()).name.startswith(program)]


class Apart(Relay):
    """`relay web`, `relay work` and two `relay clock`, with PostgreSQL and Redis beside them."""

    def __init__(self, directory: Path, postgres: Postgres, redis: Redis) -> None:
        self.postgres = postgres
        self.redis = redis
        self._commands = {
            "web": ("web", "--port", "", "--workers", "2"),
            "work": ("work",),
            "clock": ("clock",),
            "second clock": ("clock",),
        }
        self._running: dict[str, Process] = {}
        self._stopped = threading.Event()
        self._keeper: threading.Thread | None = None
        super().__init__(directory, {"RELAY_DATABASE_URL": postgres.new_database(), "RELAY_REDIS_URL": redis.url})

    def start(self) -> None:
        self.command("key", "list")  # makes the first workspace
        self._stopped.clear()
        self._keeper = threading.Thread(target=self._keep_running, daemon=True)
        self._keeper.start()
        self.wait_until_ready()

    def stop(self) -> None:
        self._stop_keeping()
        for process in self._running.values():
            process.tell(signal.SIGTERM)
        for process in self._running.values():
            process.end(signal.SIGTERM)
        self._running.clear()

    def kill_everything(self) -> None:
        self._stop_keeping()
        super().kill_everything()
        for process in self._running.values():
            process.kill()
        self._running.clear()

    def lose_redis(self) -> None:
        self.redis.lose_everything()

    def kill_supervisor(self) -> None:
        self._running["work"].kill()

    def _redis_processes(self) -> list[psutil.Process]:
        return [psutil.Process(self.redis.pid)]

    def _stop_keeping(self) -> None:
        self._stopped.set()
        if self._keeper is not None:
            self._keeper.join()
            self._keeper = None

    def _keep_running(self) -> None:
        while not self._stopped.is_set():
            for name, words in self._commands.items():
                process = self._running.get(name)
                if process is None or not process.running:
                    filled = [str(self.port) if word == "" else word for word in words]
                    self._running[name] = Process([*RELAY, *filled], self.environment, self.log)
            self._stopped.wait(_LOOK_SECONDS)


Setup = Callable[[], Relay]
