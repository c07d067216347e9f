"""What was sent to whom, for a day: nobody is told the same twice, or too much in an hour.

A recipient and a text are kept as hashes. A notice is claimed before it is sent, so that two workers do not send it.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from relay.storage.tables import notices, workspaces

SENDING, SENT, UNKNOWN = "sending", "sent", "unknown"
SAME_TEXT_MS = 24 * 3600 * 1000
_HOUR_MS = 3600 * 1000
_UNDER_WAY_MS = 30_000


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of a run over one channel."""

    run_id: str
    channel: str
    recipient: str
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a notice may be sent now: `before` if the same was sent already, else not `until` then (Unix ms)."""

    before: bool = False
    until: int | None = None


def claim(connection: Connection, workspace_id: str, notice: Notice, now: int, per_hour: int) -> Claim:
    """Take a notice to be sent, unless it was sent before or its recipient has had enough for now."""
    # In line first, in a statement of its own: on PostgreSQL one that waited for a lock sees what was there before.
    connection.execute(select(workspaces.c.id).where(workspaces.c.id == workspace_id).with_for_update())
    others = list(
        connection.execute(
            select(notices.c.text, notices.c.state, notices.c.at)
            .where(
                notices.c.recipient == notice.recipient,
                notices.c.at > now - SAME_TEXT_MS,
                notices.c.run_id != notice.run_id,
            )
            .order_by(notices.c.at)
        )
    )
    same = {row.state for row in others if row.text == notice.text}
    if SENT in same:
        return Claim(before=True)
    if SENDING in same:
        return Claim(until=now + _UNDER_WAY_MS)
    lately = [row.at for row in others if row.at > now - _HOUR_MS]
    if len(lately) >= per_hour:
        return Claim(until=lately[-per_hour] + _HOUR_MS)
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    values = {"recipient": notice.recipient, "text": notice.text, "state": SENDING, "at": now}
    connection.execute(
        insert(notices)
        .values(run_id=notice.run_id, channel=notice.channel, **values)
        .on_conflict_do_update(index_elements=["run_id", "channel"], set_=values)
    )
    return Claim()


def settle(connection: Connection, notice: Notice, state: str) -> None:
    """Note what came of a notice: sent, or nobody knows."""
    connection.execute(update(notices).where(_is(notice)).values(state=state))


def release(connection: Connection, notice: Notice) -> None:
    """Forget a notice that certainly was not sent."""
    connection.execute(delete(notices).where(_is(notice)))


def prune(connection: Connection, now: int) -> None:
    connection.execute(delete(notices).where(notices.c.at < now - SAME_TEXT_MS))


def _is(notice: Notice) -> ColumnElement[bool]:
    return and_(notices.c.run_id == notice.run_id, notices.c.channel == notice.channel)
