"""Looks at an installation as its operator would, and says what to do about what it finds.

Where to look is handed out by the areas (`relay/areas/findings.py`).
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeVar

from relay.areas.discovery import handed_out
from relay.areas.findings import BROKEN, FINE, LOOK, Finding, OfSettings, OfSource, OfStored, Stored
from relay.config import Config
from relay.errors import ConfigError, ProviderMissing, StorageUnavailable
from relay.model import now_ms
from relay.security.vault import Vault
from relay.storage import Database, sources, workspaces
from relay.storage.migrate import check

_URGENCY = (BROKEN, LOOK, FINE)
_MOST_SOURCES = 1000

Kind = TypeVar("Kind", OfSettings, OfStored, OfSource)


def examine() -> list[Finding]:
    """Everything worth saying about the relay that the environment points at."""
    try:
        config = Config.load()
        vault = Vault(config.secret_keys)
    except ConfigError as error:
        return [Finding(BROKEN, "configuration", error.message, "set the variable and run this again")]
    except OSError as error:
        remedy = "run this as the user that the relay runs as, or set RELAY_DATA_DIR"
        return [Finding(BROKEN, "data directory", f"{error.filename}: {error.strerror}", remedy)]
    of_settings = chain.from_iterable(each.look(config) for each in _looks(OfSettings))
    findings = [*of_settings, *_database(config, vault)]
    return sorted(findings, key=lambda each: _URGENCY.index(each.state))


def _looks(kind: type[Kind]) -> Iterator[Kind]:
    return (each for each in chain.from_iterable(handed_out("FINDINGS")) if isinstance(each, kind))


def _database(config: Config, vault: Vault) -> Iterator[Finding]:
    """What the database says, or what is wrong with it."""
    try:
        database = Database(config.database_url, vault)
    except OSError as error:
        yield Finding(BROKEN, "database", f"{error.filename}: {error.strerror}", "give it to the user of the relay")
        return
    try:
        with database.read() as connection:
            version = check(connection)
        if version is None:
            yield Finding(
                BROKEN, "database", "empty: the relay was never started here", "relay up, or set RELAY_DATA_DIR"
            )
        else:
            yield Finding(FINE, "database", "answers")
            yield from _stored(config, database, vault)
    except StorageUnavailable as error:
        remedy = error.remedy or "start it, or check RELAY_DATABASE_URL"
        yield Finding(BROKEN, "database", error.reason or error.message, remedy)
    except ConfigError as error:
        yield Finding(BROKEN, "database", error.message, "see Upgrade and Back up in docs/how-to/production.md")
    finally:
        database.close()


def _stored(config: Config, database: Database, vault: Vault) -> Iterator[Finding]:
    with database.read() as connection:
        workspace = workspaces.first(connection)
        stored = Stored(config, connection, vault, now_ms(), workspace.id if workspace else None)
        for each in _looks(OfStored):
            yield from each.look(stored)
        yield from _sources(stored)


def _sources(stored: Stored) -> Iterable[Finding]:
    if stored.workspace_id is None:
        return
    known = sources.search(stored.connection, stored.vault, stored.workspace_id, limit=_MOST_SOURCES)
    if not known:
        yield Finding(LOOK, "sources", "none", "add one: relay source add PROVIDER")
    looks = [each.start(stored) for each in _looks(OfSource)]
    for source in known:
        if not source.opens:
            continue
        try:
            found = list(chain.from_iterable(look(source) for look in looks))
        except ProviderMissing as error:
            remedy = f"bring the provider back, or remove it: relay source remove {source.id}"
            found = [Finding(BROKEN, f"source {source.name}", error.message, remedy)]
        yield from found
