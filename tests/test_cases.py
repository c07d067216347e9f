"""Many cases in one test: each is tried, and the failure of each is told."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from kit.cases import cases


def names_of(error: BaseException) -> list[str]:
    """The cases that an error tells of."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else [error]
    return [note for each in inner for note in each.__notes__]


def test_every_case_is_tried_and_each_failure_names_its_case() -> None:
    tried: list[int] = []

    @cases("number", [1, 2, 3, 4])
    def check(number: int) -> None:
        tried.append(number)
        assert number % 2
        pytest.fail("odd") if number == 3 else None

    with pytest.raises(BaseExceptionGroup, match="3 of 4 cases") as caught:
        check()

    assert (tried, names_of(caught.value)) == ([1, 2, 3, 4], ["Case: 2", "Case: 3", "Case: 4"])


def test_a_single_failure_is_raised_as_it_is() -> None:
    @cases("number, word", [(1, "one"), (2, "three")], ids=["right", "wrong"])
    def check(number: int, word: str) -> None:
        assert (number, word) == (1, "one")

    with pytest.raises(AssertionError) as caught:
        check()

    assert names_of(caught.value) == ["Case: wrong"]


def test_a_case_that_skips_fails() -> None:
    @cases("number", [1])
    def check(number: int) -> None:
        pytest.skip("not today")

    with pytest.raises(BaseExceptionGroup, match="1 of 1 cases") as caught:
        check()

    assert names_of(caught.value) == ["Case: 1"]


def test_each_group_is_a_test_and_other_arguments_stay() -> None:
    seen: list[Any] = []

    @cases("number", [1, 2, 3], by=lambda number: "odd" if number % 2 else "even")
    def check(number: int, tmp_path: Path) -> None:
        seen.append((number, tmp_path))

    check(group="odd", tmp_path=Path("x"))

    assert list(inspect.signature(check).parameters) == ["group", "tmp_path"]
    assert [mark.args for mark in check.pytestmark] == [("group", ["odd", "even"])]  # type: ignore[attr-defined]
    assert seen == [(1, Path("x")), (3, Path("x"))]


def test_no_case_at_all_is_an_error() -> None:
    with pytest.raises(AssertionError, match="no case of number"):
        cases("number", [])
