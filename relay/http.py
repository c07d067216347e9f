"""The one door to the network: every request to an address that a user or a payload gave goes through it.

What can be refused by looking at an address is refused by `check_url`. A name is resolved once for each new
connection, all its answers are checked, and the connection is made to a checked answer, never to the name:
one that answers differently the next moment (DNS rebinding) changes nothing. TLS still proves the name.

No redirect is followed, no proxy is taken from the environment, no cookie is kept, nothing is decompressed;
time and size are bounded. Which addresses are public is written in
https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry

A status that has come is an answer, whatever becomes of what follows it: see `GuardedClient.request`.
"""

import asyncio
import errno
import os
import re
import socket
import ssl
import string
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from posixpath import normpath
from typing import Any, Self
from urllib.parse import quote, unquote

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from relay.config import ALLOW_PRIVATE_SOURCES, ALLOW_PRIVATE_TARGETS
from relay.errors import AddressRefused, Unreachable

# From a host and a port to the text of its IP addresses; raises OSError when it cannot.
Resolve = Callable[[str, int], Awaitable[list[str]]]

TIMEOUT = 15.0
MAX_BYTES = 65536
LARGEST_HEAD = 256 * 1024
"""Of an answer: what is longer counts as far as it was read."""

USER_AGENT = "relay"
LOOKUPS = 64  # names looked up at once: each takes a thread, for as long as its name server takes

_URL = re.compile(r"https?://(?P<authority>[^/?#]+)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*")
# Resolvers read what ends like this as a number: 2130706433, 0177.0.0.1, 0x7f.1 and 127.1 are all 127.0.0.1.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
# This machine or this network by definition: RFC 6761, 6762, 8375 and, for `internal`, ICANN. So is a single
# word, which only a search list can complete.
_LOCAL = re.compile(r"(?:.*\.)?(?:localhost|local|internal|home\.arpa)|[^.]+")

# A head is read leniently once the library has refused it: only the status has to be right.
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?=[ \t\r\n])[^\n]*(?:\n|$)")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_MOST_HEADERS = 8192
_NO_BODY = (204, 304)

_UNICAST = ip_network("2000::/3")
_NAT64 = ip_network("64:ff9b::/96")
# The last half of an IPv6 address that hides an IPv4 one (ISATAP), but for the bit that says whether it is unique.
_ISATAP, _ISATAP_MASK = 0x00005EFE, 0xFDFFFFFF
# Besides what `is_global` knows, which differs between releases of Python. 6to4 and Teredo hide an IPv4
# address that some gateway might unwrap; both are dead, so they are refused whatever they hide.
_NOT_PUBLIC = (
    ip_network("192.0.0.0/24"),  # protocol assignments
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("224.0.0.0/4"),  # multicast
    # Taken from the public space, and led to the platform's own services from inside of it.
    ip_network("168.63.129.16/32"),  # Azure: DNS, health and the agent's wire server
    ip_network("161.26.0.0/16"),  # IBM Cloud: infrastructure services
    ip_network("166.8.0.0/14"),  # IBM Cloud: service endpoints
    ip_network("2001::/23"),  # protocol assignments, Teredo among them
    ip_network("2002::/16"),  # 6to4
    ip_network("3fff::/20"),  # documentation
)


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


def check_url(url: str, allow_private: frozenset[str] = frozenset()) -> None:
    """Refuse what can be seen to be unfit, without asking anybody. Raises AddressRefused, saying why.

    `allow_private` lists hosts, each as `host` or `host:port`, that may be private and may use plain http.
    """
    _target(url, allow_private)


def is_at(url: str, hosts: Iterable[str], allow_private: frozenset[str] = frozenset()) -> bool:
    """Whether an address that was checked is at one of `hosts`, or at one that the operator lists.

    `*.example.com` are all hosts below that, `*` all there are.
    """
    _, host, port, _ = _split(url)
    shown = f"[{host}]" if ":" in host else host
    return _listed(shown, port, allow_private) or any(
        host.endswith(each[1:]) if each.startswith("*") else host == each for each in hosts
    )


def climbs(path: str) -> bool:
    """Whether a path has a step such as `..` in it, as it is or escaped, which leads to another than it says."""
    return any(unquote(each) in (".", "..") for each in re.split("[?#]", path, maxsplit=1)[0].split("/"))


def is_below(url: str, base: str) -> bool:
    """Whether an address that was checked is `base` or below it, by http or https."""
    _, host, port, rest = _split(url)
    _, its_host, its_port, its_rest = _split(base)
    usual = (80, 443)
    here = host == its_host and (port == its_port or (port in usual and its_port in usual))
    path, its_path = (f"{_plain_path(each)}/" for each in (rest, its_rest))
    return here and path.startswith(its_path)


def _plain_path(rest: str) -> str:
    """A path without escapes, doubled slashes and steps up, as a proxy may read it."""
    path = normpath("/" + unquote(re.split("[?#]", rest, maxsplit=1)[0]).lstrip("/"))
    return "" if path == "/" else path


def fetch(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
    max_bytes: int = MAX_BYTES,
    body_timeout: float | None = None,
    allow_private: frozenset[str] = frozenset(),
    resolve: Resolve | None = None,
) -> Answer:
    """Send one request from code without an event loop. Same rules and errors as `GuardedClient.request`."""

    async def once() -> Answer:
        async with GuardedClient(allow_private=allow_private, resolve=resolve) as door:
            return await door.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=timeout,
                max_bytes=max_bytes,
                body_timeout=body_timeout,
            )

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
        target, origin = _target(url, self._allow_private)
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
    """Gives aiohttp the addresses to connect to. It is asked for names; IP addresses are `_target`'s."""

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
        if host != self._proxy and not _listed(host, port, self._allow_private) and not all(map(_is_public, addresses)):
            raise _not_public(host)
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in addresses
        ]

    async def close(self) -> None:
        pass


@lru_cache(maxsize=4096)
def _target(url: str, allow_private: frozenset[str]) -> tuple[URL, str]:
    """The address to request, and its scheme://host:port, all that may be shown: the rest holds secrets."""
    scheme, host, port, rest = _split(url)
    literal = ":" in host or _NUMBER.fullmatch(host) is not None
    if not (_ip(host) if literal else _NAME.fullmatch(host)):
        raise AddressRefused(f"{host!r} is neither a host name nor an IP address in its usual form.")
    shown = f"[{host}]" if ":" in host else host
    if not _listed(shown, port, allow_private):
        if scheme != "https":
            raise AddressRefused(f"http can be read on its way: use https://{shown} instead.")
        if not _is_public(host) if literal else _LOCAL.fullmatch(host):
            raise _not_public(shown)
    # Put together from what was checked, so nothing else can be meant by it; path and query stay as written.
    origin = f"{scheme}://{shown}:{port}"
    return URL(origin + quote(rest, safe=string.punctuation), encoded=True), origin


def _split(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port, and what follows them. The host is in ASCII, lower case and without a final dot."""
    if _UNSAFE.search(url):
        raise AddressRefused("The address has a space, control character or backslash: percent-encode it.")
    parts = _URL.match(url)
    if parts is None:
        raise AddressRefused("The address has to begin with https:// and a host.")
    if "@" in parts["authority"]:
        raise AddressRefused("The address has a user name or password before its host: leave it out.")
    if "#" in parts["rest"]:
        raise AddressRefused("The address has a fragment (#), which is never sent: leave it out.")
    try:
        parsed = URL(url)
        host, port = parsed.raw_host, parsed.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise AddressRefused("The address needs a valid host and, if any, a port from 1 to 65535.")
    return parsed.scheme, host.removesuffix("."), port, parts["rest"]


def _listed(shown: str, port: int, allow_private: frozenset[str]) -> bool:
    forms = {shown, shown.strip("[]"), f"{shown}:{port}"}
    return any(entry.lower() in forms for entry in allow_private)


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def _is_public(text: str) -> bool:
    """Whether this is an IP address that the whole internet can reach."""
    address = _ip(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None or address in _NAT64:
            address = IPv4Address(address.packed[-4:])
        elif address not in _UNICAST or (int(address) >> 32) & _ISATAP_MASK == _ISATAP:
            return False
    return address is not None and address.is_global and not any(address in net for net in _NOT_PUBLIC)


def _not_public(shown: str) -> AddressRefused:
    # Without the address that a name led to: it would tell strangers how the network inside is numbered.
    return AddressRefused(
        f"{shown} is not on the public internet: name a host that is, "
        f"or have the operator list it in {ALLOW_PRIVATE_TARGETS}, "
        f"or for a source, watch or channel alone in {ALLOW_PRIVATE_SOURCES}."
    )


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
