"""What goes wrong is one sentence on standard error; a defect is at most three lines and a report."""

import errno
import os
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest

from cli.conftest import Terminal
from kit.processes import RELAY, free_port
from kit.workbench import Workbench
from relay.cli import replay
from relay.cli.edge import sentence
from relay.errors import StorageUnavailable

PARTS = (("events",), ("source", "list"), ("work", "--lane", "fresh"), ("clock",), ("web",), ("up",))


def newest_schema(directory: Path, version: str) -> None:
    with sqlite3.connect(directory / "relay.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()


def run(relay: Terminal, *words: str) -> tuple[int, str, str]:
    """A command in a process of its own: its status, what it shows, and what it complains of."""
    environment = os.environ | relay.environment
    done = subprocess.run([*RELAY, *words], env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("words", PARTS, ids=" ".join)
def test_a_database_of_a_newer_version_is_one_sentence_from_every_part(
    relay: Terminal, bench: Workbench, words: tuple[str, ...]
) -> None:
    newest_schema(relay.directory, "0099")

    status, shown, said = run(relay, *words)

    assert (status, shown, said.count("\n")) == (1, "", 1)
    assert said.startswith("relay: A newer version of the relay has written this database: its schema is 0099,")
    assert said.endswith("there is no way back but a backup from before.\n")


def test_a_database_that_cannot_be_reached_is_one_sentence_without_its_password(relay: Terminal) -> None:
    relay.environment["RELAY_DATABASE_URL"] = f"postgresql://relay:hunter2@127.0.0.1:{free_port()}/relay"

    said = relay.refused("events")

    assert "Connection refused" in said
    assert "hunter2" not in said
    assert len(said.splitlines()) == 1


def test_a_file_that_is_no_database_is_said_to_be_none(relay: Terminal) -> None:
    (relay.directory / "relay.db").write_text("nothing that SQLite has ever written " * 40)

    assert relay.refused("events") == ("relay: The database is damaged. `relay doctor` says more.")


def test_a_data_directory_that_is_a_file_is_named(relay: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    relay.environment |= {"RELAY_DATA_DIR": str(file), "RELAY_SECRET_KEY": ""}

    assert relay.refused("events") == f"relay: {file}/secret.key: Not a directory."


def test_what_a_user_may_not_write_is_named_with_the_way_out() -> None:
    said = sentence(PermissionError(errno.EACCES, "Permission denied", "/var/lib/relay/secret.key"))

    assert said is not None
    assert said.startswith("/var/lib/relay/secret.key: Permission denied. You are ")
    assert said.endswith(": run it as the user that the relay runs as, or set RELAY_DATA_DIR.")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.ENOSPC, "No space left on device", "/var/lib/relay/secret.key"),
    ],
)
def test_a_full_disk_is_said_to_be_full(error: OSError) -> None:
    said = sentence(error)

    assert said is not None
    assert said.startswith("The disk is full")


def test_a_full_disk_below_the_database_is_said_by_the_database() -> None:
    cause = StorageUnavailable("Try again.", reason="The database did not take it: database or disk is full.")

    assert sentence(cause) == "The database did not take it: database or disk is full. `relay doctor` says more."


def test_a_variable_that_does_not_fit_is_one_sentence(relay: Terminal) -> None:
    relay.environment["RELAY_PUBLIC_URL"] = "relay.example.com"

    assert relay.refused("source", "list") == (
        "relay: RELAY_PUBLIC_URL must be an address with its scheme, such as https://relay.example.com; it is"
        " 'relay.example.com', without its scheme. Did you mean https://relay.example.com?"
    )


def test_redis_that_is_away_is_said_beside_the_answer_and_not_in_it(relay: Terminal, bench: Workbench) -> None:
    relay.environment["RELAY_REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    words = ("action", "run", "alert.raise", "--set", "key=a", "--set", "title=b", "--json")

    status, shown, said = run(relay, *words)

    assert (status, shown.count("\n"), shown[:7]) == (0, 1, '{"id":"')
    assert said == "relay: Redis does not answer. The request is stored and runs within seconds after Redis returns.\n"


def test_a_defect_says_where_its_report_lies_and_hides_nothing(
    relay: Terminal, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr(replay.replay, "one", broken)

    said = relay.refused("replay", "hunter2")

    (report,) = (relay.directory / "reports").iterdir()
    text = report.read_text()
    first, second = said.splitlines()
    assert first.startswith("relay: this is a bug in the relay: KeyError (test_edge.py, line ")
    assert second == f"The report is in {report}. Please attach it to a bug report."
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert "relay replay\n" in text
    assert "in replay_command" in text
    assert "hunter2" not in text


def test_a_report_goes_elsewhere_where_there_is_no_data_directory(
    relay: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr("relay.cli.doctor.doctor.examine", lambda: 1 / 0)
    relay.environment["RELAY_DATA_DIR"] = str(tmp_path / "none")

    said = relay.refused("doctor")

    assert "ZeroDivisionError" in said
    assert [path.name.startswith("defect-") for path in tmp_path.glob("*.txt")] == [True]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", [(), ("source",), ("hook",)], ids=["relay", "source", "hook"])
def test_a_group_without_a_command_is_a_question_and_no_failure(relay: Terminal, words: tuple[str, ...]) -> None:
    done = relay(*words)

    assert (done.exit_code, done.stdout.startswith("Usage: relay"), done.stderr) == (0, True, "")


@pytest.mark.parametrize(
    "words",
    [
        ("sourc",),
        ("source", "add"),
        ("source", "ad", "stripe"),
        ("events", "--limit", "0"),
        ("events", "--limit", "9" * 5000),
        ("deliveries", "--state", "x" * 5000),
        ("action", "runs", "--status", "done"),
        ("channel", "preview", "no such template"),
        ("web", "--port", "99999"),
        ("web", "--workers", "0"),
        ("hook", "rotate", "hk_1", "--overlap-hours", "-1"),
        ("verify", "stripe", "no such file"),
        ("source", "add", "\udcff"),
    ],
    ids=lambda words: " ".join(words)[:40].encode("ascii", "replace").decode(),
)
def test_a_wrong_call_is_answered_briefly(relay: Terminal, words: tuple[str, ...]) -> None:
    said = relay.refused(*words)

    assert "Error: " in said
    assert "Traceback" not in said
