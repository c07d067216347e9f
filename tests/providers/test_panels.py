"""What panels with a sender of ours have in common."""

from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import all_samples, events_of


@cases("panel", ["whmcs", "cpanel", "plesk"])
@cases(
    ("sent_at", "expected"),
    [
        (1795330798, "2026-11-22T06:59:58Z"),
        ("2026-11-22T07:59:58+01:00", "2026-11-22T06:59:58Z"),
        ("2026-11-22 07:59:58", "2026-11-22T07:00:01Z"),
        (None, "2026-11-22T07:00:01Z"),
    ],
)
def test_an_event_happened_when_its_hook_ran(panel: str, sent_at: Any, expected: str) -> None:
    (event,) = ProviderUnderTest(panel).sent("no such event", {}, sent_at=sent_at)

    assert event.envelope["occurred_at"] == expected


@pytest.mark.parametrize("panel", ["cpanel", "cyberpanel", "directadmin", "ispconfig", "plesk", "virtualmin"])
def test_a_domain_of_an_account_ends_as_what_it_began_as(panel: str) -> None:
    events = [event for sample in all_samples(panel) for event in events_of(sample)]

    assert {event["type"] for event in events if event["data"].get("domain")} >= {"domain.added", "domain.removed"}
