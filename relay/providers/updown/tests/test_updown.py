"""What is peculiar to updown.io: several events at once, and certificates that are refused."""

from typing import Any

import pytest

from relay.develop.samples import RECEIVED_AT, find
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers.updown import PROVIDER

ORIGIN = Origin(Source("src_1", "ws_1", "updown", "updown.io"), 1, "shared_token")


def events(payload: Any, **settings: Any) -> list[Event]:
    webhook = Inbound(jsontext.dumps(payload), received_at=RECEIVED_AT, settings=PROVIDER.usual_settings | settings)
    return normalize(PROVIDER, read(PROVIDER, webhook), ORIGIN)


def sample(name: str) -> Any:
    return jsontext.loads(find(f"updown:{name}").inbound.body)


def test_each_event_of_a_webhook_is_known_by_itself_and_by_when_it_happened() -> None:
    down, up = sample("check.down--and-up")

    together, apart = events([down, up]), [*events([down]), *events([up])]

    assert [event.id for event in together] == [event.id for event in apart]
    assert [event.envelope["occurred_at"] for event in together] == ["2026-11-22T06:50:00Z", "2026-11-22T06:59:00Z"]


def test_the_token_of_a_check_is_its_public_name_and_stays() -> None:
    webhook = read(PROVIDER, find("updown:check.down--and-up").inbound)

    assert PROVIDER.storable(webhook) == webhook.body


def test_a_refused_certificate_is_an_alert_beside_the_outage() -> None:
    invalid = sample("check.ssl_invalid")[0]

    raised, resolved = events([invalid, invalid | {"event": "check.ssl_valid", "time": "2026-11-22T07:00:00Z"}])

    told = [(each.type, each.envelope["data"]["alert"]["key"]) for each in (raised, resolved)]
    assert told == [("alert.raised", "ngs8:ssl"), ("alert.resolved", "ngs8:ssl")]


def test_that_a_check_is_still_down_belongs_to_its_outage() -> None:
    down = sample("check.down--and-up")[0]

    first, reminder = events([down, down | {"event": "check.still_down"}])

    assert reminder.type == "monitor.down"
    assert reminder.envelope["data"] == first.envelope["data"]


@pytest.mark.parametrize(
    ("name", "told"),
    [("check.performance_drop", ["notice.received"]), ("check.other", ["unknown"]), (None, ["unknown"])],
)
def test_what_is_no_outage_is_a_notice_or_unknown(name: str | None, told: list[str]) -> None:
    drop = {"event": name, "description": "Apdex of https://acme-shop.example dropped 47%", "apdex_dropped": "47%"}

    assert [event.type for event in events([drop])] == told
