"""`connectors/make/blueprints/`: scenarios that a user imports, each from one description."""

from collections.abc import Mapping
from typing import Any


def files() -> Mapping[str, Mapping[str, Any]]:
    """Every blueprint by its file's name."""
    return {}
