"""Which events are about a customer, newest first.

An index by customer would have to be kept in order with every event that is stored, at a place of its own each time. So
events are stored without one, and put into `customer_events` in batches by what reads them for records: all up to the
cursor of the records, but those that came behind it since. Whatever is not in it yet is looked for among the events
themselves; the events of before there was this table are put into it from the newest to the oldest.
"""

from collections.abc import Iterator, Sequence

from sqlalchemy import Column, ColumnElement, Connection, Select, delete, func, literal, select, union

from relay.storage.bulk import copy_new, write_over
from relay.storage.tables import cursors, customer_events, events, unlearnt

RECORDS = "registry"
"""The cursor of the records: the events up to it have been read."""

_OLD = "customers"
"""The cursor of the old events, which goes down: those up to it are not in the table."""

_PAGE = 500
_NAMES = ("workspace_id", "known_by", "name", "sequence")
_KNOWN_BY = {"id": events.c.customer_id, "email": events.c.customer_email}


def put_in(connection: Connection, after: int, until: int) -> None:
    """Put in the events above the sequence `after` up to `until`."""
    _copy(connection, events.c.sequence > after, events.c.sequence <= until)


def put_in_late(connection: Connection, late: Sequence[int]) -> None:
    """Put in the events of these sequences, which were stored when the others up to the cursor had been read."""
    _copy(connection, events.c.sequence.in_(late))


def put_in_old(connection: Connection, limit: int) -> bool:
    """Put in the newest of the old events, at most `limit`; returns whether there were any."""
    until = connection.execute(_position(_OLD)).scalar()
    if until is None:
        return False
    some = select(events.c.sequence).where(events.c.sequence <= until).order_by(events.c.sequence.desc()).limit(limit)
    first = connection.execute(select(func.min(some.subquery().c.sequence))).scalar()
    if first is None:
        connection.execute(delete(cursors).where(cursors.c.name == _OLD))
        return False
    put_in(connection, first - 1, until)
    write_over(connection, cursors, ("name", "position"), [(_OLD, first - 1)])
    return True


def old_waiting(connection: Connection) -> bool:
    """Whether old events are left to put in."""
    return connection.execute(_position(_OLD)).scalar() is not None


def sequences(connection: Connection, workspace_id: str, customer: str, before: int | None) -> Iterator[Sequence[int]]:
    """The sequences of a customer's events below `before`, newest first, in pages. `customer` is an id or an e-mail."""
    known_by = "email" if "@" in customer else "id"
    name = customer.lower() if known_by == "email" else customer
    while True:
        page = connection.execute(_page(workspace_id, known_by, name, before)).scalars().all()
        if page:
            yield page
        if len(page) < _PAGE:
            return
        before = page[-1]


def _page(workspace_id: str, known_by: str, name: str, before: int | None) -> Select[int]:
    theirs = (events.c.workspace_id == workspace_id, _KNOWN_BY[known_by] == name)
    tail = events.c.sequence > func.coalesce(_position(RECORDS).scalar_subquery(), -1)
    ways = [
        _newest(
            customer_events.c.sequence,
            before,
            customer_events.c.workspace_id == workspace_id,
            customer_events.c.known_by == known_by,
            customer_events.c.name == name,
        ),
        _newest(events.c.sequence, before, *theirs, tail),
        _newest(events.c.sequence, before, *theirs, events.c.sequence.in_(select(unlearnt.c.sequence))),
        _newest(events.c.sequence, before, *theirs, events.c.sequence <= _position(_OLD).scalar_subquery()),
    ]
    found = union(*ways).subquery()
    return select(found.c.sequence).order_by(found.c.sequence.desc()).limit(_PAGE)


def _newest(sequence: Column[int], before: int | None, *conditions: ColumnElement[bool]) -> Select[int]:
    below = () if before is None else (sequence < before,)
    newest = select(sequence).where(*conditions, *below).order_by(sequence.desc()).limit(_PAGE).subquery()
    return select(newest.c.sequence)


def _position(name: str) -> Select[int]:
    return select(cursors.c.position).where(cursors.c.name == name)


def _copy(connection: Connection, *conditions: ColumnElement[bool]) -> None:
    for known_by, column in _KNOWN_BY.items():
        rows = select(events.c.workspace_id, literal(known_by), column, events.c.sequence)
        copy_new(connection, customer_events, _NAMES, rows.where(column.is_not(None), *conditions))
