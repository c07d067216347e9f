"""The proxies that are trusted to say for whom they ask: RELAY_TRUSTED_PROXIES.

Anybody can write an `X-Forwarded-For`. Each proxy adds the address that it was asked from at the end, so that the last
one which is no trusted proxy's is the caller's; what stands before it is hearsay.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Self

NONE = "none"
_HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Proxies:
    """Addresses of proxies. An IPv4 address written as IPv6 is itself."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """Addresses and networks between commas, or `none`; 127.0.0.1 without. Raises `ValueError`."""
        named = [each.strip() for each in (text.strip() or _HERE).split(",") if each.strip()]
        if named == [NONE]:
            return cls()
        # Of this machine there are two.
        return cls(tuple(ip_network(each) for name in named for each in ([name, "::1"] if name == _HERE else [name])))

    def __contains__(self, address: str) -> bool:
        found = _address(address)
        return found is not None and any(found in network for network in self.networks)

    def caller(self, peer: str, forwarded: str) -> str:
        """Who asks, where `peer` connected and said that it was for `forwarded`."""
        caller = peer
        for each in reversed(forwarded.split(",")):
            if caller not in self or (before := _address(each)) is None:
                break
            caller = str(before)
        return caller


class Behind:
    """A WSGI application that sees the callers' own addresses as `REMOTE_ADDR`."""

    def __init__(self, application: Callable[..., Iterable[bytes]], proxies: Proxies) -> None:
        self._application = application
        self._proxies = proxies

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        peer, forwarded = environ.get("REMOTE_ADDR") or "", environ.get("HTTP_X_FORWARDED_FOR", "")
        environ["REMOTE_ADDR"] = self._proxies.caller(peer, forwarded)
        return self._application(environ, start_response)


def origin(address: str) -> str:
    """What one caller is counted by: of an IPv6 address the network, of which a caller has all addresses."""
    found = _address(address)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found or address)


@lru_cache(maxsize=4096)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it, perhaps with brackets or a port."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (isinstance(found, IPv6Address) and found.ipv4_mapped) or found
