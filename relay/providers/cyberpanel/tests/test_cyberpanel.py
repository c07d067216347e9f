"""What is peculiar to CyberPanel: one signal for both ways of a suspension, a website of many names."""

from pathlib import Path
from typing import Any

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest, types_of
from relay.inbound.identity import read
from relay.model import Event, Inbound
from relay.providers.cyberpanel import PROVIDER

CYBERPANEL = ProviderUnderTest("cyberpanel")
# The answer of the API is no event: it stays unknown.
PUBLISHED = {
    "api_submit_website_status_error.json": ("submitWebsiteStatus", "unknown"),
    "post_website_creation.json": ("postWebsiteCreation", "service.created"),
    "post_website_suspension.json": ("postWebsiteSuspension", "service.suspended"),
}


def posted(event: str, data: Any) -> list[Event]:
    return CYBERPANEL.events({"event": event, "data": data, "sent_at": "2026-11-22T07:00:00Z"})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"state": "Suspend"}, ["service.suspended"]),
        ({"state": "suspend", "websiteStatus": 1}, ["service.suspended"]),
        ({"state": "Unsuspend"}, ["service.unsuspended"]),
        ({"state": "Suspend", "websiteStatus": 0}, ["service.suspension_failed"]),
        ({"state": "Suspend", "websiteStatus": "0"}, ["service.suspension_failed"]),
        ({"state": "Unsuspend", "websiteStatus": 0}, []),
    ],
)
def test_the_state_says_which_way_it_went(data: dict[str, Any], expected: list[str]) -> None:
    assert types_of(posted("postWebsiteSuspension", {"websiteName": "acme.example"} | data)) == expected


@pytest.mark.parametrize("name", ["domainName", "websiteName", "domain"])
def test_a_website_is_found_under_all_its_names(name: str) -> None:
    (event,) = posted("postWebsiteCreation", {name: "ACME.example."})

    assert event.envelope["data"]["service"]["id"] == "acme.example"


@pytest.mark.parametrize(
    ("event", "data", "alias_of"),
    [
        ("postDomainCreation", {"domainName": "b.acme.example", "masterDomain": "acme.example", "alias": 0}, None),
        ("postDomainCreation", {"domainName": "b.example", "masterDomain": "acme.example", "alias": 1}, "acme.example"),
        ("postSubmitAliasCreation", {"aliasDomain": "b.example", "masterDomain": "acme.example"}, "acme.example"),
    ],
)
def test_an_alias_is_told_from_a_further_domain(event: str, data: dict[str, Any], alias_of: str | None) -> None:
    (told,) = posted(event, data)

    assert told.envelope["data"]["domain"]["alias_of"] == alias_of
    assert told.envelope["data"]["domain"]["service_id"] == "acme.example"


@cases("odd", [{}, {"domainName": [], "websiteName": 3, "state": {}, "alias": None, "adminEmail": True}])
@cases("event", sorted(PROVIDER.events))
def test_fields_of_another_shape_cost_no_event(event: str, odd: Any) -> None:
    assert "unknown" not in types_of(posted(event, odd))


def test_the_password_of_the_api_is_not_kept() -> None:
    webhook = read(
        PROVIDER, Inbound(b'{"websiteName": "a.example", "adminPass": "hunter2"}', native="postWebsiteCreation")
    )

    assert b"hunter2" not in PROVIDER.storable(webhook)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"websiteName": "a.example", "state": "Suspend"}', "service.suspended"),
        (b'{"domainName": "a.example", "websiteOwner": "admin"}', "service.created"),
        (b'{"websiteName": "a.example"}', "unknown"),
    ],
)
def test_a_request_alone_is_known_by_its_fields(body: bytes, expected: str) -> None:
    assert types_of(CYBERPANEL.events(body)) == [expected]


@of_every_file("panels/cyberpanel/*.json")
def test_a_published_payload_is_told_without_a_defect(path: Path) -> None:
    native, expected = PUBLISHED[path.name]

    events = CYBERPANEL.events(path.read_bytes(), native=native)

    assert types_of(events) == [expected]
