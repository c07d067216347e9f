"""The same tests on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.servers import Postgres
from kit.workbench import Workbench, sqlite_url
from relay.storage import Database
from relay.storage.migrate import upgrade


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def newest(postgres: Postgres) -> str:
    """A database at the newest schema, to be copied: a copy takes less than all migrations once more."""
    made = postgres.new_database()
    database = Database(_address(made))
    upgrade(database)
    database.close()
    return made


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if kind == "SQLite":
        return sqlite_url(tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    return _address(server.new_database())


@pytest.fixture
def bench(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workbench]:
    if kind == "SQLite":
        url = sqlite_url(tmp_path)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = _address(server.new_database(request.getfixturevalue("newest")))
    with Workbench(url) as made:
        yield made


def _address(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")
