"""What is peculiar to updown.io: several events at once, and certificates that are refused."""

import pytest

from kit.provider import ProviderUnderTest
from relay.develop.samples import find
from relay.inbound.identity import read
from relay.providers.updown import PROVIDER

UPDOWN = ProviderUnderTest("updown")


def test_each_event_of_a_webhook_is_known_by_itself_and_by_when_it_happened() -> None:
    down, up = UPDOWN.payload("check.down--and-up")

    together, apart = UPDOWN.events([down, up]), [*UPDOWN.events([down]), *UPDOWN.events([up])]

    assert [event.id for event in together] == [event.id for event in apart]
    assert [event.envelope["occurred_at"] for event in together] == ["2026-11-22T06:50:00Z", "2026-11-22T06:59:00Z"]


def test_the_token_of_a_check_is_its_public_name_and_stays() -> None:
    webhook = read(PROVIDER, find("updown:check.down--and-up").inbound)

    assert PROVIDER.storable(webhook) == webhook.body


def test_a_refused_certificate_is_an_alert_beside_the_outage() -> None:
    invalid = UPDOWN.payload("check.ssl_invalid")[0]

    raised, resolved = UPDOWN.events([invalid, invalid | {"event": "check.ssl_valid", "time": "2026-11-22T07:00:00Z"}])

    told = [(each.type, each.envelope["data"]["alert"]["key"]) for each in (raised, resolved)]
    assert told == [("alert.raised", "ngs8:ssl"), ("alert.resolved", "ngs8:ssl")]


def test_that_a_check_is_still_down_belongs_to_its_outage() -> None:
    down = UPDOWN.payload("check.down--and-up")[0]

    first, reminder = UPDOWN.events([down, down | {"event": "check.still_down"}])

    assert reminder.type == "monitor.down"
    assert reminder.envelope["data"] == first.envelope["data"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("check.performance_drop", ["notice.received"]), ("check.other", ["unknown"]), (None, ["unknown"])],
)
def test_what_is_no_outage_is_a_notice_or_unknown(name: str | None, told: list[str]) -> None:
    drop = {"event": name, "description": "Apdex of https://acme-shop.example dropped 47%", "apdex_dropped": "47%"}

    assert UPDOWN.types([drop]) == told
