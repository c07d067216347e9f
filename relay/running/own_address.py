"""Asks the relay's own address, as a provider or a browser would: whether it is there, and what it answers."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from relay.http import Answer, fetch

PATIENCE_SECONDS = 10.0


def ask(
    url: str,
    method: str = "GET",
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = PATIENCE_SECONDS,
) -> Answer:
    """One request to an address of the relay's own, private or not. Raises `Unreachable`."""
    host = urlsplit(url).hostname or ""
    return fetch(method, url, body=body, headers=headers, timeout=timeout, allow_private=frozenset({host}))
