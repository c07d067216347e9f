"""What was sent to whom, for a day: nobody is told the same twice, or too much in an hour.

A recipient, a text and the channel that an API key asked for are kept as hashes. A notice is claimed before it is
sent, so that two workers do not send it.
"""

import zlib
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from relay.storage.bulk import upsert
from relay.storage.tables import notices, workspaces

SENDING, SENT, UNKNOWN = "sending", "sent", "unknown"
SAME_TEXT_MS = 24 * 3600 * 1000
PER_CHANNEL_HOUR = 200
"""Messages in an hour for which API keys asked, over one channel, unless the operator says otherwise."""

_HOUR_MS = 3600 * 1000
_UNDER_WAY_MS = 30_000
_SPREAD_MS = 300_000


@dataclass(frozen=True, slots=True)
class Notice:
    """One message of a run over one channel. `asked_over` is the channel where an API key asked for it, else None."""

    run_id: str
    channel: str
    recipient: str
    text: str
    asked_over: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a notice may be sent now: `before` if the same was sent already, else not `until` then (Unix ms)."""

    before: bool = False
    until: int | None = None


def claim(
    connection: Connection,
    workspace_id: str,
    notice: Notice,
    now: int,
    per_hour: int,
    per_channel_hour: int = PER_CHANNEL_HOUR,
) -> Claim:
    """Take a notice to be sent, unless it was sent before, or its recipient has had enough for now, or API keys have
    asked for enough over its channel.
    """
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
    asked = _asked_lately(connection, notice, now)
    if len(asked) >= per_channel_hour:
        # Not all that wait at the same moment: each would look again, and find that one has taken the room.
        return Claim(until=max(asked[-per_channel_hour] + _HOUR_MS, now) + _spread(notice.run_id))
    values = {
        "recipient": notice.recipient,
        "text": notice.text,
        "asked_over": notice.asked_over,
        "state": SENDING,
        "at": now,
    }
    upsert(connection, notices, {"run_id": notice.run_id, "channel": notice.channel}, values)
    return Claim()


def _asked_lately(connection: Connection, notice: Notice, now: int) -> list[int]:
    """When API keys' messages of the last hour went over this channel."""
    if notice.asked_over is None:
        return []
    found = connection.execute(
        select(notices.c.at)
        .where(
            notices.c.asked_over == notice.asked_over,
            notices.c.at > now - _HOUR_MS,
            notices.c.run_id != notice.run_id,
        )
        .order_by(notices.c.at)
    )
    return list(found.scalars())


def _spread(run_id: str) -> int:
    return zlib.crc32(run_id.encode()) % _SPREAD_MS


def settle(connection: Connection, notice: Notice, state: str) -> None:
    """Note what came of a notice: sent, or nobody knows."""
    connection.execute(update(notices).where(_is(notice)).values(state=state))


def release(connection: Connection, notice: Notice) -> None:
    """Forget a notice that certainly was not sent."""
    connection.execute(delete(notices).where(_is(notice)))


def prune(connection: Connection, now: int) -> int:
    """Remove what no longer keeps the same text back; returns how many notices those were."""
    return connection.execute(delete(notices).where(notices.c.at < now - SAME_TEXT_MS)).rowcount


def _is(notice: Notice) -> ColumnElement[bool]:
    return and_(notices.c.run_id == notice.run_id, notices.c.channel == notice.channel)


PRUNE = prune
