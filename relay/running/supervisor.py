"""Keeps the parts of a relay on one machine running: starts them, restarts one that dies, stops them in order.

A part of our own is a copy of this process, which has loaded once what they all run: that starts in a blink and shares
its memory. So nothing here may start a thread, nor open a connection and keep it.
"""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relay.queue.retries import doubling

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_STEADY_SECONDS = 30.0
_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.1
_STOPPING = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15


@dataclass(frozen=True, slots=True)
class Part:
    """One process. `runs` is its argv, or what a copy of this process calls.

    `mend` is called before it is started again after it failed early; `log` is the file of one that does not say on
    standard output what is wrong.
    """

    name: str
    runs: Sequence[str] | Callable[[], object]
    mend: Callable[[], None] | None = None
    log: Path | None = None


class _Command:
    """Another program."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own commands
            list(argv),
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  one thread here
        )
        self.pid = self._process.pid

    def ended(self) -> int | None:
        """The exit code, below 0 for a signal; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it ended within so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


class _Copy:
    """This process once more, from here on with work of its own."""

    def __init__(self, work: Callable[[], object]) -> None:
        fork = multiprocessing.get_context("fork")
        self._process = fork.Process(target=_as_a_part, args=(work, os.getpid()))
        # Until it has its own, the copy would take a signal for the one that it is a copy of.
        kept = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, kept)
        assert self._process.pid is not None
        self.pid = self._process.pid

    def ended(self) -> int | None:
        return self._process.exitcode

    def wait(self, seconds: float | None = None) -> bool:
        self._process.join(seconds)
        return self._process.exitcode is not None


def _as_a_part(work: Callable[[], object], parent: int) -> None:
    # A session of its own keeps Ctrl-C at the terminal from reaching the parts out of order.
    os.setsid()
    for number in _STOPPING:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    die_with_parent()
    if os.getppid() == parent:
        work()


@dataclass(slots=True)
class _Running:
    part: Part
    process: _Command | _Copy
    started_at: float
    restarts: int = 0
    """Since it last ran steadily."""

    @property
    def pause(self) -> float:
        return doubling(_FIRST_PAUSE, self.restarts, longest=_LONGEST_PAUSE)


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
        for number in _STOPPING:
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

    def _start(self, part: Part) -> _Command | _Copy:
        return _Copy(part.runs) if callable(part.runs) else _Command(part.runs, self._environment)

    def _restart_the_dead(self) -> None:
        now = time.monotonic()
        for running in self._running:
            code = running.process.ended()
            if code is None:
                if now - running.started_at > _STEADY_SECONDS:
                    running.restarts = 0
                continue
            if now - running.started_at < running.pause:
                continue
            why = f"{_why(code)}, see {running.part.log}" if running.part.log else _why(code)
            self._say(f"{running.part.name} ended ({why}); starting it again")
            if running.part.mend is not None and code > 0 and now - running.started_at < _STEADY_SECONDS:
                running.part.mend()
            running.process = self._start(running.part)
            running.started_at = now
            running.restarts += 1

    def _stop_all(self) -> None:
        for running in reversed(self._running):
            if running.process.ended() is None:
                os.kill(running.process.pid, signal.SIGTERM)
            if not running.process.wait(_PATIENCE_SECONDS):
                self._say(f"{running.part.name} did not stop in {_PATIENCE_SECONDS:.0f} s; ending it")
                os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()
        self._say("stopped")


def die_with_parent(how: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel, where it can, to end this process should its parent be killed, so that nothing stays behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)


def name_process(name: str) -> None:
    """Say in the list of processes what this one is, in 15 characters: all parts have the same command line."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15])


def _why(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
