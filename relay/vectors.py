"""Judges signature vectors: a webhook with its secrets, its clock and, for PayPal, its certificates."""

import base64
from collections.abc import Mapping
from typing import Any

from relay.errors import Unreadable, VerificationError
from relay.model import Inbound
from relay.normalize import read
from relay.providers.base import Provider
from relay.verification import Credentials

VALID, INVALID, UNSIGNED, CHALLENGE = "valid", "invalid", "unsigned", "challenge"
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
        read(provider, webhook)
    except VerificationError as error:
        return INVALID, error.code
    except Unreadable:
        return INVALID, "bad_body"
    return (UNSIGNED, proof) if scheme.covers(proof) == "fetched" else (VALID, "ok")


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
