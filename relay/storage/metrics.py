"""Numbers for the operator, each from an index: none costs more when more is kept."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from relay.model import EVENTS_PER_WEBHOOK
from relay.storage import locks
from relay.storage.tables import deliveries, events, hooks, inbound

_LATELY_MS = 60_000


@dataclass(frozen=True, slots=True)
class Metrics:
    """Counts of now, over all workspaces. Ages are in seconds, 0 when nothing waits."""

    webhooks_accepted: int
    webhooks_pending: int
    webhook_oldest_due: float
    events_last_minute: int
    deliveries_pending: int
    delivery_oldest_due: float
    hooks_by_status: dict[str, int]
    hooks_paused: int
    clock_up: bool = False


def alive(connection: Connection) -> None:
    """Return when the database answers."""
    connection.execute(text("SELECT 1"))


def read(connection: Connection, now: int) -> Metrics:
    """Everything in the order of the class."""
    newest = connection.execute(select(func.max(inbound.c.place))).scalar() or 0
    by_status = select(hooks.c.status, func.count()).group_by(hooks.c.status)
    clock = locks.get(connection, locks.CLOCK)
    paused = select(func.count()).where(hooks.c.status == "active", hooks.c.open_until > now)
    return Metrics(
        webhooks_accepted=newest,
        webhooks_pending=webhooks_pending(connection),
        webhook_oldest_due=_age(connection, select(func.min(inbound.c.due_at)), now),
        events_last_minute=_events_lately(connection, now),
        deliveries_pending=_count(connection, select(func.count()).where(deliveries.c.due_at.is_not(None))),
        delivery_oldest_due=_age(
            connection,
            select(func.min(deliveries.c.due_at)).where(
                deliveries.c.due_at.is_not(None),
                deliveries.c.hook_id.in_(select(hooks.c.id).where(hooks.c.status == "active")),
            ),
            now,
        ),
        hooks_by_status={row[0]: row[1] for row in connection.execute(by_status)},
        hooks_paused=_count(connection, paused),
        clock_up=clock is not None and clock.until >= now,
    )


def webhooks_pending(connection: Connection) -> int:
    """Webhooks that have not become events yet."""
    return _count(connection, select(func.count()).where(inbound.c.due_at.is_not(None)))


def _events_lately(connection: Connection, now: int) -> int:
    """Events of the webhooks that came in during the last minute: their sequence begins with its place."""
    first = (
        select(func.min(inbound.c.place))
        .where(inbound.c.received_at >= now - _LATELY_MS, inbound.c.sealed.is_not(None))
        .scalar_subquery()
    )
    place = connection.execute(select(first)).scalar()
    if place is None:
        return 0
    return _count(connection, select(func.count()).where(events.c.sequence >= place * EVENTS_PER_WEBHOOK))


def _count(connection: Connection, statement: object) -> int:
    return int(connection.execute(statement).scalar() or 0)  # type: ignore[call-overload]


def _age(connection: Connection, statement: object, now: int) -> float:
    oldest = connection.execute(statement).scalar()  # type: ignore[call-overload]
    return 0.0 if oldest is None else max(0.0, (now - oldest) / 1000)
