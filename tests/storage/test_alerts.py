"""What goes on is told once, and once more when it is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from relay.model import Event, iso
from relay.normalize import event_id
from relay.storage import alerts, events
from running.workbench import Workbench

SEQUENCE = count(1)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def event(
    type_name: str,
    *,
    minute: int = 0,
    key: str | None = "disk",
    severity: str = "warning",
    source: str = "src_1",
    own_time: bool = True,
    name: str | None = None,
) -> Event:
    """An event of an alert, told at a minute past noon, a little after it happened."""
    occurred = NOON + timedelta(minutes=minute)
    envelope: dict[str, Any] = {
        "source": {"id": source},
        "occurred_at": iso(occurred),
        "received_at": iso(occurred + timedelta(seconds=2)) if own_time else iso(occurred),
        "severity": severity,
        "data": {"alert": {"key": key}, "monitor": None},
    }
    own_id = event_id(source, name or f"{type_name}{minute}{severity}", type_name)
    return Event(own_id, type_name, next(SEQUENCE), None, None, envelope, b"{}")


def told(bench: Workbench, *batch: Event) -> list[str]:
    """The types of what is new in a batch, which is stored as the pipeline stores it."""
    with bench.database.write() as connection:
        new = alerts.news(connection, batch)
        kept = [each for each in batch if each.sequence in new]
        events.store(connection, {1: "ws_1"}, [(1, 0, each) for each in kept])
    return [each.type for each in kept]


def test_an_alert_is_told_once_while_it_goes_on_and_once_when_it_is_over(bench: Workbench) -> None:
    said = [told(bench, event("alert.raised", minute=minute)) for minute in range(3)]
    over = [told(bench, event("alert.resolved", minute=minute)) for minute in range(3, 6)]

    assert said == [["alert.raised"], [], []]
    assert over == [["alert.resolved"], [], []]
    assert told(bench, event("alert.raised", minute=7)) == ["alert.raised"]


def test_one_batch_is_told_in_its_order(bench: Workbench) -> None:
    batch = [
        event("monitor.down", minute=1),
        event("monitor.down", minute=2),
        event("monitor.up", minute=3),
        event("monitor.down", minute=4),
    ]

    assert told(bench, *batch) == ["monitor.down", "monitor.up", "monitor.down"]


def test_one_that_becomes_more_severe_is_told_again(bench: Workbench) -> None:
    levels = ["info", "warning", "warning", "critical", "warning", "critical"]

    said = [told(bench, event("alert.raised", minute=at, severity=level)) for at, level in enumerate(levels)]

    assert [len(each) for each in said] == [1, 1, 0, 1, 0, 0]


def test_an_end_without_a_beginning_is_told(bench: Workbench) -> None:
    assert told(bench, event("monitor.up")) == ["monitor.up"]


def test_but_not_of_what_was_set_up_well(bench: Workbench) -> None:
    with bench.database.write() as connection:
        alerts.close(connection, "src_1", "disk")

    assert told(bench, event("alert.resolved")) == []
    assert told(bench, event("alert.raised", minute=1)) == ["alert.raised"]


def test_a_beginning_that_is_older_than_the_end_is_not_news(bench: Workbench) -> None:
    told(bench, event("monitor.down", minute=1), event("monitor.up", minute=5))

    assert told(bench, event("monitor.down", minute=3)) == []
    assert told(bench, event("monitor.down", minute=6)) == ["monitor.down"]


def test_the_end_of_what_was_told_is_news_whatever_its_date(bench: Workbench) -> None:
    told(bench, event("monitor.down", minute=10))

    assert told(bench, event("monitor.up", minute=2)) == ["monitor.up"]


def test_times_that_the_source_does_not_give_are_not_compared(bench: Workbench) -> None:
    told(bench, event("monitor.down", minute=1), event("monitor.up", minute=9))

    assert told(bench, event("monitor.down", minute=3, own_time=False)) == ["monitor.down"]


def test_alerts_are_told_apart_by_key_and_by_source(bench: Workbench) -> None:
    batch = [
        event("alert.raised", name="a"),
        event("alert.raised", name="b", key="load"),
        event("alert.raised", name="c", source="src_2"),
    ]

    assert len(told(bench, *batch)) == 3


def test_what_names_no_alert_and_what_is_none_is_always_news(bench: Workbench) -> None:
    batch = [event("alert.raised", key=None, name=name) for name in ("a", "b")]
    others: Sequence[Event] = [
        replace(each, type="backup.failed", id=f"evt_{each.id}", sequence=next(SEQUENCE)) for each in batch
    ]

    assert told(bench, *batch, *others) == ["alert.raised", "alert.raised", "backup.failed", "backup.failed"]


@pytest.mark.parametrize("type_name", ["alert.raised", "alert.resolved"])
def test_the_same_event_again_changes_nothing(bench: Workbench, type_name: str) -> None:
    first = event("alert.raised")
    told(bench, first, event("alert.resolved", minute=1))

    assert told(bench, first) == []
    assert told(bench, event("alert.raised", minute=2)) == ["alert.raised"]


def test_what_a_pair_of_senders_tells_in_one_batch_is_told_once(bench: Workbench) -> None:
    down, up = event("monitor.down", minute=1), event("monitor.up", minute=2)
    twins = [replace(each, sequence=next(SEQUENCE)) for each in (down, up)]

    assert told(bench, down, twins[0]) == ["monitor.down"]
    assert told(bench, up, twins[1]) == ["monitor.up"]


def test_there_may_be_more_of_them_than_one_statement_can_ask_for(bench: Workbench) -> None:
    batch = [event("alert.raised", key=str(number), name=str(number)) for number in range(16_000)]

    assert len(told(bench, *batch)) == 16_000
    assert told(bench, *[replace(each, sequence=next(SEQUENCE)) for each in batch]) == []


def test_an_event_that_is_not_delivered_opens_and_closes_nothing(bench: Workbench) -> None:
    told(bench, replace(event("alert.raised"), defect="a rule is broken"))

    assert told(bench, event("alert.raised", minute=1)) == ["alert.raised"]
