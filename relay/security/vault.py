"""Encryption and seals at rest, under keys derived from `RELAY_SECRET_KEY`.

Several keys, separated by commas, may be configured: the first seals, all open, so a key is rotated by putting
a new one in front. A sealed value is bound to its place (`context`): copied to another row it does not open. Each kind
of data has a key of its own, so that none seals more values than AES-GCM's random nonces allow for.
"""

import hashlib
import hmac
import os
import zlib
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from relay.errors import ConfigError, DoesNotOpen

_ONE_KEY, _KEY_OF_A_KIND = b"\x01", b"\x02"
"""How a value was sealed: in the first format all kinds had one key. Both open."""

_KINDLESS = ""
_KINDS = {
    "src": "source",
    "hk": "hook",
    "in": "webhook",
    "run": "action run",
    "channel": "channel",
    "approval": "approval link",
    "ws": "answer",  # to a repeated call: of a workspace, by its key
}

_NONCE = 12
_KEY_ID = 4
_HEAD = 1 + _KEY_ID
SHORTEST_KEY = 32
_LEAST_SIGNS = 10
_LEAST_COMPRESSED = 0.75


class Mac:
    """Seals what stays readable: a text that nobody can make without a key. Any of the keys proves, the first seals."""

    def __init__(self, keys: Mapping[bytes, bytes]) -> None:
        self._keys = keys
        self._newest = next(iter(keys))

    def seal(self, value: bytes) -> str:
        return self._newest.hex() + hmac.digest(self._keys[self._newest], value, "sha256").hex()

    def fits(self, value: bytes, seal: str) -> bool:
        """Whether this seal was made for this value, with one of the keys."""
        key = self._keys.get(_key_id(seal))
        return key is not None and hmac.compare_digest(seal[2 * _KEY_ID :], hmac.digest(key, value, "sha256").hex())

    @property
    def head(self) -> str:
        """What every seal begins with that is made with the first key."""
        return self._newest.hex()


class Vault:
    """Seals and opens bytes. Safe to share between threads."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or any(len(key) < SHORTEST_KEY for key in keys):
            raise ConfigError(
                f"RELAY_SECRET_KEY must hold one or more keys of at least {SHORTEST_KEY} characters,"
                " separated by commas. Make one with: openssl rand -base64 48"
            )
        derived = [hashlib.sha256(b"relay vault\0" + key.encode()).digest() for key in keys]
        self._keys = {hashlib.sha256(key).digest()[:_KEY_ID]: key for key in derived}
        self._newest = next(iter(self._keys))
        self._ciphers: dict[tuple[bytes, str], AESGCM] = {}

    def seal(self, value: bytes, context: str) -> bytes:
        nonce = os.urandom(_NONCE)
        sealed = self._cipher(self._newest, _kind_of(context)).encrypt(nonce, value, context.encode())
        return _KEY_OF_A_KIND + self._newest + nonce + sealed

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises `DoesNotOpen` when no configured key fits: the key is missing or the value was moved."""
        key_id, nonce = sealed[1:_HEAD], sealed[_HEAD : _HEAD + _NONCE]
        try:
            cipher = self._cipher(key_id, _KINDLESS if sealed[:1] == _ONE_KEY else _kind_of(context))
            if sealed[:1] not in (_ONE_KEY, _KEY_OF_A_KIND):
                raise InvalidTag
            return cipher.decrypt(nonce, sealed[_HEAD + _NONCE :], context.encode())
        except (KeyError, InvalidTag, ValueError):
            raise DoesNotOpen(
                "A stored secret does not open with the configured RELAY_SECRET_KEY."
                " Add the key it was encrypted with after the current key, separated by a comma."
            ) from None

    @property
    def head(self) -> bytes:
        """What everything begins with that is sealed with the first key, in today's format."""
        return _KEY_OF_A_KIND + self._newest

    def mac(self, kind: str) -> Mac:
        """Seals for a kind of data that stays readable."""
        return Mac({key_id: _derived(key, f"mac {kind}") for key_id, key in self._keys.items()})

    def _cipher(self, key_id: bytes, kind: str) -> AESGCM:
        """Raises `KeyError` for a key that is not there."""
        found = self._ciphers.get((key_id, kind))
        if found is None:
            key = self._keys[key_id]
            found = self._ciphers[key_id, kind] = AESGCM(_derived(key, f"seal {kind}") if kind else key)
        return found


def _kind_of(context: str) -> str:
    """The kind of data in a place. Ids carry theirs."""
    return _KINDS.get(context.partition("_")[0].partition(" ")[0], "other")


def _derived(key: bytes, purpose: str) -> bytes:
    return HKDFExpand(SHA256(), 32, purpose.encode()).derive(key)


def _key_id(seal: str) -> bytes:
    try:
        return bytes.fromhex(seal[: 2 * _KEY_ID])
    except ValueError:
        return b""


def is_weak(key: str) -> bool:
    """Whether a key looks like one that was typed, not drawn: a few signs, or a piece that comes again and again."""
    repeated = len(zlib.compress(key.encode(), 9)) < _LEAST_COMPRESSED * len(key)
    return len(set(key)) < _LEAST_SIGNS or repeated
