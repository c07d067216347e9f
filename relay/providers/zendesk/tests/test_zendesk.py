"""What is peculiar to Zendesk: a timestamp in ISO 8601 directly before the signed body, events and triggers."""

import hmac
from base64 import b64encode
from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import RECEIVED_AT
from relay.errors import VerificationError
from relay.model import Event, Inbound
from relay.providers.zendesk import PROVIDER
from relay.security.verification import Credentials

ZENDESK = ProviderUnderTest("zendesk")
NOW = RECEIVED_AT.timestamp()
STAMP, BODY = "2026-11-22T07:00:01Z", b'{"type":"zen:event-type:ticket.created"}'
SECRET = "dGhpcyBpcyBtYWRlIHVw"


def refusal(text: bytes, stamp: str = STAMP, secrets: tuple[str, ...] = (SECRET,)) -> str | None:
    signature = b64encode(hmac.digest(SECRET.encode(), text, "sha256")).decode()
    headers = {"x-zendesk-webhook-signature": signature, "x-zendesk-webhook-signature-timestamp": stamp}
    try:
        PROVIDER.verification.verify(Inbound(BODY, headers=headers), Credentials(secrets), NOW)
    except VerificationError as error:
        return error.code
    return None


def test_nothing_stands_between_timestamp_and_body() -> None:
    assert refusal(STAMP.encode() + BODY) is None
    assert refusal(STAMP.encode() + b"." + BODY) == "signature_mismatch"
    assert refusal(BODY) == "signature_mismatch"


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        ("2026-11-22T06:50:00Z", "timestamp_too_old"),
        ("2026-11-22T07:10:00Z", "timestamp_in_future"),
        ("2026-11-22T07:00:01", "malformed_header"),
        ("now", "malformed_header"),
        (" ", "missing_signature"),
    ],
)
def test_a_timestamp_that_is_signed_must_be_a_time_near_now(stamp: str, code: str) -> None:
    assert refusal(stamp.encode() + BODY, stamp) == code


def test_without_a_secret_nothing_is_accepted_and_an_older_one_counts_beside_the_new_one() -> None:
    assert refusal(STAMP.encode() + BODY, secrets=()) == "no_secret"
    assert refusal(STAMP.encode() + BODY, secrets=("new", SECRET)) is None


def posted(payload: dict[str, Any], **headers: str) -> list[Event]:
    return ZENDESK.events(payload, headers=headers)


def event(name: str, **fields: Any) -> list[str]:
    return [each.type for each in posted({"type": f"zen:event-type:{name}", "id": "1"} | fields)]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("OPEN", "SOLVED", "ticket.closed"),
        ("NEW", "CLOSED", "ticket.closed"),
        ("SOLVED", "CLOSED", "ticket.updated"),
        ("SOLVED", "OPEN", "ticket.updated"),
        (None, None, "ticket.updated"),
    ],
)
def test_a_ticket_is_closed_once(before: Any, now: Any, expected: str) -> None:
    assert event("ticket.status_changed", event={"previous": before, "current": now}) == [expected]


@pytest.mark.parametrize(("role", "expected"), [("end-user", 1), (None, 1), ("agent", 0), ("admin", 0)])
def test_only_end_users_are_customers(role: Any, expected: int) -> None:
    assert len(event("user.created", detail={"id": 1, "role": role})) == expected


def test_an_event_is_known_by_its_id_and_a_trigger_by_its_invocation() -> None:
    opened = {"event": "ticket.opened", "id": "not this", "ticket": {"id": "7"}}

    (told,) = posted(opened, **{"x-zendesk-webhook-invocation-id": "01KB"})
    (other,) = posted({"type": "zen:event-type:ticket.created", "id": "ev1"})

    assert told.envelope["provider_event"] == {"id": "01KB", "type": "ticket.opened"}
    assert other.envelope["provider_event"] == {"id": "ev1", "type": "ticket.created"}


def test_an_address_without_a_scheme_gets_one() -> None:
    (told,) = posted({"event": "ticket.opened", "ticket": {"url": "a.zendesk.com/agent/tickets/7"}})

    assert told.envelope["data"]["ticket"]["url"] == "https://a.zendesk.com/agent/tickets/7"


@cases("odd", [None, [], "x", {"id": {}, "status": 3, "role": None}])
@cases("name", sorted(PROVIDER.events))
def test_details_of_another_shape_cost_no_event(name: str, odd: Any) -> None:
    assert "unknown" not in event(name, detail=odd, event=odd, ticket=odd, requester=odd)
