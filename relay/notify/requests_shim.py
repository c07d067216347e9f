"""What apprise's plugins take for the library `requests`: their requests go through our own door.

So no private address is reached, no redirect followed, and time and size are bounded; and of each request it is known
whether it left, and what was answered.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import requests

from relay.errors import AddressRefused, Unreachable, Unreadable
from relay.formats import jsontext
from relay.formats.retry_after import retry_after
from relay.http import fetch
from relay.sdk.lease import Lease

SECONDS = 15.0
_METHODS = ("get", "post", "put", "patch", "delete", "head")
_WORDS = ("codes", "exceptions", "RequestException")
_SET_BY_THE_DOOR = ("content-length", "host")
_REASONS = ("message", "error", "description", "detail", "title", "error_description", "errors")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request. `status` is None where no answer came; `code` says why then. `left` is whether it may have arrived.

    `said` is the reason that the answer gives, if it has one; `whole` unless the answer broke off.
    """

    host: str
    left: bool
    status: int | None = None
    said: str | None = None
    code: str | None = None
    trouble: str = ""
    after: float | None = None
    whole: bool = True


class Line:
    """The requests of one message. `broken` is what kept one from being noted before it left: it did not leave then."""

    def __init__(self, allow_private: frozenset[str], lease: Lease) -> None:
        self.exchanges: list[Exchange] = []
        self.broken: Exception | None = None
        self._allow_private = allow_private
        self._lease = lease

    def undo(self) -> None:
        """Say of everything that left that it certainly was not taken."""
        for each in self.exchanges:
            if each.left:
                self._lease.not_taken()

    def send(self, method: str, url: str, given: Mapping[str, Any]) -> requests.Response:
        names = ("params", "data", "json", "headers", "files", "auth")
        prepared = _prepared(method.upper(), url, {name: given.get(name) for name in names})
        body = prepared.body or b""
        headers = {
            name: _text(value) for name, value in prepared.headers.items() if name.lower() not in _SET_BY_THE_DOOR
        }
        host = _host(prepared.url)
        try:
            self._lease.before_change()
        except Exception as error:
            self.broken = error
            raise
        try:
            answer = fetch(
                method.upper(),
                prepared.url,
                body=body.encode() if isinstance(body, str) else body,
                headers=headers,
                timeout=SECONDS,
                body_timeout=SECONDS,
                allow_private=self._allow_private,
            )
        except Unreachable as error:
            left = error.sent and not isinstance(error, AddressRefused)
            if not left:
                self._lease.not_taken()
            self.exchanges.append(Exchange(host, left, code=error.code, trouble=error.message))
            raise requests.ConnectionError(error.message) from None
        said, wait = _said(answer.body), retry_after(answer.headers, time.time())
        self.exchanges.append(Exchange(host, True, answer.status, said, after=wait, whole=answer.whole))
        response = requests.Response()
        response.status_code = answer.status
        response._content = answer.body
        response.headers.update(answer.headers)
        response.encoding = "utf-8"
        response.url = prepared.url
        return response


class _Requests:
    """The part of `requests` that plugins use; asking for any other is a mistake that shows."""

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return lambda url, data=None, json=None, **given: self.request(name, url, data=data, json=json, **given)
        if name in _WORDS:
            return getattr(requests, name)
        raise AttributeError(f"requests.{name} is not available through the relay's guarded client")

    def request(self, method: str, url: str, **given: Any) -> requests.Response:
        return _line.get().send(method, url, given)


_line: ContextVar[Line] = ContextVar("line")
OFFERED = frozenset((*_METHODS, *_WORDS, "request"))


def lay(plugin: ModuleType) -> None:
    """Have a plugin's module send through our door from now on."""
    if hasattr(plugin, "requests"):
        vars(plugin)["requests"] = _Requests()


@contextmanager
def through(line: Line) -> Iterator[Line]:
    """What plugins send meanwhile, in this thread, is sent by `line`."""
    token = _line.set(line)
    try:
        yield line
    finally:
        _line.reset(token)


def _prepared(method: str, url: str, given: Mapping[str, Any]) -> Any:
    return requests.Request(method, url, **given).prepare()


def _host(url: str) -> str:
    return urlsplit(url).hostname or "The service"


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _said(body: bytes) -> str | None:
    """The reason in an answer, as most services give it."""
    try:
        found: Any = jsontext.read(body)
    except Unreadable:
        return None
    for _ in range(4):
        if isinstance(found, list):
            found = found[0] if found else None
        if not isinstance(found, dict):
            break
        found = next((found[name] for name in _REASONS if found.get(name)), None)
    return " ".join(found.split())[:200] if isinstance(found, str) else None
