"""What is peculiar to Better Stack: an incident's way, and webhooks that are not about outages."""

from typing import Any

import pytest

from relay.develop.samples import RECEIVED_AT, find
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers.betterstack import PROVIDER

ORIGIN = Origin(Source("src_1", "ws_1", "betterstack", "Better Stack"), 1, "shared_token")


def events(payload: Any, **settings: Any) -> list[Event]:
    webhook = Inbound(jsontext.dumps(payload), received_at=RECEIVED_AT, settings=PROVIDER.usual_settings | settings)
    return normalize(PROVIDER, read(PROVIDER, webhook), ORIGIN)


def sample(name: str) -> Any:
    return jsontext.loads(find(f"betterstack:{name}").inbound.body)


def incident(**attributes: Any) -> Any:
    payload = sample("started")
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
    assert [event.type for event in events(incident(status=status))] == told


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

    assert [event.type for each in reported for event in events(each)] == told


@pytest.mark.parametrize(("kind", "told"), [("monitor", []), ("on_call_contact", []), ("other", ["unknown"])])
def test_a_changed_setting_is_no_outage(kind: str, told: list[str]) -> None:
    payload = sample("started")
    payload["data"]["type"] = kind

    assert [event.type for event in events(payload)] == told


@pytest.mark.parametrize("person", ["Ada", {"name": "Ada"}, {"name": None, "email": "Ada"}])
def test_who_acknowledged_is_a_name_or_a_person(person: Any) -> None:
    (event,) = events(incident(status="Acknowledged", acknowledged_by=person))

    assert event.envelope["data"]["alert"]["acknowledged_by"] == "Ada"


def test_an_incident_of_a_heartbeat_is_known_by_it() -> None:
    payload = sample("started")
    payload["data"]["relationships"] = {"heartbeat": {"data": {"id": "17", "type": "heartbeat"}}}

    (event,) = events(payload)

    assert event.envelope["data"]["monitor"]["id"] == "17"
