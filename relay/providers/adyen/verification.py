"""Proof that a webhook is Adyen's, in the two ways Adyen gives it.

https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures/

A standard webhook carries a signature in each of its items, over eight of its fields; what else it says is not
covered. The newer families sign the whole body, in a header.
"""

import base64
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from relay.formats import jsontext
from relay.sdk.errors import Unreadable, VerificationError
from relay.sdk.inbound import Inbound
from relay.sdk.provider import JSON
from relay.security.verification import Coverage, Credentials, HmacSignature, hex_key

ITEM_PROOF, BODY_PROOF = "adyen_item_signature", "adyen_body_signature"


def items_of(payload: Any) -> list[dict[str, Any]]:
    """What a standard webhook tells of; empty for the newer families. An item that is none counts as empty."""
    listed = payload.get("notificationItems") if isinstance(payload, dict) else None
    if not isinstance(listed, list):
        return []
    held = [each.get("NotificationRequestItem") if isinstance(each, dict) else None for each in listed]
    return [each if isinstance(each, dict) else {} for each in held]


def signed_text(item: Mapping[str, Any]) -> bytes:
    """The eight fields, joined by colons that nothing escapes; a missing one is empty."""
    amount = item.get("amount")
    money = amount if isinstance(amount, dict) else {}
    fields = (
        item.get("pspReference"),
        item.get("originalReference"),
        item.get("merchantAccountCode"),
        item.get("merchantReference"),
        money.get("value"),
        money.get("currency"),
        item.get("eventCode"),
        item.get("success"),
    )
    return ":".join(map(_written, fields)).encode()


def _written(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class AdyenSignature(HmacSignature):
    """The header where there is one, else the signature of each item: one that does not match refuses them all."""

    name: str = ITEM_PROOF
    header: str = "hmacsignature"
    encoding: str = "base64"
    keys: tuple[Callable[[str], bytes], ...] = (hex_key,)

    def covers(self, proof: str) -> Coverage:
        return "partly" if proof == ITEM_PROOF else "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        if inbound.headers.get(self.header):
            HmacSignature.verify(self, inbound, credentials, now)
            return BODY_PROOF
        items = items_of(_read(inbound))
        if not items:
            raise VerificationError(
                "The header hmacsignature is missing, and the body holds no notificationItems with signatures.",
                code="missing_signature",
            )
        offered = [_signature(item) for item in items]
        if not credentials.secrets:
            raise VerificationError(
                "This source has no HMAC key yet, so it accepts no webhooks. Add the one that Adyen shows.",
                code="no_secret",
            )
        for item, signature in zip(items, offered, strict=True):
            _check(item, signature, credentials)
        return ITEM_PROOF

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        payload = jsontext.loads(inbound.body)
        items = items_of(payload)
        if not items:
            return HmacSignature.sign(self, inbound, credentials, now)
        for item in items:
            known = item.get("additionalData") or {}
            item["additionalData"] = known | {"hmacSignature": _mac(credentials.secrets[0], item).decode()}
        return replace(inbound, body=jsontext.dumps(payload))


def _read(inbound: Inbound) -> Any:
    try:
        return JSON.read(inbound)
    except Unreadable:
        return None


def _signature(item: Mapping[str, Any]) -> bytes:
    extra = item.get("additionalData")
    found = extra.get("hmacSignature") if isinstance(extra, dict) else None
    if not isinstance(found, str) or not found:
        raise VerificationError(
            "An item has no additionalData.hmacSignature. Turn on HMAC signatures for the webhook at Adyen.",
            code="missing_signature",
        )
    return found.encode()


def _check(item: Mapping[str, Any], signature: bytes, credentials: Credentials) -> None:
    if not any(hmac.compare_digest(_mac(secret, item), signature) for secret in credentials.secrets):
        raise VerificationError(
            "The signature of an item does not match: it was changed on the way, or signed with another key than the"
            " one kept for this source.",
            code="signature_mismatch",
        )


def _mac(secret: str, item: Mapping[str, Any]) -> bytes:
    return base64.b64encode(hmac.digest(hex_key(secret), signed_text(item), "sha256"))
