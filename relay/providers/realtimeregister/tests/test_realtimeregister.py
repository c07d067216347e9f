"""What is peculiar to Realtime Register: a digest in two forms, and types that are read by their words."""

import base64
import hmac
from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import RECEIVED_AT
from relay.errors import VerificationError
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.model import Event, Inbound
from relay.providers.realtimeregister import PROVIDER
from relay.security.verification import Credentials

REALTIMEREGISTER = ProviderUnderTest("realtimeregister")
# The documentation's own example: https://dm.realtimeregister.com/docs/api/notifications/webhook
KEY, BODY = "EXAMPLE_KEY", b'{"payload": "examplePayload"}'
SHOWN = "IDk5OTI4ZmFlMDI3Y2M2MDI0MDU5NGVjZjgyOTM2OTM2NWNhMWM5YjllYzg3MTA2ZDA0YzMxOWE0NWVlMGJkNDk="
DIGEST = hmac.digest(KEY.encode(), BODY, "sha256")


def verify(signature: str, body: bytes = BODY) -> str:
    inbound = Inbound(body, headers={"signature": signature})
    return PROVIDER.verification.verify(inbound, Credentials((KEY,)), 0)


@pytest.mark.parametrize(
    "signature", [SHOWN, base64.b64encode(DIGEST).decode(), base64.b64encode(DIGEST.hex().encode()).decode()]
)
def test_the_digest_and_its_hexadecimal_text_are_one_signature(signature: str) -> None:
    assert verify(signature) == "realtimeregister_signature"
    with pytest.raises(VerificationError):
        verify(signature, BODY + b" ")


@pytest.mark.parametrize("signature", ["x", "é", "AAAA", DIGEST.hex(), base64.b64encode(b"0" * 64).decode()])
def test_nothing_else_is_one(signature: str) -> None:
    with pytest.raises(VerificationError):
        verify(signature)


def posted(**fields: Any) -> Event:
    inbound = read(PROVIDER, Inbound(jsontext.dumps({"id": 1, **fields}), received_at=RECEIVED_AT))
    (event,) = REALTIMEREGISTER.events(inbound)
    assert event.defect is None
    return event


DOMAIN = {"domainName": "acme.example"}


@cases(
    ("fields", "expected"),
    [
        (DOMAIN | {"eventType": "DomainExpiry", "expiryDate": "2026-12-22T00:00:00Z"}, "domain.expiring"),
        (DOMAIN | {"eventType": "DomainExpiry", "expiryDate": "2026-11-01T00:00:00Z"}, "domain.expired"),
        (DOMAIN | {"eventType": "domain_expired"}, "domain.expired"),
        ({"eventType": "DOMAIN_EXPIRING"}, "domain.expiring"),
        (DOMAIN | {"eventType": "DomainRenewed"}, "domain.renewed"),
        (DOMAIN | {"eventType": "X", "processType": "renewDomain", "subjectStatus": "FAILED"}, "domain.renewal_failed"),
        (DOMAIN | {"eventType": "X", "processType": "renewDomain", "subjectStatus": "PENDING"}, "notice.received"),
        (
            DOMAIN | {"eventType": "X", "processType": "transferDomain", "subjectStatus": "COMPLETED"},
            "domain.transferred",
        ),
        (
            DOMAIN | {"eventType": "X", "processType": "transferDomain", "subjectStatus": "FAILED"},
            "notice.received",
        ),
        (DOMAIN | {"eventType": "X", "processType": "createDomain", "subjectStatus": "OK"}, "domain.added"),
        ({"certificateId": 3, "eventType": "CertificateExpiry"}, "certificate.expiring"),
        ({"certificateId": 3, "eventType": "SslRenewed", "subjectStatus": "OK"}, "certificate.renewed"),
        ({"certificateId": 3, "eventType": "SslRenew", "subjectStatus": "FAILED"}, "certificate.renewal_failed"),
        ({"eventType": "LowBalance", "message": "Your balance is low"}, "notice.received"),
        ({"eventType": "DomainX", "message": {"a": 1}, "domainName": [], "expiryDate": 7}, "notice.received"),
    ],
)
def test_a_notification_is_told_by_its_words(fields: dict[str, Any], expected: str) -> None:
    assert posted(**fields).type == expected


def test_a_notification_of_no_type_is_kept() -> None:
    assert posted(message="Hello").type == "unknown"


def test_of_a_domain_that_went_away_no_registrar_is_told() -> None:
    event = posted(**DOMAIN, eventType="DomainTransfer", transferType="OUT", subjectStatus="COMPLETED")

    assert event.envelope["data"]["domain"]["registrar"] is None
