"""Sources that are checks."""

from datetime import UTC, datetime

import pytest

from relay.errors import ConfigError
from relay.providers import get


def test_a_provider_says_by_when_the_next_success_has_to_be_told() -> None:
    noon = datetime(2026, 11, 29, 12, tzinfo=UTC)

    assert get("ping").expected_by({"every": "2h", "grace": "1h"}, noon) == datetime(2026, 11, 29, 15, tzinfo=UTC)


def test_one_whose_sources_are_no_checks_says_so() -> None:
    with pytest.raises(ConfigError, match="Stripe: its sources are no checks"):
        get("stripe").expected_by({}, datetime.now(UTC))
