"""What is peculiar to DirectAdmin: two scripts for one domain, and an outcome that is 1 or 0."""

from typing import Any

import pytest

from kit.provider import ProviderUnderTest
from relay.model import Event

DIRECTADMIN = ProviderUnderTest("directadmin")
DOMAIN = {"domain": "Shop.example", "username": "acme"}


def posted(event: str, data: Any, sent_at: str = "2026-11-22T07:00:00Z") -> list[Event]:
    return DIRECTADMIN.events({"event": event, "data": data, "sent_at": sent_at})


def variables(data: dict[str, Any]) -> list[Event]:
    """As they lie, without our sender around them."""
    return DIRECTADMIN.events(data)


@pytest.mark.parametrize("script", ["dns_create_post", "dns_create_post.sh"])
def test_a_domain_and_its_zone_are_one_event(script: str) -> None:
    (domain,) = posted("domain_create_post", DOMAIN)

    (zone,) = posted(script, DOMAIN | {"caller": "create:domain", "signed_zone": "0"}, "2026-11-22T07:00:02Z")

    assert (zone.type, zone.id) == ("domain.added", domain.id)
    assert zone.envelope["data"]["domain"] == domain.envelope["data"]["domain"]


def test_a_domain_that_is_added_again_later_is_told_again() -> None:
    (first,) = posted("domain_create_post", DOMAIN)

    (again,) = posted("domain_create_post", DOMAIN, "2026-11-29T07:00:00Z")

    assert again.id != first.id


@pytest.mark.parametrize(
    "caller",
    ["create:zone", "create:pointer", "create:swap", "create:raw_save", "create:dnssec", "remove:dnssec", None],
)
def test_a_zone_of_anything_else_is_no_new_domain(caller: str | None) -> None:
    assert posted("dns_create_post", DOMAIN | {"caller": caller}) == []


@pytest.mark.parametrize(("skipped", "expected"), [("1", []), ("0", ["domain.added"]), (None, ["domain.added"])])
def test_a_zone_that_a_restore_brings_back_is_no_new_domain(skipped: str | None, expected: list[str]) -> None:
    made = posted("dns_create_post", DOMAIN | {"caller": "create:domain", "skip_template": skipped})

    assert [event.type for event in made] == expected


@pytest.mark.parametrize(
    ("success", "type_", "error"),
    [
        ("1", "backup.succeeded", None),
        (1, "backup.succeeded", None),
        ("0", "backup.failed", "no space left; password=[removed]"),
        ("", "unknown", None),
        (None, "unknown", None),
    ],
)
def test_a_backup_went_well_only_where_it_says_so(success: Any, type_: str, error: str | None) -> None:
    run = {"type": "admin", "owner": "admin", "where": "local", "local_path": "/backup"}

    (event,) = posted("all_backups_post", run | {"success": success, "current_result": "no space left; password=x7"})

    assert event.type == type_
    assert event.defect is None
    if type_ != "unknown":
        told = event.envelope["data"]["backup"]
        assert (told["name"], told["destination"], told["error"]) == ("Admin backup (admin)", "/backup", error)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (DOMAIN | {"caller": "create:domain"}, ["domain.added"]),
        ({"type": "reseller", "success": "1", "current_result": "done"}, ["backup.succeeded"]),
        (DOMAIN | {"newdomain": "new.example"}, ["service.updated"]),
        ({"username": "acme", "old_ip": "192.0.2.1", "new_ip": "192.0.2.2"}, ["service.updated"]),
    ],
)
def test_variables_that_only_one_script_is_given_name_it(data: dict[str, Any], expected: list[str]) -> None:
    assert [event.type for event in variables(data)] == expected
