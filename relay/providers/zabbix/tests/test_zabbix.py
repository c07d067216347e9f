"""What is peculiar to Zabbix: updates have the id of their problem, times are local, macros may stay as they are."""

from datetime import timedelta
from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import RECEIVED_AT
from relay.formats import jsontext
from relay.model import Event, Inbound

STATES = (("PROBLEM", 1), ("OK", 2), ("PROBLEM", 3))
ZABBIX = ProviderUnderTest("zabbix")


def key(event: Event) -> str | None:
    found: str | None = event.envelope["data"]["alert"]["key"]
    return found


@cases(
    ("action", "told"),
    [
        ("", "alert.raised"),
        ("commented", "alert.raised"),
        ("acknowledged", "alert.acknowledged"),
        ("acknowledged, commented", "alert.acknowledged"),
        ("acknowledged and commented", "alert.acknowledged"),
        ("acknowledged, commented and changed severity from Average to High", "alert.acknowledged"),
        ("commented and acknowledged", "alert.acknowledged"),
        ("unacknowledged and commented", "alert.raised"),
        ("unacknowledged", "alert.raised"),
        ("changed severity from Warning to High", "alert.raised"),
        ("{EVENT.UPDATE.ACTION}", "alert.raised"),
    ],
)
def test_an_update_is_what_was_done(action: str, told: str) -> None:
    event = ZABBIX.event(ZABBIX.payload("problem") | {"update_action": action})

    assert event.type == told
    assert key(event) == "10528"


def test_a_comment_repeats_the_problem_and_a_severity_that_rises_does_not() -> None:
    warning = ZABBIX.payload("problem") | {"severity": "2"}

    (first,), (commented,), (risen,) = (
        ZABBIX.events(each) for each in (warning, warning | {"update_action": "commented"}, warning | {"severity": "4"})
    )

    assert first.envelope["provider_event"]["id"] == commented.envelope["provider_event"]["id"]
    assert first.envelope["provider_event"]["id"] != risen.envelope["provider_event"]["id"]
    assert key(first) == key(commented) == key(risen)


def test_each_acknowledgement_is_an_event_of_its_own() -> None:
    first = ZABBIX.payload("acknowledged")

    (one,), (again,) = ZABBIX.events(first), ZABBIX.events(first | {"lastReceived": "2026.11.22 08:00:00"})

    assert one.id != again.id


def test_an_acknowledgement_without_a_time_is_known_by_when_it_came() -> None:
    payload = ZABBIX.payload("acknowledged") | {"lastReceived": "{DATE} {TIME}"}
    webhooks = [Inbound(jsontext.dumps(payload), received_at=RECEIVED_AT + timedelta(hours=hour)) for hour in (0, 1)]

    one, again = [event for each in webhooks for event in ZABBIX.events(each)]

    assert one.id != again.id


@cases(
    ("severity", "told"),
    [
        ("0", ("alert.raised", "info")),
        ("Information", ("alert.raised", "info")),
        ("2", ("alert.raised", "warning")),
        ("Warning", ("alert.raised", "warning")),
        (3, ("alert.raised", "critical")),
        ("Average", ("alert.raised", "critical")),
        ("Disaster", ("alert.raised", "critical")),
        (None, ("alert.raised", "critical")),
    ],
)
def test_a_severity_is_a_number_or_a_word(severity: Any, told: tuple[str, str]) -> None:
    event = ZABBIX.event(ZABBIX.payload("problem") | {"severity": severity})

    assert (event.type, event.envelope["severity"]) == told


@pytest.mark.parametrize("status", ["OK", "RESOLVED", "ok", "0"])
def test_the_end_has_several_names(status: str) -> None:
    event = ZABBIX.event(ZABBIX.payload("problem") | {"status": status})

    assert event.type == "alert.resolved"


@pytest.mark.parametrize(
    ("zone", "occurred_at"),
    [
        ("UTC", "2026-11-22T06:50:00Z"),
        ("Europe/Berlin", "2026-11-22T05:50:00Z"),
        ("Nowhere/At_all", "2026-11-22T06:50:00Z"),
    ],
)
def test_a_time_is_at_home_where_the_source_says(zone: str, occurred_at: str) -> None:
    event = ZABBIX.event(ZABBIX.payload("problem"), settings={"timezone": zone})

    assert event.envelope["occurred_at"] == occurred_at


def test_other_templates_are_known_by_the_trigger_in_their_link() -> None:
    link = "https://zabbix.example/tr_events.php?triggerid=17&eventid="
    problem = {"status": "PROBLEM", "trigger": "server1 is unreachable", "link": f"{link}1"}
    end = {"status": "OK", "trigger": "server1 is reachable", "link": f"{link}2"}

    assert [key(event) for each in (problem, end) for event in ZABBIX.events(each)] == ["17", "17"]


def test_the_event_that_a_link_leads_to_is_the_problem_and_the_end_has_one_of_its_own() -> None:
    link = "https://zabbix.example/tr_events.php?triggerid=17&eventid="
    told = [{"status": status, "trigger": "Down", "link": f"{link}{number}"} for status, number in STATES]

    alerts = [event.alert for each in told for event in ZABBIX.events(each)]

    assert [each and (each.key, each.outage) for each in alerts] == [("17", "1"), ("17", None), ("17", "3")]


def test_where_nothing_is_numbered_hosts_are_told_apart() -> None:
    problem = {"status": "PROBLEM", "trigger": "Disk is full"}

    keys = [key(event) for host in ("web1", "web2") for event in ZABBIX.events(problem | {"hostname": host})]

    assert keys == ["web1/Disk is full", "web2/Disk is full"]
