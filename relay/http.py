"""The one door to the network: every request to an address that a user or a payload gave goes through it.

What can be refused by looking at an address is refused by `check_url`. A name is resolved once for each new connection,
all its answers are checked, and the connection is made to a checked answer, never to the name: one that answers
differently the next moment (DNS rebinding) changes nothing. TLS still proves the name.

No redirect is followed, no proxy is taken from the environment, no cookie is kept, nothing is decompressed;
time and size are bounded.

A status that has come is an answer, whatever becomes of what follows it: see `GuardedClient.request`.
"""

import asyncio
import errno
import os
import re
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, TypedDict, Unpack

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from relay.errors import Unreachable
from relay.security.addresses import check_url, checked_target, is_public, listed, not_public

__all__ = ["Answer", "GuardedClient", "Options", "check_url", "fetch"]

# From a host and a port to the text of its IP addresses; raises OSError when it cannot.
Resolve = Callable[[str, int], Awaitable[list[str]]]

TIMEOUT = 15.0
MAX_BYTES = 65536
LARGEST_HEAD = 256 * 1024
"""Of an answer: what is longer counts as far as it was read."""

USER_AGENT = "relay"
LOOKUPS = 64  # names looked up at once: each takes a thread, for as long as its name server takes

# A head is read leniently once the library has refused it: only the status has to be right.
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?=[ \t\r\n])[^\n]*(?:\n|$)")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_MOST_HEADERS = 8192
_NO_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are lower case, the last of a repeated one counts; `body` is as sent.

    `whole` unless there was more of it, which was longer than wanted, or never came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Options(TypedDict, total=False):
    """What a request may have besides method and address: see `GuardedClient.request`."""

    body: bytes
    headers: Mapping[str, str] | None
    timeout: float
    max_bytes: int
    body_timeout: float | None


def fetch(
    method: str,
    url: str,
    *,
    allow_private: frozenset[str] = frozenset(),
    resolve: Resolve | None = None,
    **options: Unpack[Options],
) -> Answer:
    """Send one request from code without an event loop. Same rules and errors as `GuardedClient.request`."""

    async def once() -> Answer:
        async with GuardedClient(allow_private=allow_private, resolve=resolve) as door:
            return await door.request(method, url, **options)

    return asyncio.run(once())


class GuardedClient:
    """Sends requests over kept-alive connections. Belongs to the event loop that first uses it.

    `max_connections` bounds the requests under way; idle connections are kept beside them for 15 s. `resolve`
    takes the place of the system's resolver, `tls` that of the certificates the system trusts.

    With `proxy`, an address as http://host:port, every request goes by way of it. It looks names up, so that it and not
    the door judges where a name leads to; what can be seen in an address is judged here as ever.
    """

    def __init__(
        self,
        *,
        allow_private: frozenset[str] = frozenset(),
        resolve: Resolve | None = None,
        max_connections: int = 1000,
        user_agent: str = USER_AGENT,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
    ) -> None:
        self._proxy = URL(proxy) if proxy else None
        self._allow_private = allow_private
        self._resolve = resolve or self._look_up
        self._max_connections = max_connections
        self._user_agent = user_agent
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        # Not the loop's own threads: those are few, so that a few slow names would hold up all others, and
        # `asyncio.run` ends only after every lookup in them.
        self._lookups = ThreadPoolExecutor(LOOKUPS, thread_name_prefix="lookup")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
        max_bytes: int = MAX_BYTES,
        body_timeout: float | None = None,
    ) -> Answer:
        """Send one request and read its answer, whatever its status; a redirect is an answer too.

        `timeout` is seconds for all of it, waiting for a free connection included. A body longer than
        `max_bytes` is cut there and its connection closed. Raises AddressRefused, or Unreachable with code
        `timeout`, `dns_failed`, `tls_failed` or `connection_failed`; messages name scheme, host, port only.

        With `body_timeout` the status alone is an answer: its body is waited for at most so many seconds, and
        trouble with it, or with the other headers, is only said by `whole`. Without, only a whole answer is one.
        """
        target, origin = checked_target(url, self._allow_private)
        session = self._session or self._open()
        lines: list[_Line] = []
        _lines.set(lines)
        response: aiohttp.ClientResponse | None = None
        received: list[bytes] = []
        try:
            async with asyncio.timeout(timeout) as limit:
                response = await session.request(
                    method, target, data=body or None, headers=headers, allow_redirects=False, proxy=self._proxy
                )
                if body_timeout is not None and not response.content.is_eof():
                    soon = asyncio.get_running_loop().time() + body_timeout
                    limit.reschedule(min(soon, limit.when() or soon))
                whole = await _read(response.content, max_bytes, received)
            return _answer(response.status, response.raw_headers, b"".join(received), whole=whole)
        # `from None`: aiohttp's errors may show the whole address, and a log would print them as the cause.
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            seen: Answer | None = None
            if self._proxy is not None and target.scheme == "https":
                # The first was the proxy's, which was asked for a way through: what it says is no answer of the target.
                lines = lines[1:]
            if response is not None:
                seen = _answer(response.status, response.raw_headers, b"".join(received), whole=False)
            elif lines and lines[-1].head:
                seen = _answer_of(lines[-1].head, max_bytes)
            if seen is not None and (seen.whole or body_timeout is not None):
                return seen
            if isinstance(error, TimeoutError):
                code, what = "timeout", f"gave no complete answer within {timeout:g} s"
            else:
                code, what = _trouble(error)
            raise Unreachable(f"{origin} {what}.", code=code, sent=bool(lines)) from None
        except ValueError:
            # What a header may not hold, such as a line break in a credential, is seen before anything is sent.
            raise Unreachable(f"{origin} was not asked: a header holds a line break.", sent=False) from None
        finally:
            # After a whole answer the connection has gone back to be used again; any other is closed.
            if response is not None:
                response.close()

    async def close(self) -> None:
        """Close every connection. The door stays shut."""
        self._lookups.shutdown(wait=False, cancel_futures=True)
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            # aiohttp keeps what this answers for 10 s: addresses that were checked.
            resolver=_Checked(self._resolve, self._allow_private, self._proxy.host if self._proxy else None),
            ttl_dns_cache=10,
            limit=self._max_connections,
            ssl=self._tls or True,
            # Older asyncio holds on to a TLS connection whose other end does not say goodbye.
            enable_cleanup_closed=sys.version_info < (3, 12, 8),
        )
        connector._factory = partial(_Line, loop=asyncio.get_running_loop())  # type: ignore[assignment]
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"user-agent": self._user_agent, "accept": "*/*", "accept-encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            # Time is kept around the whole request instead, which is exact and cheaper.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            max_line_size=LARGEST_HEAD,
            max_field_size=LARGEST_HEAD,
            max_headers=_MOST_HEADERS,
        )
        # By itself aiohttp sends a GET again whose connection was cut; there are panels that change things by GET.
        self._session._retry_connection = False
        return self._session

    async def _look_up(self, host: str, port: int) -> list[str]:
        lookup = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._lookups, lookup)
        return [str(address[0]) for *_, address in found]


_lines: ContextVar[list["_Line"]] = ContextVar("lines")
"""The connection that the request of this task was sent on is added to it just before."""


class _Line(ResponseHandler):
    """A connection that keeps the head of an answer as it came, until the library has read it.

    The library refuses heads that are odd, and gives up a good one when what comes behind it in the same packet is
    bad. The other end has said by then what became of the request.
    """

    head: bytes | None = None

    def set_response_params(self, **given: Any) -> None:
        """Called before each request."""
        self.head = b""
        _lines.get().append(self)
        super().set_response_params(**given)

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Called with the head of each answer, interim ones included."""
        message = data[0]
        if message.code >= 200:
            self.head = None
            if message.code in _NO_BODY and _announces_body(message.raw_headers):
                # What is announced may come, and would stand before the answer to the next request.
                self.force_close()
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        if self.head is not None:
            self.head += data
        super().data_received(data)
        if self._exception is not None:
            if self._payload is not None and not self._payload.is_eof():
                # Else whoever reads it would wait in vain.
                self._payload.set_exception(aiohttp.ClientPayloadError(), self._exception)
        elif self.head is not None and len(self.head) > LARGEST_HEAD:
            self.set_exception(aiohttp.ServerDisconnectedError())
            if self.transport is not None:
                self.transport.abort()


class _Checked(AbstractResolver):
    """Gives aiohttp the addresses to connect to. It is asked for names; IP addresses are `checked_target`'s."""

    def __init__(self, resolve: Resolve, allow_private: frozenset[str], proxy: str | None = None) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._proxy = proxy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        if not addresses:
            raise OSError("The name has no address.")
        # A bad one among good ones is no accident, and which of them gets the connection would be chance.
        if host != self._proxy and not listed(host, port, self._allow_private) and not all(map(is_public, addresses)):
            raise not_public(host)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        pass


async def _read(content: aiohttp.StreamReader, max_bytes: int, received: list[bytes]) -> bool:
    """Put the body into `received` as it comes, up to `max_bytes` of it; returns whether that is all of it."""
    size = 0
    while True:
        some = await content.readany()
        size += len(some)
        if size > max_bytes:
            received.append(some[: max_bytes - size])
            return False
        received.append(some)
        if content.at_eof():
            return True


def _answer(status: int, raw_headers: Iterable[tuple[bytes, bytes]], body: bytes, *, whole: bool) -> Answer:
    # Latin-1 reads any byte; aiohttp's text may hold lone surrogates, which could not be stored.
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw_headers}
    return Answer(status, headers, body, whole)


def _answer_of(head: bytes, max_bytes: int) -> Answer | None:
    """What can be read of an answer that the library could not read, or that broke off; None without a status."""
    while found := _STATUS_LINE.match(head := head.lstrip(b"\r\n")):
        end = _END_OF_HEAD.search(head, found.end() - 1)
        fields, rest = (head[found.end() : end.start()], head[end.end() :]) if end else (head[found.end() :], b"")
        if int(found[1]) >= 200:
            pairs = [line.partition(b":") for line in re.sub(rb"\r?\n[ \t]+", b" ", fields).split(b"\n")]
            named = [(name.strip(), value.strip()) for name, colon, value in pairs if colon]
            length = 0 if int(found[1]) in _NO_BODY else _length(named)
            whole = end is not None and length is not None and length <= min(len(rest), max_bytes)
            return _answer(int(found[1]), named, rest[: length if whole else max_bytes], whole=whole)
        head = rest
    return None


def _length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """How long a body is that comes as it is; None where that is not said, or said in two ways.

    The same length twice is that length: https://www.rfc-editor.org/rfc/rfc9110#section-8.6
    """
    lengths = {value for name, value in headers if name.lower() == b"content-length"}
    if len(lengths) != 1 or any(name.lower() == b"transfer-encoding" for name, _ in headers):
        return None
    text = lengths.pop()
    return int(text) if text.isdigit() and len(text) < 10 else None


def _announces_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(
        name.lower() == b"transfer-encoding" or (name.lower() == b"content-length" and value.strip(b"0 "))
        for name, value in headers
    )


def _trouble(error: Exception) -> tuple[str, str]:
    """The code for an error, and the end of a sentence about the host that caused it."""
    match error:
        case aiohttp.ClientHttpProxyError(status=int(status)):
            return "connection_failed", f"was not reached: the egress proxy answered {status}"
        case aiohttp.ClientProxyConnectionError():
            return "connection_failed", "was not asked: the egress proxy cannot be reached"
        case aiohttp.ClientConnectorDNSError():
            return "dns_failed", "cannot be found: its name leads to no address"
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as why):
            return "tls_failed", f"has no valid certificate: {why.verify_message.rstrip('.')}"
        case aiohttp.ClientSSLError() | OSError(__cause__=ssl.SSLError()):
            return "tls_failed", "agrees on no secure connection: its port may not be one for https"
        case aiohttp.ClientResponseError():
            return "connection_failed", "does not answer in HTTP"
        case OSError(errno=int(number)) if number in errno.errorcode:
            return "connection_failed", f"cannot be reached: {os.strerror(number)}"
        case _:
            return "connection_failed", "closed the connection before its answer was complete"
