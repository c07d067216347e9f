"""Rows that are kept for a moment."""

import pytest

from relay.storage.fresh import Fresh


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("relay.storage.fresh.time.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_value_is_read_again_when_its_time_is_over(clock: Clock) -> None:
    values = iter(["first", "second"])
    kept: Fresh[str, str] = Fresh(5, most=2)

    found = []
    for now in (1000.0, 1004.9, 1005.0, 1009.9):
        clock.now = now
        found.append(kept.get("key", lambda _: next(values)))

    assert found == ["first", "first", "second", "second"]


def test_what_is_not_there_is_looked_for_again_and_not_remembered_from_before(clock: Clock) -> None:
    values = iter(["first", None, "second"])
    kept: Fresh[str, str] = Fresh(5, most=2)

    found = []
    for now in (1000.0, 1005.0, 1005.0):
        clock.now = now
        found.append(kept.get("key", lambda _: next(values)))

    assert found == ["first", None, "second"]


def test_of_many_values_the_one_that_was_read_first_goes(clock: Clock) -> None:
    asked: list[str] = []

    def read(key: str) -> str:
        asked.append(key)
        return key.upper()

    kept: Fresh[str, str] = Fresh(5, most=2)
    for key in ("a", "b", "c", "b", "a"):
        assert kept.get(key, read) == key.upper()

    assert asked == ["a", "b", "c", "a"]
