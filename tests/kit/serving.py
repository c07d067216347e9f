"""The relay's own web server in this process: real connections, and a test may reach into it."""

import os
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.glogging import Logger

from kit.waiting import PATIENCE_SECONDS
from relay.running import web
from relay.running.server import Worker
from relay.security.proxies import Proxies
from relay.web.framework.door import Door


class Serving:
    """A worker whose loop runs in a thread of its own, as the one of a web process does in its first."""

    def __init__(self, app: Any, door: Door | None, *, threads: int = 2) -> None:
        settings = web.settings("127.0.0.1", 0, 1) | {"threads": threads}
        gunicorn = web._Gunicorn(lambda: app, settings, Proxies(), lambda _: door)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port: int = self._listener.getsockname()[1]
        self.worker = Worker(1, os.getppid(), [self._listener], gunicorn, 30, gunicorn.cfg, Logger(gunicorn.cfg))
        # What `init_process` does, but for signals and what is a process' own.
        self.worker.tpool = self.worker.get_thread_pool()
        self.worker.poller = selectors.DefaultSelector()
        self.worker.method_queue.init()
        self.worker.load_wsgi()
        self._thread = threading.Thread(target=self.run, daemon=True)
        self._thread.start()

    def run(self) -> None:
        self.worker.run()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS)

    def ask_to_stop(self) -> None:
        """As a signal does."""
        self.worker.handle_exit(0, None)

    @property
    def has_stopped(self) -> bool:
        return not self._thread.is_alive()

    def stop(self) -> None:
        self.ask_to_stop()
        self._thread.join(PATIENCE_SECONDS)
        assert self.has_stopped, "the server did not stop"
        self.worker.tmp.close()


@contextmanager
def serving(app: Any, door_of: Callable[[Any], Door | None] = lambda _: None, *, threads: int = 2) -> Iterator[Serving]:
    found = Serving(app, door_of(app), threads=threads)
    try:
        yield found
    finally:
        found.stop()
