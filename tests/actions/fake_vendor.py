"""A vendor's API: it answers as a test has it, and notes what it was asked and what it did.

    with FakeVendor({("GET", "/accounts/acme"): {"suspended": False}, ("POST", "/suspend"): 204}) as vendor:
        vendor.next("POST", "/suspend", "hangs")
        ACTIONS["service.suspend"].run(vendor.task({"service_id": "acme"}, {"api_token": "t"}))

A task's requests take no way through the network: it is the same for all, and tests/test_http.py is about it. A relay
in processes of its own reaches it at `url`.

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
from relay.errors import Unreachable
from relay.formats.times import instant
from relay.sdk.actions import Task
from relay.sdk.client import Vendor
from relay.sdk.lease import Lease
from relay.security.addresses import check_url

BASE = "https://api.vendor.example"
"""Where the tasks of `FakeVendor.task` believe it to be."""

Trouble = Literal["closes_before", "hangs", "closes_after", "busy", "fails_before", "fails_after", "babbles"]
"""What happens to a request instead of an answer:

`closes_before`, `busy` (429), `fails_before` (500): nothing is done.
`hangs`, `closes_after`, `fails_after` (500), `babbles` (200 and no JSON): it is done, and its answer is lost.
"""

_UNDONE: Sequence[Trouble] = ("closes_before", "busy", "fails_before")
_Silence = Literal["closes_before", "hangs", "closes_after"]


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

    @property
    def all_headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", **self.headers, "Content-Length": str(len(self.content))}


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
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._over.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    @property
    def url(self) -> str:
        """Where it is for others than its own tasks. It is served there from now on."""
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
            self._server.daemon_threads = False  # each is waited for at the end
            self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
            self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

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
        """What an adapter is given for an input, with a way to this vendor."""
        vendor = Vendor(BASE, fetch=self._fetch, lease=_Noted(self), dry=dry)
        return Task(given, {"api_url": BASE, **(settings or {})}, vendor, key, instant(asked_at) or datetime.now(UTC))

    def _fetch(
        self,
        method: str,
        url: str,
        *,
        body: bytes,
        headers: Mapping[str, str],
        max_bytes: int,
        allow_private: frozenset[str],
        **_: Any,
    ) -> http.Answer:
        """What `http.fetch` makes of what would come through the network."""
        check_url(url, allow_private)
        address = urlsplit(url)
        request = Request(
            method,
            address.path or "/",
            dict(parse_qsl(address.query, keep_blank_values=True)),
            {name.lower(): value for name, value in headers.items()},
            body,
        )
        answer = self.answer(request)
        if not isinstance(answer, Answer):
            code = "timeout" if answer == "hangs" else "connection_failed"
            raise Unreachable(f"https://{address.netloc} gave no answer.", code=code, sent=True)
        content = answer.content
        return http.Answer(
            answer.status,
            {name.lower(): value for name, value in answer.all_headers.items()},
            content[:max_bytes],
            whole=len(content) <= max_bytes,
        )

    def told(self, method: str = "", path: str = "") -> list[Request]:
        """Those of `done` that were no GET, or all with this method and path."""
        if not method:
            return [request for request in self.done if request.method != "GET"]
        return [request for request in self.done if (request.method, request.path) == (method, path)]

    def answer(self, request: Request) -> Answer | _Silence:
        """Returns its answer, or how it gives none."""
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
            case "hangs" | "closes_before" | "closes_after":
                return trouble
            case "busy":
                return Answer(429, {"error": "too many requests"}, {"Retry-After": "7"})
            case "fails_before" | "fails_after":
                return Answer(500, b"<h1>Internal Server Error</h1>")
            case "babbles":
                return Answer(200, b"<html>not what you think", {"Content-Type": "text/html"})
        assert answer is not None
        return answer

    def hang(self) -> None:
        """Wait until the test is over."""
        self._over.wait(PATIENCE_SECONDS)

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
            if not isinstance(answer, Answer):
                if answer == "hangs":
                    vendor.hang()
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.all_headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = carry  # noqa: N815  the server looks for these names

        def log_message(self, *_: object) -> None:
            pass

    return Served
