"""What is peculiar to cPanel & WHM: hooks before and after, variables in several places, sentences for people."""

from decimal import Decimal
from typing import Any

import pytest

from corpus import of_every_row, published
from kit.cases import cases
from kit.provider import ProviderUnderTest, only, types_of
from relay.develop.samples import RECEIVED_AT
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.model import Inbound

CPANEL = ProviderUnderTest("cpanel")
PUBLISHED = {
    "accounts_change_package_post.json": ["service.package_changed"],
    "accounts_create_post.json": ["service.created"],
    "accounts_modify_post.json": ["service.updated"],
    "accounts_suspendacct_post.json": ["service.suspended"],
    "accounts_unsuspendacct_post.json": ["service.unsuspended"],
    "api_uapi_quota_get_quota_info.json": ["unknown"],
    "api_whm_failure.json": ["unknown"],
    "autossl_installssl_post.json": ["certificate.renewed"],
    "contact_manager_post_url.json": ["notice.received"],
    "diskquota_critical_pre.json": ["usage.near_limit"],
    "domain_park_post.json": ["domain.added"],
    "pkgacct_create_postfinalize.json": ["backup.succeeded"],
    "system_backup_post.json": ["notice.received"],
}
"""The events of each published payload. What is no event, as the answer to a poll, stays unknown."""


def document(category: str, event: str, stage: str, data: Any) -> dict[str, Any]:
    return {"context": {"category": category, "event": event, "stage": stage, "point": "main"}, "data": data}


@pytest.mark.parametrize(
    "data",
    [
        {"user": "acme", "reason": "Late"},
        {"args": {"user": "acme", "reason": "Late"}, "result": ["Done"]},
        document("Whostmgr", "Accounts::suspendacct", "post", {"user": "acme", "reason": "Late"}),
        document("Whostmgr", "Accounts::suspendacct", "post", {"args": {"user": "acme", "reason": "Late"}}),
    ],
)
def test_variables_are_found_wherever_they_lie(data: dict[str, Any]) -> None:
    found = only(CPANEL.sent("Whostmgr::Accounts::suspendacct", data), "service")

    assert found == {"id": "acme", "username": "acme", "status": "suspended", "reason": "Late"}


@pytest.mark.parametrize(
    ("category", "event"),
    [
        ("Whostmgr", "Accounts::Create"),
        ("Whostmgr", "Accounts::Remove"),
        ("Whostmgr", "Accounts::change_package"),
        ("Whostmgr", "AutoSSL::installssl"),
        ("System", "Backup"),
        ("PkgAcct", "Create"),
    ],
)
def test_what_is_not_done_yet_is_not_told(category: str, event: str) -> None:
    data = document(category, event, "pre", {"user": "acme", "new_pkg": "big"})

    assert CPANEL.sent(f"{category}::{event}", data) == []


@pytest.mark.parametrize(
    ("stage", "expected"), [("pre", []), ("preFinalize", []), ("postFinalize", ["backup.succeeded"])]
)
def test_an_account_is_saved_when_its_archive_is_whole(stage: str, expected: list[str]) -> None:
    data = document("PkgAcct", "Create", stage, {"user": "acme", "homedir": "/home/acme"})

    assert types_of(CPANEL.sent("PkgAcct::Create", data)) == expected


@cases(
    ("status", "expected"),
    [
        (1, "certificate.renewed"),
        ("1", "certificate.renewed"),
        (True, "certificate.renewed"),
        (0, "certificate.renewal_failed"),
        ("0", "certificate.renewal_failed"),
        ("", "certificate.renewal_failed"),
        (False, "certificate.renewal_failed"),
        (None, "certificate.renewed"),
    ],
)
def test_a_certificate_failed_only_where_the_hook_says_so(status: Any, expected: str) -> None:
    assert types_of(CPANEL.sent("Whostmgr::AutoSSL::installssl", {"status": status})) == [expected]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The Certificate for the domain Acme-Shop.example was installed.", "acme-shop.example"),
        ("The certificate for the domain \u201cacme-shop.example\u201d expired.", "acme-shop.example"),
        ('<p>No certificate for the domain "*.acme-shop.example".</p>', "*.acme-shop.example"),
        ("The certificate for the domain bücher.example: failed", "bücher.example"),
        ("No domain was named.", None),
    ],
)
def test_a_certificates_domain_stands_in_a_sentence_for_people(sentence: str, expected: str | None) -> None:
    events = CPANEL.sent("Whostmgr::AutoSSL::installssl", {"status": 1, "rawout": sentence})

    assert only(events, "certificate").get("domain") == expected


def test_a_private_key_in_the_output_is_neither_kept_nor_told() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqh\n-----END PRIVATE KEY-----"
    body = {"event": "Whostmgr::AutoSSL::installssl", "data": {"status": 1, "rawout": key, "key_pem": key}}
    webhook = read(CPANEL.provider, Inbound(body=jsontext.dumps(body)))

    kept = CPANEL.provider.storable(webhook)

    assert b"MIIEvQIBADANBgkqh" not in kept
    assert b"MIIEvQIBADANBgkqh" not in CPANEL.events(webhook)[0].body


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (
            {"blocks_used": 999_999, "blocks_limit": 1_000_000},
            {"resource": "disk", "used": Decimal("99.9"), "limit": 100, "percent": Decimal("99.9"), "unit": "percent"},
        ),
        (
            {"blocks_used": "1", "blocks_limit": "2", "inodes_used": "3", "inodes_limit": "4"},
            {"resource": "inodes", "used": 3, "limit": 4, "percent": Decimal("75.0"), "unit": "count"},
        ),
        (
            {"blocks_used": 5, "blocks_limit": 0, "inodes_used": 5, "inodes_limit": 0},
            {"resource": "disk", "limit": 100, "unit": "percent"},
        ),
        (
            {"blocks_used": "many", "blocks_limit": -1},
            {"resource": "disk", "limit": 100, "unit": "percent"},
        ),
    ],
)
def test_the_resource_nearest_to_its_limit_is_told(numbers: dict[str, Any], expected: dict[str, Any]) -> None:
    assert only(CPANEL.sent("DiskQuota::critical", numbers), "usage") == expected


@pytest.mark.parametrize("name", ["blog", "blog.acme.example"])
def test_a_subdomain_is_told_in_full(name: str) -> None:
    data = {"user": "acme", "subdomain": name, "rootdomain": "acme.example"}

    found = only(CPANEL.sent("Whostmgr::Domain::addsubdomain", data), "domain")

    assert found == {"name": "blog.acme.example", "service_id": "acme"}


def test_of_several_contact_addresses_the_first_is_the_customers() -> None:
    data = {"user": "acme", "contactemail": "a@acme.example, b@acme.example"}

    (event,) = CPANEL.sent("Whostmgr::Accounts::Modify", data)

    assert event.customer_email == "a@acme.example"


def test_a_renamed_account_keeps_the_id_it_had() -> None:
    found = only(CPANEL.sent("Whostmgr::Accounts::Modify", {"user": "acme", "newuser": "acme2"}), "service")

    assert found == {"id": "acme", "username": "acme2"}


def test_a_form_of_the_contact_manager_is_read_before_and_after_it_was_kept() -> None:
    form = b"hostname=web03.example&subject=Disk+full&body=100%25&password=hunter2"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    came = read(CPANEL.provider, Inbound(body=form, headers=headers, received_at=RECEIVED_AT))

    kept = Inbound(body=CPANEL.provider.storable(came), headers=headers, received_at=RECEIVED_AT)
    again = read(CPANEL.provider, kept)

    expected = {"title": "Disk full", "text": "100%", "origin": "web03.example"}
    assert b"hunter2" not in kept.body
    assert only(CPANEL.events(came), "notice") == expected
    assert only(CPANEL.events(again), "notice") == expected


@of_every_row("cpanel")
def test_a_published_payload_is_told(row: dict[str, Any]) -> None:
    found = CPANEL.events(published(f"panels/{row['file']}"), native=row["native_event"])

    assert types_of(found) == PUBLISHED[row["file"].partition("/")[2]]
    known = [each for each in found if each.type != "unknown"]
    assert [each.type for each in known if (row["key"] or "") not in str(each.envelope["data"])] == []


@of_every_row("cpanel")
def test_a_published_payload_that_names_itself_needs_no_name_beside_it(row: dict[str, Any]) -> None:
    assert CPANEL.types(published(f"panels/{row['file']}")) == PUBLISHED[row["file"].partition("/")[2]]
