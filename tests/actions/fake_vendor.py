"""A vendor's API on this machine: it answers as a test has it, and notes what it was asked and what it did.

    with FakeVendor({("GET", "/accounts/acme"): {"suspended": False}, ("POST", "/suspend"): 204}) as vendor:
        vendor.next("POST", "/suspend", "hangs")
        ACTIONS["service.suspend"].run(vendor.task({"service_id": "acme"}, {"api_token": "t"}))

It gets a function from a request to an answer, or a table of them by method and path. An answer is what is sent as
JSON (dict or list), a status without a body, both as `(status, json)`, or an `Answer`; in a table also a function from
the request to one of these. What is not in the table is answered 404.
"""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from kit.waiting import PATIENCE_SECONDS
from relay import http
from relay.formats.times import instant
from relay.sdk.actions import Task
from relay.sdk.client import Vendor
from relay.sdk.lease import Lease

SECONDS = 1.0
"""How long a task of `FakeVendor.task` waits for an answer that does not come."""

Trouble = Literal["closes_before", "hangs", "closes_after", "busy", "fails_before", "fails_after", "babbles"]
"""What happens to a request instead of an answer:

`closes_before`, `busy` (429), `fails_before` (500): nothing is done.
`hangs`, `closes_after`, `fails_after` (500), `babbles` (200 and no JSON): it is done, and its answer is lost.
"""

_UNDONE: Sequence[Trouble] = ("closes_before", "busy", "fails_before")


@dataclass(frozen=True)
class Request:
    """One request as it came. Header names are lower case; `form` are the fields of a form body, by their names."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """A status with headers, and a body as bytes or as what is sent as JSON."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Handler = Callable[[Request], Any]
Table = Mapping[tuple[str, str], Any]


class FakeVendor:
    """`requests` are all that came, in order; `done` are those that had their effect, which is: were answered by the
    function or the table, whether or not the answer arrived. `changes` are the places among `requests` of
    those by which its tasks changed something."""

    def __init__(self, answers: Handler | Table) -> None:
        self.answers = answers
        self.requests: list[Request] = []
        self.done: list[Request] = []
        self.changes: list[int] = []
        self._troubles: list[tuple[str, str, Trouble, int]] = []
        self._at: dict[int, Trouble | Answer] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = False  # each is waited for at the end
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"http://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def next(self, method: str, path: str, trouble: Trouble, times: int = 1, after: int = 0) -> None:
        """Have trouble with the next request like this, `after` so many that go well."""
        self._troubles += [(method, path, trouble, after)] * times

    def at(self, place: int, trouble: "Trouble | Answer") -> None:
        """Have trouble with the request of this place, counted from 0, or answer it so and do nothing."""
        self._at[place] = trouble

    def task(
        self,
        given: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
        *,
        key: str = "run_1",
        dry: bool = False,
        asked_at: str = "2026-11-25T12:00:00Z",
    ) -> Task:
        """What an adapter is given for an input, with a way to this vendor that soon gives up waiting."""
        vendor = Vendor(
            self.url,
            fetch=self._fetch,
            allow_private=frozenset({self.host}),
            lease=_Noted(self),
            dry=dry,
        )
        return Task(
            given, {"api_url": self.url, **(settings or {})}, vendor, key, instant(asked_at) or datetime.now(UTC)
        )

    def _fetch(self, method: str, url: str, **options: Any) -> http.Answer:
        """Only where an answer is not to come it is not waited for long."""
        hangs = any(trouble == "hangs" for *_, trouble, _ in self._troubles) or "hangs" in self._at.values()
        return http.fetch(method, url, **{**options, "timeout": SECONDS if hangs else PATIENCE_SECONDS})

    def told(self, method: str = "", path: str = "") -> list[Request]:
        """Those of `done` that were no GET, or all with this method and path."""
        if not method:
            return [request for request in self.done if request.method != "GET"]
        return [request for request in self.done if (request.method, request.path) == (method, path)]

    def answer(self, request: Request) -> Answer | None:
        """None closes the connection without one."""
        with self._lock:
            planned = self._at.get(len(self.requests))
            self.requests.append(request)
            if isinstance(planned, Answer):
                return planned
            trouble = planned or self._trouble_with(request)
            if trouble not in _UNDONE:
                self.done.append(request)
            answer = None if trouble in _UNDONE else self._carry_out(request)
        match trouble:
            case "hangs":
                self._over.wait(PATIENCE_SECONDS)
                return None
            case "closes_before" | "closes_after":
                return None
            case "busy":
                return Answer(429, {"error": "too many requests"}, {"Retry-After": "7"})
            case "fails_before" | "fails_after":
                return Answer(500, b"<h1>Internal Server Error</h1>")
            case "babbles":
                return Answer(200, b"<html>not what you think", {"Content-Type": "text/html"})
        return answer

    def _trouble_with(self, request: Request) -> Trouble | None:
        for at, (method, path, trouble, after) in enumerate(self._troubles):
            if (method, path) == (request.method, request.path):
                if after:
                    self._troubles[at] = (method, path, trouble, after - 1)
                    return None
                del self._troubles[at]
                return trouble
        return None

    def _carry_out(self, request: Request) -> Answer:
        if callable(self.answers):
            found: Any = self.answers(request)
        else:
            found = self.answers.get((request.method, request.path), 404)
            found = found(request) if callable(found) else found
        match found:
            case Answer():
                return found
            case int():
                return Answer(found)
            case (int() as status, body):
                return Answer(status, body)
        return Answer(200, found)


class _Noted(Lease):
    """Notes the place of each request that changes something, before it comes."""

    def __init__(self, vendor: FakeVendor) -> None:
        self._vendor = vendor

    def before_change(self) -> None:
        self._vendor.changes.append(len(self._vendor.requests))


def _handler(vendor: FakeVendor) -> type[BaseHTTPRequestHandler]:
    class Served(BaseHTTPRequestHandler):
        def carry(self) -> None:
            address = urlsplit(self.path)
            request = Request(
                self.command,
                address.path,
                dict(parse_qsl(address.query, keep_blank_values=True)),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            answer = vendor.answer(request)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = carry  # noqa: N815  the server looks for these names

        def log_message(self, *_: object) -> None:
            pass

    return Served
