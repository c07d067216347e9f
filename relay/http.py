"""The one door to the network: every request to an address that a user or a payload gave goes through it.

What can be refused by looking at an address is refused by `check_url`. A name is resolved once for each new
connection, all its answers are checked, and the connection is made to a checked answer, never to the name:
one that answers differently the next moment (DNS rebinding) changes nothing. TLS still proves the name.

No redirect is followed, no proxy is taken from the environment, no cookie is kept, nothing is decompressed;
time and size are bounded. Which addresses are public is written in
https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

import asyncio
import errno
import os
import re
import socket
import ssl
import string
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Self
from urllib.parse import quote

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from relay.errors import AddressRefused, Unreachable

# From a host and a port to the text of its IP addresses; raises OSError when it cannot.
Resolve = Callable[[str, int], Awaitable[list[str]]]

TIMEOUT = 15.0
MAX_BYTES = 65536
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
    """What came back. Header names are lower case, the last of a repeated one counts; `body` is as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def check_url(url: str, allow_private: frozenset[str] = frozenset()) -> None:
    """Refuse what can be seen to be unfit, without asking anybody. Raises AddressRefused, saying why.

    `allow_private` lists hosts, each as `host` or `host:port`, that may be private and may use plain http.
    """
    _target(url, allow_private)


def fetch(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
    max_bytes: int = MAX_BYTES,
    allow_private: frozenset[str] = frozenset(),
    resolve: Resolve | None = None,
) -> Answer:
    """Send one request from code without an event loop. Same rules and errors as `Door.request`."""

    async def once() -> Answer:
        async with Door(allow_private=allow_private, resolve=resolve) as door:
            return await door.request(method, url, body=body, headers=headers, timeout=timeout, max_bytes=max_bytes)

    return asyncio.run(once())


class Door:
    """Sends requests over kept-alive connections. Belongs to the event loop that first uses it.

    `max_connections` bounds the requests under way; idle connections are kept beside them for 15 s. `resolve`
    takes the place of the system's resolver, `tls` that of the certificates the system trusts.
    """

    def __init__(
        self,
        *,
        allow_private: frozenset[str] = frozenset(),
        resolve: Resolve | None = None,
        max_connections: int = 1000,
        user_agent: str = USER_AGENT,
        tls: ssl.SSLContext | None = None,
    ) -> None:
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
    ) -> Answer:
        """Send one request and read its answer, whatever its status; a redirect is an answer too.

        `timeout` is seconds for all of it, waiting for a free connection included. A body longer than
        `max_bytes` is cut there and its connection closed. Raises AddressRefused, or Unreachable with code
        `timeout`, `dns_failed`, `tls_failed` or `connection_failed`; messages name scheme, host, port only.
        """
        target, origin = _target(url, self._allow_private)
        session = self._session or self._open()
        try:
            async with asyncio.timeout(timeout):
                response = await session.request(
                    method, target, data=body or None, headers=headers, allow_redirects=False
                )
                try:
                    received = await _read(response.content, max_bytes)
                finally:
                    # After a whole answer the connection has gone back to be used again; any other is closed.
                    response.close()
        # `from None`: aiohttp's errors may show the whole address, and a log would print them as the cause.
        except TimeoutError:
            message = f"{origin} gave no complete answer within {timeout:g} s."
            raise Unreachable(message, code="timeout") from None
        except (aiohttp.ClientError, OSError) as error:
            code, what = _trouble(error)
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            raise Unreachable(f"{origin} {what}.", code=code, sent=sent) from None
        # Latin-1 reads any byte; aiohttp's text may hold lone surrogates, which could not be stored.
        named = {n.decode("latin-1").lower(): v.decode("latin-1") for n, v in response.raw_headers}
        return Answer(response.status, named, received)

    async def close(self) -> None:
        """Close every connection. The door stays shut."""
        self._lookups.shutdown(wait=False, cancel_futures=True)
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            # aiohttp keeps what this answers for 10 s: addresses that were checked.
            resolver=_Checked(self._resolve, self._allow_private),
            ttl_dns_cache=10,
            limit=self._max_connections,
            ssl=self._tls or True,
            # Older asyncio holds on to a TLS connection whose other end does not say goodbye.
            enable_cleanup_closed=sys.version_info < (3, 12, 8),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers={"user-agent": self._user_agent, "accept": "*/*", "accept-encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            # Time is kept around the whole request instead, which is exact and cheaper.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        )
        # By itself aiohttp sends a GET again whose connection was cut; there are panels that change things by GET.
        self._session._retry_connection = False
        return self._session

    async def _look_up(self, host: str, port: int) -> list[str]:
        lookup = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._lookups, lookup)
        return [str(address[0]) for *_, address in found]


class _Checked(AbstractResolver):
    """Gives aiohttp the addresses to connect to. It is asked for names; IP addresses are `_target`'s."""

    def __init__(self, resolve: Resolve, allow_private: frozenset[str]) -> None:
        self._resolve = resolve
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        addresses = await self._resolve(host, port)
        if not addresses:
            raise OSError("The name has no address.")
        # A bad one among good ones is no accident, and which of them gets the connection would be chance.
        if not _listed(host, port, self._allow_private) and not all(map(_is_public, addresses)):
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
        "or have the operator list it in RELAY_ALLOW_PRIVATE_TARGETS."
    )


async def _read(content: aiohttp.StreamReader, max_bytes: int) -> bytes:
    body = await content.readany()
    if len(body) <= max_bytes and content.at_eof():  # most answers
        return body
    start = bytearray(body)
    while len(start) <= max_bytes and not content.at_eof():
        start += await content.readany()
    return bytes(start[:max_bytes])


def _trouble(error: Exception) -> tuple[str, str]:
    """The code for an error, and the end of a sentence about the host that caused it."""
    match error:
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
