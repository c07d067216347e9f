"""What is peculiar to Pingdom: checks and transactions have other words, and probes may be empty."""

from typing import Any

import pytest

from kit.provider import ProviderUnderTest

PINGDOM = ProviderUnderTest("pingdom")


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("DOWN", "monitor.down"),
        ("FAILING", "monitor.down"),
        ("UP", "monitor.up"),
        ("SUCCESS", "monitor.up"),
        ("PAUSED", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_transaction_that_fails_is_down_like_a_check(state: str | None, told: str) -> None:
    assert PINGDOM.types(PINGDOM.payload("down") | {"current_state": state}) == [told]


@pytest.mark.parametrize(("importance", "severity"), [("LOW", "warning"), ("HIGH", "critical"), (None, "critical")])
def test_what_is_of_low_importance_warns(importance: str | None, severity: str) -> None:
    event = PINGDOM.event(PINGDOM.payload("down") | {"importance_level": importance})

    assert (event.type, event.envelope["severity"]) == ("monitor.down", severity)


@pytest.mark.parametrize("probe", [{}, None, [], {"location": None}])
def test_a_probe_may_be_empty(probe: Any) -> None:
    event = PINGDOM.event(PINGDOM.payload("down") | {"first_probe": probe, "second_probe": probe})

    assert event.envelope["data"]["monitor"]["region"] is None


def test_a_check_of_no_website_is_known_by_its_host() -> None:
    event = PINGDOM.event(
        PINGDOM.payload("down") | {"check_type": "IMAP", "check_params": {"hostname": "imap.acme.example"}}
    )

    assert event.envelope["data"]["alert"]["resource"] == "imap.acme.example"
