"""How long to wait after a failure, and when to leave alone what fails again and again."""

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_DOUBLINGS = 20


def doubling(first: float, failures: int, *, longest: float) -> float:
    """The pause after so many failures before this one: twice as long each time."""
    grown: float = first * 2 ** min(failures, _MOST_DOUBLINGS)
    return min(grown, longest)


def planned(pauses: Sequence[float], failures: int) -> float | None:
    """The pause of a plan after so many failures before this one; None where the plan has come to its end."""
    return pauses[failures] if failures < len(pauses) else None


@dataclass(frozen=True, slots=True)
class Circuit:
    """Who fails `threshold` times in a row is left alone: for the first of `pauses` (seconds), then the next, then as
    long as the last. After each pause one try shows whether it is well again.
    """

    pauses: tuple[int, ...]
    threshold: int = 5

    def failures_after(self, known: int, failed: int) -> int:
        """The count of failures once `failed` more attempts have failed and none has succeeded.

        Attempts that were under way together are one sign, not many: they close in on the threshold but only a
        failed probe, sent when the circuit half opened, goes beyond it.
        """
        if known >= self.threshold:
            return known + 1
        return min(known + failed, self.threshold)

    def open_seconds(self, failures: int) -> int:
        """How long the circuit stays open after so many failures in a row; 0 keeps it closed."""
        if failures < self.threshold:
            return 0
        return self.pauses[min(failures - self.threshold, len(self.pauses) - 1)]
