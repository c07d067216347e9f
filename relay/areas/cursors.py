"""Where a page ended, as a text that callers pass back without looking into it."""

import base64
import binascii
import re

from relay.errors import InvalidRequest, Unreadable
from relay.formats import jsontext

LONGEST = 200
_SHAPE = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST}}}")
_LARGEST = 2**62


class BadCursor(InvalidRequest):
    code = "bad_cursor"
    status = 400


def write(listing: str, position: int | str) -> str:
    """A cursor of one kind of list, behind `position`."""
    return base64.urlsafe_b64encode(jsontext.dumps([listing, position])).rstrip(b"=").decode()


def read_number(listing: str, cursor: str | None) -> int | None:
    """The position of a list that is keyed by number; None without a cursor. Raises `BadCursor`."""
    position = _read(listing, cursor)
    if position is None or (isinstance(position, int) and 0 <= position < _LARGEST):
        return position
    raise _bad(listing)


def read_id(listing: str, cursor: str | None) -> str | None:
    """The position of a list that is keyed by id; None without a cursor. Raises `BadCursor`."""
    position = _read(listing, cursor)
    if position is None or (isinstance(position, str) and re.fullmatch(r"[A-Za-z0-9_]{1,64}", position)):
        return position
    raise _bad(listing)


def _read(listing: str, cursor: str | None) -> int | str | None:
    if cursor is None:
        return None
    if not _SHAPE.fullmatch(cursor):
        raise _bad(listing)
    try:
        found = jsontext.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, Unreadable):
        raise _bad(listing) from None
    if not isinstance(found, list) or len(found) != 2 or found[0] != listing or isinstance(found[1], bool):
        raise _bad(listing)
    position: int | str = found[1]
    if not isinstance(position, int | str):
        raise _bad(listing)
    return position


def _bad(listing: str) -> BadCursor:
    return BadCursor(
        f"cursor is not one of the list of {listing}. Pass back `next_cursor` as it came, or leave it out to"
        " start with the newest."
    )
