"""A web server on loopback, at an address that stays the same, that is there or gone as a test wants."""

import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Request:
    """`headers` are by names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """With `raw`, that is what is sent instead, byte for byte, before the connection ends."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = None


class Listener(ABC):
    """Listens from the start. `waiting` counts the requests that have come in and are not answered yet."""

    def __init__(self) -> None:
        self.waiting = 0
        self._port = 0
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._server: _Server | None = None
        self.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    @abstractmethod
    def take(self, request: Request) -> Reply:
        """What is answered; it may take its time. Several requests may come at once."""

    def listen(self) -> None:
        """Be there, at the same address as before."""
        if self._server is not None:
            return
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.listener = self
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def hang_up(self) -> None:
        """Be gone: nobody listens, and what was connected is cut."""
        server, self._server = self._server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def connected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def answer_to(self, request: Request) -> Reply:
        with self._lock:
            self.waiting += 1
        try:
            return self.take(request)
        finally:
            with self._lock:
                self.waiting -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = _BACKLOG
    listener: Listener

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A relay that is killed or an agent that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.listener.connected(self.connection)

    def finish(self) -> None:
        self.server.listener.disconnected(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.listener.answer_to(Request(self.command, self.path, headers, body))
        if reply.raw is not None:
            self.wfile.write(reply.raw)
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_PUT = do_POST  # noqa: N815  (the names that http.server looks for)

    def log_message(self, *_: object) -> None:
        """What was kept says enough."""
