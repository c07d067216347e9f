"""What is peculiar to Porkbun: timestamp, dot and body are signed, and an event keeps its id."""

import hmac
from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.errors import VerificationError
from relay.model import Event, Inbound
from relay.providers.porkbun import PROVIDER
from relay.security.verification import Credentials

PORKBUN = ProviderUnderTest("porkbun")
SECRET = "whk_made_up"


def posted(event: Any, data: Any, **more: Any) -> list[Event]:
    payload = {"event": event, "id": "e1", "createdAt": "2026-11-22T06:59:58Z", "data": data, **more}
    return PORKBUN.events(payload)


def test_the_timestamp_is_signed_with_the_body() -> None:
    body, now = b'{"event":"webhook.test"}', 1_795_330_800
    signature = hmac.digest(SECRET.encode(), f"{now}.".encode() + body, "sha256").hex()
    headers = {"x-porkbun-signature": f"sha256={signature}", "x-porkbun-webhook-timestamp": str(now)}

    PROVIDER.verification.verify(Inbound(body, headers=headers), Credentials((SECRET,)), now)

    headers["x-porkbun-webhook-timestamp"] = str(now + 1)
    with pytest.raises(VerificationError):
        PROVIDER.verification.verify(Inbound(body, headers=headers), Credentials((SECRET,)), now)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2026-12-22 00:00:00", ("2026-12-22T00:00:00Z", 29)),
        ("2026-12-22T00:00:00+02:00", ("2026-12-21T22:00:00Z", 29)),
        ("0000-00-00 00:00:00", (None, None)),
        (None, (None, None)),
    ],
)
def test_the_days_are_counted_to_the_date(given: Any, expected: tuple[Any, Any]) -> None:
    (event,) = posted("domain.expiring", {"domain": "Acme.example", "expireDate": given})

    found = event.envelope["data"]["domain"]
    assert (found["expires_at"], found["days_until_expiry"]) == expected


@pytest.mark.parametrize(("given", "expected"), [(1, True), ("0", False), (True, True), ("yes", True), ("?", None)])
def test_yes_and_no_are_read_however_they_are_written(given: Any, expected: Any) -> None:
    (event,) = posted("domain.renewed", {"autoRenew": given})

    assert event.envelope["data"]["domain"]["auto_renew"] is expected


@cases("odd", [None, [], "x", {"domain": 3, "years": []}])
@cases("name", sorted(PROVIDER.events))
def test_data_of_another_shape_cost_no_event(name: str, odd: Any) -> None:
    (event,) = posted(name, odd)

    assert (event.type, event.defect) != ("unknown", None)
    assert event.defect is None


def test_a_resent_event_is_the_same_event() -> None:
    assert posted("domain.renewed", {})[0].id == posted("domain.renewed", {}, resent=True)[0].id


def test_a_test_of_the_address_is_told_to_nobody() -> None:
    assert posted("webhook.test", {}) == []
