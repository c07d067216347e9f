"""Events: written once, listed newest first by key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from relay.formats import jsontext
from relay.model import EVENTS_PER_WEBHOOK, Event
from relay.storage import customers
from relay.storage.bulk import insert_new, parts
from relay.storage.tables import events

_ROOM_ONCE = 1000
"""The room of a webhook that was read before there was more."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept; `body` is the JSON that was, or would have been, delivered."""

    sequence: int
    id: str
    workspace_id: str
    source_id: str
    place: int
    type: str
    received_at: int
    defect: str | None
    body: bytes = field(repr=False)

    @property
    def envelope(self) -> dict[str, Any]:
        """`body`, read."""
        envelope: dict[str, Any] = jsontext.loads(self.body)
        return envelope


@dataclass(frozen=True, slots=True)
class EventQuery:
    """What `GET /events` can ask: only `types`, if there are any, and not the types `but`. `before` is the sequence
    that the last page ended with."""

    types: tuple[str, ...] = ()
    but: tuple[str, ...] = ()
    source_id: str | None = None
    customer: str | None = None
    created_after: int | None = None
    before: int | None = None
    limit: int = 50


_NEW = (
    "sequence",
    "id",
    "workspace_id",
    "source_id",
    "place",
    "type",
    "received_at",
    "customer_id",
    "customer_email",
    "defect",
    "body",
    "hops",
)
_COLUMNS = [events.c[name] for name in StoredEvent.__dataclass_fields__]


def store(connection: Connection, workspace_of: dict[int, str], batch: Sequence[tuple[int, int, Event]]) -> set[str]:
    """Store events, given with the place and the reception time of their webhook. Returns the ids that are new;
    an event that is already kept stays as it was."""
    rows = [
        (
            event.sequence,
            event.id,
            workspace_of[place],
            event.envelope["source"]["id"],
            place,
            event.type,
            received_at,
            event.customer_id and event.customer_id[:255],
            event.customer_email and event.customer_email[:320].lower(),
            event.defect,
            event.body,
            event.hops or None,
        )
        # By one order: two workers that tell of the same happenings would wait for each other else.
        for place, received_at, event in sorted(batch, key=lambda each: each[2].id)
    ]
    ours = {event.id: event.sequence for _, _, event in reversed(batch)}
    if insert_new(connection, events, _NEW, rows) == len(rows):
        return set(ours)
    return {
        row.id
        for some in parts(list(ours))
        for row in connection.execute(select(events.c.id, events.c.sequence).where(events.c.id.in_(some)))
        if row.sequence == ours[row.id]
    }


def known(connection: Connection, event_ids: Sequence[str]) -> set[str]:
    """Those of these ids that are kept."""
    return {
        own_id
        for some in parts(event_ids)
        for own_id in connection.execute(select(events.c.id).where(events.c.id.in_(some))).scalars()
    }


def get(connection: Connection, workspace_id: str, event_id: str) -> StoredEvent | None:
    row = connection.execute(
        select(*_COLUMNS).where(events.c.workspace_id == workspace_id, events.c.id == event_id)
    ).first()
    return StoredEvent(*row) if row else None


def bodies(connection: Connection, event_ids: Sequence[str]) -> dict[str, bytes]:
    rows = connection.execute(select(events.c.id, events.c.body).where(events.c.id.in_(event_ids)))
    return {row.id: row.body for row in rows}


def hops(connection: Connection, event_ids: Sequence[str]) -> dict[str, int]:
    """How many relays these events came from; without those that came from none."""
    came = select(events.c.id, events.c.hops).where(events.c.id.in_(event_ids), events.c.hops.is_not(None))
    return {row.id: row.hops for row in connection.execute(came)}


def search(connection: Connection, workspace_id: str, query: EventQuery) -> list[StoredEvent]:
    """Newest first."""
    statement = select(*_COLUMNS).where(events.c.workspace_id == workspace_id)
    if query.types:
        statement = statement.where(events.c.type.in_(query.types))
    if query.but:
        statement = statement.where(events.c.type.not_in(query.but))
    if query.source_id is not None:
        statement = statement.where(events.c.source_id == query.source_id)
    if query.created_after is not None:
        statement = statement.where(events.c.received_at > query.created_after)
    if query.before is not None:
        statement = statement.where(events.c.sequence < query.before)
    statement = statement.order_by(events.c.sequence.desc())
    if query.customer is None:
        return [StoredEvent(*row) for row in connection.execute(statement.limit(query.limit))]
    found: list[StoredEvent] = []
    for some in customers.sequences(connection, workspace_id, query.customer, query.before):
        theirs = statement.where(events.c.sequence.in_(some)).limit(query.limit - len(found))
        found += [StoredEvent(*row) for row in connection.execute(theirs)]
        if len(found) == query.limit:
            break
    return found


def of_webhook(connection: Connection, place: int) -> list[StoredEvent]:
    """The events that a webhook gave, in order; without those that had been told before."""
    rooms = [
        and_(events.c.sequence >= place * room, events.c.sequence < (place + 1) * room)
        for room in (EVENTS_PER_WEBHOOK, _ROOM_ONCE)
    ]
    statement = select(*_COLUMNS).where(or_(*rooms), events.c.place == place)
    return [StoredEvent(*row) for row in connection.execute(statement.order_by(events.c.sequence))]


def count(connection: Connection, workspace_id: str) -> int:
    return int(connection.execute(select(func.count()).where(events.c.workspace_id == workspace_id)).scalar_one())


def since(connection: Connection, workspace_id: str, received_at: int, after: int, limit: int) -> list[StoredEvent]:
    """Oldest first, received at or after an instant, behind the sequence `after`: for replays in pages."""
    statement = (
        select(*_COLUMNS)
        .where(
            events.c.workspace_id == workspace_id,
            events.c.sequence > after,
            events.c.received_at >= received_at,
            events.c.defect.is_(None),
        )
        .order_by(events.c.sequence)
        .limit(limit)
    )
    return [StoredEvent(*row) for row in connection.execute(statement)]


def summary(event: StoredEvent) -> str:
    """The sentence that an event says of itself."""
    return str(jsontext.loads(event.body)["summary"])
