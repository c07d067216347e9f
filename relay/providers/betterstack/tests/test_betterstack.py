"""What is peculiar to Better Stack: an incident's way, and webhooks that are not about outages."""

from typing import Any

import pytest

from kit.provider import ProviderUnderTest

BETTERSTACK = ProviderUnderTest("betterstack")


def incident(**attributes: Any) -> Any:
    payload = BETTERSTACK.payload("started")
    payload["data"]["attributes"] |= attributes
    return payload


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("Started", ["monitor.down"]),
        ("started", ["monitor.down"]),
        ("Acknowledged", ["alert.acknowledged"]),
        ("Resolved", ["monitor.up"]),
        ("Another", ["unknown"]),
        (None, ["unknown"]),
    ],
)
def test_an_incident_is_told_by_its_status(status: str | None, told: list[str]) -> None:
    assert BETTERSTACK.types(incident(status=status)) == told


@pytest.mark.parametrize(
    ("relationships", "told"),
    [
        ({"monitor": {"data": {"id": "2"}}}, ["monitor.down", "monitor.up"]),
        ({"heartbeat": {"data": {"id": 3}}}, ["monitor.down", "monitor.up"]),
        ({"monitor": {"data": None}}, ["alert.raised", "alert.resolved"]),
        (None, ["alert.raised", "alert.resolved"]),
    ],
)
def test_what_no_monitor_found_out_is_an_alert(relationships: Any, told: list[str]) -> None:
    reported = [incident(status=status) for status in ("Started", "Resolved")]
    for each in reported:
        each["data"]["relationships"] = relationships

    assert [event.type for each in reported for event in BETTERSTACK.events(each)] == told


@pytest.mark.parametrize(("kind", "told"), [("monitor", []), ("on_call_contact", []), ("other", ["unknown"])])
def test_a_changed_setting_is_no_outage(kind: str, told: list[str]) -> None:
    payload = BETTERSTACK.payload("started")
    payload["data"]["type"] = kind

    assert BETTERSTACK.types(payload) == told


@pytest.mark.parametrize("person", ["Ada", {"name": "Ada"}, {"name": None, "email": "Ada"}])
def test_who_acknowledged_is_a_name_or_a_person(person: Any) -> None:
    event = BETTERSTACK.event(incident(status="Acknowledged", acknowledged_by=person))

    assert event.envelope["data"]["alert"]["acknowledged_by"] == "Ada"


def test_an_incident_of_a_heartbeat_is_known_by_it() -> None:
    payload = BETTERSTACK.payload("started")
    payload["data"]["relationships"] = {"heartbeat": {"data": {"id": "17", "type": "heartbeat"}}}

    event = BETTERSTACK.event(payload)

    assert event.envelope["data"]["monitor"]["id"] == "17"
