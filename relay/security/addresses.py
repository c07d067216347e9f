"""Which addresses may be asked: what an address says, and what the name in it leads to.

Which are public is written in https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

import re
import string
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from posixpath import normpath
from urllib.parse import quote, unquote

from yarl import URL

from relay.errors import AddressRefused

ALLOW_PRIVATE_TARGETS = "RELAY_ALLOW_PRIVATE_TARGETS"
ALLOW_PRIVATE_SOURCES = "RELAY_ALLOW_PRIVATE_SOURCES"
"""The settings that list hosts for which the rules do not hold."""

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


def check_url(url: str, allow_private: frozenset[str] = frozenset()) -> None:
    """Refuse what can be seen to be unfit, without asking anybody. Raises AddressRefused, saying why.

    `allow_private` lists hosts, each as `host` or `host:port`, that may be private and may use plain http.
    """
    checked_target(url, allow_private)


def is_at(url: str, hosts: Iterable[str], allow_private: frozenset[str] = frozenset()) -> bool:
    """Whether an address that was checked is at one of `hosts`, or at one that the operator lists.

    `*.example.com` are all hosts below that, `*` all there are.
    """
    _, host, port, _ = _split(url)
    shown = f"[{host}]" if ":" in host else host
    return listed(shown, port, allow_private) or any(
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


@lru_cache(maxsize=4096)
def checked_target(url: str, allow_private: frozenset[str]) -> tuple[URL, str]:
    """The address to request, and its scheme://host:port, all that may be shown: the rest holds secrets."""
    scheme, host, port, rest = _split(url)
    literal = ":" in host or _NUMBER.fullmatch(host) is not None
    if not (_ip(host) if literal else _NAME.fullmatch(host)):
        raise AddressRefused(f"{host!r} is neither a host name nor an IP address in its usual form.")
    shown = f"[{host}]" if ":" in host else host
    if not listed(shown, port, allow_private):
        if scheme != "https":
            raise AddressRefused(f"http can be read on its way: use https://{shown} instead.")
        if not is_public(host) if literal else _LOCAL.fullmatch(host):
            raise not_public(shown)
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


def listed(shown: str, port: int, allow_private: frozenset[str]) -> bool:
    forms = {shown, shown.strip("[]"), f"{shown}:{port}"}
    return any(entry.lower() in forms for entry in allow_private)


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def is_public(text: str) -> bool:
    """Whether this is an IP address that the whole internet can reach."""
    address = _ip(text)
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None or address in _NAT64:
            address = IPv4Address(address.packed[-4:])
        elif address not in _UNICAST or (int(address) >> 32) & _ISATAP_MASK == _ISATAP:
            return False
    return address is not None and address.is_global and not any(address in net for net in _NOT_PUBLIC)


def not_public(shown: str) -> AddressRefused:
    # Without the address that a name led to: it would tell strangers how the network inside is numbered.
    return AddressRefused(
        f"{shown} is not on the public internet: name a host that is, "
        f"or have the operator list it in {ALLOW_PRIVATE_TARGETS}, "
        f"or for a source, watch or channel alone in {ALLOW_PRIVATE_SOURCES}."
    )
