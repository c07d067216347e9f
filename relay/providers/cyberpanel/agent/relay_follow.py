"""Waits until CyberPanel has made a website, and tells of it then: `relay_follow.py` with what to tell on its input.

The view that makes a website answers that it was made as soon as it has begun. How far it is stands in a file that the
answer names (plogical/virtualHostUtilities.py): `... [200]` for done, `... [404]` for failed. The page that shows it to
a person takes the file away once it is done, and leaves it where it failed.
"""

import importlib.util
import json
import os
import sys
import time
from typing import Any

BASE = os.path.dirname(os.path.abspath(__file__))
LIMIT_SECONDS = 15 * 60
PAUSE_SECONDS = 0.5


def failed(path: str) -> bool:
    """Whether it failed, once that is known. What nobody knows in time counts as done, as the panel said it."""
    end = time.time() + LIMIT_SECONDS
    while time.time() < end:
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read(65536)
        except OSError:
            return False
        if "[404]" in text:
            return True
        if "[200]" in text:
            return False
        time.sleep(PAUSE_SECONDS)
    return False


def engine() -> "Any":
    spec = importlib.util.spec_from_file_location("relay_send", os.path.join(BASE, "relay-send.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    told = json.load(sys.stdin)
    if failed(told["status"]):
        engine().log(f"{told['event']} failed after all, and is not told")
    else:
        engine().tell(told["event"], told["data"])


if __name__ == "__main__":
    main()
