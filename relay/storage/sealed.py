"""Which tables hold sealed values, what each is bound to, and which rows do not open.

A row does not open when the key that it was sealed with was dropped, or when it was changed or moved.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from relay.errors import DoesNotOpen
from relay.security.vault import Vault
from relay.storage.tables import action_runs, channels, hooks, idempotency, inbound, sources


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table with a column `sealed`. `context` is what a row's value is bound to, `name` what people know the row by;
    `lasting` are rows that are used until somebody removes them, by this condition."""

    kind: str
    table: Table
    context: Callable[[Any], str]
    name: Callable[[Any], str] = lambda row: str(row.id)
    lasting: ColumnElement[bool] | None = None


TABLES = (
    Sealed("source", sources, lambda row: str(row.id), lasting=sources.c.deleted_at.is_(None)),
    Sealed("hook", hooks, lambda row: str(row.id), lasting=hooks.c.status != "deleted"),
    Sealed(
        "channel",
        channels,
        lambda row: channel_context(row.workspace_id, row.name),
        lambda row: str(row.name),
        lasting=channels.c.name != "",
    ),
    Sealed("action run", action_runs, lambda row: str(row.id)),
    Sealed("answer", idempotency, lambda row: f"{row.workspace_id}:{row.key}", lambda row: str(row.key)),
    Sealed("webhook", inbound, lambda row: str(row.id)),
)


@dataclass(frozen=True, slots=True)
class Shut:
    """A row that does not open."""

    kind: str
    name: str


def channel_context(workspace_id: str, name: str) -> str:
    return f"channel {workspace_id} {name}"


def shut(connection: Connection, vault: Vault) -> tuple[list[Shut], int]:
    """The sources, hooks and channels that do not open, and how many there are that do."""
    found = list(_judged(connection, vault))
    return [each for each, opens in found if not opens], sum(opens for _, opens in found)


def _judged(connection: Connection, vault: Vault) -> Iterator[tuple[Shut, bool]]:
    for each in TABLES:
        if each.lasting is None:
            continue
        for row in connection.execute(select(each.table).where(each.lasting)):
            try:
                vault.open(row.sealed, each.context(row))
            except DoesNotOpen:
                yield Shut(each.kind, each.name(row)), False
            else:
                yield Shut(each.kind, each.name(row)), True
