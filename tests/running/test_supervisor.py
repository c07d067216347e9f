"""Parts are started, started again when they die, and stopped in order. Real processes, small ones."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from kit.processes import Process, of_data_directory
from kit.waiting import PATIENCE_SECONDS, until
from relay.running import supervisor as supervisor_module
from relay.running.supervisor import Part, Supervisor

STEADY = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("on", flush=True)
time.sleep(600)
"""


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The supervisor takes the signals of the process that it runs in."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def part(name: str, code: str) -> Part:
    return Part(name, [sys.executable, "-c", code])


def sleep(log: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    time.sleep(PATIENCE_SECONDS)


def fail() -> None:
    sys.exit(3)


def ids(log: Path) -> list[int]:
    return [int(line) for line in log.read_text().split()] if log.exists() else []


class Run:
    """A supervisor at work in this thread, told to stop once something has happened."""

    def __init__(self, directory: Path, *parts: Part) -> None:
        self.said: list[str] = []
        self.directory = directory
        self.supervisor = Supervisor(parts, os.environ | {"RELAY_DATA_DIR": str(directory)}, self.said.append)

    def processes(self) -> list[psutil.Process]:
        return of_data_directory(self.directory)

    def stop_when(self, happened: Callable[[], object], what: str) -> None:
        def watch() -> None:
            try:
                until(happened, what)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)

        watcher = threading.Thread(target=watch)
        self.supervisor.run(watcher.start)
        watcher.join()


def test_parts_run_until_a_signal_and_none_is_left(tmp_path: Path) -> None:
    run = Run(tmp_path, part("one", STEADY), part("two", STEADY))

    run.stop_when(lambda: len(run.processes()) == 2, "both run")

    assert run.processes() == []
    assert run.said == ["stopped"]


def test_one_that_dies_is_started_again(tmp_path: Path) -> None:
    run = Run(tmp_path, part("one", STEADY), part("two", STEADY))
    killed: list[psutil.Process] = []

    def happened() -> bool:
        running = run.processes()
        if not killed and len(running) == 2:
            killed.append(running[0])
            running[0].kill()
        return bool(killed) and len(running) == 2 and killed[0] not in running

    run.stop_when(happened, "the killed one runs again")

    assert [line for line in run.said if "SIGKILL" in line] in (
        ["one ended (SIGKILL); starting it again"],
        ["two ended (SIGKILL); starting it again"],
    )


def test_one_that_cannot_run_is_tried_again_with_growing_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "_FIRST_PAUSE", 0.01)
    run = Run(tmp_path, part("broken", "exit(3)"), part("steady", STEADY))

    run.stop_when(lambda: len(run.said) >= 3, "it is tried three times")

    assert set(run.said) == {"broken ended (exit code 3); starting it again", "stopped"}
    assert run.supervisor._running[0].pause > 0.05


def test_one_that_fails_early_is_mended_before_it_is_tried_again(tmp_path: Path) -> None:
    mended = tmp_path / "mended"
    code = f"import os; os.path.exists({str(mended)!r}) or exit(3)\n{STEADY}"
    run = Run(tmp_path, Part("broken", [sys.executable, "-c", code], mend=mended.touch))

    run.stop_when(lambda: mended.exists() and run.processes(), "it runs")

    assert run.said == ["broken ended (exit code 3); starting it again", "stopped"]


def test_one_that_does_not_stop_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "_PATIENCE_SECONDS", 0.2)
    deaf = tmp_path / "deaf"
    code = (
        f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(deaf)!r}, 'w'); time.sleep(600)"
    )
    run = Run(tmp_path, part("stubborn", code))

    run.stop_when(deaf.exists, "it listens to no signal")

    assert run.processes() == []
    assert run.said == ["stubborn did not stop in 0 s; ending it", "stopped"]


def test_parts_are_stopped_the_last_one_first(tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = (
        "import signal, sys, time\n"
        f"def end(*_): open({str(told)!r}, 'a').write('%s\\n'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(tmp_path)!r} + '/%s', 'w').close()\n"
        "time.sleep(600)\n"
    )
    run = Run(tmp_path, *(part(name, code % (name, name)) for name in ("first", "second", "third")))

    run.stop_when(
        lambda: all((tmp_path / name).exists() for name in ("first", "second", "third")), "all three listen for signals"
    )

    assert told.read_text().split() == ["third", "second", "first"]


def test_a_copy_of_this_process_does_what_it_is_told_in_a_session_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run = Run(tmp_path, Part("copy", partial(sleep, log)))
    sessions: list[int] = []

    def happened() -> bool:
        sessions.extend(os.getsid(each) for each in ids(log)[:1])
        return bool(sessions)

    run.stop_when(happened, "it runs")

    assert sessions == ids(log)
    assert not psutil.pid_exists(sessions[0])
    assert run.said == ["stopped"]


def test_a_copy_that_dies_is_made_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run = Run(tmp_path, Part("copy", partial(sleep, log)))

    def happened() -> bool:
        if len(ids(log)) == 1:
            os.kill(ids(log)[0], signal.SIGKILL)
            until(lambda: len(ids(log)) == 2, "it runs again")
        return len(ids(log)) == 2

    run.stop_when(happened, "it was killed")

    assert run.said == ["copy ended (SIGKILL); starting it again", "stopped"]


def test_a_copy_that_cannot_run_says_its_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "_FIRST_PAUSE", 0.01)
    run = Run(tmp_path, Part("broken", fail))

    run.stop_when(lambda: run.said, "it is tried again")

    assert set(run.said) == {"broken ended (exit code 3); starting it again", "stopped"}


def test_what_the_parts_run_starts_no_thread_when_it_is_loaded() -> None:
    code = "import threading; from relay.running import clock, web, worker; print(threading.active_count())"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"


def test_a_process_has_the_name_that_is_said(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def named() -> None:
        supervisor_module.name_process("relay: late+act+more")
        log.write_text(psutil.Process().name())
        time.sleep(PATIENCE_SECONDS)

    run = Run(tmp_path, Part("copy", named))

    run.stop_when(lambda: log.exists() and log.read_text(), "it is named")

    assert log.read_text() == "relay: late+act"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
@pytest.mark.parametrize(
    "runs",
    [f"[sys.executable, '-c', {STEADY!r}]", "steady"],
    ids=["a command", "a copy"],
)
def test_parts_do_not_outlive_a_supervisor_that_is_killed(tmp_path: Path, runs: str) -> None:
    code = (
        "import os, sys; from relay.running.supervisor import Part, Supervisor\n"
        f"def steady(): exec({STEADY!r}, {{}})\n"
        f"parts = [Part(str(n), {runs}) for n in range(3)]\n"
        "Supervisor(parts, os.environ, print).run(lambda: None)\n"
    )
    environment = os.environ | {"RELAY_DATA_DIR": str(tmp_path / "data")}
    process = Process([sys.executable, "-c", code], environment, tmp_path / "log")
    until(lambda: (tmp_path / "log").read_text().count("on") == 3, "all parts run")

    process.kill()

    until(lambda: of_data_directory(tmp_path / "data") == [], "its parts have ended")
