"""Seals everything anew with the first key, so that the others can go.

A row that is done begins with the key's name, so whoever is interrupted goes on by beginning again. Others may write
meanwhile: a row that changed under us was sealed with the first key by whoever changed it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, func, select, tuple_, update

from relay.errors import DoesNotOpen
from relay.security.vault import Mac, Vault
from relay.storage import audit
from relay.storage.database import Database
from relay.storage.sealed import TABLES, Sealed, Shut
from relay.storage.tables import audit as audit_table
from relay.storage.tables import audit_anchors

_AT_ONCE = 200
Progress = Callable[[str, int], object]
"""Told of each batch: the kind of data, and how many values more are encrypted again."""


@dataclass(frozen=True, slots=True)
class Left:
    """How many values are still to be encrypted again, and of which kinds."""

    kind: str
    count: int


def left(connection: Connection, vault: Vault) -> list[Left]:
    """What the other keys are still needed for."""
    found = [Left(each.kind, _count(connection, each.table, _old(each.table, vault))) for each in TABLES]
    mac = vault.mac(audit.KIND)
    for table in (audit_table, audit_anchors):
        found += [Left(audit.KIND, _count(connection, table, _old_seal(table, mac)))]
    return [each for each in found if each.count]


def reseal(database: Database, vault: Vault, progress: Progress = lambda *_: None) -> list[Shut]:
    """Seal all anew; returns what does not open with any of the keys, and was left as it is."""
    shut: list[Shut] = []
    for each in TABLES:
        shut += _table(database, vault, each, progress)
    mac = vault.mac(audit.KIND)
    shut += _seals(database, mac, audit_table, lambda row: row.hash.encode(), progress)
    shut += _seals(database, mac, audit_anchors, audit.anchored, progress)
    return shut


def _table(database: Database, vault: Vault, each: Sealed, progress: Progress) -> Iterator[Shut]:
    def anew(row: Any) -> bytes:
        context = each.context(row)
        return vault.seal(vault.open(row.sealed, context), context)

    for row in _batches(database, each.table, "sealed", _old(each.table, vault), anew, each.kind, progress):
        yield Shut(each.kind, each.name(row))


def _seals(
    database: Database, mac: Mac, table: Table, sealed: Callable[[Any], bytes], progress: Progress
) -> Iterator[Shut]:
    def anew(row: Any) -> str:
        if not mac.fits(sealed(row), row.seal):
            raise DoesNotOpen("This seal was not made with one of the keys.")
        return mac.seal(sealed(row))

    for row in _batches(database, table, "seal", _old_seal(table, mac), anew, audit.KIND, progress):
        yield Shut(audit.KIND, f"{table.name} {row[0]}")


def _batches(
    database: Database,
    table: Table,
    column: str,
    old: ColumnElement[bool],
    anew: Callable[[Any], Any],
    kind: str,
    progress: Progress,
) -> Iterator[Any]:
    """Goes through a table by its key, a transaction for each batch; yields the rows that do not open."""
    key = list(table.primary_key.columns)
    after: Sequence[Any] | None = None
    while True:
        done, failed = 0, []
        with database.write() as connection:
            statement = select(table).where(old).order_by(*key).limit(_AT_ONCE)
            if after is not None:
                statement = statement.where(tuple_(*key) > tuple_(*after))
            rows = connection.execute(statement).all()
            for row in rows:
                mine = and_(*(column_ == getattr(row, column_.name) for column_ in key))
                before = getattr(row, column)
                try:
                    value = anew(row)
                except DoesNotOpen:
                    failed.append(row)
                    continue
                connection.execute(update(table).where(mine, table.c[column] == before).values({column: value}))
                done += 1
        yield from failed
        if done:
            progress(kind, done)
        if len(rows) < _AT_ONCE:
            return
        after = [getattr(rows[-1], column_.name) for column_ in key]


def _count(connection: Connection, table: Table, old: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(old)).scalar_one())


def _old(table: Table, vault: Vault) -> ColumnElement[bool]:
    sealed = table.c.sealed
    return and_(sealed.is_not(None), func.substr(sealed, 1, len(vault.head)) != vault.head)


def _old_seal(table: Table, mac: Mac) -> ColumnElement[bool]:
    seal = table.c.seal
    return and_(seal.is_not(None), func.substr(seal, 1, len(mac.head)) != mac.head)
