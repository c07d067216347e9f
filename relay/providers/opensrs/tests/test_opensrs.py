"""What is peculiar to OpenSRS: objects and their events, messages that remind, times that say no zone."""

import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest, types_of
from relay.errors import VerificationError
from relay.model import Event, Inbound
from relay.providers.opensrs import PROVIDER
from relay.security.verification import Credentials

OPENSRS = ProviderUnderTest("opensrs")
NOW = datetime(2026, 11, 22, 7, tzinfo=UTC)
EXPECTED = {"expired.json": ["domain.expired"], "renewed.json": ["domain.renewed"]}


SIGNED, OURS = "5f0c2d1e-7a34-4b8e-9c61-0d2f3a4b5c6d", "the-token"
BODY = b'{"event": "EXPIRED", "object": "DOMAIN"}'


def signature(body: bytes = BODY, secret: str = SIGNED) -> dict[str, str]:
    return {"hmac-signature": hmac.new(secret.encode(), body, "sha256").hexdigest()}


@pytest.mark.parametrize(
    ("headers", "query", "proof"),
    [
        (signature(), {}, ("opensrs_signature", "fully")),
        ({"hmac-signature": signature()["hmac-signature"].upper()}, {}, ("opensrs_signature", "fully")),
        ({}, {"token": OURS}, ("shared_token", "not")),
        (signature(secret="not known here yet"), {"token": OURS}, ("shared_token", "not")),
    ],
)
def test_a_webhook_is_proved_by_its_signature_or_by_the_token(
    headers: dict[str, str], query: dict[str, str], proof: tuple[str, str]
) -> None:
    scheme = PROVIDER.verification

    found = scheme.verify(Inbound(BODY, headers=headers, query=query), Credentials((OURS, SIGNED)), NOW.timestamp())

    assert (found, scheme.covers(found)) == proof


@pytest.mark.parametrize(
    ("headers", "query", "code"),
    [
        ({}, {}, "missing_signature"),
        (signature(b"{}"), {}, "signature_mismatch"),
        (signature(secret="another"), {}, "signature_mismatch"),
        (signature(secret="another"), {"token": "another"}, "signature_mismatch"),
    ],
)
def test_anything_else_proves_nothing(headers: dict[str, str], query: dict[str, str], code: str) -> None:
    inbound = Inbound(BODY, headers=headers, query=query)

    with pytest.raises(VerificationError) as refusal:
        PROVIDER.verification.verify(inbound, Credentials((OURS, SIGNED)), NOW.timestamp())

    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("opensrs.domain.expired", ["domain.expired"]),
        ("opensrs.transfer.status_change", ["domain.transferred"]),
        ("opensrs.domain.nameserver_update", []),
    ],
)
def test_an_events_name_may_hold_its_object(event: str, expected: list[str]) -> None:
    assert types_of(posted(event, {"order_status": "completed"}, owner=None)) == expected


def posted(event: Any, data: Any, owner: Any = "DOMAIN") -> list[Event]:
    payload = {"event": event, "object": owner, "object_data": data, "event_date": "2026-11-22T07:00:00Z"}
    return OPENSRS.events(payload)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"message_type": "registrant.renewal.reminder"}, ["domain.expiring"]),
        ({"message_type": "reseller.expiration.reminder"}, ["domain.expiring"]),
        ({"message_type": "reseller.expiry.notice", "expiration_date": "2026-11-01"}, ["domain.expired"]),
        ({"message_type": "registrant.renewal.notice", "expiration_date": "2026-12-01 00:00:00"}, ["domain.expiring"]),
        ({"message_type": "reseller.renewal.confirmation"}, []),
        ({"message_type": "registrant.verification.reminder"}, []),
        ({}, []),
    ],
)
def test_a_message_is_told_where_it_reminds_of_an_end(data: dict[str, Any], expected: list[str]) -> None:
    assert types_of(posted("MESSAGE_STATUS_CHANGE", data)) == expected


@pytest.mark.parametrize(
    ("owner", "data", "expected"),
    [
        ("TRANSFER", {"order_status": "completed"}, ["domain.transferred"]),
        ("TRANSFER", {"transfer_status": "pending_owner"}, []),
        ("ORDER", {"order_reg_type": "renewal", "order_status": "DECLINED"}, ["domain.renewal_failed"]),
        ("ORDER", {"order_reg_type": "renewal", "order_status": "completed"}, []),
        ("ORDER", {"order_reg_type": "new", "order_status": "declined"}, []),
        ("DOMAIN", {"status": "ok"}, []),
        (None, {"status": "ok"}, []),
    ],
)
def test_a_status_means_what_its_object_is(owner: Any, data: dict[str, Any], expected: list[str]) -> None:
    assert types_of(posted("STATUS_CHANGE", data, owner)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2027-01-01T12:00:00Z", "2027-01-01T12:00:00Z"),
        ("2027-01-01 12:00:00", "2027-01-01T12:00:00Z"),
        ("2027-01-01", "2027-01-01T00:00:00Z"),
        ("0000-00-00", None),
        ([], None),
        (None, None),
    ],
)
def test_a_time_without_a_zone_is_utc(given: Any, expected: str | None) -> None:
    (event,) = posted("RENEWED", {"domain_name": "ACME.example", "expiration_date": given})

    found = event.envelope["data"]["domain"]
    assert (found["name"], found["expires_at"]) == ("acme.example", expected)


def test_a_registration_that_is_told_twice_is_one_event() -> None:
    data = {"domain_id": 5, "domain_name": "acme.example"}

    assert posted("CREATED", data)[0].id == posted("REGISTERED", data)[0].id


@cases("odd", [None, [], "x", {"domain_name": [], "period": "ten", "order_status": 3}])
@cases("name", sorted(PROVIDER.events))
def test_an_object_of_another_shape_costs_no_event(name: str, odd: Any) -> None:
    owner, _, event = name.rpartition(".")

    assert "unknown" not in types_of(posted(event, odd, owner or "DOMAIN"))


def test_an_event_that_is_not_known_is_kept_by_its_name() -> None:
    (event,) = posted("LOCKED", {}, "CERT")

    assert (event.type, event.envelope["provider_event"]["type"]) == ("unknown", "CERT.LOCKED")


@of_every_file("panels/opensrs/*.json")
def test_a_published_payload_is_told_without_a_defect(path: Path) -> None:
    events = OPENSRS.events(Inbound(path.read_bytes(), received_at=NOW))

    assert types_of(events) == EXPECTED[path.name]
