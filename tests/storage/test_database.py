"""Transactions, and what is said when the database is away."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import event, text

from kit.processes import free_port
from kit.servers import Postgres
from kit.workbench import Workbench
from relay.errors import StorageUnavailable
from relay.model import now_ms
from relay.storage import Database, locks, metrics


def locked(bench: Workbench) -> bool:
    with bench.database.read() as connection:
        return connection.execute(text("SELECT count(*) FROM locks")).scalar() == 1


def test_what_raises_is_undone(bench: Workbench) -> None:
    def fail() -> None:
        with bench.database.write() as connection:
            locks.hold(connection, "a", "b", 1, 2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert not locked(bench)


def test_what_is_being_written_is_not_seen_and_keeps_no_reader_waiting(bench: Workbench) -> None:
    with bench.database.write() as connection:
        locks.hold(connection, "a", "b", 1, 2)
        assert not locked(bench)

    assert locked(bench)


def test_many_writers_all_get_their_turn(bench: Workbench) -> None:
    def add() -> None:
        for _ in range(20):
            with bench.database.write() as connection:
                connection.execute(text("UPDATE locks SET until = until + 1"))

    with bench.database.write() as connection:
        locks.hold(connection, "a", "b", 0, 0)
    crowd = [threading.Thread(target=add) for _ in range(8)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()

    with bench.database.read() as connection:
        assert connection.execute(text("SELECT until FROM locks")).scalar() == 160


def test_an_error_says_neither_what_was_asked_nor_with_what(bench: Workbench) -> None:
    secret = "zoe@example.com"

    with pytest.raises(StorageUnavailable) as refused, bench.database.write() as connection:
        connection.execute(text("INSERT INTO nowhere (email) VALUES (:email)"), {"email": secret})

    chain, told = refused.value, []
    while chain is not None:
        told.append(str(chain))
        chain = chain.__cause__ or chain.__context__  # type: ignore[assignment]
    assert not any(secret in words for words in told)
    assert refused.value.message.startswith("The database did not take it: ")


def test_a_database_that_is_away_is_unavailable() -> None:
    database = Database(f"postgresql+psycopg://relay@127.0.0.1:{free_port()}/relay")

    for opened in (database.read, database.write):
        with pytest.raises(StorageUnavailable), opened():
            pass
    database.close()


def test_a_server_that_does_not_answer_is_given_up_and_asked_again(postgres: Postgres) -> None:
    """As a pooler does while the server behind it is away: it takes the question and says nothing."""
    database = Database(postgres.new_database().replace("postgresql:", "postgresql+psycopg:"), patience=0.5)
    with database.read() as connection:
        metrics.alive(connection)

    with postgres.frozen():
        for opened in (database.read, database.write):
            with pytest.raises(StorageUnavailable), opened() as connection:
                metrics.alive(connection)
    with database.write() as connection:
        metrics.alive(connection)
    database.close()


def test_an_answer_that_takes_too_long_is_not_waited_for(postgres: Postgres) -> None:
    database = Database(postgres.new_database().replace("postgresql:", "postgresql+psycopg:"), patience=0.5)

    with pytest.raises(StorageUnavailable), database.write() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    with database.read() as connection:
        found = connection.execute(text("SELECT 1")).scalar()
    database.close()

    assert found == 1


def test_a_writer_waits_no_longer_than_is_said_for_those_before_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'relay.db'}", patience=0.05)
    refused = []

    def write() -> None:
        with pytest.raises(StorageUnavailable) as error, database.write():
            pass
        refused.append(error.value.message)

    with database.write():
        other = threading.Thread(target=write)
        other.start()
        other.join()
    with database.write():
        pass
    database.close()

    assert refused == ["The database is busy with what came before. Try again."]


def test_nothing_is_prepared_that_a_pooler_would_not_know(postgres: Postgres) -> None:
    """With many values a statement is prepared at its first use, unless that is switched off."""
    database = Database(postgres.new_database().replace("postgresql:", "postgresql+psycopg:"))
    with database.write() as connection:
        connection.execute(text("CREATE TABLE things (id int)"))
        connection.execute(text("INSERT INTO things VALUES (:id)"), [{"id": each} for each in range(20)])
        prepared = connection.execute(text("SELECT count(*) FROM pg_prepared_statements")).scalar()
    database.close()

    assert prepared == 0


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "relay.db").write_bytes(b"not a database" * 100)
    database = Database(f"sqlite:///{tmp_path / 'relay.db'}")

    with pytest.raises(StorageUnavailable), database.read() as connection:
        metrics.alive(connection)
    database.close()


def test_an_empty_relay_has_numbers(bench: Workbench) -> None:
    with bench.database.read() as connection:
        metrics.alive(connection)
        found = metrics.read(connection, now_ms())

    assert found == metrics.Metrics(0, 0, 0.0, 0, 0, 0.0, {}, 0)


def test_a_damaged_database_and_a_full_disk_are_named(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'relay.db'}")
    with database.write() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (text TEXT)")
    event.listen(database.engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 1"))
    with pytest.raises(StorageUnavailable) as full, database.write() as connection:
        connection.exec_driver_sql("INSERT INTO kept VALUES (hex(randomblob(1000000)))")
    database.close()
    (tmp_path / "relay.db").write_bytes(b"no database at all" * 1000)
    for left in ("relay.db-wal", "relay.db-shm"):
        (tmp_path / left).unlink(missing_ok=True)
    database = Database(f"sqlite:///{tmp_path / 'relay.db'}")
    with pytest.raises(StorageUnavailable) as damaged, database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM kept")
    database.close()

    assert full.value.reason == "The disk of the database is full."
    assert damaged.value.reason == "The database is damaged."
    assert "backup" in damaged.value.remedy
