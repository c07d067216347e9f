"""Keeps the parts of a relay on one machine running: starts them, restarts one that dies, stops them in order."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STEADY_SECONDS = 30.0
_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One process. `command` is its argv; `mend` is called before it is started again after it failed early.

    `log` is the file of one that does not say on standard output what is wrong.
    """

    name: str
    command: Sequence[str]
    mend: Callable[[], None] | None = None
    log: Path | None = None


@dataclass(slots=True)
class _Running:
    part: Part
    process: subprocess.Popen[bytes]
    started_at: float
    pause: float = _FIRST_PAUSE


class Supervisor:
    """Runs parts until a signal comes. `say` gets one readable line for each thing that happens."""

    def __init__(self, parts: Sequence[Part], environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._parts = parts
        self._environment = dict(environment)
        self._say = say
        self._running: list[_Running] = []
        self._stopping = False

    def run(self, on_started: Callable[[], None]) -> None:
        """Start all, call `on_started`, watch until SIGINT or SIGTERM, then stop all, the last started first."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        try:
            for part in self._parts:
                if self._stopping:
                    return
                self._running.append(_Running(part, self._start(part), time.monotonic()))
            on_started()
            while not self._stopping:
                self._restart_the_dead()
                time.sleep(_LOOK_SECONDS)
        finally:
            self._stop_all()

    @property
    def stopping(self) -> bool:
        return self._stopping

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _start(self, part: Part) -> subprocess.Popen[bytes]:
        # A session of its own keeps Ctrl-C at the terminal from reaching the parts out of order.
        return subprocess.Popen(  # noqa: S603  our own commands
            list(part.command),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  one thread here
        )

    def _restart_the_dead(self) -> None:
        now = time.monotonic()
        for running in self._running:
            code = running.process.poll()
            if code is None:
                if now - running.started_at > _STEADY_SECONDS:
                    running.pause = _FIRST_PAUSE
                continue
            if now - running.started_at < running.pause:
                continue
            why = f"{_why(code)}, see {running.part.log}" if running.part.log else _why(code)
            self._say(f"{running.part.name} ended ({why}); starting it again")
            if running.part.mend is not None and code > 0 and now - running.started_at < _STEADY_SECONDS:
                running.part.mend()
            running.process = self._start(running.part)
            running.started_at = now
            running.pause = min(running.pause * 2, _LONGEST_PAUSE)

    def _stop_all(self) -> None:
        for running in reversed(self._running):
            if running.process.poll() is None:
                running.process.terminate()
            try:
                running.process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._say(f"{running.part.name} did not stop in {_PATIENCE_SECONDS:.0f} s; ending it")
                os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()
        self._say("stopped")


def die_with_parent(how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel, where it can, to end this process should its parent be killed, so that nothing stays behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)


def _why(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
