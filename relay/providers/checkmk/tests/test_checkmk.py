"""What is peculiar to Checkmk: what is no outage, states in long and short, and times with and without a zone."""

from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest

CHECKMK = ProviderUnderTest("checkmk")


@cases("what", ["HOST", "SERVICE"])
@cases(
    ("kind", "told"),
    [
        ("ACKNOWLEDGEMENT", ["alert.acknowledged"]),
        ("FLAPPINGSTART", []),
        ("FLAPPINGSTOP", []),
        ("FLAPPINGDISABLED", []),
        ("DOWNTIMESTART", []),
        ("DOWNTIMEEND", []),
        ("DOWNTIMECANCELLED", []),
        ("CUSTOM", []),
        ("ALERTHANDLER (OK)", []),
        ("SOMETHING", ["unknown"]),
    ],
)
def test_every_kind_of_notification_is_told_or_knowingly_not(what: str, kind: str, told: list[str]) -> None:
    notification = {"NOTIFY_WHAT": what, "NOTIFY_NOTIFICATIONTYPE": kind, "NOTIFY_HOSTNAME": "server1"}

    assert CHECKMK.types(notification) == told


@pytest.mark.parametrize(
    ("kind", "states", "told"),
    [
        ("PROBLEM", {"SERVICESTATE": "CRITICAL"}, ("alert.raised", "critical")),
        ("PROBLEM", {"SERVICESTATE": "CRIT"}, ("alert.raised", "critical")),
        ("PROBLEM", {"SERVICESTATE": "WARNING"}, ("alert.raised", "warning")),
        ("PROBLEM", {"SERVICESTATE": "UNKNOWN"}, ("alert.raised", "warning")),
        ("PROBLEM", {}, ("alert.raised", "critical")),
        ("RECOVERY", {"SERVICESTATE": "OK", "LASTSERVICESHORTSTATE": "CRIT"}, ("alert.resolved", "info")),
        ("RECOVERY", {"SERVICESTATE": "OK"}, ("alert.resolved", "info")),
    ],
)
def test_the_state_of_a_service_decides(kind: str, states: dict[str, str], told: tuple[str, str]) -> None:
    variables = {"WHAT": "SERVICE", "NOTIFICATIONTYPE": kind, "HOSTNAME": "server1", "SERVICEDESC": "Disk /"} | states

    event = CHECKMK.event({f"NOTIFY_{name}": value for name, value in variables.items()} | {"OMD_SITE": "cmk"})

    assert (event.type, event.envelope["severity"]) == told
    assert event.envelope["data"]["alert"]["key"] == "cmk/server1/Disk /"


@pytest.mark.parametrize(
    ("kind", "states", "told"),
    [
        ("PROBLEM", {"HOSTSTATE": "DOWN"}, ("monitor.down", "critical")),
        ("PROBLEM", {"HOSTSTATE": "UNREACHABLE"}, ("monitor.down", "critical")),
        ("PROBLEM", {}, ("monitor.down", "critical")),
        ("RECOVERY", {"HOSTSTATE": "UP"}, ("monitor.up", "info")),
    ],
)
def test_a_host_is_down_or_up(kind: str, states: dict[str, str], told: tuple[str, str]) -> None:
    variables = {"WHAT": "HOST", "NOTIFICATIONTYPE": kind, "HOSTNAME": "server1"} | states

    event = CHECKMK.event({f"NOTIFY_{name}": value for name, value in variables.items()})

    assert (event.type, event.envelope["severity"]) == told


@pytest.mark.parametrize(
    ("numbers", "outage"),
    [
        ({"SERVICEPROBLEMID": "9", "HOSTPROBLEMID": "4"}, "9"),
        ({"SERVICEPROBLEMID": "0", "LASTSERVICEPROBLEMID": "9"}, "9"),
        ({"SERVICEPROBLEMID": "0"}, None),
    ],
)
def test_a_problem_has_a_number_until_it_is_over(numbers: dict[str, str], outage: str | None) -> None:
    variables = {"WHAT": "SERVICE", "NOTIFICATIONTYPE": "RECOVERY", "HOSTNAME": "server1", "SERVICEDESC": "Disk /"}

    event = CHECKMK.event({f"NOTIFY_{name}": value for name, value in (variables | numbers).items()})

    assert event.alert is not None
    assert (event.alert.outage, event.envelope["data"]["alert"]["id"]) == (outage, outage)


def test_variables_are_read_with_their_prefix_and_without() -> None:
    bare = {name.removeprefix("NOTIFY_"): value for name, value in CHECKMK.payload("host-problem").items()}

    assert (
        CHECKMK.events(bare)[0].envelope["data"] == CHECKMK.events(CHECKMK.payload("host-problem"))[0].envelope["data"]
    )


@pytest.mark.parametrize(
    ("micros", "zone", "occurred_at"),
    [
        ("1795330200000000", "Europe/Berlin", "2026-11-22T06:50:00Z"),
        ("", "Europe/Berlin", "2026-11-22T06:50:00Z"),
        ("", "UTC", "2026-11-22T07:50:00Z"),
        (None, "Europe/Berlin", "2026-11-22T06:50:00Z"),
    ],
)
def test_a_local_time_counts_only_without_an_exact_one(micros: Any, zone: str, occurred_at: str) -> None:
    event = CHECKMK.event(CHECKMK.payload("host-problem") | {"NOTIFY_MICROTIME": micros}, settings={"timezone": zone})

    assert event.envelope["occurred_at"] == occurred_at
