"""A new provider's folder: what is written, and that the tests then say what comes next."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit.cases import cases
from relay.develop import scaffold
from relay.develop.generate import ROOT
from relay.errors import InvalidRequest

SAMPLE = """# made
POST /in/src_x HTTP/1.1
Host: relay.example.com

{"id": "e-1", "type": "site.moved", "title": "Moved", "text": "acme-shop.example has moved."}"""


OTHERS = {"relay", "ping", "standard", "stripe"}
"""Enough providers beside the new one: those that the relay itself names, and two more."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a provider and its tests need."""
    for name in ("relay", "schemas", "tests", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("node_modules"))
    for name in (".env.example", "README.md", "compose.yaml", "conftest.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in tmp_path.glob("relay/providers/*/"):
        if folder.name not in OTHERS:
            shutil.rmtree(folder)
    return tmp_path


def run(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Of pytest's plugins the one that its settings name: loading all others takes longer than the tests.
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


def suite(checkout: Path) -> str:
    """What the shared suite says of the new providers."""
    words = (
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "pytest_timeout",
        "tests/test_every_provider.py",
        "-k",
        "moving_van",
    )
    done = run(checkout, *words)
    return "green" if done.returncode == 0 else done.stdout


def scaffolded(checkout: Path, proof: str, name: str = "moving_van") -> Path:
    words = ("--label", "Moving Van", "--kind", "hosting_panel", "--homepage", "https://van.example", "--proof", proof)
    written = run(checkout, "-m", "relay", "new-provider", name, *words)
    assert written.returncode == 0, written.stderr
    assert written.stdout.splitlines()[-1] == f"Next: make test ONLY={name}"
    return checkout / "relay/providers" / name


def mapped(folder: Path) -> None:
    code = folder / "__init__.py"
    code.write_text(code.read_text().replace('"TODO"', '"site.moved"'))


def explained(folder: Path) -> None:
    steps = folder / "setup.md"
    steps.write_text(steps.read_text().replace("TODO", "Open Settings"))


def test_each_failure_says_what_comes_next_until_all_is_green(checkout: Path) -> None:
    folder = scaffolded(checkout, "standard")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py")) == [
        "__init__.py",
        "tests/__init__.py",
        "tests/test_moving_van.py",
    ]
    assert "next: save a delivery of Moving Van as relay/providers/moving_van/samples/EVENT.http" in suite(checkout)

    (folder / "samples/site.moved.http").write_text(SAMPLE)
    assert "next: relay generate" in suite(checkout)

    assert run(checkout, "-m", "relay", "generate").returncode == 0
    assert "next: map its events in relay/providers/moving_van/__init__.py" in suite(checkout)

    mapped(folder)
    run(checkout, "-m", "relay", "generate")
    assert "next: say the exact steps in setup.md" in suite(checkout)

    explained(folder)
    assert suite(checkout) == "green"


def test_with_all_steps_done_every_proof_is_green(checkout: Path) -> None:
    for proof in scaffold.PROOFS:
        folder = scaffolded(checkout, proof, f"moving_van_by_{proof}")
        (folder / "samples/site.moved.http").write_text(SAMPLE)
        mapped(folder)
        explained(folder)

    assert run(checkout, "-m", "relay", "generate").returncode == 0
    assert suite(checkout) == "green"


@cases("name", ["Moving", "moving-van", "stripe", "standardwebhooks", "_van", "1van", "", "../van"])
def test_a_name_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        scaffold.write(name, "Label", "generic", "https://van.example", "hmac")


def test_a_homepage_without_https_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="with https://"):
        scaffold.write("moving_van", "Label", "generic", "van.example", "hmac")
