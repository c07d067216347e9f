"""Deliveries: one event for one hook, from pending to an end, and every attempt at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, select, update

from relay.storage.bulk import insert_new
from relay.storage.tables import attempts, deliveries, events, hooks

LEASE_MS = 60_000
"""How long a delivery is left to the worker that took it. Longer than one attempt may take."""

PENDING, DELIVERED, GAVE_UP, CANCELED = "pending", "delivered", "gave_up", "canceled"
STATES = (PENDING, DELIVERED, GAVE_UP, CANCELED)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """`due_at` lies a lease ahead when the worker that stores it also sends it, and `held_by` names that worker."""

    id: str
    workspace_id: str
    event_id: str
    event_sequence: int
    hook_id: str
    order_key: str | None
    created_at: int
    due_at: int
    held_by: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    id: str
    workspace_id: str
    event_id: str
    hook_id: str
    state: str
    attempts: int
    due_at: int | None
    created_at: int
    finished_at: int | None
    status_code: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one HTTP try went and what follows: `due_at` is when to try again, None when nothing is left to do."""

    delivery_id: str
    number: int
    started_at: int
    duration_ms: int
    status_code: int | None
    error: str | None
    state: str
    due_at: int | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery claimed for sending; what is needed beside its hook and the event's body."""

    id: str
    event_id: str
    attempts: int
    created_at: int


_COLUMNS = [deliveries.c[name] for name in Delivery.__dataclass_fields__]
_NEW = (*NewDelivery.__dataclass_fields__, "state", "attempts")
_fields_of_new = attrgetter(*NewDelivery.__dataclass_fields__)
_ATTEMPT = ("delivery_id", "number", "started_at", "duration_ms", "status_code", "error")
_fields_of_attempt = attrgetter(*_ATTEMPT)
_TRIED = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("row"))
    .values(
        state=bindparam("new_state"),
        attempts=bindparam("number"),
        due_at=bindparam("new_due"),
        finished_at=bindparam("ended"),
        status_code=bindparam("status"),
        error=bindparam("why"),
        held_by=None,
    )
)
# What was canceled while it was under way, since its hook is gone, is not tried again.
_TRIED_IN_VAIN = _TRIED.where(deliveries.c.due_at.is_not(None))


def store(connection: Connection, batch: Sequence[NewDelivery]) -> None:
    insert_new(connection, deliveries, _NEW, [(*_fields_of_new(each), PENDING, 0) for each in batch])


def record(connection: Connection, tried: Sequence[Attempt]) -> None:
    """Write what attempts came to."""
    ended = [each for each in tried if each.due_at is None]
    left = [each for each in tried if each.due_at is not None]
    for statement, some in ((_TRIED, ended), (_TRIED_IN_VAIN, left)):
        if some:
            connection.execute(statement, [_values_of(each) for each in some])
    insert_new(connection, attempts, _ATTEMPT, [_fields_of_attempt(each) for each in tried])


def _values_of(attempt: Attempt) -> dict[str, Any]:
    return {
        "row": attempt.delivery_id,
        "new_state": attempt.state,
        "number": attempt.number,
        "new_due": attempt.due_at,
        "ended": attempt.started_at + attempt.duration_ms if attempt.due_at is None else None,
        "status": attempt.status_code,
        "why": attempt.error,
    }


def hand_back(connection: Connection, delivery_ids: Sequence[str], due_at: int, holder: str) -> None:
    """Give taken deliveries back untried, those that are still the holder's."""
    if delivery_ids:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(delivery_ids), deliveries.c.due_at.is_not(None), deliveries.c.held_by == holder)
            .values(due_at=due_at, held_by=None)
        )


def free(connection: Connection, holder: str, now: int) -> int:
    """What a dead worker held is due; returns how many deliveries that is."""
    held = update(deliveries).where(
        deliveries.c.hook_id.in_(select(hooks.c.id)), deliveries.c.due_at > now, deliveries.c.held_by == holder
    )
    return int(connection.execute(held.values(due_at=now, held_by=None)).rowcount)


def hooks_with_work(connection: Connection, now: int) -> list[str]:
    """Active hooks that have a delivery due and whose circuit is closed. Costs the same however long a backlog is."""
    due = exists().where(and_(deliveries.c.hook_id == hooks.c.id, deliveries.c.due_at <= now))
    statement = select(hooks.c.id).where(hooks.c.status == "active", hooks.c.open_until <= now, due)
    return list(connection.execute(statement).scalars())


def take(
    connection: Connection, hook_id: str, now: int, limit: int, holder: str, *, ordered_below: int | None = None
) -> list[Taken]:
    """Claim due deliveries of one hook, oldest first, for `LEASE_MS`.

    `ordered_below` is for hooks that want order: only the first unfinished delivery of each order key counts,
    and only below that event sequence.
    """
    due = select(deliveries.c.id).where(deliveries.c.hook_id == hook_id, deliveries.c.due_at <= now)
    if ordered_below is not None:
        earlier = deliveries.alias("earlier")
        due = due.where(
            deliveries.c.event_sequence < ordered_below,
            ~exists().where(
                and_(
                    earlier.c.hook_id == hook_id,
                    earlier.c.due_at.is_not(None),
                    earlier.c.order_key == deliveries.c.order_key,
                    earlier.c.event_sequence < deliveries.c.event_sequence,
                )
            ),
        )
    due = due.order_by(deliveries.c.due_at).limit(limit).with_for_update(skip_locked=True)
    statement = (
        update(deliveries)
        .where(deliveries.c.id.in_(due.scalar_subquery()))
        .values(due_at=now + LEASE_MS, held_by=holder)
        .returning(*[deliveries.c[name] for name in Taken.__dataclass_fields__])
    )
    return sorted((Taken(*row) for row in connection.execute(statement)), key=lambda each: each.created_at)


def mend(connection: Connection, now: int) -> int:
    """Free what was never tried and no lease explains: it was written by a clock that has been set back since."""
    active = select(hooks.c.id).where(hooks.c.status == "active")
    statement = (
        update(deliveries)
        .where(deliveries.c.hook_id.in_(active), deliveries.c.due_at > now + 2 * LEASE_MS, deliveries.c.attempts == 0)
        .values(due_at=now)
    )
    return int(connection.execute(statement).rowcount)


def waiting(connection: Connection, now: int) -> bool:
    """Whether any active hook has work at `now`."""
    return bool(hooks_with_work(connection, now))


def cancel_of_hook(connection: Connection, hook_id: str, now: int, reason: str) -> int:
    """End everything that is left for a hook that is gone."""
    done = connection.execute(
        update(deliveries)
        .where(deliveries.c.hook_id == hook_id, deliveries.c.due_at.is_not(None))
        .values(state=CANCELED, due_at=None, finished_at=now, error=reason)
    )
    return int(done.rowcount)


def search(
    connection: Connection,
    workspace_id: str,
    *,
    event_id: str | None = None,
    hook_id: str | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Delivery]:
    """Newest first; `before` is the id that the last page ended with."""
    statement = select(*_COLUMNS).where(deliveries.c.workspace_id == workspace_id)
    if event_id is not None:
        sequence = select(events.c.sequence).where(events.c.id == event_id).scalar_subquery()
        statement = statement.where(deliveries.c.event_sequence == sequence)
    if hook_id is not None:
        statement = statement.where(deliveries.c.hook_id == hook_id)
    if state is not None:
        statement = statement.where(deliveries.c.state == state)
    if before is not None:
        statement = statement.where(deliveries.c.id < before)
    statement = statement.order_by(deliveries.c.id.desc()).limit(limit)
    return [Delivery(*row) for row in connection.execute(statement)]


def count(connection: Connection, workspace_id: str) -> int:
    ours = select(func.count()).where(deliveries.c.workspace_id == workspace_id)
    return int(connection.execute(ours).scalar_one())


def attempts_of(connection: Connection, delivery_ids: Sequence[str]) -> dict[str, list[dict[str, object]]]:
    """Every attempt, first to last, by delivery."""
    found: dict[str, list[dict[str, object]]] = {each: [] for each in delivery_ids}
    rows = connection.execute(
        select(attempts).where(attempts.c.delivery_id.in_(delivery_ids)).order_by(attempts.c.number)
    )
    for row in rows.mappings():
        found[row["delivery_id"]].append({name: row[name] for name in row if name != "delivery_id"})
    return found


def count_due(connection: Connection) -> int:
    """How many deliveries are not at their end."""
    return int(connection.execute(select(func.count()).where(deliveries.c.due_at.is_not(None))).scalar_one())
