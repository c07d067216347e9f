"""The one relay that API, command line and tests work with, and one of its workspaces as somebody works in it."""

from collections.abc import Callable
from dataclasses import dataclass

from relay.config import Config
from relay.security.vault import Vault
from relay.storage import Connection, Database, audit


@dataclass(frozen=True, slots=True)
class Relay:
    """What everything needs: settings, the database, the keys, and a way to wake the workers of a lane."""

    config: Config
    database: Database
    vault: Vault
    wake: Callable[[str], None]

    def workspace(self, workspace_id: str, actor: str) -> "Workspace":
        return Workspace(self, workspace_id, actor)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace, and in whose name something is done in it: the audit log notes `actor`."""

    relay: Relay
    id: str
    actor: str

    @property
    def config(self) -> Config:
        return self.relay.config

    @property
    def database(self) -> Database:
        return self.relay.database

    @property
    def vault(self) -> Vault:
        return self.relay.vault

    def wake(self, lane: str) -> None:
        """Have the lane's workers look for what was committed."""
        self.relay.wake(lane)

    def note(self, connection: Connection, at: int, action: str, what: str, outcome: str = "done") -> None:
        """Add to the audit log what `actor` did, in the transaction of the doing."""
        audit.append(connection, audit.Entry(self.id, at, self.actor, action, what, outcome))
