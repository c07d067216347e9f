"""Waiting for something to become true."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 300.0
"""How long a test waits for what will come: so long that only one that has failed waits it out."""
_BETWEEN_LOOKS_SECONDS = 0.05


def until(check: Callable[[], Found], what: str, within: float = PATIENCE_SECONDS) -> Found:
    """Look again and again until `check` answers something true; answers that. Fails saying `what` was awaited."""
    end = time.monotonic() + within
    while not (found := check()):
        assert time.monotonic() < end, f"waited {within:.0f} s in vain: {what}"
        time.sleep(_BETWEEN_LOOKS_SECONDS)
    return found
