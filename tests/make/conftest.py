import shutil
from pathlib import Path

import pytest

from relay.generate import ROOT
from relay.generate.make import FOLDER


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of the derived app, to plant faults in or to deploy."""
    folder = tmp_path / "app"
    shutil.copytree(ROOT / FOLDER, folder, ignore=shutil.ignore_patterns(".origin*", "blueprints"))
    return folder
