"""The Make app against Make's own schemas, by a second validator under Node."""

import os
import subprocess
from pathlib import Path

import pytest

from corpus import make_schemas, of_corpus

FOLDER = Path(__file__).parent / "ajv"


@pytest.mark.node
@of_corpus
def test_every_file_is_what_makes_schemas_say() -> None:
    environment = {**os.environ, "MAKE_SCHEMAS": str(make_schemas())}
    words = ("node", "--test", "schemas.test.js")
    done = subprocess.run(words, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-4000:]
    assert "# fail 0" in done.stdout
