"""The relay itself: what it works out or was told over its own API, in its own words."""

from typing import Any, ClassVar

from relay.sdk.entities import Data
from relay.sdk.errors import VerificationError
from relay.sdk.event_types import event_types
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider
from relay.security.verification import Coverage, Credentials


class Inside:
    """No webhook comes to this source: everything that it holds was made here."""

    name = "relay"

    blocking: ClassVar[bool] = False

    def covers(self, proof: str) -> Coverage:
        return "fully"

    def verify(self, inbound: Inbound, credentials: Credentials, now: float) -> str:
        raise VerificationError("This source takes no webhooks.", code="no_supported_signature")

    def sign(self, inbound: Inbound, credentials: Credentials, now: float) -> Inbound:
        return inbound


def _said(message: Any) -> Data:
    data: Data = message["data"]
    return data


PROVIDER = Provider(
    name="relay",
    label="Relay",
    kind="relay",
    homepage="",
    verification=Inside(),
    event_name=lambda inbound: inbound.payload["type"],
    event_id=lambda inbound: inbound.payload["id"],
    customer=lambda message: message["customer"],
    events={event_type: On(event_type, _said) for event_type in event_types() if event_type != "unknown"},
    secret="none",
)
