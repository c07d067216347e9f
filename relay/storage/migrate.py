"""Brings a database to the newest schema. Safe to call from every part at its start: one does it, others wait."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from relay.errors import ConfigError
from relay.storage.database import Database

_LOCK = 0x52454C4159
MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Apply the migrations that are missing, in one transaction.

    Raises `StorageUnavailable`, or `ConfigError` where a newer version of the relay has written the database.
    """
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        check(connection)
        command.upgrade(alembic_config(connection), "head")


def check(connection: Connection) -> str | None:
    """The schema's version that the database is at; None for an empty one. Raises `ConfigError` for a newer one."""
    found = MigrationContext.configure(connection).get_current_revision()
    known = {each.revision for each in ScriptDirectory.from_config(alembic_config(connection)).walk_revisions()}
    if found is not None and found not in known:
        raise ConfigError(
            f"A newer version of the relay has written this database: its schema is {found}, and this version knows"
            f" none after {max(known)}. Start the newer version again; there is no way back but a backup from before."
        )
    return found


def alembic_config(connection: Connection) -> AlembicConfig:
    """Alembic set up to use a connection that is already in a transaction."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
