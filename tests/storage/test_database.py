"""Transactions, and what is said when the database is away."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from relay.errors import StorageUnavailable
from relay.model import now_ms
from relay.storage import Database, locks, metrics
from running.processes import free_port
from running.workbench import Workbench


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
