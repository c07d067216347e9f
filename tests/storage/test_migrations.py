"""Migrations lead to the tables that the code knows, from wherever they start."""

import threading
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from relay.errors import ConfigError
from relay.storage import Database
from relay.storage.migrate import MIGRATIONS, VERSIONS, alembic_config, upgrade
from relay.storage.tables import idempotency, metadata


def test_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    database = Database(url)
    upgrade(database)

    with database.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        indexes = {
            (table, index["name"]): tuple(index["column_names"])
            for table in metadata.tables
            for index in inspect(connection).get_indexes(table)
            if not index.get("duplicates_constraint")
        }
    database.close()

    assert differences == []
    assert indexes == {
        (table.name, index.name): tuple(column.name for column in index.columns)
        for table in metadata.tables.values()
        for index in table.indexes
    }


def test_a_second_upgrade_changes_nothing(url: str) -> None:
    database = Database(url)
    upgrade(database)
    upgrade(database)

    with database.read() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
        newest = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    database.close()

    assert at == newest


def test_parts_that_start_together_upgrade_once(url: str) -> None:
    databases = [Database(url) for _ in range(4)]
    failed: list[BaseException] = []

    def start(database: Database) -> None:
        try:
            upgrade(database)
        except BaseException as error:  # noqa: BLE001  told to the test below
            failed.append(error)

    parts = [threading.Thread(target=start, args=(database,)) for database in databases]
    _run(parts)
    for database in databases:
        database.close()

    assert failed == []


def test_every_migration_can_be_taken_back(url: str) -> None:
    database = Database(url)
    upgrade(database)

    with database.write() as connection:
        command.downgrade(alembic_config(connection), "base")
    with database.read() as connection:
        left = set(inspect(connection).get_table_names())
    database.close()

    assert left <= {"alembic_version"}


def _run(threads: list[Any]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_idempotency_keys_of_before_are_kept_and_belong_to_no_api_key(url: str) -> None:
    database = Database(url)
    upgrade(database)
    with database.write() as connection:
        command.downgrade(alembic_config(connection), "0013")
        values = "'ws_1', 'one', 'hash', 201, 7"
        columns = "workspace_id, key, request_hash, status_code, created_at"
        connection.execute(text(f"INSERT INTO idempotency ({columns}) VALUES ({values})"))

    upgrade(database)

    with database.read() as connection:
        kept = [tuple(row) for row in connection.execute(select(idempotency))]
    database.close()
    assert kept == [("ws_1", "", "one", "hash", 201, None, 7)]


def test_a_database_that_a_newer_version_has_written_is_left_alone(url: str) -> None:
    database = Database(url)
    upgrade(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0099'"))

    with pytest.raises(ConfigError, match="its schema is 0099"):
        upgrade(database)

    with database.read() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0099"
    database.close()


def test_the_versions_are_known_by_the_names_of_their_files() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))

    assert sorted(each.revision for each in scripts.walk_revisions()) == VERSIONS
    assert scripts.get_current_head() == VERSIONS[-1]
