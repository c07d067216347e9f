"""Which alerts are open, so that one that goes on is told once, and once more when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from relay.model import Event
from relay.storage.tables import alerts, events
from relay.times import instant

OPENING = frozenset(["monitor.down", "alert.raised"])
_STATING = OPENING | frozenset(["monitor.up", "alert.resolved"])
_RANKS = {"info": 0, "warning": 1, "critical": 2}


@dataclass(frozen=True, slots=True)
class State:
    """How an alert stands. `changed_at` (Unix ms) is when its source says that it changed; None if it never says."""

    open: bool
    severity: str
    changed_at: int | None


def news(connection: Connection, told: Sequence[Event]) -> set[str]:
    """The ids of those events that tell anything new, in the transaction that stores them.

    Not new are: an alert that is open already, unless it has become more severe; the end of one that has ended; one
    that its source dates before the end that was told already (webhooks come in any order). The end of an alert that
    was told is always new, whatever its date.
    """
    wanted = {event.id for event in told}
    stating = [event for event in told if event.type in _STATING and event.defect is None and _key(event)]
    if not stating:
        return wanted
    stored = set(connection.execute(select(events.c.id).where(events.c.id.in_([e.id for e in stating]))).scalars())
    keys = {_key(event) for event in stating}
    rows = connection.execute(select(alerts).where(tuple_(alerts.c.source_id, alerts.c.key).in_(keys)))
    states = {(row.source_id, row.key): State(row.open, row.severity, row.changed_at) for row in rows}
    changed = {}
    for event in sorted(stating, key=lambda each: each.sequence):
        key, after = _key(event), _state(event)
        if event.id in stored or not _tells(states.get(key), after):
            wanted.discard(event.id)
        else:
            states[key] = changed[key] = after
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


def _save(connection: Connection, changed: dict[Any, State]) -> None:
    if not changed:
        return
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    rows = [
        {"source_id": source_id, "key": key, "open": s.open, "severity": s.severity, "changed_at": s.changed_at}
        for (source_id, key), s in sorted(changed.items())
    ]
    new = insert(alerts).values(rows)
    values = {name: new.excluded[name] for name in ("open", "severity", "changed_at")}
    connection.execute(new.on_conflict_do_update(index_elements=["source_id", "key"], set_=values))
