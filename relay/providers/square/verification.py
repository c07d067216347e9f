"""Square signs the notification URL and the body: https://developer.squareup.com/docs/webhooks/step3validate

The URL is the one registered there, to the letter: that which the relay gave for the source, unless its setting
`notification_url` says another. It is never made of the request, which a proxy changes.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from relay.sdk.errors import VerificationError
from relay.sdk.inbound import Inbound
from relay.security.verification import Coverage, Credentials, HmacSignature

# The older header x-square-signature, an HMAC of SHA-1, is no proof any more.
_OF_TEXT = HmacSignature(name="square_signature", header="x-square-hmacsha256-signature", encoding="base64")


@dataclass(frozen=True, slots=True)
class SquareSignature:
    """An HMAC of the URL followed by the body."""

    name: str = _OF_TEXT.name

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        return _OF_TEXT.verify(_as_signed(inbound, credentials), credentials, now)

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        signed = _OF_TEXT.sign(_as_signed(inbound, credentials), credentials, now)
        return replace(inbound, headers=signed.headers)


def _as_signed(inbound: Inbound, credentials: Credentials) -> Inbound:
    url = str(credentials.settings.get("notification_url") or "").strip() or credentials.address
    if not url:
        raise VerificationError(
            "Without the URL of the subscription, which Square signs, nothing is accepted. Say it as notification_url.",
            code="no_notification_url",
        )
    return replace(inbound, body=url.encode() + inbound.body)
