"""Connections. Readers never wait for writers; on SQLite writers stand in line.

SQLite wakes a waiting writer by sleeping longer and longer (up to 100 ms), which is unfair under load. A lock on
a file beside the database wakes the next one at once, over threads and processes.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError

from relay.errors import StorageUnavailable

if TYPE_CHECKING:
    from relay.security.vault import Vault
    from relay.storage.patience import Patience

AUDIT = "relay_audit"
_SQLITE_KIND = 0xFF
"""An extended code holds the kind of an error in its last byte."""

_POSTGRESQL_FULL = "53100"
_POSTGRESQL_DAMAGED = ("XX001", "XX002")
_BUSY_MS = 10_000
_MAPPED_BYTES = 2_147_418_112
_CHECKPOINT_PAGES = 8_000
# A server that vanished without a word is given up within seconds, so that callers can be told to come again.
_POSTGRESQL = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 30,
    "keepalives_count": 3,
    # A pooler may give each transaction another connection, which knows nothing of what was prepared on the last.
    # Measured over storing, claiming and recording: it costs the server 9 % more in large batches, us 5 % less.
    "prepare_threshold": None,
}
# An error's words may end in a log, and must not take a customer's data there.
_SETTINGS: dict[str, Any] = {"pool_size": 8, "max_overflow": 32, "hide_parameters": True}


class Database:
    """One database, for one process. Made before a fork it must not be used after it.

    `vault` seals entries of the audit log: without it none can be written.
    `patience` is how many seconds its answers are waited for, and other writers of this process; None is without end.
    """

    def __init__(self, url: str, vault: "Vault | None" = None, *, patience: float | None = None) -> None:
        parsed = make_url(url)
        noted = {AUDIT: vault.mac("audit log") if vault else None}
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self._gate = threading.Lock()
        self._gate_file: int | None = None
        self._gate_seconds = -1.0 if patience is None else patience
        self._patience: Patience | None = None
        if self.is_sqlite:
            path = Path(str(parsed.database))
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._gate_file = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.engine = create_engine(
                url, connect_args={"timeout": _BUSY_MS / 1000}, execution_options=noted, **_SETTINGS
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = create_engine(
                url,
                pool_pre_ping=True,
                pool_recycle=1800,
                connect_args=_POSTGRESQL,
                execution_options=noted,
                **_SETTINGS,
            )
            if patience is not None:
                from relay.storage import patience as patience_with  # loads PostgreSQL's driver

                self._patience = patience_with.Patience(patience)
                self._patience.watch(self.engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with. Raises `StorageUnavailable`."""
        try:
            with self._connected() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed durably when the block ends, undone when it raises."""
        try:
            # A new file's first connection makes it one that many can use, for which nobody else may have it open.
            with self._in_line(), self._connected() as connection:
                connection = connection.execution_options(relay_writes=True)
                with connection.begin():
                    yield connection
        except SQLAlchemyError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        self.engine.dispose()
        if self._gate_file is not None:
            os.close(self._gate_file)
            self._gate_file = None

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if self._patience is not None:
            self._patience.check()
        with self.engine.connect() as connection:
            if self._patience is not None:
                self._patience.found()
            yield connection

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        if self._gate_file is None:
            yield
            return
        if not self._gate.acquire(timeout=self._gate_seconds):
            raise StorageUnavailable("The database is busy with what came before. Try again.")
        try:
            fcntl.flock(self._gate_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._gate_file, fcntl.LOCK_UN)
        finally:
            self._gate.release()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, as reader or as writer
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    cursor.execute("PRAGMA cache_size = -65536")
    cursor.execute("PRAGMA temp_store = MEMORY")
    # Another process's commit empties this one's page cache; what is mapped is read again without a call.
    cursor.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
    cursor.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("relay_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _unavailable(error: SQLAlchemyError) -> StorageUnavailable:
    cause = getattr(error, "orig", None)
    named = _named(cause)
    if named is not None:
        return StorageUnavailable(named[0], reason=named[1], remedy=named[2])
    return StorageUnavailable(
        f"The database did not take it: {type(cause or error).__name__}. Try again.",
        reason=f"The database did not take it: {_words(cause)}." if _is_of_the_server(error, cause) else "",
    )


def _named(cause: BaseException | None) -> tuple[str, str, str] | None:
    """Of what no further try mends: what a sender is told, what the operator is told, and what mends it."""
    kind = getattr(cause, "sqlite_errorcode", None)
    state = getattr(cause, "sqlstate", None)
    if (kind is not None and kind & _SQLITE_KIND == sqlite3.SQLITE_FULL) or state == _POSTGRESQL_FULL:
        return (
            "There is no room left to store it. Send it again later.",
            "The disk of the database is full.",
            "make room: nothing is lost, and it goes on by itself",
        )
    damaged = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    if (kind is not None and kind & _SQLITE_KIND in damaged) or state in _POSTGRESQL_DAMAGED:
        return (
            "The database is damaged: nothing can be stored until its operator has mended it.",
            "The database is damaged.",
            "stop the relay and put a backup back: see Back up in docs/how-to/production.md",
        )
    return None


def _is_of_the_server(error: SQLAlchemyError, cause: BaseException | None) -> bool:
    """Whether an error is about the database as a whole. What it says of a row may hold a customer's data."""
    if isinstance(cause, sqlite3.DatabaseError):
        return not isinstance(cause, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.InterfaceError)
    return isinstance(error, OperationalError | InternalError)


def _words(cause: BaseException | None) -> str:
    """The first line of what the database says: the rest is advice to its own administrator."""
    first = str(cause).strip().splitlines()[:1]
    return first[0].rstrip(".")[:300] if first else type(cause).__name__
