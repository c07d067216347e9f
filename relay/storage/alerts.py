"""Which alerts are open, so that one that goes on is told once, and once more when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, tuple_

from relay.model import Event
from relay.storage.rows import parts, write_over
from relay.storage.tables import alerts, events
from relay.times import instant

OPENING = frozenset(["monitor.down", "alert.raised"])
_STATING = OPENING | frozenset(["monitor.up", "alert.resolved"])
_COLUMNS = ("source_id", "key", "open", "severity", "changed_at")
_RANKS = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True, slots=True)
class State:
    """How an alert stands. `changed_at` (Unix ms) is when its source says that it changed; None if it never says."""

    open: bool
    severity: str
    changed_at: int | None


def news(connection: Connection, told: Sequence[Event]) -> set[int]:
    """The sequences of those events that tell anything new, in the transaction that stores them.

    Not new are: an alert that is open already, unless it has become more severe; the end of one that has ended; one
    that its source dates before the end that was told already (webhooks come in any order). The end of an alert that
    was told is always new, whatever its date. Of several with one id the first counts: a pair of senders tells each
    alert twice.
    """
    wanted = {event.sequence for event in told}
    stating = [event for event in told if event.type in _STATING and event.defect is None and _key(event)]
    if not stating:
        return wanted
    known = {
        own_id
        for some in parts([event.id for event in stating])
        for own_id in connection.execute(select(events.c.id).where(events.c.id.in_(some))).scalars()
    }
    states = _states(connection, sorted({_key(event) for event in stating}))
    changed = {}
    for event in sorted(stating, key=lambda each: each.sequence):
        key, after = _key(event), _state(event)
        if event.id in known or not _tells(states.get(key), after):
            wanted.discard(event.sequence)
        else:
            states[key] = changed[key] = after
            known.add(event.id)
    if changed:
        _save(connection, changed)
    return wanted


def close(connection: Connection, source_id: str, key: str) -> None:
    """Nothing is wrong with what has just been set up, so that its first success tells of no end."""
    _save(connection, {(source_id, key): State(open=False, severity="info", changed_at=None)})


def _tells(before: State | None, after: State) -> bool:
    if before is None:
        return True
    if before.open:
        return not after.open or _RANKS[after.severity] > _RANKS[before.severity]
    if not after.open:
        return False
    return before.changed_at is None or after.changed_at is None or after.changed_at >= before.changed_at


def _key(event: Event) -> Any:
    """Source and key of the alert that an event is about; None where it names none."""
    data = event.envelope["data"]
    alert, monitor = data.get("alert") or {}, data.get("monitor") or {}
    key = alert.get("key") or monitor.get("id")
    return None if key is None else (event.envelope["source"]["id"], str(key)[:255])


def _state(event: Event) -> State:
    envelope = event.envelope
    own_time = envelope["occurred_at"] != envelope["received_at"]
    moment = instant(envelope["occurred_at"]) if own_time else None
    return State(
        open=event.type in OPENING,
        severity=envelope["severity"],
        changed_at=None if moment is None else int(moment.timestamp() * 1000),
    )


def _states(connection: Connection, keys: Sequence[Any]) -> dict[Any, State]:
    rows = (
        row
        for some in parts(keys)
        for row in connection.execute(select(alerts).where(tuple_(alerts.c.source_id, alerts.c.key).in_(some)))
    )
    return {(row.source_id, row.key): State(row.open, row.severity, row.changed_at) for row in rows}


def _save(connection: Connection, changed: dict[Any, State]) -> None:
    # By one order: two workers that save the same alerts would wait for each other else.
    rows = [(*key, state.open, state.severity, state.changed_at) for key, state in sorted(changed.items())]
    write_over(connection, alerts, _COLUMNS, rows, known_by=2)
