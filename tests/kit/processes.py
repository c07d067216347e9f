"""Processes of the relay and of the servers it needs: started, found, killed, and none left behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from kit.waiting import PATIENCE_SECONDS

RELAY = (sys.executable, "-m", "relay")
_LOOKS = 3


def free_port(neighbours: int = 0) -> int:
    """A TCP port on loopback that nobody listens on, with as many free ones behind it."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
        if all(_is_free(port + offset) for offset in range(1, neighbours + 1)):
            return port


class Process:
    """One started command. What it says goes to a file."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], says: Path, **how: object) -> None:
        with says.open("ab") as file:
            self._process = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **how,  # type: ignore[call-overload]
            )
        self.pid = self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def tell(self, number: signal.Signals) -> None:
        if self.running:
            self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop and answer its exit code."""
        self.tell(number)
        return self._process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        self.end(signal.SIGKILL)


def run(*words: str, environment: Mapping[str, str]) -> str:
    """What one `relay` command prints. Fails with what it complained of."""
    done = subprocess.run(
        [*RELAY, *words], env=dict(environment), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert done.returncode == 0, f"relay {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def of_data_directory(directory: Path) -> list[psutil.Process]:
    """Every living process that was given this data directory or works in it, whoever its parent is by now."""
    return [each for each in psutil.process_iter() if _belongs_to(each, directory)]


def naming(path: Path, *words: str) -> list[psutil.Process]:
    """The living processes whose command names this path, and has these words among its arguments."""
    found = []
    for each in psutil.process_iter():
        try:
            command = each.cmdline()
        except psutil.Error:  # gone meanwhile
            continue
        if any(str(path) in word for word in command) and set(words) <= set(command):
            found.append(each)
    return found


def is_quiet(path: Path, *words: str) -> bool:
    """Whether no process is there that `naming` would find, nor one that is about to be.

    One that just starts another, or becomes another program, escapes a single look at all processes.
    """
    return not any(naming(path, *words) for _ in range(_LOOKS))


def says(process: psutil.Process, *words: str) -> bool:
    """Whether the command line of a process has these words in a row."""
    try:
        line = process.cmdline()
    except psutil.Error:
        return False
    return any(tuple(line[start : start + len(words)]) == words for start in range(len(line)))


def is_named(process: psutil.Process, beginning: str) -> bool:
    """Whether a process calls itself so: copies of one process have the same command line."""
    try:
        return process.name().startswith(beginning)
    except psutil.Error:
        return False


def kill(processes: Sequence[psutil.Process]) -> None:
    """End them all at once, without a chance to say goodbye, and wait until they are gone."""
    for process in processes:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    psutil.wait_procs([each for each in processes if _is_alive(each)], timeout=PATIENCE_SECONDS)


def _belongs_to(process: psutil.Process, directory: Path) -> bool:
    try:
        # A Redis server writes its title over its environment, but stays in its directory.
        given = process.environ().get("RELAY_DATA_DIR") == str(directory)
        return (given or directory in Path(process.cwd()).parents) and _is_alive(process)
    except psutil.Error:
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False
