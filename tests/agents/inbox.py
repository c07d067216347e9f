"""What a panel's agent posts to: a web server on loopback that plays the relay, and is as unwell as a test wants.

    with Inbox() as inbox:
        ...                             # install the agent with inbox.url and inbox.secret
        inbox.down(); inbox.up()        # nobody listens; there again, at the same address
        inbox.hang(); inbox.release()   # takes the post and does not answer; answers what waits, and all that follow
        inbox.answer = 401              # every post that is signed well gets this status

A post whose signature the `standardwebhooks` library does not accept is answered 401 and kept with its `error`.
"""

import json
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

from relay.develop.samples import RECEIVED_AT
from relay.inbound.identity import read
from relay.inbound.normalize import UNVERIFIED, Origin, normalize
from relay.model import Inbound, Source
from relay.providers import get

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The one of the official vector of Standard Webhooks."""
IT_WORKS = (
    "It works: the relay took the test event and answered 202.\n"
    "A test is told to nobody; `relay source list` shows there when it came.\n"
)
_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Post:
    """One request as it came in, what was wrong with it, and what it was answered."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes = field(repr=False)
    status: int
    error: str | None
    """Why its signature is no good; None for a good one."""

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    @property
    def said(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def event(self) -> str:
        return str(self.said["event"])

    @property
    def data(self) -> Any:
        return self.said["data"]

    @property
    def sent_at(self) -> str:
        return str(self.said["sent_at"])

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Inbox:
    """Listens from the start, at an address that stays the same."""

    def __init__(self, secret: str = SECRET, path: str = "/in/src_test") -> None:
        self.secret = secret
        self.answer = 202
        self.posts: list[Post] = []
        """All that was answered, in the order of the answers."""
        self.waiting = 0
        """How many hang at this moment."""
        self._path = path
        self._port = 0
        self._lock = threading.Lock()
        self._answering = threading.Event()
        self._answering.set()
        self._connections: set[socket.socket] = set()
        self._server: _Server | None = None
        self.up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self.down()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}{self._path}"

    @property
    def taken(self) -> list[Post]:
        """What was answered 2xx."""
        return [post for post in list(self.posts) if post.taken]

    @property
    def events(self) -> list[str]:
        """The native names of what was answered 2xx, in order."""
        return [post.event for post in self.taken]

    def times_taken(self) -> Counter[str]:
        """How often each id was answered 2xx."""
        return Counter(post.id for post in self.taken)

    def up(self) -> None:
        if self._server is None:
            self._server = _Server(("127.0.0.1", self._port), _Handler)
            self._server.inbox = self
            self._port = self._server.server_address[1]
            threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def down(self) -> None:
        """Nobody listens any more, and what was connected is cut."""
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

    def hang(self) -> None:
        """From now on posts are read and not answered."""
        self._answering.clear()

    def release(self) -> None:
        self._answering.set()

    def connected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)

    def take(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Post:
        with self._lock:
            self.waiting += 1
        self._answering.wait()
        error = self._error(method, path, headers, body)
        with self._lock:
            self.waiting -= 1
            post = Post(method, path, headers, body, 401 if error else self.answer, error)
            self.posts.append(post)
        return post

    def _error(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str | None:
        if (method, path) != ("POST", self._path):
            return f"{method} {path} instead of POST {self._path}"
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            return f"the content type is {headers.get('content-type')!r}"
        try:
            Webhook(self.secret).verify(body, dict(headers))
        except (WebhookVerificationError, ValueError, KeyError) as error:
            return f"{type(error).__name__}: {error}"
        return None


def said_in_our_words(provider: str, post: Post) -> list[dict[str, Any]]:
    """What the relay makes of a post: the envelopes of its events."""
    found = get(provider)
    webhook = Inbound(post.body, headers=post.headers, received_at=RECEIVED_AT, settings=found.usual_settings)
    origin = Origin(Source("src_test", "ws_test", found.name, found.label), 7, UNVERIFIED)
    made = normalize(found, read(found, webhook), origin)
    assert [event.defect for event in made if event.defect] == []
    return [event.envelope for event in made]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = _BACKLOG
    inbox: Inbox

    def handle_error(self, request: Any, client_address: Any) -> None:
        """An agent that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.inbox.connected(self.connection)

    def finish(self) -> None:
        self.server.inbox.disconnected(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        post = self.server.inbox.take(self.command, self.path, headers, body)
        said = json.dumps({"id": "in_test", "status": "accepted"} if post.taken else {"error": {"message": "no"}})
        self.send_response(post.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())

    do_GET = do_PUT = do_POST  # noqa: N815  (the names that http.server looks for)

    def log_message(self, *_: object) -> None:
        """What was kept says enough."""
