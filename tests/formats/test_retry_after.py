"""The header `Retry-After`, in both of its forms."""

from datetime import UTC, datetime

import pytest

from relay.formats.retry_after import LONGEST_WAIT, retry_after

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 60 ", 60.0),
        ("999999999", LONGEST_WAIT),
        ("9" * 30, None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("١٢٠", None),
        ("Sun, 22 Nov 2026 07:02:00 GMT", 120.0),
        ("Sun, 22 Nov 2026 07:02:00", 120.0),
        ("Sun, 22 Nov 2026 08:02:00 +0100", 120.0),
        ("Sun, 22 Nov 2026 06:00:00 GMT", 0.0),
        ("Tue, 01 Jan 2030 00:00:00 GMT", LONGEST_WAIT),
        ("Sun, 99 Nov 2026 07:00:00 GMT", None),
    ],
)
def test_the_wait_is_said_in_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds


def test_without_the_header_nothing_is_asked_for() -> None:
    assert retry_after({}, NOW) is None
