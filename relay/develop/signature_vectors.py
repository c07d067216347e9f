"""Judges signature vectors: a webhook with its secrets, its clock and, for PayPal, its certificates."""

import base64
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from relay.errors import Unreadable, VerificationError
from relay.formats import charsets
from relay.inbound.identity import read
from relay.model import Inbound
from relay.sdk.provider import Provider
from relay.security.verification import Credentials

VALID, INVALID, UNSIGNED, CHALLENGE = "valid", "invalid", "unsigned", "challenge"
BAD_BODY = "bad_body"
"""Proved, and kept when it comes in, but not what the format promises."""
_NOT_SETTINGS = frozenset(
    [
        "id",
        "provider",
        "headers",
        "body",
        "body_base64",
        "method",
        "query",
        "secrets",
        "now",
        "expected",
        "reason",
        "note",
        "basic_auth",
        "response_body",
    ]
)
"""What a vector says of the webhook and of itself; the rest are settings of its source."""


def judge(provider: Provider, vector: Mapping[str, Any]) -> tuple[str, str]:
    """The verdict on one vector and the reason for it (`ok` when it is valid)."""
    webhook, now = _webhook(vector), _now(vector)
    credentials = Credentials(
        secrets=_secrets(vector),
        settings={name: value for name, value in vector.items() if name not in _NOT_SETTINGS},
    )
    scheme = provider.scheme_for(vector) if provider.scheme_for else provider.verification
    try:
        if provider.handshake and provider.handshake(webhook, credentials):
            return CHALLENGE, "ok"
        proof = scheme.verify(webhook, credentials, now)
    except VerificationError as error:
        return INVALID, error.code
    except Unreadable:
        return INVALID, BAD_BODY
    if read(provider, webhook).unreadable is not None or not _is_exact(webhook):
        return INVALID, BAD_BODY
    return (UNSIGNED, proof) if scheme.covers(proof) == "fetched" else (VALID, "ok")


def _is_exact(webhook: Inbound) -> bool:
    """Whether every byte of a JSON body is part of a character, in the charset that it shows or names."""
    if webhook.body.lstrip()[:1] not in (b"{", b"["):
        return True
    text = charsets.text(webhook.body, "utf-8", charsets.named(webhook.headers.get("content-type", "")))
    return charsets.REPLACEMENT not in text or charsets.REPLACEMENT.encode() in webhook.body


def _now(vector: Mapping[str, Any]) -> float:
    now = vector.get("now")
    if isinstance(now, bool) or not isinstance(now, int | float | Decimal):
        raise Unreadable(
            "A vector must hold `now`, the clock in Unix seconds, beside `headers`, `body` and `secrets`: the body of a"
            " webhook alone proves nothing. docs/how-to/troubleshoot.md has an example."
        )
    return float(now)


def _secrets(vector: Mapping[str, Any]) -> tuple[str, ...]:
    if "basic_auth" in vector:
        user = _of_kind(vector, "basic_auth", dict, "an object with `username` and `password`")
        return (f"{user.get('username', '')}:{user.get('password', '')}",)
    found = _of_kind(vector, "secrets", list, "a list of texts")
    if not all(isinstance(each, str) for each in found):
        raise Unreadable("`secrets` of a vector must be a list of texts.")
    return tuple(found)


def _of_kind(vector: Mapping[str, Any], name: str, kind: type, expected: str) -> Any:
    """A part of a vector; an empty one where it is missing. Raises `Unreadable`."""
    value = vector.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise Unreadable(f"`{name}` of a vector must be {expected}.")
    return value


def _webhook(vector: Mapping[str, Any]) -> Inbound:
    headers = _of_kind(vector, "headers", dict, "an object of texts")
    query = _of_kind(vector, "query", dict, "an object of texts")
    if not all(isinstance(each, str) for each in (*headers.values(), *query.values())):
        raise Unreadable("`headers` and `query` of a vector must be objects of texts.")
    return Inbound(
        body=_body(vector),
        headers={name.lower(): value for name, value in headers.items()},
        method=_of_kind(vector, "method", str, "a text") or "POST",
        query=query,
    )


def _body(vector: Mapping[str, Any]) -> bytes:
    encoded = _of_kind(vector, "body_base64", str, "a text in base64")
    if not encoded:
        return str(_of_kind(vector, "body", str, "the exact text of the body")).encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Unreadable("`body_base64` of a vector must be base64; it is not.") from None
