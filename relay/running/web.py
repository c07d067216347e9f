"""The web processes: gunicorn with threads, run from here so that one command and one config start it."""

import os
import signal
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication

from relay.config import Config
from relay.running.garbage import collect_less
from relay.running.listening import in_address
from relay.running.server import Worker
from relay.running.supervisor import die_with_parent
from relay.security.proxies import Proxies
from relay.web.app import build_app
from relay.web.framework.door import Door

THREADS = 32
KEEP_ALIVE_SECONDS = 75
_LONGEST_LINE = 8190
_MEMORY = "/dev/shm"  # noqa: S108  gunicorn makes its own file there, opened and unlinked at once
_LARGEST_HEADER = 65_534


MakeApp = Callable[[], Any]


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn carries no types
    def __init__(
        self, make_app: MakeApp, settings: dict[str, Any], proxies: Proxies, door_of: Callable[[Any], Door | None]
    ) -> None:
        self._make_app = make_app
        self._door_of = door_of
        self.proxies = proxies
        self.door: Door | None = None
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        application = self._make_app()
        self.door = self._door_of(application)
        return application


def settings(host: str, port: int, workers: int) -> dict[str, Any]:
    """gunicorn's settings. The benchmark's bare Flask runs under the same."""
    return {
        "bind": f"{in_address(host)}:{port}",
        "workers": workers,
        "threads": THREADS,
        "worker_class": Worker,
        "keepalive": KEEP_ALIVE_SECONDS,
        "backlog": 2048,
        "timeout": 60,
        "graceful_timeout": 10,
        "limit_request_line": _LONGEST_LINE,
        "limit_request_field_size": _LARGEST_HEADER,
        # A sign of life in memory: on a busy disk it would block the worker that gives it.
        "worker_tmp_dir": _MEMORY if os.path.isdir(_MEMORY) and os.access(_MEMORY, os.W_OK | os.X_OK) else None,
        # Whom a proxy asks for is read by the application, by RELAY_TRUSTED_PROXIES alone.
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
        "loglevel": "warning",
        "proc_name": "relay web",
        "post_worker_init": _loaded,
    }


def _loaded(_: object) -> None:
    # Orphans would hold the port for many seconds, with connections that nobody answers.
    die_with_parent(signal.SIGKILL)
    collect_less()


def serve(
    make_app: MakeApp,
    options: dict[str, Any],
    proxies: Proxies | None = None,
    door_of: Callable[[Any], Door | None] = lambda _: None,
) -> None:
    """Serve a WSGI application until a signal says stop; plain posts by its door, if it has one."""
    _Gunicorn(make_app, options, Proxies.read("") if proxies is None else proxies, door_of).run()


def run(config: Config, host: str, port: int, workers: int) -> None:
    """Serve the relay until a signal says stop."""
    told = settings(host, port, workers)
    serve(lambda: build_app(config), told, config.trusted_proxies, lambda app: app.extensions["door"])
