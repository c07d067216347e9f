"""Rows that may be there already: many in one statement, for the tables that every webhook goes through, or one.

On SQLite every step of a statement gives up the interpreter and waits for it again, and all other processes wait
for the write lock meanwhile. So rows go in together, in one step, and none is read back.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table

_MOST_VALUES = 30_000
"""SQLite takes 32,766 values in a statement, PostgreSQL 65,535."""
_MOST_ASKED = 2000
"""PostgreSQL's stack holds some thousands of pairs in an IN."""

Item = TypeVar("Item")


def parts(values: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """As many as one statement can ask for at a time: a hundred webhooks may hold very many events."""
    for start in range(0, len(values), _MOST_ASKED):
        yield values[start : start + _MOST_ASKED]


def insert_new(connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]) -> int:
    """Insert rows, passing over those that are there already; returns how many went in."""
    most = _MOST_VALUES // len(columns)
    inserted = 0
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        statement = _statement(connection.dialect.paramstyle, table.name, columns, len(part))
        done = connection.exec_driver_sql(statement, tuple(value for row in part for value in row))
        inserted += done.rowcount
    return inserted


def write_over(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
    *,
    known_by: int = 1,
) -> None:
    """Insert rows, or write them over those with the same values in the first columns, `known_by` of them."""
    most = _MOST_VALUES // len(columns)
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        statement = _over(connection.dialect.paramstyle, table.name, columns, known_by, len(part))
        connection.exec_driver_sql(statement, tuple(value for row in part for value in row))


def insert_once(connection: Connection, table: Table, **values: Any) -> bool:
    """Insert a row unless it is there already; returns whether it was inserted."""
    added = _insert(connection, table).values(**values).on_conflict_do_nothing().returning(*table.primary_key)
    return connection.execute(added).first() is not None


def upsert(
    connection: Connection,
    table: Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    new: Mapping[str, Any] | None = None,
) -> None:
    """Insert the row of `key` with `values`, or write them over the row that is there.

    `new` is what only an inserted row is given, in place of the same name among `values` if it is there.
    """
    row = _insert(connection, table).values({**key, **values, **(new or {})})
    connection.execute(row.on_conflict_do_update(index_elements=list(key), set_=dict(values)))


def copy_new(connection: Connection, table: Table, columns: tuple[str, ...], rows: Select[Any]) -> None:
    """Insert what `rows` selects, passing over what is there already."""
    connection.execute(_insert(connection, table).from_select(list(columns), rows).on_conflict_do_nothing())


def _insert(connection: Connection, table: Table) -> Any:
    """The database's own, which knows what to do with a row that is there already."""
    # The other dialect stays unloaded: a command takes as long as what it loads.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        return insert_postgresql(table)
    from sqlalchemy.dialects.sqlite import insert as insert_sqlite

    return insert_sqlite(table)


@cache
def _over(paramstyle: str, table: str, columns: tuple[str, ...], known_by: int, count: int) -> str:
    new = ", ".join(f"{name} = excluded.{name}" for name in columns[known_by:])
    inserted = _statement(paramstyle, table, columns, count).removesuffix("DO NOTHING")
    return f"{inserted}({', '.join(columns[:known_by])}) DO UPDATE SET {new}"


@cache
def _statement(paramstyle: str, table: str, columns: tuple[str, ...], count: int) -> str:
    mark = "?" if paramstyle == "qmark" else "%s"
    row = f"({', '.join([mark] * len(columns))})"
    # Names come from our own tables, values are bound.
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * count)} ON CONFLICT DO NOTHING"  # noqa: S608
