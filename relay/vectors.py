"""Judges signature vectors: a webhook with its secrets, its clock and, for PayPal, its certificates."""

import base64
from collections.abc import Mapping
from typing import Any

from relay import charsets
from relay.errors import Unreadable, VerificationError
from relay.model import Inbound
from relay.normalize import read
from relay.providers.base import Provider
from relay.verification import Credentials

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
    webhook = _webhook(vector)
    credentials = Credentials(
        secrets=_secrets(vector),
        settings={name: value for name, value in vector.items() if name not in _NOT_SETTINGS},
    )
    scheme = provider.scheme_for(vector) if provider.scheme_for else provider.verification
    try:
        if provider.handshake and provider.handshake(webhook, credentials):
            return CHALLENGE, "ok"
        proof = scheme.verify(webhook, credentials, float(vector["now"]))
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


def _secrets(vector: Mapping[str, Any]) -> tuple[str, ...]:
    if "basic_auth" in vector:
        return (":".join((vector["basic_auth"]["username"], vector["basic_auth"]["password"])),)
    return tuple(vector.get("secrets") or ())


def _webhook(vector: Mapping[str, Any]) -> Inbound:
    encoded = vector.get("body_base64")
    return Inbound(
        body=str(vector.get("body", "")).encode() if encoded is None else base64.b64decode(encoded),
        headers={name.lower(): value for name, value in vector.get("headers", {}).items()},
        method=vector.get("method", "POST"),
        query=vector.get("query", {}),
    )
