import shutil
from pathlib import Path

import pytest

from make_app.smaller import smaller
from relay.develop.generate import ROOT
from relay.develop.generate.make import FOLDER


@pytest.fixture
def whole_app(tmp_path: Path) -> Path:
    """A copy of the derived app."""
    return Path(
        shutil.copytree(ROOT / FOLDER, tmp_path / "whole", ignore=shutil.ignore_patterns(".origin*", "blueprints"))
    )


@pytest.fixture(scope="session")
def _small_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return smaller(_copied(tmp_path_factory.mktemp("make") / "app"))


@pytest.fixture
def app(_small_app: Path, tmp_path: Path) -> Path:
    """A copy with few modules, to plant faults in or to deploy: what is tried is the same for every module."""
    return Path(shutil.copytree(_small_app, tmp_path / "app"))


def _copied(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT / FOLDER, folder, ignore=shutil.ignore_patterns(".origin*", "blueprints")))
