"""What is peculiar to Alertmanager: groups, repeats, alerts without a fingerprint, groups that were cut."""

from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import find
from relay.formats import jsontext

ALERTMANAGER = ProviderUnderTest("alertmanager")


def group(*alerts: Any, **more: Any) -> Any:
    return jsontext.loads(find("alertmanager:firing").inbound.body) | {"alerts": list(alerts)} | more


def an_alert(**more: Any) -> Any:
    labels = {"alertname": "InstanceDown", "instance": "server1"}
    return {"status": "firing", "labels": labels, "startsAt": "2026-11-22T06:40:00Z", "fingerprint": "f1"} | more


def test_each_alert_is_an_event_of_its_own_however_it_is_grouped() -> None:
    one, other = an_alert(), an_alert(fingerprint="f2", startsAt="2026-11-22T06:41:00Z")

    together, apart = (
        ALERTMANAGER.events(group(one, other)),
        [*ALERTMANAGER.events(group(one)), *ALERTMANAGER.events(group(other))],
    )

    assert [event.id for event in together] == [event.id for event in apart]
    assert len({event.id for event in together}) == 2


def test_a_repeat_in_a_group_that_has_grown_is_the_same_event() -> None:
    before, after = (
        ALERTMANAGER.events(group(an_alert())),
        ALERTMANAGER.events(group(an_alert(), an_alert(fingerprint="f2"))),
    )

    assert before[0].id == after[0].id


@pytest.mark.parametrize("change", [{"startsAt": "2026-11-29T06:40:00Z"}, {"status": "resolved"}])
def test_an_alert_that_began_anew_or_ended_is_another_event(change: dict[str, str]) -> None:
    assert ALERTMANAGER.events(group(an_alert()))[0].id != ALERTMANAGER.events(group(an_alert(**change)))[0].id


def test_year_1_is_no_end() -> None:
    event = ALERTMANAGER.event(group(an_alert(endsAt="0001-01-01T00:00:00Z", status="resolved")))

    told = event.envelope["data"]["alert"]
    assert (told["ended_at"], told["duration_seconds"]) == (None, None)
    assert event.envelope["occurred_at"] == event.envelope["received_at"]


@pytest.mark.parametrize("nothing", [{"fingerprint": None}, {"fingerprint": ""}])
def test_without_a_fingerprint_an_alert_is_known_by_its_labels(nothing: Any) -> None:
    one = an_alert(**nothing)
    other = an_alert(**nothing, labels={"alertname": "InstanceDown", "instance": "server2"})

    first, second, over = ALERTMANAGER.events(group(one, other, one | {"status": "resolved"}))

    keys = [event.envelope["data"]["alert"]["key"] for event in (first, second, over)]
    assert keys[0] == keys[2] != keys[1]
    assert first.id != second.id


@cases(
    ("severity", "expected"),
    [
        ("critical", ("alert.raised", "critical")),
        ("page", ("alert.raised", "critical")),
        ("warning", ("alert.raised", "warning")),
        ("Warning", ("alert.raised", "warning")),
        ("info", ("alert.raised", "info")),
        ("none", ("alert.raised", "info")),
        ("of my own", ("alert.raised", "critical")),
        (None, ("alert.raised", "critical")),
    ],
)
def test_the_label_severity_decides(severity: str | None, expected: tuple[str, str]) -> None:
    event = ALERTMANAGER.event(group(an_alert(labels={"alertname": "A", "severity": severity})))

    assert (event.type, event.envelope["severity"]) == expected


def test_that_alerts_were_left_out_is_told_once_for_each_begin() -> None:
    cut = group(an_alert(), truncatedAlerts=2)

    first, again = ALERTMANAGER.events(cut), ALERTMANAGER.events(cut)
    later = ALERTMANAGER.events(group(an_alert(startsAt="2026-11-29T06:40:00Z"), truncatedAlerts=2))

    assert [event.type for event in first] == ["alert.raised", "notice.received"]
    assert first[1].envelope["data"]["notice"]["text"] == "2 more alerts did not fit into this message."
    assert first[1].id == again[1].id != later[1].id
