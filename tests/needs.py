"""What some tests need and not every machine has. Without it they are left out, and a line says how to have them."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import corpus

ROOT = Path(__file__).parent.parent
NODE_PACKAGES = (ROOT / "connectors/zapier", ROOT / "tests/connectors/ajv")
OLDEST_NODE = 20


@dataclass(frozen=True)
class Need:
    """`mark` is borne by the tests that have this need."""

    mark: str
    tests: str
    remedy: str
    is_met: Callable[[], bool]

    def left_out(self, count: int) -> str:
        return f"Left out: {count} {'test' if count == 1 else 'tests'} of {self.tests}. To run them, {self.remedy}."


def _has_node() -> bool:
    """Whether there is a Node that is new enough, and the packages that `make test` installs with it."""
    program = shutil.which("node")
    if program is None or not all((folder / "node_modules").is_dir() for folder in NODE_PACKAGES):
        return False
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", version)
    return found is not None and int(found[1]) >= OLDEST_NODE


def _has_description() -> bool:
    from relay.providers.stripe.tests.official import DESCRIPTION  # every run of pytest passes here, and few need it

    return DESCRIPTION.is_file()


def _has_landlock() -> bool:
    from relay.outbound import sandbox

    return sandbox.version() > 0


NEEDS = (
    Need(
        "corpus",
        "what others published",
        f"set {corpus.VARIABLE} to a directory that holds {' and '.join(corpus.PARTS)}",
        lambda: corpus.FOLDER is not None,
    ),
    Need(
        "node",
        "the connectors under Node",
        f"install Node {OLDEST_NODE} or newer with npm, then call make test",
        _has_node,
    ),
    Need(
        "stripe_description",
        "Stripe's actions against its own description",
        "install npm, then call make test where it reaches its registry",
        _has_description,
    ),
    Need(
        "php",
        "the agents under PHP",
        "install PHP 7.2 or newer for the command line, with its curl extension",
        lambda: shutil.which("php") is not None,
    ),
    Need(
        "landlock",
        "what a process can reach that has given up its files",
        "use Linux 5.13 or newer with Landlock among its security modules",
        _has_landlock,
    ),
)
