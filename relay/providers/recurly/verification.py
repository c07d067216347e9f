"""Recurly signs its JSON webhooks and never its XML ones, which come with a password at most.

https://docs.recurly.com/recurly-subscriptions/docs/webhooks
"""

import hmac
from dataclasses import dataclass, replace
from typing import ClassVar

from relay.sdk.errors import VerificationError
from relay.sdk.inbound import Inbound
from relay.security.verification import (
    BasicAuth,
    Coverage,
    Credentials,
    check_window,
    read_stamp,
    signature_header,
    tolerance,
)

_HEADER = "recurly-signature"
_WINDOW = 300
_BASIC = BasicAuth()


@dataclass(frozen=True, slots=True)
class RecurlySignature:
    """`MILLISECONDS,HEX,HEX`: after a new key was made the old one signs beside it for a day.

    XML is taken with Basic authentication, and proves no more than that. Its password is the setting `xml_password`;
    the signing key counts as one too. JSON is never taken with a password.
    """

    name: str = "recurly_signature"

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully" if proof == self.name else "not"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        if _is_xml(inbound) and inbound.headers.get("authorization"):
            return _BASIC.verify(inbound, _passwords(credentials), now)
        stamp, *offered = [part.strip() for part in signature_header(inbound, _HEADER).split(",")]
        if not any(offered):
            raise VerificationError("The header recurly-signature offers no signature.", code="no_supported_signature")
        if not credentials.secrets:
            raise VerificationError(
                "This source has no secret yet, so it accepts no webhooks. Add the sender's secret to it.",
                code="no_secret",
            )
        moment = read_stamp(stamp) / 1000
        expected = [_mac(secret, stamp, inbound.body).encode() for secret in credentials.secrets]
        if not any(hmac.compare_digest(mine, theirs.encode()) for mine in expected for theirs in offered):
            raise VerificationError(
                "The signature does not match: the body was changed on the way, or it was signed with another secret"
                " than the one kept for this source.",
                code="signature_mismatch",
            )
        check_window(moment, now, tolerance(credentials.settings, _WINDOW))
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        if _is_xml(inbound):
            return _BASIC.sign(inbound, credentials, now)
        stamp = str(int(now * 1000))
        signature = f"{stamp},{_mac(credentials.secrets[0], stamp, inbound.body)}"
        return replace(inbound, headers={**inbound.headers, _HEADER: signature})


def _passwords(credentials: Credentials) -> Credentials:
    own = credentials.settings.get("xml_password")
    return replace(credentials, secrets=(str(own), *credentials.secrets)) if own else credentials


def _is_xml(inbound: Inbound) -> bool:
    return inbound.body.lstrip()[:1] == b"<"


def _mac(secret: str, stamp: str, body: bytes) -> str:
    return hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()
