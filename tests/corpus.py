"""What others published: payloads, signature vectors and Make's schemas. They are theirs, and no part of this project.

RELAY_CORPUS names a directory that holds them, as `corpus/` and `make-schemas/`. A test of them bears the mark `corpus`
and is left out where the variable is not set.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

Test = TypeVar("Test", bound=Callable[..., object])
VARIABLE = "RELAY_CORPUS"
PARTS = ("corpus", "make-schemas")
FOLDER = Path(os.environ[VARIABLE]).absolute() if os.environ.get(VARIABLE) else None

of_corpus = pytest.mark.corpus


def fault() -> str | None:
    """What is wrong with the directory, if one is named."""
    if FOLDER is None or all((FOLDER / part).is_dir() for part in PARTS):
        return None
    return f"{VARIABLE} must name a directory that holds {' and '.join(PARTS)}; it is {FOLDER}."


def make_schemas() -> Path:
    assert FOLDER is not None
    return FOLDER / "make-schemas"


def published(name: str) -> bytes:
    """The content of one file, such as `gateways/adyen/capture_failed.oas.json`."""
    assert FOLDER is not None
    return (FOLDER / "corpus" / name).read_bytes()


def files(pattern: str) -> list[Path]:
    """The files of a pattern, such as `gateways/adyen/*.json`; none without a corpus."""
    return [] if FOLDER is None else sorted((FOLDER / "corpus").glob(pattern))


def rows(name: str) -> list[dict[str, Any]]:
    """A file that holds a list: an index, or the signature vectors. Empty without a corpus."""
    return [] if FOLDER is None else json.loads(published(name))


def of_every_file(pattern: str) -> Callable[[Test], Test]:
    """Runs a test of the corpus once for each file of a pattern, as its `path`."""
    each = pytest.mark.parametrize("path", files(pattern), ids=lambda path: path.name)
    return lambda test: of_corpus(each(test))


def of_every_row(system: str, chosen: Callable[[dict[str, Any]], bool] = lambda row: True) -> Callable[[Test], Test]:
    """Runs a test of the corpus once for each file of a panel in the index, whose line there is its `row`."""
    found = [row for row in rows("panels/index.json") if row["system"] == system and chosen(row)]
    each = pytest.mark.parametrize("row", found, ids=[row["file"] for row in found])
    return lambda test: of_corpus(each(test))
