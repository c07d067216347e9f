"""Instants as vendors write them, in UTC; an unreadable one is none."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from kit.cases import cases
from relay.formats.times import Day, day, days_until, instant, local_timestamp, timestamp
from relay.model import iso

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@cases(
    ("given", "expected"),
    [
        (1795330800, "2026-11-22T07:00:00Z"),
        ("1795330800", "2026-11-22T07:00:00Z"),
        (Decimal("1795330800.9"), "2026-11-22T07:00:00Z"),
        ("2026-11-22T07:00:00Z", "2026-11-22T07:00:00Z"),
        ("2026-11-22T08:00:00+01:00", "2026-11-22T07:00:00Z"),
        ("2026-11-22T08:00:00+01", "2026-11-22T07:00:00Z"),
        ("2026-11-22T02:00:00-0500", "2026-11-22T07:00:00Z"),
        ("2026-11-22 07:00:00 +0000", "2026-11-22T07:00:00Z"),
        (" 2026-11-22T07:00:00Z\n", "2026-11-22T07:00:00Z"),
        ("2026-11-22T07:00:00.5Z", "2026-11-22T07:00:00.500000Z"),
        ("2026-11-22T07:00:00.1234567Z", "2026-11-22T07:00:00.123456Z"),
        ("2026-11-22T07:00:00.123456789+00:00", "2026-11-22T07:00:00.123456Z"),
        (253402300799, "9999-12-31T23:59:59Z"),
    ],
)
def test_an_instant_is_written_in_utc(given: object, expected: str) -> None:
    assert timestamp(given) == expected


@cases(
    "given",
    [
        None,
        True,
        False,
        "",
        0,
        -1,
        253402300800,
        10**30,
        "1795330800000",
        1.5,
        Decimal("1e400"),
        Decimal("-1"),
        "2026-11-22",
        "2026-11-22 07:00:00",
        "2026-11-22T07:00:00",
        "0000-00-00T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "yesterday",
        "٣",
        [],
        {},
    ],
    ids=repr,
)
def test_what_is_no_instant_is_none(given: object) -> None:
    assert instant(given) is None
    assert timestamp(given) is None


def test_a_time_of_nowhere_in_particular_is_not_taken_for_utc() -> None:
    assert instant("2026-11-22T07:00:00") is None


@cases(
    ("given", "expected"),
    [
        ("2026-12-01", "2026-12-01T00:00:00Z"),
        ("2026-12-01 23:59:59", "2026-12-01T00:00:00Z"),
        (" 2026-12-01", "2026-12-01T00:00:00Z"),
        ("0000-00-00", None),
        ("0000-00-00 00:00:00", None),
        ("2026-13-01", None),
        ("01/12/2026", None),
        ("", None),
        (20261201, None),
        (None, None),
    ],
)
def test_a_day_is_its_midnight(given: object, expected: str | None) -> None:
    assert day(given) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-29T07:00:00Z", 7),
        ("2026-11-29T06:59:59Z", 6),
        ("2026-11-22T07:00:00Z", 0),
        ("2026-11-22T06:59:59Z", -1),
        ("2026-11-15T07:00:00Z", -7),
        (None, None),
    ],
)
def test_days_are_counted_whole(moment: str | None, expected: int | None) -> None:
    assert days_until(moment, NOW) == expected


@cases(
    ("now", "zone", "expected"),
    [
        ("2026-11-28T00:00:00+00:00", None, 0),
        ("2026-11-28T23:59:59+00:00", None, 0),
        ("2026-11-27T23:59:59+00:00", None, 1),
        ("2026-11-29T00:00:00+00:00", None, -1),
        ("2026-10-29T10:00:00+00:00", None, 30),
        ("2026-11-28T02:00:00+00:00", "America/Chicago", 1),
        ("2026-11-27T20:00:00+00:00", "Asia/Tokyo", 0),
        ("2026-11-27T20:00:00+00:00", "Nowhere/At_all", 1),
    ],
)
def test_a_civil_date_is_counted_in_days_of_the_calendar(now: str, zone: str | None, expected: int) -> None:
    assert days_until(day("2026-11-28"), datetime.fromisoformat(now), zone) == expected


@pytest.mark.parametrize(
    ("given", "expected", "civil"),
    [
        ("2026-12-01", "2026-12-01T00:00:00Z", True),
        (" 2026.12.01 ", "2026-12-01T00:00:00Z", True),
        ("2026-12-01 00:00:00", "2026-11-30T23:00:00Z", False),
        ("2026-12-01T00:00:00Z", "2026-12-01T00:00:00Z", False),
        ("2026-12.01", None, False),
        ("2026-02-30", None, False),
        (None, None, False),
    ],
)
def test_a_date_without_a_time_begins_in_no_zone(given: object, expected: str | None, civil: bool) -> None:
    found = local_timestamp(given, "Europe/Berlin")

    assert (found, isinstance(found, Day)) == (expected, civil)


def test_every_zone_is_written_as_utc() -> None:
    assert iso(NOW.astimezone(timezone(timedelta(hours=-5)))) == "2026-11-22T07:00:00Z"
    assert iso(1795330800000) == "2026-11-22T07:00:00Z"
    assert iso(1795330800250) == "2026-11-22T07:00:00.250000Z"
    assert iso(None) is None
