"""Somebody who subscribed: a web server on loopback that keeps what it is sent and answers as a test wants."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from relay.formats import jsontext


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in, and what it was answered."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    at: float
    status: int

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = jsontext.loads(self.body)
        return found

    @property
    def native_id(self) -> str:
        """The id that the event's sender gave it."""
        return str(self.event["provider_event"]["id"])


Answer = tuple[int, dict[str, str]]
HEALTHY: Answer = (200, {})


class Subscriber:
    """Listens from the start. `answer` may be exchanged at any time; it gets the body and may take its time.

    With `raw`, that is what is sent instead, byte for byte, before the connection ends.
    """

    def __init__(self, answer: Callable[[bytes], Answer] = lambda _: HEALTHY) -> None:
        self.answer = answer
        self.raw: bytes | None = None
        self.received: list[Received] = []
        self.waiting = 0
        """Requests that have come in and are not answered yet."""
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._server: _Server | None = None
        self._port = 0
        self.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def listen(self) -> None:
        """Be there, at the same address as before."""
        self._server = _Server(("127.0.0.1", self._port), _Handler)
        self._server.subscriber = self
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

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

    @property
    def taken(self) -> list[Received]:
        """What was answered 2xx, in order."""
        return [each for each in list(self.received) if 200 <= each.status < 300]

    def times_taken(self) -> Counter[str]:
        """How often each native event was answered 2xx."""
        return Counter(each.native_id for each in self.taken)

    def connected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def take(self, headers: Mapping[str, str], body: bytes) -> Answer:
        at = time.monotonic()
        with self._lock:
            self.waiting += 1
        status, more = self.answer(body)
        with self._lock:
            self.waiting -= 1
            self.received.append(Received(headers, body, at, status))
        return status, more


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512
    subscriber: Subscriber

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A relay that is killed in the middle of a request is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.subscriber.connected(self.connection)

    def finish(self) -> None:
        self.server.subscriber.disconnected(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, more = self.server.subscriber.take(headers, body)
        if self.server.subscriber.raw is not None:
            self.wfile.write(self.server.subscriber.raw)
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """What was received says enough."""
