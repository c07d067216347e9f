"""What is peculiar to Datadog: transitions, scopes, marks in titles, and tests that look like alerts."""

from typing import Any

import pytest

from relay.develop.samples import RECEIVED_AT, find
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers.datadog import PROVIDER

ORIGIN = Origin(Source("src_1", "ws_1", "datadog", "Datadog"), 1, "shared_token")


def events(payload: Any, **settings: Any) -> list[Event]:
    webhook = Inbound(jsontext.dumps(payload), received_at=RECEIVED_AT, settings=PROVIDER.usual_settings | settings)
    return normalize(PROVIDER, read(PROVIDER, webhook), ORIGIN)


def sample(name: str) -> Any:
    return jsontext.loads(find(f"datadog:{name}").inbound.body)


@pytest.mark.parametrize(
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
    made = events(sample("Triggered") | {"alert_transition": transition})

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
    (event,) = events(fields | {"alert_transition": "Triggered"})

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
    (event,) = events(sample("Triggered") | {"title": title})

    assert event.envelope["data"]["monitor"]["name"] == name


@pytest.mark.parametrize("title", ["[TEST] [Triggered] CPU", "[Test] CPU"])
def test_a_test_triggers_nothing(title: str) -> None:
    assert [event.type for event in events(sample("Triggered") | {"title": title})] == ["notice.received"]


def test_a_link_that_was_not_filled_in_is_none() -> None:
    (event,) = events(sample("Triggered") | {"url": "$LINK"})

    assert event.envelope["data"]["alert"]["url"] is None
