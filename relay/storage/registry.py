"""Records of things, each as its newest events tell it, and how far the events have been read for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from relay import jsontext
from relay.registry import Record, merged, told
from relay.storage.tables import cursors, events, inbound, records

_NAME = "registry"


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


def learn(connection: Connection, workspace_id: str, bodies: Sequence[bytes]) -> None:
    """Take in what events tell, given as they are delivered."""
    new: dict[str, Record] = {}
    for body in bodies:
        for record in told(jsontext.loads(body)):
            new[record.id] = merged(new.get(record.id), record)
    if not new:
        return
    rows = connection.execute(select(records).where(records.c.id.in_(list(new))))
    known = {row.id: _read(row) for row in rows}
    _save(connection, workspace_id, [merged(known.get(record.id), record) for record in new.values()])


def follow(connection: Connection, received_before: int, limit: int) -> int:
    """Take in the next events, in order of their webhooks' acceptance; answers how many there were.

    It stops before the first webhook that has not become events, and before those received since `received_before`
    (Unix ms): a transaction that is still open may bring one that stands before them.
    """
    position = connection.execute(select(cursors.c.position).where(cursors.c.name == _NAME)).scalar()
    start = -1 if position is None else int(position)
    unfinished = connection.execute(
        select(func.min(inbound.c.place)).where(inbound.c.due_at.is_not(None), inbound.c.put_off == 0)
    ).scalar()
    wanted = (
        select(events.c.workspace_id, events.c.sequence, events.c.place, events.c.defect, events.c.body)
        .where(events.c.sequence > start, events.c.received_at < received_before)
        .order_by(events.c.sequence)
        .limit(limit)
    )
    found = [row for row in connection.execute(wanted) if unfinished is None or row.place < unfinished]
    if not found:
        return 0
    for workspace_id in {row.workspace_id for row in found}:
        learn(connection, workspace_id, [r.body for r in found if r.workspace_id == workspace_id and r.defect is None])
    insert: Any = _insert(connection)
    new = insert(cursors).values(name=_NAME, position=found[-1].sequence)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"position": new.excluded.position}))
    return len(found)


def behind(connection: Connection) -> bool:
    """Whether there are events that have not been read."""
    position = connection.execute(select(cursors.c.position).where(cursors.c.name == _NAME)).scalar()
    newer = select(events.c.sequence).where(events.c.sequence > (-1 if position is None else int(position)))
    return connection.execute(newer.limit(1)).first() is not None


def search(connection: Connection, workspace_id: str, query: RecordQuery) -> list[tuple[int, bytes]]:
    """Sequence and item of each, the one that was told of last first."""
    statement = select(records.c.sequence, records.c.body).where(
        records.c.workspace_id == workspace_id, records.c.kind == query.kind
    )
    if query.name is not None:
        statement = statement.where(
            or_(records.c.id == query.name, records.c.native_id == query.name, records.c.number == query.name)
        )
    if query.email is not None:
        statement = statement.where(records.c.email == query.email.lower())
    if query.customer is not None:
        column = records.c.email if "@" in query.customer else records.c.customer_id
        statement = statement.where(column == (query.customer.lower() if "@" in query.customer else query.customer))
    if query.domain is not None:
        statement = statement.where(records.c.domain == query.domain.lower())
    if query.status is not None:
        statement = statement.where(records.c.status == query.status)
    if query.source_id is not None:
        statement = statement.where(records.c.source_id == query.source_id)
    if query.before is not None:
        statement = statement.where(records.c.sequence < query.before)
    rows = connection.execute(statement.order_by(records.c.sequence.desc()).limit(query.limit))
    return [(row.sequence, row.body) for row in rows]


def get(connection: Connection, workspace_id: str, own_id: str) -> Record | None:
    row = connection.execute(
        select(records).where(records.c.workspace_id == workspace_id, records.c.id == own_id)
    ).first()
    return _read(row) if row else None


def _read(row: Any) -> Record:
    item = jsontext.loads(row.body)
    moments = jsontext.loads(row.moments)
    return Record(row.id, row.kind, row.source_id, row.native_id, row.occurred_at, row.sequence, item, moments)


def _save(connection: Connection, workspace_id: str, found: Sequence[Record]) -> None:
    rows = [
        {
            "id": each.id,
            "workspace_id": workspace_id,
            "kind": each.kind,
            "source_id": each.source_id,
            "native_id": each.native_id,
            "number": (each.item[each.kind] or {}).get("number"),
            "status": each.status,
            "email": each.email,
            "customer_id": each.customer_id,
            "domain": each.domain,
            "occurred_at": each.occurred_at,
            "sequence": each.sequence,
            "body": jsontext.dumps(each.item),
            "moments": jsontext.dumps(dict(each.moments)),
        }
        # By one order: two that learn the same would wait for each other else.
        for each in sorted(found, key=lambda each: each.id)
    ]
    insert: Any = _insert(connection)
    for start in range(0, len(rows), 500):
        new = insert(records).values(rows[start : start + 500])
        changing = {name: new.excluded[name] for name in rows[0] if name not in ("id", "workspace_id", "kind")}
        connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=changing))


def _insert(connection: Connection) -> Any:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
