"""What is peculiar to Datadog: transitions, scopes, marks in titles, and tests that look like alerts."""

from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest

DATADOG = ProviderUnderTest("datadog")


@cases(
    ("transition", "told"),
    [
        ("Triggered", [("alert.raised", "critical")]),
        ("Re-Triggered", [("alert.raised", "critical")]),
        ("Renotify", [("alert.raised", "critical")]),
        ("No Data", [("alert.raised", "critical")]),
        ("Re-No Data", [("alert.raised", "critical")]),
        ("Warn", [("alert.raised", "warning")]),
        ("Re-Warn", [("alert.raised", "warning")]),
        ("Recovered", [("alert.resolved", "info")]),
        ("Something", [("unknown", "info")]),
        ("$ALERT_TRANSITION", [("unknown", "info")]),
    ],
)
def test_every_transition_is_told(transition: str, told: list[tuple[str, str]]) -> None:
    made = DATADOG.events(DATADOG.payload("Triggered") | {"alert_transition": transition})

    assert [(event.type, event.envelope["severity"]) for event in made] == told


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"monitor_id": "1", "scopes": "host:a"}, "1/host:a"),
        ({"monitor_id": 1, "scopes": "host:a"}, "1/host:a"),
        ({"alert_id": "1", "alert_scope": "host:a"}, "1/host:a"),
        ({"monitor_id": "1", "scopes": "$ALERT_SCOPE"}, "1"),
        ({"monitor_id": "1", "scopes": ""}, "1"),
        ({"title": "CPU"}, "CPU"),
    ],
)
def test_a_monitor_has_an_alert_for_each_scope(fields: Any, key: str) -> None:
    event = DATADOG.event(fields | {"alert_transition": "Triggered"})

    assert event.envelope["data"]["alert"]["key"] == key


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("[Triggered] CPU", "CPU"),
        ("[P2] [Triggered on {host:a}] CPU", "CPU"),
        ("CPU [a]", "CPU [a]"),
        ("[P1] [Triggered on {host:a[1],env:b}] [Prod] CPU", "[Prod] CPU"),
        ("[Prod] CPU", "[Prod] CPU"),
        ("[Re-Triggered] [P] one\ntwo", "[P] one\ntwo"),
        ("[Triggered]", "[Triggered]"),
    ],
)
def test_a_name_is_told_without_its_marks(title: str, name: str) -> None:
    event = DATADOG.event(DATADOG.payload("Triggered") | {"title": title})

    assert event.envelope["data"]["monitor"]["name"] == name


@pytest.mark.parametrize("title", ["[TEST] [Triggered] CPU", "[Test] CPU"])
def test_a_test_triggers_nothing(title: str) -> None:
    assert DATADOG.types(DATADOG.payload("Triggered") | {"title": title}) == ["notice.received"]


def test_a_link_that_was_not_filled_in_is_none() -> None:
    event = DATADOG.event(DATADOG.payload("Triggered") | {"url": "$LINK"})

    assert event.envelope["data"]["alert"]["url"] is None
