"""Mercado Pago signs the id in the address, the request's id and the time; not the body.

https://www.mercadopago.com/developers/en/docs/your-integrations/notifications/webhooks
"""

import hmac
import secrets
from dataclasses import dataclass, replace
from typing import ClassVar

from relay.sdk.errors import Unreadable, VerificationError
from relay.sdk.inbound import Inbound
from relay.sdk.provider import JSON
from relay.security.verification import Coverage, Credentials, check_window, read_stamp, signature_header, tolerance

_HEADER, _REQUEST, _ID = "x-signature", "x-request-id", "data.id"
_MILLISECONDS = 10**12
_WINDOW = 300


@dataclass(frozen=True, slots=True)
class MercadoPagoSignature:
    """`ts=...,v1=...` over `id:ID;request-id:ID;ts:TIME;`, without the pairs whose value is absent."""

    name: str = "mercadopago_signature"
    window: int = _WINDOW

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "partly"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        pairs = [part.strip().partition("=") for part in signature_header(inbound, _HEADER).split(",")]
        stamps = [value.strip() for name, _, value in pairs if name.strip() == "ts"]
        offered = [value.strip() for name, _, value in pairs if name.strip() == "v1" and value.strip()]
        if not offered:
            raise VerificationError("The header x-signature offers no v1.", code="no_supported_signature")
        if len(stamps) != 1:
            raise VerificationError(
                f"The header x-signature must hold one ts; it holds {len(stamps)}.", code="malformed_header"
            )
        if not credentials.secrets:
            raise VerificationError(
                "This source has no secret yet, so it accepts no webhooks. Add the sender's secret to it.",
                code="no_secret",
            )
        signed_id = inbound.query.get(_ID, "")
        # Their page has letters in lower case, their library as they came.
        texts = {_text(each, inbound.headers.get(_REQUEST, ""), stamps[0]) for each in (signed_id, signed_id.lower())}
        expected = [
            hmac.digest(secret.encode(), text.encode(), "sha256").hex().encode()
            for secret in credentials.secrets
            for text in texts
        ]
        if not any(hmac.compare_digest(mine, theirs.encode()) for mine in expected for theirs in offered):
            raise VerificationError(
                "The signature does not match: the id was changed on the way, or it was signed with another secret than"
                " the one kept for this source.",
                code="signature_mismatch",
            )
        moment = read_stamp(stamps[0])
        check_window(
            moment / 1000 if moment >= _MILLISECONDS else moment, now, tolerance(credentials.settings, self.window)
        )
        _check_body(inbound, signed_id)
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        own_id = inbound.query.get(_ID) or _body_id(inbound) or ""
        request_id, stamp = f"req_{secrets.token_hex(16)}", str(int(now))
        text = _text(own_id, request_id, stamp)
        mac = hmac.digest(credentials.secrets[0].encode(), text.encode(), "sha256").hex()
        headers = {**inbound.headers, _HEADER: f"ts={stamp},v1={mac}", _REQUEST: request_id}
        return replace(inbound, headers=headers, query={**inbound.query, _ID: own_id})


def _text(own_id: str, request_id: str, stamp: str) -> str:
    parts = (("id", own_id), ("request-id", request_id), ("ts", stamp))
    return "".join(f"{name}:{value};" for name, value in parts if value)


def _check_body(inbound: Inbound, signed_id: str) -> None:
    """What is not signed must not name another thing than what is."""
    told = _body_id(inbound)
    if not signed_id or (told is not None and told.lower() != signed_id.lower()):
        raise VerificationError(
            "The id in the body differs from the signed id in the address: the body was changed.",
            code="signature_mismatch",
        )


def _body_id(inbound: Inbound) -> str | None:
    try:
        payload = JSON.read(inbound)
    except Unreadable:
        return None
    data = payload.get("data") if isinstance(payload, dict) else None
    own_id = data.get("id") if isinstance(data, dict) else None
    return str(own_id) if isinstance(own_id, str | int) and not isinstance(own_id, bool) else None
