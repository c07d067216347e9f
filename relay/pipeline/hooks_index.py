"""The active hooks, as fresh as a worker needs them."""

import time

from relay.model import now_ms
from relay.outbound.match import HookIndex
from relay.security.vault import Vault
from relay.storage import Connection, Database, hooks

_FRESH_SECONDS = 1.0
_SAME_MOMENT_MS = 1000


class ActiveHooks:
    """Read again when a hook has changed, and each second for how the hooks' circuits stand."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._index = HookIndex({})
        self._read_at = float("-inf")
        self._newest_change: int | None = None

    def refresh(self) -> None:
        """See at most a second late how the hooks' circuits stand."""
        if time.monotonic() - self._read_at > _FRESH_SECONDS:
            with self._database.read() as connection:
                self._read(connection)

    def within(self, connection: Connection) -> HookIndex:
        """The hooks as they are in this transaction: one that was made a moment ago gets what came in after it."""
        if self._newest_change is None or hooks.newest_change(connection) != self._newest_change:
            self._read(connection)
        return self._index

    def _read(self, connection: Connection) -> None:
        changed = hooks.newest_change(connection) or 0
        self._index = HookIndex.of(hooks.active(connection, self._vault))
        self._read_at = time.monotonic()
        # Another change in the same millisecond could not be told from this one.
        self._newest_change = changed if changed < now_ms() - _SAME_MOMENT_MS else None
