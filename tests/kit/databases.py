"""Databases at the newest schema: migrations run once in each process, SQLite's files are copies of what they made."""

import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy.engine import make_url

from relay.security.vault import Vault
from relay.storage import Database
from relay.storage.migrate import upgrade


def at_newest(url: str, vault: Vault | None = None) -> Database:
    """The database of this address, which may be empty."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(str(parsed.database))
        if not path.exists():
            path.write_bytes(_file())
    database = Database(url, vault)
    upgrade(database)
    return database


@cache
def _file() -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "relay.db"
        database = Database(f"sqlite:///{path}")
        upgrade(database)
        database.close()  # the last connection takes what is in the log into the file
        return path.read_bytes()
