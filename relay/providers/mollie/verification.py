"""Mollie's two kinds of webhook: signed events, and the older ones that say an id and nothing else.

https://docs.mollie.com/reference/webhooks-new, https://docs.mollie.com/reference/webhooks
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from relay.sdk.errors import VerificationError
from relay.sdk.inbound import Inbound
from relay.sdk.provider import FORM, Reply
from relay.security.verification import Bare, Coverage, Credentials, HmacSignature

CLASSIC = "classic_fetch_back"
_TEST = "testByMollie"
_LONGEST_TEST = 200
_CLASSIC_BODY = re.compile(rb"id=[A-Za-z0-9_]{1,64}\s*")


def is_classic(inbound: Inbound) -> bool:
    """Whether a webhook is nothing but an id. Whatever looks like an event has to be signed."""
    return _CLASSIC_BODY.fullmatch(inbound.body) is not None


def handshake(inbound: Inbound, credentials: Credentials) -> Reply | None:
    """Mollie tries an address by a webhook that names nothing and says so, and wants 200, as its own plugins answer:
    https://github.com/mollie/WooCommerce"""
    if _TEST not in inbound.query and _TEST.encode() not in inbound.body[:_LONGEST_TEST]:
        return None
    fields = {**inbound.query, **FORM.read(inbound)}
    return Reply() if _TEST in fields and "id" not in fields else None


@dataclass(frozen=True, slots=True)
class MollieSignature:
    """Events are signed over the whole body. The older webhooks prove nothing: what they name is asked of Mollie, and
    without the key that asks they are refused."""

    name: str = "mollie_signature"
    signature: HmacSignature = field(
        default_factory=lambda: HmacSignature(
            "mollie_signature", header="x-mollie-signature", form=Bare("sha256=", prefix_required=False)
        )
    )

    blocking: ClassVar[bool] = True

    def covers(self, proof: str) -> Coverage:
        return "fetched" if proof == CLASSIC else "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        if not is_classic(inbound):
            return self.signature.verify(inbound, credentials, now)
        if inbound.headers.get("x-mollie-signature"):
            raise VerificationError("Mollie signs no webhook of this kind.", code="malformed_header")
        # Where there is no source, as for a vector, nobody will ask.
        if credentials.address and not credentials.settings.get("api_key"):
            raise VerificationError(
                "This source has no api_key, so that Mollie cannot be asked what this webhook is about."
                " Set it: relay source set SOURCE api_key=live_...",
                code="no_api_key",
            )
        return CLASSIC

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        return inbound if is_classic(inbound) else self.signature.sign(inbound, credentials, now)
