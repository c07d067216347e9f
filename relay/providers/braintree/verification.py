"""Braintree's signature, its check of a new address, and how a notification is read.

https://developer.paypal.com/braintree/docs/guides/webhooks/parse

A notification is a form: `bt_payload` is XML in base64, `bt_signature` is `PUBLIC_KEY|HMAC` for each key of the
account, joined by `&`. The HMAC's key is the SHA-1 of the private key.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlencode

from relay.formats import jsontext, xmltext
from relay.sdk.errors import Unreadable, VerificationError
from relay.sdk.inbound import Inbound
from relay.sdk.provider import FORM, BodyFormat, Reply
from relay.security.verification import Coverage, Credentials

SIGNATURE, PAYLOAD, CHALLENGE = "bt_signature", "bt_payload", "bt_challenge"
_CHALLENGE_FORM = re.compile(r"[0-9a-f]{20,32}")
_BREAKS = re.compile(r"[\r\n]")


@dataclass(frozen=True, slots=True)
class Keys:
    """The pair of API keys whose signature is looked for."""

    public: str
    private: str

    @classmethod
    def of(cls, credentials: Credentials) -> "Keys":
        told = credentials.settings
        keys = cls(str(told.get("public_key") or "").strip(), str(told.get("private_key") or "").strip())
        if not keys.public or not keys.private:
            raise VerificationError(
                "This source has no public_key and private_key yet, so it accepts no webhooks. Copy an API key from"
                " Braintree: relay source set SOURCE public_key=... private_key=...",
                code="no_secret",
            )
        return keys

    def signature_of(self, text: str) -> str:
        return hmac.digest(hashlib.sha1(self.private.encode()).digest(), text.encode(), "sha1").hex()  # noqa: S324  theirs


@dataclass(frozen=True, slots=True)
class BraintreeSignature:
    """All that is read of a notification stands in what is signed."""

    name: str = "braintree_signature"

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        form = FORM.read(inbound)
        signature, payload = form.get(SIGNATURE), form.get(PAYLOAD)
        if not signature or not payload:
            raise VerificationError(
                f"The body must be a form with {SIGNATURE} and {PAYLOAD}; it is not.", code="missing_signature"
            )
        keys = Keys.of(credentials)
        pairs = [part.partition("|") for part in signature.split("&")]
        if not any(separator for _, separator, _ in pairs):
            raise VerificationError(f"{SIGNATURE} must be PUBLIC_KEY|SIGNATURE; it is not.", code="malformed_header")
        offered = [each.encode() for key, _, each in pairs if hmac.compare_digest(key.encode(), keys.public.encode())]
        # The final newline of the base64 is signed, and sometimes lost on the way.
        expected = [keys.signature_of(text).encode() for text in (payload, payload + "\n")]
        if not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered):
            raise VerificationError(
                "The signature does not match: the body was changed on the way, or it was signed for another API key"
                " than the one kept for this source.",
                code="signature_mismatch",
            )
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        form = FORM.read(inbound)
        keys = Keys.of(credentials)
        signature = f"{keys.public}|{keys.signature_of(form[PAYLOAD])}"
        return replace(inbound, body=urlencode({SIGNATURE: signature, **form}).encode())


def handshake(inbound: Inbound, credentials: Credentials) -> Reply | None:
    """Braintree asks a new address to sign a challenge with the account's key."""
    challenge = inbound.query.get(CHALLENGE)
    if inbound.method != "GET" or challenge is None:
        return None
    if not _CHALLENGE_FORM.fullmatch(challenge):
        raise VerificationError(f"{CHALLENGE} must be 20 to 32 hexadecimal digits; it is not.", code="bad_challenge")
    keys = Keys.of(credentials)
    return Reply(200, f"{keys.public}|{keys.signature_of(challenge)}")


def _read(inbound: Inbound) -> dict[str, Any]:
    """`{"notification": ...}` and what else the form held; also as it is written once secrets are gone."""
    start = inbound.body.lstrip()[:1]
    if start == b"{":
        kept = jsontext.read(inbound.body)
        return kept if isinstance(kept.get("notification"), dict) else {"notification": {}}
    if start == b"<":
        return _notification(inbound.body)
    form: dict[str, Any] = dict(FORM.read(inbound))
    encoded = form.pop(PAYLOAD, None)
    if encoded is None:
        raise Unreadable(f"The body must be a form with {PAYLOAD}; it has none.")
    return form | _notification(_decoded(encoded))


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(_BREAKS.sub("", encoded), validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable(f"{PAYLOAD} must be base64 in lines; it is not.") from None


def _notification(text: bytes) -> dict[str, Any]:
    found = xmltext.loads(text).get("notification")
    if not isinstance(found, dict):
        raise Unreadable("The XML must be a <notification> with parts; it is not.")
    return {"notification": found}


FORMAT = BodyFormat("form", _read, jsontext.dumps)
