"""What is peculiar to Upmind: times without a zone, money in the object's own currency, names seen and not seen."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.model import Event
from relay.providers.upmind import PROVIDER

UPMIND = ProviderUnderTest("upmind")
EXPECTED = {"client_created.json": ["customer.created"], "invoice_paid.json": ["invoice.paid"]}


def posted(code: str, found: Any, /, zone: str = "UTC", **more: Any) -> list[Event]:
    payload = {"webhook_event_id": "1", "hook_code": code, "object_id": "o1", "object": found, **more}
    return UPMIND.events(payload, settings={"timezone": zone})


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-07-22T07:00:00Z"),
        ("Europe/Berlin", "2026-07-22T05:00:00Z"),
        ("Asia/Kolkata", "2026-07-22T01:30:00Z"),
    ],
)
def test_a_time_is_read_in_the_zone_of_the_source(zone: str, expected: str) -> None:
    (event,) = posted(
        "invoice_paid_hook", {"due_date": "2026-07-22 07:00:00"}, zone, event_datetime="2026-07-22 07:00:00"
    )

    assert event.envelope["occurred_at"] == expected
    assert event.envelope["data"]["invoice"]["due_at"] == expected


@pytest.mark.parametrize("odd", ["0000-00-00 00:00:00", "0001-01-01 00:00:00", "soon", 17, None, {"a": 1}, True])
def test_an_odd_time_costs_no_event(odd: Any) -> None:
    (event,) = posted("invoice_paid_hook", {"id": "i1", "due_date": odd}, "Asia/Tokyo", event_datetime=odd)

    assert (event.type, event.defect) == ("invoice.paid", None)


def test_a_zone_that_does_not_exist_counts_as_utc() -> None:
    (event,) = posted("invoice_paid_hook", {"due_date": "2026-07-22 07:00:00"}, "Mars/Olympus")

    assert (event.type, event.envelope["data"]["invoice"]["due_at"]) == ("invoice.paid", "2026-07-22T07:00:00Z")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"total_amount": Decimal("24.00"), "currency": {"code": "EUR"}}, (Decimal("24.00"), 2400, "EUR")),
        ({"total_amount": "2400", "currency_code": "jpy"}, (Decimal("2400"), 2400, "JPY")),
        ({"total_amount": Decimal("1.234"), "currency": "KWD"}, (Decimal("1.234"), 1234, "KWD")),
        ({"total_amount": 24}, (None, None, None)),
        ({"total_amount": None, "total": 7, "currency": "USD"}, (Decimal("7.00"), 700, "USD")),
        ({"total_amount": [], "currency": []}, (None, None, None)),
    ],
)
def test_money_is_told_in_the_currency_of_the_object_and_never_in_the_brands(found: Any, expected: Any) -> None:
    (event,) = posted("invoice_paid_hook", found, brand={"currency": "GBP"})

    invoice = event.envelope["data"]["invoice"]
    assert (invoice["amount"], invoice["amount_minor"], invoice["currency"]) == expected


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [("Acme.Example", "acme.example"), ("vps-17", None), ("zoe@acme.example", None), ("Plan 1.5", None), (None, None)],
)
def test_a_service_is_told_by_its_domain_where_that_is_how_it_is_known(identifier: Any, expected: Any) -> None:
    (event,) = posted("contract_product_suspended_hook", {"service_identifier": identifier})

    assert event.envelope["data"]["service"]["domain"] == expected


@cases("found", [None, [], "", 3, {"client": []}, {"product": None, "currency": 4}])
@cases("code", sorted(PROVIDER.events))
def test_an_object_of_another_shape_costs_no_event(code: str, found: Any) -> None:
    events = posted(code, found)

    assert "unknown" not in [event.type for event in events]
    assert [event.defect for event in events if event.defect] == []


def test_a_trigger_that_is_not_known_is_kept_by_its_name() -> None:
    (event,) = posted("moon_rose_hook", {})

    assert (event.type, event.envelope["provider_event"]["type"]) == ("unknown", "moon_rose_hook")


@of_every_file("panels/upmind/*.json")
def test_a_published_payload_is_told_without_a_defect(path: Path) -> None:
    events = UPMIND.events(path.read_bytes())

    assert [(event.type, event.defect) for event in events] == [(name, None) for name in EXPECTED[path.name]]
    assert json.loads(path.read_bytes())["webhook_event_id"] == events[0].envelope["provider_event"]["id"]
