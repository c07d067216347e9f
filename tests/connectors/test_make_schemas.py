"""The Make app against Make's own schemas, by a second validator under Node."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "ajv"
SCHEMAS = Path(__file__).parents[2].parent / "shared" / "make-schemas"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(not (FOLDER / "node_modules").exists(), reason="make test installs the packages with npm")
@pytest.mark.skipif(not SCHEMAS.exists(), reason="Make's schemas do not lie beside the project")
def test_every_file_is_what_makes_schemas_say() -> None:
    environment = {**os.environ, "MAKE_SCHEMAS": str(SCHEMAS)}
    words = ("node", "--test", "schemas.test.js")
    done = subprocess.run(words, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-4000:]
    assert "# fail 0" in done.stdout
