"""Runs of checks: when each began, and what is expected of the check while they run and afterwards."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from kit.workbench import Workbench
from relay.storage import checks
from relay.storage.checks import LONGEST_RUN_MS, Check, Run

MINUTE = 60_000
NOON = 1_795_348_800_000
TOMORROW = NOON + 24 * 60 * MINUTE


@pytest.fixture
def connection(bench: Workbench) -> Iterator[Connection]:
    with bench.database.write() as opened:
        checks.expect(opened, "src_1", TOMORROW, succeeded_at=NOON)
        yield opened


def test_a_run_is_expected_to_end_soon_and_known_by_its_name(connection: Connection) -> None:
    checks.begin(connection, "src_1", "a", NOON + MINUTE, NOON + 6 * MINUTE)
    checks.begin(connection, "src_1", "", NOON + 2 * MINUTE, NOON + 7 * MINUTE)

    assert checks.get(connection, "src_1") == Check("src_1", NOON + 7 * MINUTE, NOON, False)
    assert checks.begun(connection, "src_1", "a", NOON + 3 * MINUTE) == Run(NOON + MINUTE, TOMORROW)
    assert checks.begun(connection, "src_1", "", NOON + 3 * MINUTE) == Run(NOON + 2 * MINUTE, NOON + 6 * MINUTE)
    assert checks.begun(connection, "src_2", "a", NOON + 3 * MINUTE) is None


def test_a_beginning_that_is_told_twice_forgets_not_what_was_expected_before(connection: Connection) -> None:
    for late in (0, 10):
        checks.begin(connection, "src_1", "a", NOON + late, NOON + late + 5 * MINUTE)

    assert checks.begun(connection, "src_1", "a", NOON + MINUTE) == Run(NOON + 10, TOMORROW)


def test_a_run_that_never_ended_is_forgotten(connection: Connection) -> None:
    checks.begin(connection, "src_1", "a", NOON, NOON + MINUTE)
    later = NOON + LONGEST_RUN_MS + 1

    assert checks.begun(connection, "src_1", "a", NOON + LONGEST_RUN_MS) is not None
    assert checks.begun(connection, "src_1", "a", later) is None
    checks.begin(connection, "src_1", "b", later, later + MINUTE)
    assert checks.begun(connection, "src_1", "a", NOON) is None


def test_what_was_expected_is_expected_again(connection: Connection) -> None:
    checks.begin(connection, "src_1", "a", NOON, NOON + MINUTE)
    checks.end(connection, "src_1", "a")
    checks.restore(connection, "src_1", TOMORROW)

    assert checks.get(connection, "src_1") == Check("src_1", TOMORROW, NOON, False)
    checks.restore(connection, "src_1", None)
    assert checks.get(connection, "src_1") == Check("src_1", None, NOON, True)


def test_a_source_that_is_gone_leaves_no_runs(connection: Connection) -> None:
    checks.begin(connection, "src_1", "a", NOON, NOON + MINUTE)

    checks.forget(connection, "src_1")

    assert checks.begun(connection, "src_1", "a", NOON) is None
