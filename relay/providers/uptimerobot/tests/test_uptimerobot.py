"""What is peculiar to UptimeRobot: its owner writes the body, and variables may stay as they are."""

from typing import Any
from urllib.parse import urlencode

import pytest

from kit.provider import ProviderUnderTest
from relay.develop.samples import RECEIVED_AT, find
from relay.formats import jsontext
from relay.model import Event, Inbound

UPTIMEROBOT = ProviderUnderTest("uptimerobot")
DOWN = jsontext.loads(find("uptimerobot:down").inbound.body)


def one(payload: Any) -> Event:
    webhook = Inbound(jsontext.dumps(payload), received_at=RECEIVED_AT)
    return UPTIMEROBOT.event(webhook)


def test_json_form_data_and_an_address_tell_the_same() -> None:
    form = Inbound(urlencode(DOWN).encode(), received_at=RECEIVED_AT)
    address = Inbound(b"", method="GET", query=DOWN | {"token": "x"}, received_at=RECEIVED_AT)

    told = [UPTIMEROBOT.events(webhook)[0].body for webhook in (form, address)]

    assert told == [one(DOWN).body] * 2


@pytest.mark.parametrize("name", ["monitorID", "monitorURL", "alertDetails", "alertDuration", "alertDateTime"])
def test_a_variable_that_was_not_replaced_says_nothing(name: str) -> None:
    without = {key: value for key, value in DOWN.items() if key != name}

    assert one(DOWN | {name: f"*{name}*"}).envelope["data"] == one(without).envelope["data"]


def test_without_an_id_a_monitor_is_known_by_its_name() -> None:
    event = one(DOWN | {"monitorID": "*monitorID*"})

    assert event.envelope["data"]["alert"]["key"] == "Acme shop"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alertType": 2}, "monitor.up"),
        ({"alertType": "*alertType*", "alertTypeFriendlyName": "Up"}, "monitor.up"),
        ({"alertType": "", "alertTypeFriendlyName": "Down"}, "monitor.down"),
        ({"alertType": "", "alertTypeFriendlyName": ""}, "unknown"),
        ({"alertType": "17"}, "unknown"),
    ],
)
def test_the_type_decides_or_else_its_words(change: dict[str, Any], told: str) -> None:
    assert one(DOWN | change).type == told


def test_a_monitor_that_was_paused_is_told_to_nobody() -> None:
    paused = Inbound(jsontext.dumps(DOWN | {"alertType": "99"}))

    assert UPTIMEROBOT.events(paused) == []


def test_the_days_of_a_certificate_are_counted_where_they_are_not_told() -> None:
    certificate = jsontext.loads(find("uptimerobot:certificate").inbound.body) | {"sslExpiryDaysLeft": ""}

    assert one(certificate).envelope["data"]["certificate"]["days_until_expiry"] == 7
