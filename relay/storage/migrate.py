"""Brings a database to the newest schema. Safe to call from every part at its start: one does it, others wait."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from relay.errors import ConfigError
from relay.storage.database import Database

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

_LOCK = 0x52454C4159
_TABLE = "alembic_version"
MIGRATIONS = Path(__file__).parent / "migrations"
VERSIONS = sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
"""Of the schema, the newest last."""


def upgrade(database: Database) -> None:
    """Apply the migrations that are missing, in one transaction.

    Raises `StorageUnavailable`, or `ConfigError` where a newer version of the relay has written the database.
    """
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        if check(connection) != VERSIONS[-1]:
            from alembic import command  # every part starts through here, mostly with nothing to do

            command.upgrade(alembic_config(connection), "head")


def check(connection: Connection) -> str | None:
    """The schema's version that the database is at; None for an empty one. Raises `ConfigError` for a newer one."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {_TABLE}"))  # noqa: S608  our own name
    if found is not None and found not in VERSIONS:
        raise ConfigError(
            f"A newer version of the relay has written this database: its schema is {found}, and this version knows"
            f" none after {VERSIONS[-1]}. Start the newer version again; there is no way back but a backup from before."
        )
    return found


def alembic_config(connection: Connection) -> "AlembicConfig":
    """Alembic set up to use a connection that is already in a transaction."""
    from alembic.config import Config as AlembicConfig

    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
