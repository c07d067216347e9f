"""The command line over a data directory of its own, in this process; and the same relay from inside."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from kit.databases import at_newest
from kit.processes import free_port
from kit.workbench import SECRET_KEY, Belt, Workbench, sqlite_url
from relay.cli import main
from relay.formats import jsontext

MOST_LINES, MOST_CHARACTERS = 6, 700


@dataclass
class Terminal:
    """Runs commands. Nobody listens at the public address; `environment` may be changed between commands."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str, typed: str | None = None) -> Result:
        # A command's own process logs nothing below an error; this one would, among what the command prints.
        with capture_logs():
            return CliRunner().invoke(main, list(words), env=self.environment, input=typed, prog_name="relay")

    def json(self, *words: str) -> Any:
        """What a command answers machines."""
        done = self(*words, "--json")
        assert done.exit_code == 0, done.stderr
        return jsontext.loads(done.stdout.encode())

    def refused(self, *words: str) -> str:
        """What a command that fails says: on standard error alone, and briefly."""
        done = self(*words)
        assert (done.exit_code != 0, done.stdout) == (True, "")
        assert len(done.stderr.splitlines()) <= MOST_LINES
        assert len(done.stderr) <= MOST_CHARACTERS
        return done.stderr.strip()


@pytest.fixture
def relay(tmp_path: Path) -> Terminal:
    at_newest(sqlite_url(tmp_path)).close()
    return Terminal(
        tmp_path,
        {
            "RELAY_DATA_DIR": str(tmp_path),
            "RELAY_SECRET_KEY": SECRET_KEY,
            "RELAY_PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
            "RELAY_ALLOW_PRIVATE_TARGETS": "127.0.0.1",
        },
    )


@pytest.fixture
def bench(relay: Terminal) -> Iterator[Workbench]:
    """The database that the commands see."""
    with Workbench(sqlite_url(relay.directory)) as made:
        yield made


@pytest.fixture
def belt(bench: Workbench) -> Belt:
    return Belt(bench)
