"""Webhooks as they arrived: stored once, claimed for work, marked when they have become events."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select, tuple_, update

from relay.model import EVENTS_PER_WEBHOOK
from relay.storage.bulk import insert_new
from relay.storage.tables import events, inbound

LEASE_MS = 10_000
"""How long a claimed webhook is left to whoever claimed it before another may. Whoever is too late loses nothing
but its trouble: only one of them can `finish` it."""

FURTHEST_MS = 3600 * 1000
"""The longest that a webhook is put off at once."""

BODIES_KEPT_MS = 30 * 24 * 3600 * 1000
_PRUNED_AT_ONCE = 500

_NEWEST = 1000
"""How far back is looked for what nothing came of."""

NOT_WAITED_FOR = 4
"""How often a webhook is put off before ordered hooks go on without it."""


@dataclass(frozen=True, slots=True)
class NewInbound:
    """A verified webhook about to be stored. `sealed` opens with the context `id`."""

    id: str
    workspace_id: str
    source_id: str
    dedupe_key: str
    verified_by: str
    received_at: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A stored webhook and its place in the order of acceptance."""

    place: int
    id: str
    workspace_id: str
    source_id: str
    verified_by: str
    received_at: int
    put_off: int
    sealed: bytes | None = field(repr=False)


_NEW = ("id", "workspace_id", "source_id", "dedupe_key", "verified_by", "received_at", "due_at", "sealed")
_COLUMNS = [inbound.c[name] for name in Claimed.__dataclass_fields__]


def store(connection: Connection, webhooks: Sequence[NewInbound]) -> dict[str, str]:
    """Store a batch. Returns, for each id given, the id it is kept under: its own, or that of the first
    webhook with the same source and dedupe key."""
    rows = webhooks
    if connection.dialect.name == "postgresql":
        # Two batches that repeat each other would wait for each other, did they not go in by one order.
        rows = sorted(webhooks, key=lambda each: (each.source_id, each.dedupe_key))
    if insert_new(connection, inbound, _NEW, [_row(each) for each in rows]) == len(webhooks):
        return {each.id: each.id for each in webhooks}
    keys = [(each.source_id, each.dedupe_key) for each in webhooks]
    known = select(inbound.c.id, inbound.c.source_id, inbound.c.dedupe_key).where(
        tuple_(inbound.c.source_id, inbound.c.dedupe_key).in_(keys)
    )
    firsts = {(row.source_id, row.dedupe_key): row.id for row in connection.execute(known)}
    return {each.id: firsts[each.source_id, each.dedupe_key] for each in webhooks}


def _row(webhook: NewInbound) -> tuple[Any, ...]:
    return (
        webhook.id,
        webhook.workspace_id,
        webhook.source_id,
        webhook.dedupe_key,
        webhook.verified_by,
        webhook.received_at,
        webhook.received_at,
        webhook.sealed,
    )


def claim(connection: Connection, now: int, limit: int, holder: str) -> list[Claimed]:
    """Take up to `limit` webhooks that want work, oldest first. They are the holder's for `LEASE_MS`."""
    waiting = (
        select(inbound.c.place)
        .where(inbound.c.due_at <= now)
        .order_by(inbound.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(inbound)
        .where(inbound.c.place.in_(waiting.scalar_subquery()))
        .values(due_at=now + LEASE_MS, held_by=holder)
        .returning(*_COLUMNS)
    )
    return sorted((Claimed(*row) for row in connection.execute(statement)), key=lambda each: each.place)


def finish(connection: Connection, places: Sequence[int]) -> set[int]:
    """These become events in this transaction: nothing is left to do. Without those that somebody else was
    faster with, after their lease had ended."""
    if not places:
        return set()
    statement = (
        update(inbound)
        .where(inbound.c.place.in_(places), inbound.c.due_at.is_not(None))
        .values(due_at=None)
        .returning(inbound.c.place)
    )
    return set(connection.execute(statement).scalars())


def put_off(connection: Connection, place: int, until: int) -> None:
    """What a webhook leaves out could not be had: it is to be tried again then."""
    connection.execute(
        update(inbound)
        .where(inbound.c.place == place, inbound.c.due_at.is_not(None))
        .values(due_at=until, put_off=inbound.c.put_off + 1, held_by=None)
    )


def free(connection: Connection, holder: str, now: int) -> int:
    """What a dead worker held is due; returns how many webhooks that is."""
    held = update(inbound).where(inbound.c.due_at > now, inbound.c.held_by == holder)
    return int(connection.execute(held.values(due_at=now, held_by=None)).rowcount)


def mend(connection: Connection, now: int) -> int:
    """Free what no lease explains: it was written by a clock that has been set back since. Returns how many."""
    statement = (
        update(inbound)
        .where(inbound.c.due_at > now + 2 * LEASE_MS, or_(inbound.c.put_off == 0, inbound.c.due_at > now + FURTHEST_MS))
        .values(due_at=now)
    )
    return int(connection.execute(statement).rowcount)


def unconfirmed(connection: Connection, source_id: str, proof: str, received_after: int) -> int:
    """Of how many of a source's newest webhooks with this proof, received since then, no event came but `unknown`."""
    newest = (
        select(inbound.c.place, inbound.c.received_at, inbound.c.verified_by)
        .where(inbound.c.source_id == source_id)
        .order_by(inbound.c.place.desc())
        .limit(_NEWEST)
        .subquery()
    )
    told = exists().where(
        events.c.sequence >= newest.c.place * EVENTS_PER_WEBHOOK,
        events.c.sequence < (newest.c.place + 1) * EVENTS_PER_WEBHOOK,
        events.c.type != "unknown",
    )
    count = select(func.count()).where(newest.c.verified_by == proof, newest.c.received_at > received_after, ~told)
    return int(connection.execute(count).scalar_one())


def waiting_since(connection: Connection, received_before: int) -> bool:
    """Whether any webhook that came in before then has not become events, without being put off."""
    unfinished = select(inbound.c.place).where(
        inbound.c.due_at.is_not(None), inbound.c.received_at < received_before, inbound.c.put_off == 0
    )
    return connection.execute(unfinished.limit(1)).first() is not None


def count_put_off(connection: Connection) -> dict[str, int]:
    """How many webhooks of each source wait for an answer of its provider's API."""
    waiting = (
        select(inbound.c.source_id, func.count())
        .where(inbound.c.due_at.is_not(None), inbound.c.put_off > 0)
        .group_by(inbound.c.source_id)
    )
    return {row[0]: row[1] for row in connection.execute(waiting)}


def waiting(connection: Connection, now: int) -> bool:
    """Whether any webhook wants work at `now`."""
    return connection.execute(select(inbound.c.place).where(inbound.c.due_at <= now).limit(1)).first() is not None


def first_unfinished(connection: Connection, workspace_id: str) -> int | None:
    """The place before which every webhook of the workspace has become events; None if all have.

    Those that were put off again and again are not waited for: their provider's API may be away for hours.
    """
    unfinished = select(func.min(inbound.c.place)).where(
        inbound.c.due_at.is_not(None), inbound.c.workspace_id == workspace_id, inbound.c.put_off < NOT_WAITED_FOR
    )
    return connection.execute(unfinished).scalar()


def get(connection: Connection, place: int) -> Claimed | None:
    row = connection.execute(select(*_COLUMNS).where(inbound.c.place == place)).first()
    return Claimed(*row) if row else None


def newest(connection: Connection, source_id: str) -> int | None:
    """The place of the last webhook of a source."""
    return connection.execute(select(func.max(inbound.c.place)).where(inbound.c.source_id == source_id)).scalar()


def is_finished(connection: Connection, place: int) -> bool:
    """Whether it has become events, or nothing."""
    left = select(inbound.c.place).where(inbound.c.place == place, inbound.c.due_at.is_not(None))
    return connection.execute(left).first() is None


def last_received(connection: Connection, source_ids: Sequence[str]) -> dict[str, int]:
    """When each source last sent something (Unix ms). Sources that never did are missing."""
    found = {}
    for source_id in source_ids:
        newest = (
            select(inbound.c.received_at)
            .where(inbound.c.source_id == source_id)
            .order_by(inbound.c.place.desc())
            .limit(1)
        )
        moment = connection.execute(newest).scalar()
        if moment is not None:
            found[source_id] = moment
    return found


def forget_bodies(connection: Connection, before: int, limit: int) -> int:
    """Remove up to `limit` bodies received before `before`. The row stays, so a late repeat is still known."""
    old = (
        select(inbound.c.place)
        .where(inbound.c.received_at < before, inbound.c.sealed.is_not(None), inbound.c.due_at.is_(None))
        .order_by(inbound.c.received_at)
        .limit(limit)
    )
    done: Any = connection.execute(
        update(inbound).where(inbound.c.place.in_(old.scalar_subquery())).values(sealed=None)
    )
    return int(done.rowcount)


def prune(connection: Connection, now: int) -> int:
    """Remove some of the bodies that are old enough; returns how many."""
    return forget_bodies(connection, now - BODIES_KEPT_MS, _PRUNED_AT_ONCE)


PRUNE = prune
