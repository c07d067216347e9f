"""Where test messages arrive: a mail server that a person reads from, and a service on the web."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

LOCAL = frozenset({"127.0.0.1"})


@dataclass
class Letterbox:
    """What arrived. `mood` says how the server takes what comes: `well`, or at which step it does not."""

    mails: list[EmailMessage] = field(default_factory=list)
    receivers: list[list[str]] = field(default_factory=list)
    mood: str = "well"

    async def handle_RCPT(  # noqa: N802  names of the library's
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.mood == "knows nobody":
            return "550 5.1.1 There is nobody of that name here"
        if self.mood == "is slow":
            await asyncio.sleep(1)
        if self.mood == "greylists":
            return "451 4.7.1 Come again in a minute"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.mood == "hangs up":
            server.transport.abort()
            return "250 never heard"
        if self.mood == "falls silent":
            await asyncio.sleep(1)
        if self.mood == "dislikes it":
            return "554 5.7.1 This looks like spam"
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.receivers.append(list(envelope.rcpt_tos))
        return "250 2.0.0 Taken"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        ok = (given.login, given.password) == (b"relay", b"correct-horse")
        return AuthResult(success=ok, handled=False)


class MailServer:
    """Speaks SMTP on a port of its own."""

    def __init__(self, *, login: bool = False) -> None:
        self.box = Letterbox()
        kept = {"authenticator": self.box.authenticate, "auth_required": True, "auth_require_tls": False}

        class Quiet(Controller):
            def factory(self) -> SMTP:
                return SMTP(self.handler, hostname="mail.test", **(kept if login else {}))

        self._controller = Quiet(self.box, hostname="127.0.0.1", port=_free_port())
        self._controller.start()
        self.port = self._controller.port

    def close(self) -> None:
        self._controller.stop()


@dataclass
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


class Service:
    """Answers every request with `status` and `answer`, or hangs up, in the middle of it where it `breaks_off`.

    Where it `repeats`, the answer is what came.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.status = 200
        self.answer = b"{}"
        self.headers: dict[str, str] = {}
        self.hangs_up = False
        self.breaks_off = False
        self.repeats = False
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.received.append(Received(self.path, dict(self.headers), body))
                if service.hangs_up:
                    self.close_connection = True
                    return
                if service.repeats:
                    service.answer = body
                self.send_response(service.status)
                for name, value in service.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(service.answer) + service.breaks_off))
                self.end_headers()
                self.wfile.write(service.answer)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def words(mail: EmailMessage) -> str:
    """The text of a mail as a person sees it."""
    text = mail.get_content()
    assert isinstance(text, str)
    return text.replace("\r\n", "\n").strip()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
