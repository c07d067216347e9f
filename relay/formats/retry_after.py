"""When a server wants to be asked again: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_WAIT = 24 * 3600.0
_LONGEST_NUMBER = 9


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (Unix) that the header asks to wait, as a number or as a date: a day at most.

    None without the header, and where it is neither. Names of headers are in lower case.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return min(float(text), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        # Its zone is GMT by the standard, said or not.
        then = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        return min(max(0.0, then - now), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return None
