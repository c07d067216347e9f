"""What is peculiar to Netdata: alerts without an id, nodes, and a test whose token is wanted back."""

from typing import Any

import pytest

from kit.provider import ProviderUnderTest
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.model import Inbound
from relay.providers.netdata import PROVIDER

NETDATA = ProviderUnderTest("netdata")


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        ("critical", ("alert.raised", "critical")),
        ("warning", ("alert.raised", "warning")),
        ("clear", ("alert.resolved", "info")),
        ("CLEAR", ("alert.resolved", "info")),
        ("something", ("unknown", "info")),
    ],
)
def test_the_severity_of_an_alert_says_whether_it_is_over(severity: str, told: tuple[str, str]) -> None:
    event = NETDATA.event(NETDATA.payload("critical") | {"severity": severity})

    assert (event.type, event.envelope["severity"]) == told


def test_the_token_of_a_test_is_kept_and_told_so_that_it_can_be_given_back() -> None:
    webhook = read(PROVIDER, Inbound(jsontext.dumps(NETDATA.payload("test"))))

    (event,) = NETDATA.events(webhook)

    token = "2b633082-0000-4ec3-946c-5e81076c0017"
    assert event.envelope["data"]["notice"]["text"].endswith(f"Token: {token}")
    assert token.encode() in PROVIDER.storable(webhook)


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({}, "disk_space_usage/disk_space._"),
        ({"alert": None, "alarm": "disk_space_usage"}, "disk_space_usage/disk_space._"),
        ({"host": "acme1"}, "acme1/disk_space_usage/disk_space._"),
        ({"chart": None}, "disk_space_usage"),
    ],
)
def test_an_alert_is_known_by_all_that_says_which_it_is(change: Any, key: str) -> None:
    event = NETDATA.event(NETDATA.payload("critical") | change)

    assert event.envelope["data"]["alert"]["key"] == key


def test_a_node_that_says_neither_yes_nor_no_is_not_down() -> None:
    event = NETDATA.event(NETDATA.payload("unreachable") | {"status": {"reachable": "no"}, "severity": None})

    assert event.type == "unknown"
