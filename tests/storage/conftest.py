"""The same tests on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.servers import Postgres
from kit.workbench import Workbench, sqlite_url


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "SQLite":
        return sqlite_url(tmp_path)
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database().replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture
def bench(url: str) -> Iterator[Workbench]:
    with Workbench(url) as made:
        yield made
