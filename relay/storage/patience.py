"""How long PostgreSQL's answers are waited for.

A server that is gone is found out by TCP; one that is there and says nothing is not: a pooler keeps a question for
minutes while the server behind it is away, and so does a server that has stopped. Its own limits do not help then.
"""

import threading
import time
from typing import Any

import psycopg
from psycopg.errors import OperationalError, _WaitTimeout
from sqlalchemy import Engine, event

CHECK_SECONDS = 3.0
"""For an idle connection to prove that it still works, before another is tried."""

_INTERVAL = 0.1  # psycopg's own, after which it looks for signals


class Patience:
    """The limit of one engine: `seconds` for each answer, and `CHECK_SECONDS` while `checking`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._here = threading.local()

    def check(self) -> None:
        """A connection is looked for in this thread from now on."""
        self._here.until = time.monotonic() + min(CHECK_SECONDS, self._seconds)

    def found(self) -> None:
        self._here.until = None

    def left(self) -> float:
        until = getattr(self._here, "until", None)
        return self._seconds if until is None else max(0.0, until - time.monotonic())

    def watch(self, engine: Engine) -> None:
        """Have every connection of the engine wait no longer."""
        patience = self

        class Connection(psycopg.Connection[Any]):
            def wait(self, gen: Any, interval: float = _INTERVAL, timeout: float | None = None) -> Any:
                limit = patience.left() if timeout is None else min(timeout, patience.left())
                try:
                    return super().wait(gen, interval, limit)
                except _WaitTimeout:
                    # What it was asked may still be answered, to whoever would ask next.
                    self.pgconn.finish()
                    raise OperationalError("The server did not answer in time.") from None

        @event.listens_for(engine, "do_connect")
        def connect(_dialect: Any, _record: Any, given: Any, named: Any) -> Any:
            return Connection.connect(*given, **named)
