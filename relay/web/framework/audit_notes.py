"""What calls leave in the audit log beside what they change: what was refused, and who saw what is sealed.

The same is noted once an hour, and of refusals so many in all: a flood of them must not fill the log.
"""

import time
from contextlib import suppress
from threading import Lock

from cachetools import TTLCache

from relay.errors import StorageUnavailable
from relay.model import now_ms
from relay.storage import Database, audit, workspaces

_HOUR_SECONDS = 3600.0
_MOST_REFUSALS = 60
_MOST_REMEMBERED = 5000
_LONGEST = 255


class Notes:
    """One for each web process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._noted: TTLCache[tuple[str, ...], bool] = TTLCache(_MOST_REMEMBERED, _HOUR_SECONDS)
        self._refusals: list[float] = []
        self._lock = Lock()

    def refused(self, workspace_id: str | None, actor: str, what: str, why: str) -> None:
        """A call that was refused; of one without a workspace the first hears. It is refused either way."""
        if not self._is_news("refused", actor, what, why, most=_MOST_REFUSALS):
            return
        with suppress(StorageUnavailable), self._database.write() as connection:
            if workspace_id is None:
                first = workspaces.first(connection)
                if first is None:
                    return
                workspace_id = first.id
            audit.append(connection, _entry(workspace_id, actor, "call.refused", what, why))

    def seen(self, workspace_id: str, actor: str, action: str, what: str, how: str = "done") -> None:
        """Something was shown that few may see. Raises `StorageUnavailable`: what cannot be noted is not shown."""
        if not self._is_news(action, actor, what, how):
            return
        try:
            with self._database.write() as connection:
                audit.append(connection, _entry(workspace_id, actor, action, what, how))
        except BaseException:
            # Else whoever asks again would be shown what was not noted.
            self._forget(action, actor, what, how)
            raise

    def _is_news(self, *what: str, most: int | None = None) -> bool:
        now = time.monotonic()
        with self._lock:
            if what in self._noted:
                return False
            if most is not None:
                self._refusals = [each for each in self._refusals if now - each < _HOUR_SECONDS]
                if len(self._refusals) >= most:
                    return False
                self._refusals.append(now)
            self._noted[what] = True
            return True

    def _forget(self, *what: str) -> None:
        with self._lock:
            self._noted.pop(what, None)


def _entry(workspace_id: str, actor: str, action: str, what: str, how: str) -> audit.Entry:
    return audit.Entry(workspace_id, now_ms(), actor[:_LONGEST], action, what[:_LONGEST], how[:64])
