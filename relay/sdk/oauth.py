"""OAuth's client credentials (RFC 6749, 4.4): who asks for a token, and tokens kept until shortly before they end."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from cachetools import FIFOCache

FORM = b"grant_type=client_credentials"
_KEPT_TOKENS = 64
_EARLY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks in its own name at the API that is at `base`."""

    base: str
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def key(self) -> str:
        """What its token is kept under: another secret asks for another token."""
        return hashlib.sha256("\0".join((self.base, self.client_id, self.client_secret)).encode()).hexdigest()

    @property
    def headers(self) -> dict[str, str]:
        """Of the request for a token."""
        encoded = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return {"authorization": f"Basic {encoded}", "content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Token:
    """`until` is when it is used no more, by the clock of whoever asked."""

    value: str = field(repr=False)
    until: float

    @classmethod
    def of(cls, said: Any, now: float) -> "Token | None":
        """The token in an answer, if there is one."""
        given = said if isinstance(said, Mapping) else {}
        value, seconds = given.get("access_token"), given.get("expires_in")
        if not isinstance(value, str) or not value:
            return None
        return cls(value, now + (seconds if isinstance(seconds, int) else 0) - _EARLY_SECONDS)


class TokenCache:
    """Access tokens, each until shortly before it ends."""

    def __init__(self) -> None:
        self._kept: FIFOCache[str, Token] = FIFOCache(_KEPT_TOKENS)
        self._lock = Lock()

    def get(self, key: str, now: float) -> str | None:
        with self._lock:
            token = self._kept.get(key)
        return token.value if token is not None and now < token.until else None

    def put(self, key: str, token: Token) -> None:
        with self._lock:
            self._kept[key] = token

    def drop(self, key: str, value: str) -> None:
        """Forget a token that was refused, unless another has taken its place."""
        with self._lock:
            token = self._kept.get(key)
            if token is not None and token.value == value:
                del self._kept[key]
