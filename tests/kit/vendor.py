"""A vendor's API on loopback: answers by path, as a test wants."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from relay.formats import jsontext


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it came in. `headers` has lower-case names."""

    path: str
    headers: dict[str, str] = field(repr=False)
    method: str = "GET"
    body: bytes = b""


class Vendor:
    """`answers` holds for each path a value, sent as JSON, or bytes, or a status, or a function that gives one of
    them; every other path is 404."""

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.answers: dict[str, Any] = answers or {}
        self.asked: list[Asked] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self._answer()

            def _answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0")))
                vendor.asked.append(Asked(self.path, headers, self.command, body))
                answer = vendor.answers.get(self.path, 404)
                if isinstance(answer, Callable):  # type: ignore[arg-type]
                    answer = answer()
                status = answer if isinstance(answer, int) else 200
                body = b"{}" if isinstance(answer, int) else answer
                if not isinstance(body, bytes):
                    body = jsontext.dumps(body)
                try:
                    self.send_response(status)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass  # whoever asked did not wait

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.asked]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
