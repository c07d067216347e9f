"""Pauses after failures, and circuits."""

import pytest

from relay.queue.retries import Circuit, doubling, planned

CIRCUIT = Circuit(pauses=(5, 15, 60), threshold=3)


def test_a_pause_doubles_up_to_the_longest() -> None:
    assert [doubling(2, failures, longest=20) for failures in (0, 1, 2, 3, 4, 10**6)] == [2, 4, 8, 16, 20, 20]


def test_a_plan_ends_behind_its_last_pause() -> None:
    assert [planned((1, 5, 60), failures) for failures in range(5)] == [1, 5, 60, None, None]


@pytest.mark.parametrize(
    ("known", "failed", "then"), [(0, 1, 1), (0, 2, 2), (2, 1, 3), (0, 64, 3), (2, 64, 3), (3, 1, 4), (3, 64, 4)]
)
def test_failures_that_were_under_way_together_are_one_sign(known: int, failed: int, then: int) -> None:
    assert CIRCUIT.failures_after(known, failed) == then


def test_a_circuit_stays_open_longer_with_each_failed_probe() -> None:
    assert [CIRCUIT.open_seconds(failures) for failures in range(8)] == [0, 0, 0, 5, 15, 60, 60, 60]
