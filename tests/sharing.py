"""How a run is shared out among several processes: module by module, what takes long first."""

import os
import re
from typing import Any

import pytest

LONG = (
    "tests/chaos",
    "tests/connectors/test_zapier",
    "tests/journeys",
    "tests/connectors",
    "tests/develop/test_scaffold",
    "tests/inbound/test_normalize",
    "tests/agents",
    "relay/providers/cyberpanel",
    "relay/providers/whmcs",
    "tests/web/test_schemathesis",
    "tests/make_app",
)
_CHAOS = re.compile(r"tests/chaos/.*\[(SQLite|PostgreSQL)\b")
_MOST = 8


def rank(test: str) -> int:
    """Where a test stands: so that nothing long is left for the end."""
    return next((place for place, name in enumerate(LONG) if test.startswith(name)), len(LONG))


def together(test: str) -> str:
    """What one process runs: a module, or all that is played on one relay that is broken again and again."""
    chaos = _CHAOS.match(test)
    return f"chaos on {chaos[1]}" if chaos else test.partition("::")[0]


def processes() -> int:
    """Two more than there are cores: the tests that break a relay, on either database, mostly wait."""
    return min((os.cpu_count() or 1) + 2, _MOST)


def scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    config.option.loadscopereorder = False  # else what has most tests comes first, not what takes longest
    return Scheduling(config, log)
