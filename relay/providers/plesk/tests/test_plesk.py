"""What is peculiar to Plesk: names before and after, a log whose rows are read again."""

from typing import Any

import pytest

from corpus import of_every_row, published
from kit.cases import cases
from kit.provider import ProviderUnderTest, only, types_of

PLESK = ProviderUnderTest("plesk")
PUBLISHED = {
    "admin_account_updated.json": [],
    "api_eventlog_domain_limit_size.json": ["usage.exceeded"],
    "api_eventlog_domain_status.json": ["service.updated"],
    "client_create.json": ["customer.created"],
    "client_update.json": ["customer.updated"],
    "domain_alias_create.json": ["domain.added"],
    "domain_create.json": ["service.created"],
    "domain_update_rename.json": ["service.updated"],
    "phys_hosting_create.json": ["service.updated"],
    "service_start.json": ["alert.resolved"],
    "service_stop.json": ["alert.raised"],
    "site_create.json": ["domain.added"],
}
"""The events of each published payload. What is no event, as the answer to a poll, stays unknown."""


@cases(
    ("given", "expected"),
    [
        ("Acme.Example", "acme.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え.example", "xn--r8jz45g.example"),
        ("☃☃☃☃ not a name", "☃☃☃☃ not a name"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_told_as_dns_has_it(given: str | None, expected: str | None) -> None:
    assert only(PLESK.sent("site_create", {"NEW_DOMAIN_NAME": given}), "domain").get("name") == expected


@pytest.mark.parametrize(
    ("before", "now", "renamed"),
    [
        ("acme.example", "acme.example", False),
        ("Acme.example", "acme.example", False),
        ("bücher.example", "xn--bcher-kva.example", False),
        ("", "acme.example", False),
        ("acme.example", "shop.example", True),
    ],
)
def test_only_another_name_is_a_new_name(before: str, now: str, renamed: bool) -> None:
    (event,) = PLESK.sent("domain_update", {"OLD_DOMAIN_NAME": before, "NEW_DOMAIN_NAME": now})

    assert event.type == "service.updated"
    assert (event.envelope["data"]["domain"] is not None) is renamed


def test_a_service_that_starts_again_resolves_the_alert_of_its_stop() -> None:
    keys = [
        only(PLESK.sent(event, {"OLD_SERVICE": "mysql", "NEW_SERVICE": "mysql"}), "alert")["key"]
        for event in ("service_stop", "service_start")
    ]

    assert keys == ["service:mysql", "service:mysql"]


def test_a_row_of_the_log_is_the_same_event_however_often_it_is_read() -> None:
    row = {"id": 40211, "type": "exceeded", "time": 1795330790, "class": "domain_limit_traffic", "obj_id": "17"}

    first, again = (PLESK.sent("XML API event_log", row, sent_at=sent_at) for sent_at in (1795330798, 1795334398))

    assert first[0].id == again[0].id
    assert first[0].envelope["provider_event"] == {
        "id": "event_log-40211",
        "type": "event_log:domain_limit_traffic:exceeded",
    }
    assert first[0].envelope["occurred_at"] == "2026-11-22T06:59:50Z"


def test_a_row_of_another_kind_says_of_which_it_is() -> None:
    (event,) = PLESK.sent("XML API event_log", {"id": 1, "class": "mailname", "type": "created", "obj_id": "2"})

    assert event.type == "unknown"
    assert event.envelope["provider_event"]["type"] == "event_log:mailname:created"


@of_every_row("plesk")
def test_a_published_payload_is_told(row: dict[str, Any]) -> None:
    found = PLESK.events(published(f"panels/{row['file']}"), native=row["native_event"])

    assert types_of(found) == PUBLISHED[row["file"].partition("/")[2]]
    known = [each for each in found if each.type != "unknown"]
    assert [each.type for each in known if (row["key"] or "") not in str(each.envelope["data"])] == []


@of_every_row("plesk", lambda row: "event_log" in row["native_event"])
def test_a_published_payload_that_names_itself_needs_no_name_beside_it(row: dict[str, Any]) -> None:
    assert PLESK.types(published(f"panels/{row['file']}")) == PUBLISHED[row["file"].partition("/")[2]]
