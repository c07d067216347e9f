"""What goes on is told once, once more when it gets worse or is over, and another outage is another one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from relay.inbound.identity import event_id
from relay.inbound.news import news
from relay.model import AlertKey, AlertStanding, Event, Statement

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = 24 * 60
SEQUENCE = count(1)


def event(
    type_name: str,
    minute: float = 0,
    *,
    key: str = "disk",
    severity: str = "critical",
    outage: str | None = None,
    began: float | None = None,
    dated: float | None = None,
    undated: bool = False,
    source: str = "src_1",
    name: str | None = None,
    silence: timedelta = timedelta(hours=36),
) -> Event:
    """Heard at a minute past noon, and dated then too, by a clock that may be another (`dated`) or none (`undated`)."""

    def at(minutes: float) -> int:
        return int((NOON + timedelta(minutes=minutes)).timestamp() * 1000)

    said = Statement(
        key,
        type_name,
        severity,
        outage if began is None else f"at {began}",
        None if began is None else at(began),
        None if undated else at(minute if dated is None else dated),
        at(minute),
        int(silence.total_seconds() * 1000),
    )
    own_id = event_id(source, name or f"{key}{type_name}{minute}{severity}{outage}{began}{dated}", type_name)
    envelope: dict[str, Any] = {"source": {"id": source}}
    return Event(own_id, type_name, next(SEQUENCE), None, None, envelope, b"{}", alert=said)


def told(*stating: Event, before: AlertStanding | None = None) -> list[str]:
    """What is told of what came one after the other; nothing of what was not."""
    standing: dict[AlertKey, AlertStanding] = {} if before is None else {("src_1", "disk"): before}
    known: set[str] = set()
    types = []
    for each in stating:
        found, changed = news([each], standing, known)
        standing |= changed
        known |= {each.id for _ in found}
        types.append(found.get(each.sequence, ""))
    return types


def down(minute: float = 0, **fields: Any) -> Event:
    return event("monitor.down", minute, **fields)


def up(minute: float = 0, **fields: Any) -> Event:
    return event("monitor.up", minute, **fields)


def raised(minute: float = 0, **fields: Any) -> Event:
    return event("alert.raised", minute, **fields)


def resolved(minute: float = 0, **fields: Any) -> Event:
    return event("alert.resolved", minute, **fields)


def stories() -> Sequence[tuple[str, list[Event], list[str]]]:
    return [
        ("one that goes on is told once", [down(0), down(10), down(20)], ["monitor.down", "", ""]),
        ("its end is told once", [down(0), up(10), up(20)], ["monitor.down", "monitor.up", ""]),
        ("after it the next is told", [down(0), up(10), down(20)], ["monitor.down", "monitor.up", "monitor.down"]),
        ("an end without a beginning is told", [up(0)], ["monitor.up"]),
        (
            "what gets worse is told again, what gets better is not",
            [raised(at, severity=level) for at, level in enumerate(["info", "warning", "warning", "critical", "info"])],
            ["alert.raised", "alert.raised", "", "alert.raised", ""],
        ),
        (
            "a later start is another outage although nobody closed the first",
            [raised(0, outage="a"), raised(5, outage="a"), raised(60, outage="b"), raised(70, outage="b")],
            ["alert.raised", "", "alert.raised", ""],
        ),
        (
            "also where it is less severe",
            [raised(0, outage="a"), raised(60, outage="b", severity="warning")],
            ["alert.raised", "alert.raised"],
        ),
        (
            "also where nothing is dated",
            [raised(0, outage="a", undated=True), raised(60, outage="b", undated=True)],
            ["alert.raised", "alert.raised"],
        ),
        (
            "an earlier start that comes late is none",
            [raised(0, outage="b", dated=60), raised(5, outage="a", dated=0)],
            ["alert.raised", ""],
        ),
        (
            "a word that names no outage is of the one that is named next unless that began after it",
            [raised(10), raised(20, began=5), raised(30, began=30), raised(40), raised(50, began=30)],
            ["alert.raised", "", "alert.raised", "", ""],
        ),
        (
            "or has a number only",
            [raised(10), raised(20, outage="a"), raised(30, outage="b")],
            ["alert.raised", "", "alert.raised"],
        ),
        (
            "words that repeat one without naming it are no other",
            [down(0, outage="a"), down(60), down(120), down(DAY, outage="b")],
            ["monitor.down", "", "", "monitor.down"],
        ),
        (
            "what is silent for too long by its source's clock is another",
            [down(0), down(1, dated=7 * DAY)],
            ["monitor.down", "monitor.down"],
        ),
        (
            "or by ours, where it gives no time",
            [down(0, undated=True), down(7 * DAY, undated=True)],
            ["monitor.down", "monitor.down"],
        ),
        (
            "what repeats every day is one",
            [down(day * DAY) for day in range(4)],
            ["monitor.down", "", "", ""],
        ),
        (
            "a provider may be silent for less",
            [down(minute, silence=timedelta(hours=1)) for minute in (0, 50, 120)],
            ["monitor.down", "", "monitor.down"],
        ),
        (
            "what began at the same time is the same however long it was silent",
            [down(0, began=0), down(7 * DAY, began=0), down(8 * DAY)],
            ["monitor.down", "", ""],
        ),
        (
            "so is what has a key of its own for each outage",
            [down(0, outage="disk"), down(7 * DAY, outage="disk")],
            ["monitor.down", ""],
        ),
        (
            "a number alone is not believed for ever",
            [down(0, outage="a"), down(DAY, outage="a"), down(7 * DAY, outage="a")],
            ["monitor.down", "", "monitor.down"],
        ),
        (
            "what comes days late is known by its own time",
            [down(0, outage="a"), down(3 * DAY, dated=0.5)],
            ["monitor.down", ""],
        ),
        (
            "times that come from two clocks are not compared",
            [down(0, dated=-600), down(10, undated=True), up(20, undated=True), down(30, dated=-500)],
            ["monitor.down", "", "monitor.up", "monitor.down"],
        ),
        (
            "a sender's clock that is behind counts by itself",
            [down(60, dated=0, outage="a"), up(70, dated=10), down(80, dated=20, outage="b")],
            ["monitor.down", "monitor.up", "monitor.down"],
        ),
        (
            "a clock that was set back is believed in the end",
            [down(0), down(3 * DAY, dated=-60), up(3 * DAY + 1, dated=-59), down(6 * DAY, dated=-100)],
            ["monitor.down", "monitor.down", "monitor.up", "monitor.down"],
        ),
        (
            "a beginning from before the end that was told is old",
            [down(1), up(5), down(7, dated=3), down(8)],
            ["monitor.down", "monitor.up", "", "monitor.down"],
        ),
        (
            "the end of what was told is told whatever its date",
            [down(10), up(12, dated=2)],
            ["monitor.down", "monitor.up"],
        ),
        (
            "the end of an outage that another one followed ends nothing",
            [
                raised(0, outage="a"),
                raised(60, outage="b"),
                resolved(61, outage="a", dated=30),
                resolved(90, outage="b"),
            ],
            ["alert.raised", "alert.raised", "", "alert.resolved"],
        ),
        (
            "the end of an outage whose beginning was lost is told",
            [raised(0, outage="a"), resolved(5, outage="a"), resolved(90, outage="b"), resolved(91, outage="b")],
            ["alert.raised", "alert.resolved", "alert.resolved", ""],
        ),
        (
            "alerts are told apart by key and by source",
            [down(0), down(0, key="load"), down(0, source="src_2")],
            ["monitor.down", "monitor.down", "monitor.down"],
        ),
        (
            "an end is called as its beginning was",
            [down(0), resolved(5), raised(10), up(15)],
            ["monitor.down", "monitor.up", "alert.raised", "alert.resolved"],
        ),
        (
            "also where it was told again as something worse",
            [raised(0, severity="warning"), down(5), resolved(9)],
            ["alert.raised", "monitor.down", "monitor.up"],
        ),
        (
            "and where something milder was said of it since",
            [down(0), raised(5, severity="warning"), resolved(9)],
            ["monitor.down", "", "monitor.up"],
        ),
    ]


@pytest.mark.parametrize(("said", "expected"), [pytest.param(*each[1:], id=each[0]) for each in stories()])
def test_of_what_is_said(said: list[Event], expected: list[str]) -> None:
    assert told(*said) == expected


@pytest.mark.parametrize(("said", "expected"), [pytest.param(*each[1:], id=each[0]) for each in stories()])
def test_one_batch_is_judged_in_its_order(said: list[Event], expected: list[str]) -> None:
    found, _ = news(reversed(said), {}, ())

    assert [found.get(each.sequence, "") for each in said] == expected


def test_what_was_set_up_well_does_not_end() -> None:
    well = AlertStanding(open=False, severity="info", heard_at=0)

    assert told(resolved(0), raised(1), before=well) == ["", "alert.raised"]


def test_the_same_event_again_changes_nothing() -> None:
    first = down(0)

    assert told(first, first, up(5), first, down(9)) == ["monitor.down", "", "monitor.up", "", "monitor.down"]


def test_an_alert_from_before_its_type_was_kept_ends_as_its_source_says() -> None:
    assert told(up(5), before=AlertStanding(open=True, severity="critical", heard_at=0)) == ["monitor.up"]


def test_what_goes_on_is_heard_of_and_what_came_late_is_not() -> None:
    key: AlertKey = ("src_1", "disk")

    _, begun = news([down(0, outage="a")], {}, ())
    _, later = news([down(5, severity="info")], begun, ())
    _, unchanged = news([down(6, dated=4)], later, ())

    noon, five_past = (int((NOON + timedelta(minutes=minute)).timestamp() * 1000) for minute in (0, 5))
    assert begun == {key: AlertStanding(True, "critical", noon, "monitor.down", "a", noon)}
    assert later == {key: AlertStanding(True, "critical", five_past, "monitor.down", "a", five_past)}
    assert unchanged == {}
