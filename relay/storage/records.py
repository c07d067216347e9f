"""Records of things, each as its newest events tell it, and how far the events have been read for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, func, or_, select

from relay.catalogue.record_kinds import record_kinds
from relay.formats import jsontext
from relay.model import OWN_SOURCES, Record
from relay.storage import customers
from relay.storage.bulk import insert_new, parts, write_over
from relay.storage.tables import cursors, events, inbound, records, unlearnt

_COLUMNS = tuple(column.name for column in records.columns)


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """What can be asked for. `name` is an id of ours, the source's, or an invoice's number; `before` a sequence."""

    kind: str
    name: str | None = None
    email: str | None = None
    domain: str | None = None
    status: str | None = None
    customer: str | None = None
    source_id: str | None = None
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Backlog:
    """Events that nobody learnt from yet: workspace and body of each, and what to remember once it is done."""

    told: Sequence[tuple[str, bytes]]
    between: tuple[int, int] | None
    """The events above the first sequence, up to the second, have been read then; None where all are late."""

    late: Sequence[int]
    """The sequences of those that were stored behind the cursor."""


def lesson(connection: Connection, received_before: int, limit: int) -> Backlog | None:
    """The next events, in order of their webhooks' acceptance, and those that were stored behind them; None if all
    have been learnt.

    It stops before the first webhook that has not become events, and before those received since `received_before`
    (Unix ms): a transaction that is still open may bring one that stands before them.
    """
    known = connection.execute(select(cursors.c.position).where(cursors.c.name == customers.RECORDS)).scalar()
    start = -1 if known is None else known
    wanted = select(events.c.workspace_id, events.c.sequence, events.c.place, events.c.defect, events.c.body)
    newer = (
        wanted.where(events.c.sequence > start, events.c.received_at < received_before)
        .order_by(events.c.sequence)
        .limit(limit)
    )
    late = connection.execute(select(unlearnt.c.sequence).limit(limit)).scalars().all()
    found = list(connection.execute(newer))
    if found:
        unfinished = connection.execute(
            select(func.min(inbound.c.place)).where(inbound.c.due_at.is_not(None), inbound.c.put_off == 0)
        ).scalar()
        found = [row for row in found if unfinished is None or row.place < unfinished]
    if not found and not late:
        return None
    between = (start, found[-1].sequence) if found else None
    if late:
        found += connection.execute(wanted.where(events.c.sequence.in_(late)))
    return Backlog([(row.workspace_id, row.body) for row in found if row.defect is None], between, late)


def known(connection: Connection, ids: Sequence[str]) -> dict[str, Record]:
    """The records of these ids that there are."""
    return {
        row.id: _read(row)
        for some in parts(ids)
        for row in connection.execute(select(records).where(records.c.id.in_(some)))
    }


def save(connection: Connection, learnt: Sequence[tuple[str, Record]], told_by: Backlog) -> None:
    """Write down what was learnt: workspace and record of each.

    One at a time may learn: whoever holds the lock of the clock.
    """
    write_over(connection, records, _COLUMNS, [_row(*each) for each in learnt])
    if told_by.between is not None:
        write_over(connection, cursors, ("name", "position"), [(customers.RECORDS, told_by.between[1])])
        customers.put_in(connection, *told_by.between)
    if told_by.late:
        customers.put_in_late(connection, told_by.late)
        connection.execute(delete(unlearnt).where(unlearnt.c.sequence.in_(told_by.late)))


def leave(connection: Connection, sequences: Sequence[int]) -> None:
    """These events were stored where the learning has passed already."""
    insert_new(connection, unlearnt, ("sequence",), [(sequence,) for sequence in sequences])


def search(connection: Connection, workspace_id: str, query: RecordQuery) -> list[tuple[int, bytes]]:
    """Sequence and item of each, the one that was told of last first."""
    statement = _matching(select(records.c.sequence, records.c.body), workspace_id, query)
    rows = connection.execute(statement.order_by(records.c.sequence.desc()).limit(query.limit))
    return [(row.sequence, row.body) for row in rows]


def _matching(statement: Select[Any], workspace_id: str, query: RecordQuery) -> Select[Any]:
    """As people type it: an address in any case, a domain with `www.`, a number with its `#`."""
    statement = statement.where(records.c.workspace_id == workspace_id, records.c.kind == query.kind)
    if query.name is not None:
        name = query.name.strip().removeprefix("#").strip()
        either = (name, query.name)
        statement = statement.where(
            or_(records.c.id == name, records.c.native_id.in_(either), records.c.number.in_(either))
        )
    if query.email is not None:
        statement = statement.where(records.c.email == query.email.strip().lower())
    if query.customer is not None:
        column = records.c.email if "@" in query.customer else records.c.customer_id
        statement = statement.where(column == (query.customer.lower() if "@" in query.customer else query.customer))
    if query.domain is not None:
        domain = query.domain.strip().lower().rstrip(".")
        statement = statement.where(records.c.domain.in_((domain, domain.removeprefix("www."))))
    if query.status is not None:
        statement = statement.where(records.c.status == query.status)
    if query.source_id is not None:
        statement = statement.where(records.c.source_id == query.source_id)
    if query.before is not None:
        statement = statement.where(records.c.sequence < query.before)
    return statement


def owners(connection: Connection, workspace_id: str, query: RecordQuery) -> list[str]:
    """The sources that told of what is asked for, once each."""
    statement = _matching(select(records.c.source_id).distinct(), workspace_id, query)
    return list(connection.execute(statement.limit(query.limit)).scalars())


def knows_email(connection: Connection, workspace_id: str, email: str) -> bool:
    """Whether a record of any kind has this address. What only the relay's own API told of knows nobody."""
    return (
        connection.execute(
            select(records.c.id)
            .where(
                records.c.workspace_id == workspace_id,
                records.c.kind.in_(record_kinds()),
                records.c.email == email,
                ~records.c.source_id.startswith(OWN_SOURCES, autoescape=True),
            )
            .limit(1)
        ).first()
        is not None
    )


def get(connection: Connection, workspace_id: str, own_id: str) -> Record | None:
    row = connection.execute(
        select(records).where(records.c.workspace_id == workspace_id, records.c.id == own_id)
    ).first()
    return _read(row) if row else None


def _read(row: Any) -> Record:
    item = jsontext.loads(row.body)
    moments = jsontext.loads(row.moments)
    return Record(row.id, row.kind, row.source_id, row.native_id, row.occurred_at, row.sequence, item, moments)


def _row(workspace_id: str, record: Record) -> tuple[Any, ...]:
    return (
        record.id,
        workspace_id,
        record.kind,
        record.source_id,
        record.native_id,
        record.number,
        record.status,
        record.email,
        record.customer_id,
        record.domain,
        record.occurred_at,
        record.sequence,
        jsontext.dumps(record.item),
        jsontext.dumps(dict(record.moments)),
    )
