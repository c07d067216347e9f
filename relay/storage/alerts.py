"""How alerts stand, by their source and key. What is news is judged in relay/inbound/news.py."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select, text, tuple_

from relay.model import AlertKey, AlertStanding
from relay.storage.bulk import parts, write_over
from relay.storage.tables import alerts

_FIELDS = ("open", "severity", "heard_at", "type", "outage", "changed_at")
_COLUMNS = ("source_id", "key", *_FIELDS)
# Two workers that hear of the same alerts judge one after the other, also of those that have no row to lock yet.
_IN_LINE = text("SELECT pg_advisory_xact_lock(hashtextextended(id, 0)) FROM unnest(CAST(:ids AS text[])) AS id")


def standing(connection: Connection, keys: Iterable[AlertKey]) -> dict[AlertKey, AlertStanding]:
    """How these alerts stand, those that are known; nobody else changes them until this transaction ends."""
    asked = sorted(set(keys))
    if connection.dialect.name == "postgresql":
        connection.execute(_IN_LINE, {"ids": sorted({source_id for source_id, _ in asked})})
    rows = (
        row
        for some in parts(asked)
        for row in connection.execute(select(alerts).where(tuple_(alerts.c.source_id, alerts.c.key).in_(some)))
    )
    return {(row.source_id, row.key): AlertStanding(*(getattr(row, name) for name in _FIELDS)) for row in rows}


def save(connection: Connection, changed: Mapping[AlertKey, AlertStanding]) -> None:
    rows = [(*key, *(getattr(each, name) for name in _FIELDS)) for key, each in sorted(changed.items())]
    write_over(connection, alerts, _COLUMNS, rows, known_by=2)


def close(connection: Connection, source_id: str, key: str, now: int) -> None:
    """Nothing is wrong with what has just been set up, so that its first success tells of no end."""
    save(connection, {(source_id, key): AlertStanding(open=False, severity="info", heard_at=now)})
