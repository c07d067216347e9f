"""Pages of lists, newest first: what a call asks for, and where the next page begins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from relay.areas import cursors
from relay.areas.resources import Answer, Call, Parameter
from relay.areas.schemas import Schema, many, nullable, record, reference, text

USUAL_LIMIT = 50
MOST_ON_A_PAGE = 100
LIMIT = Parameter(
    "limit",
    "How many on a page.",
    {"type": "integer", "minimum": 1, "maximum": MOST_ON_A_PAGE, "default": USUAL_LIMIT},
    10,
)
CURSOR = Parameter(
    "cursor",
    "`next_cursor` of the page before. Without it the list starts with the newest.",
    {"type": "string", "maxLength": cursors.LONGEST},
)
Entry = TypeVar("Entry")
Position = TypeVar("Position", int, str)


@dataclass(frozen=True, slots=True)
class Asked(Generic[Position]):
    """The page that a call asks for: at most `size` entries of `listing` that lie behind `before`."""

    listing: str
    size: int
    before: Position | None

    @property
    def one_more(self) -> int:
        """How many to search for: one more than fits on the page tells whether there is a next one."""
        return self.size + 1

    def cut(self, found: Sequence[Entry], position: Callable[[Entry], Position]) -> tuple[Sequence[Entry], str | None]:
        """The entries of this page, and the cursor of the next one, if there is one."""
        if len(found) <= self.size:
            return found, None
        return found[: self.size], self.cursor(position(found[self.size - 1]))

    def cursor(self, position: Position) -> str:
        """That of the page behind a position."""
        return cursors.write(self.listing, position)


def by_id(call: Call, listing: str) -> Asked[str]:
    """The page of a list that is keyed by id. Raises `BadCursor`."""
    return Asked(listing, _size(call), cursors.read_id(listing, call.query.get("cursor")))


def by_number(call: Call, listing: str) -> Asked[int]:
    """The page of a list that is keyed by number. Raises `BadCursor`."""
    return Asked(listing, _size(call), cursors.read_number(listing, call.query.get("cursor")))


def page(items: Sequence[Any], cursor: str | None) -> Answer:
    """An answer in the shape of `page_of`."""
    return Answer({"items": items, "next_cursor": cursor})


def page_of(items: str, what: str) -> Schema:
    """The shape of a page whose entries have the shape of this name."""
    return record(
        {
            "items": many(reference(items), f"The {what}, newest first."),
            "next_cursor": nullable(text("Pass it back as `cursor` for the next page; null on the last.")),
        }
    )


def _size(call: Call) -> int:
    size: int = call.query.get("limit", USUAL_LIMIT)
    return size
