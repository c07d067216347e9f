"""What a time on the clock means in the nights in which the clock is set."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from kit.cases import cases
from relay.formats.wall_clock import moment_of, next_change


@cases(
    ("civil", "zone", "moment"),
    [
        ("2027-01-10T02:30:00", "Europe/Berlin", "2027-01-10T01:30:00Z"),
        ("2027-07-10T02:30:00", "Europe/Berlin", "2027-07-10T00:30:00Z"),
        ("2027-03-28T02:30:00", "Europe/Berlin", "2027-03-28T01:00:00Z"),
        ("2027-10-31T02:30:00", "Europe/Berlin", "2027-10-31T00:30:00Z"),
        ("2027-10-03T02:10:00", "Australia/Lord_Howe", "2027-10-02T15:30:00Z"),
        ("2027-04-04T01:45:00", "Australia/Lord_Howe", "2027-04-03T14:45:00Z"),
        ("2026-09-06T00:00:00", "America/Santiago", "2026-09-06T04:00:00Z"),
        ("2026-09-06T00:00:00", "UTC", "2026-09-06T00:00:00Z"),
    ],
)
def test_a_time_that_comes_twice_is_the_first_and_one_that_is_skipped_the_change(
    civil: str, zone: str, moment: str
) -> None:
    assert moment_of(datetime.fromisoformat(civil), ZoneInfo(zone)) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("after", "until", "change"),
    [
        ("2027-01-01T00:00:00Z", "2027-12-31T00:00:00Z", "2027-03-28T01:00:00Z"),
        ("2027-03-28T00:59:59Z", "2027-03-28T01:00:00Z", "2027-03-28T01:00:00Z"),
        ("2027-03-28T00:00:00Z", "2027-03-28T00:59:59Z", None),
        ("2027-03-28T01:00:00Z", "2027-12-31T00:00:00Z", "2027-10-31T01:00:00Z"),
    ],
)
def test_a_change_is_found_to_the_second(after: str, until: str, change: str | None) -> None:
    found = next_change(ZoneInfo("Europe/Berlin"), datetime.fromisoformat(after), datetime.fromisoformat(until))

    assert found == (None if change is None else datetime.fromisoformat(change))
