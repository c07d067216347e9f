"""Ping checks around the changes of clocks: every zone that is odd in a way of its own, minute by minute."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from kit.cases import cases
from relay.providers.ping.schedule import expected_by

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GRACE = timedelta(minutes=5)

ZONES = {
    "Europe/Berlin": "an hour, at one o'clock UTC",
    "Europe/Dublin": "winter is the exception",
    "America/New_York": "at two o'clock of its own",
    "America/Santiago": "a midnight is skipped",
    "America/Havana": "an hour after midnight comes twice",
    "America/Scoresbysund": "the hour before midnight",
    "Atlantic/Azores": "midnight comes twice",
    "Africa/Cairo": "a midnight is skipped, on a Friday",
    "Africa/Casablanca": "for a month, in a season that moves",
    "Asia/Beirut": "midnight, both ways",
    "Antarctica/Troll": "two hours",
    "Australia/Lord_Howe": "half an hour",
    "Pacific/Chatham": "at a quarter to four",
}
FIXED = {
    "30 2 * * *": [(2, 30)],
    "0 0 * * *": [(0, 0)],
    "@daily": [(0, 0)],
    "15 1,2,3 * * *": [(1, 15), (2, 15), (3, 15)],
    "30 22,23 * * *": [(22, 30), (23, 30)],
}
SHOWN = {
    "*/15 * * * *": lambda hour, minute: minute % 15 == 0,
    "*/20 0-2 * * *": lambda hour, minute: minute % 20 == 0 and hour <= 2,
    "@hourly": lambda hour, minute: minute == 0,
    "45 */2 * * *": lambda hour, minute: minute == 45 and hour % 2 == 0,
}


@cache
def changes(name: str) -> list[datetime]:
    """When the clocks of a zone are set in 2027, to the hour at which that begins."""
    zone, first = ZoneInfo(name), datetime(2027, 1, 1, tzinfo=UTC)
    hours = [first + HOUR * n for n in range(365 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hours[n - 1] for n in range(1, len(hours)) if offsets[n] != offsets[n - 1]]


@cache
def minutes(name: str, change: datetime) -> list[tuple[datetime, datetime]]:
    """Each minute from a day and a half before a change until as much after it, and what the clock shows then."""
    zone = ZoneInfo(name)
    moments = [change + MINUTE * n for n in range(-36 * 60, 36 * 60)]
    return [(moment, moment.astimezone(zone).replace(tzinfo=None, fold=0)) for moment in moments]


def runs_at_fixed_times(name: str, change: datetime, times: list[tuple[int, int]]) -> list[datetime]:
    """Each civil time is over as soon as the clock shows it or a later one; then its job runs, once."""
    walked = minutes(name, change)
    first, last = walked[0][1].date(), walked[-1][1].date()
    days = [first + timedelta(days=n) for n in range(1, (last - first).days)]
    due = sorted(datetime.combine(day, datetime.min.time().replace(*time)) for day in days for time in times)
    return sorted({next(moment for moment, shown in walked if shown >= civil) for civil in due})


def pinged(runs: list[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Pings some seconds after each run, and the next run."""
    for run, following in pairwise(runs):
        yield run + timedelta(seconds=7, microseconds=5), following


@cases("zone", ZONES)
@cases("every", FIXED)
def test_one_run_a_day_stays_one_run_a_day(zone: str, every: str) -> None:
    settings = {"every": every, "grace": "5m", "timezone": zone}
    assert changes(zone)
    for change in changes(zone):
        runs = runs_at_fixed_times(zone, change, FIXED[every])
        assert len(runs) > 1

        assert [expected_by(settings, ping) for ping, _ in pinged(runs)] == [run + GRACE for _, run in pinged(runs)]


@cases("zone", ZONES)
@cases("every", SHOWN)
def test_what_runs_often_runs_whenever_the_clock_shows_such_a_time(zone: str, every: str) -> None:
    settings = {"every": every, "grace": "5m", "timezone": zone}
    for change in changes(zone):
        runs = [
            moment
            for moment, shown in minutes(zone, change)
            if SHOWN[every](shown.hour, shown.minute) and abs(moment - change) < 4 * HOUR
        ]
        assert len(runs) > 1

        assert [expected_by(settings, ping) for ping, _ in pinged(runs)] == [run + GRACE for _, run in pinged(runs)]


@cases("zone", ZONES)
@cases("every", FIXED)
def test_a_ping_at_any_time_puts_the_next_one_into_the_future(zone: str, every: str) -> None:
    settings = {"every": every, "grace": "5m", "timezone": zone}
    for change in changes(zone):
        around = [moment for moment, _ in minutes(zone, change) if abs(moment - change) < 3 * HOUR][::7]

        assert [moment for moment in around if expected_by(settings, moment) <= moment + GRACE] == []


@cases("zone", ZONES)
def test_durations_are_lengths_of_time_in_whatever_zone_the_moment_is_said(zone: str) -> None:
    for change in changes(zone):
        for before in (change + MINUTE * n for n in range(0, 120, 10)):
            local = before.astimezone(ZoneInfo(zone))

            assert expected_by({"every": "2h", "grace": "3h"}, local) == before + timedelta(hours=5)


@cases(
    ("every", "zone", "pinged_at", "expected"),
    [
        # Berlin goes from 02:00 to 03:00: what runs at half past two runs at three, and the day after as ever.
        ("30 2 * * *", "Europe/Berlin", "2027-03-27T01:31:00Z", "2027-03-28T01:05:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-29T00:35:00Z"),
        # Berlin goes from 03:00 back to 02:00: the second time it is half past two nothing runs.
        ("30 2 * * *", "Europe/Berlin", "2027-10-31T00:31:00Z", "2027-11-01T01:35:00Z"),
        ("30 2 * * *", "Europe/Berlin", "2027-10-31T01:10:00Z", "2027-11-01T01:35:00Z"),
        ("*/15 * * * *", "Europe/Berlin", "2027-10-31T00:46:00Z", "2027-10-31T01:05:00Z"),
        # Lord Howe goes from 02:00 back to 01:30.
        ("*/15 * * * *", "Australia/Lord_Howe", "2027-04-03T14:46:00Z", "2027-04-03T15:05:00Z"),
        ("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T14:46:00Z", "2027-04-04T15:20:00Z"),
        # In Chile there is no midnight before the first Sunday of September after the first: it is one o'clock.
        ("*/30 * * * sun", "America/Santiago", "2026-09-01T00:00:00Z", "2026-09-06T04:05:00Z"),
        ("0 0 * * *", "America/Santiago", "2026-09-05T04:01:00Z", "2026-09-06T04:05:00Z"),
        # Not before the years in which there is such a day.
        ("*/30 * 29 2 *", "Europe/Berlin", "2027-03-01T00:00:00Z", "2028-02-28T23:05:00Z"),
    ],
)
def test_what_a_clock_that_is_set_means_for_a_schedule(every: str, zone: str, pinged_at: str, expected: str) -> None:
    settings = {"every": every, "grace": "5m", "timezone": zone}

    assert expected_by(settings, datetime.fromisoformat(pinged_at)) == datetime.fromisoformat(expected)
