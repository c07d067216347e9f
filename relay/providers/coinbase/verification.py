"""Coinbase's signatures: that of Commerce over the body, that of Business over headers and body.

https://docs.cdp.coinbase.com/webhooks/verify-signatures
"""

import hmac
from dataclasses import dataclass, replace
from typing import ClassVar

from relay.sdk.errors import VerificationError
from relay.sdk.inbound import Inbound
from relay.security.verification import Coverage, Credentials, HmacSignature, check_window, read_stamp, signature_header

COMMERCE = HmacSignature(name="coinbase_commerce_signature", header="x-cc-webhook-signature")
BUSINESS_HEADER = "x-hook0-signature"
WINDOW = 300
COVERED = ("content-type", "x-event-id", "x-event-type")
_MOST_HEADERS = 20


@dataclass(frozen=True, slots=True)
class Signed:
    """`t=STAMP,v0=…,h=NAMES,v1=…`: the headers named in `h` are signed with the body by `v1`, and by `v0` not."""

    stamp: str
    names: str
    signatures: tuple[str, ...]

    @classmethod
    def of(cls, header: str) -> "Signed":
        pairs = [part.strip().partition("=") for part in header.split(",")]
        stamps, names, signatures = ([text for name, _, text in pairs if name == wanted] for wanted in ("t", "h", "v1"))
        if len(stamps) != 1 or len(names) > 1:
            raise VerificationError(
                f"The header {BUSINESS_HEADER} must hold one `t=` and one `h=`; it does not.", code="malformed_header"
            )
        if not signatures:
            raise VerificationError(
                f"The header {BUSINESS_HEADER} offers no `v1=`. A `v0` does not cover the id of the event.",
                code="no_supported_signature",
            )
        return cls(stamps[0], names[0] if names else "", tuple(signatures))

    @property
    def headers(self) -> tuple[str, ...]:
        return tuple(self.names.lower().split())

    def text(self, inbound: Inbound) -> bytes:
        if len(self.headers) > _MOST_HEADERS:
            raise VerificationError(f"The signature covers more than {_MOST_HEADERS} headers.", code="malformed_header")
        values = ".".join(inbound.headers.get(name, "") for name in self.headers)
        return f"{self.stamp}.{self.names}.{values}.".encode() + inbound.body


@dataclass(frozen=True, slots=True)
class CoinbaseSignature:
    """Either of the two, by the header that came."""

    name: str = "coinbase_signature"

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        if not inbound.headers.get(BUSINESS_HEADER):
            return COMMERCE.verify(inbound, credentials, now)
        signed = Signed.of(signature_header(inbound, BUSINESS_HEADER))
        moment = read_stamp(signed.stamp)
        if not credentials.secrets:
            raise VerificationError(
                "This source has no secret yet, so it accepts no webhooks. Add the subscription's secret to it.",
                code="no_secret",
            )
        text = signed.text(inbound)
        expected = [_mac(secret, text).encode() for secret in credentials.secrets]
        offered = [signature.encode() for signature in signed.signatures]
        absent = [name for name in signed.headers if name not in inbound.headers]
        if absent or not any(hmac.compare_digest(mine, theirs) for mine in expected for theirs in offered):
            raise VerificationError(
                "The signature does not match: the body or a header was changed or lost on the way, or it was signed"
                " with another secret than the one kept for this source.",
                code="signature_mismatch",
            )
        check_window(moment, now, WINDOW)
        return self.name

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        """As Business signs where the webhook has its headers, else as Commerce does."""
        names = [name for name in COVERED if name in inbound.headers]
        if "x-event-id" not in names:
            return COMMERCE.sign(inbound, credentials, now)
        signed = Signed(str(int(now)), " ".join(names), ())
        mac = _mac(credentials.secrets[0], signed.text(inbound))
        value = f"t={signed.stamp},h={signed.names},v1={mac}"
        return replace(inbound, headers={**inbound.headers, BUSINESS_HEADER: value})


def covered_header(inbound: Inbound, name: str) -> str | None:
    """A header's value, unless there is a signature that leaves it out."""
    header = inbound.headers.get(BUSINESS_HEADER)
    if header and name not in Signed.of(header).headers:
        return None
    return inbound.headers.get(name) or None


def _mac(secret: str, text: bytes) -> str:
    return hmac.digest(secret.encode(), text, "sha256").hex()
