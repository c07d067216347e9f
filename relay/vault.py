"""Encryption at rest: AES-256-GCM under a key derived from `RELAY_SECRET_KEY`.

Several keys, separated by commas, may be configured: the first seals, all open, so a key is rotated by putting
a new one in front. A sealed value is bound to its place (`context`): copied to another row it does not open.
"""

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from relay.errors import ConfigError, DoesNotOpen

_FORMAT = b"\x01"
_NONCE = 12
_KEY_ID = 4
SHORTEST_KEY = 32


class Vault:
    """Seals and opens bytes. Safe to share between threads."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise ConfigError(
                f"RELAY_SECRET_KEY must hold one or more keys of at least {SHORTEST_KEY} characters,"
                " separated by commas. Make one with: openssl rand -base64 48"
            )
        derived = [hashlib.sha256(b"relay vault\0" + key.encode()).digest() for key in keys]
        self._ciphers = {hashlib.sha256(key).digest()[:_KEY_ID]: AESGCM(key) for key in derived}
        self._newest = next(iter(self._ciphers))
        self._newest_cipher = self._ciphers[self._newest]

    def seal(self, value: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE)
        return _FORMAT + self._newest + nonce + self._newest_cipher.encrypt(nonce, value, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises `DoesNotOpen` when no configured key fits: the key is missing or the value was moved."""
        key_id = sealed[1 : 1 + _KEY_ID]
        nonce = sealed[1 + _KEY_ID : 1 + _KEY_ID + _NONCE]
        try:
            return self._ciphers[key_id].decrypt(nonce, sealed[1 + _KEY_ID + _NONCE :], context.encode())
        except (KeyError, InvalidTag):
            raise DoesNotOpen(
                "A stored secret does not open with the configured RELAY_SECRET_KEY."
                " Put the key it was sealed with behind the current one, separated by a comma."
            ) from None
