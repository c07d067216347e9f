"""Sending again: one event, many, and what was not understood before."""

import pytest

from relay.model import EVENTS_PER_WEBHOOK, now_ms
from relay.outbound import replay
from relay.providers import get as get_provider
from relay.storage import events, hooks


def sent(api):
    return sorted((each.event_id, each.hook.id) for each in api.work())


def test_an_event_is_sent_again_to_every_hook_that_wants_it(api):
    event = api.event()
    wanting = api.hook(event_types=["invoice.paid"])
    api.hook(event_types=["payment.failed"])
    api.hook(event_types=["invoice.paid"], filters={"customer": "nobody"})

    answer = api.call("POST", f"/events/{event['id']}/replay", key="hooks:write")

    assert answer.status_code == 202
    assert answer.json["events"] == [event["id"]]
    assert answer.json["hooks"] == [wanting["id"]]
    assert len(answer.json["deliveries"]) == 1
    assert sent(api) == [(event["id"], wanting["id"])]


def test_a_hook_that_is_named_gets_the_event_whatever_it_wants(api):
    event = api.event()
    named = api.hook(event_types=["payment.failed"], filters={"customer": "nobody"})
    api.hook(event_types=["*"])

    api.call("POST", f"/events/{event['id']}/replay", {"hook_id": named["id"]})

    assert sent(api) == [(event["id"], named["id"])]


def test_every_replay_is_a_delivery_of_its_own_and_the_event_keeps_its_body(api):
    event = api.event()
    api.hook()

    for _ in range(3):
        api.call("POST", f"/events/{event['id']}/replay")

    parcels = api.work()
    assert len({each.delivery_id for each in parcels}) == 3
    assert {each.body for each in parcels} == {api.call("GET", f"/events/{event['id']}").data.rstrip(b"\n")}


def test_a_defect_is_not_sent(api):
    event = api.event(defect="data breaks the rule type")
    hook = api.hook()

    answer = api.call("POST", f"/events/{event['id']}/replay", {"hook_id": hook["id"]})

    assert answer.status_code == 409
    assert answer.json["error"]["code"] == "defect_event"


def test_a_hook_that_is_switched_off_gets_no_replay(api):
    event = api.event()
    hook = api.hook()
    with api.database.write() as connection:
        hooks.set_status(connection, hook["id"], hooks.SWITCHED_OFF, "gone", 1)

    named = api.call("POST", f"/events/{event['id']}/replay", {"hook_id": hook["id"]})
    to_all = api.call("POST", f"/events/{event['id']}/replay")

    assert named.status_code == 409
    assert (to_all.status_code, to_all.json["deliveries"]) == (202, [])


def test_all_since_an_instant_are_sent_again(api):
    now = now_ms()
    api.events(3, received_ms=now - 7_200_000)
    wanted = api.events(4, received_ms=now - 60_000)
    api.events(2, "payment.failed", received_ms=now - 60_000)
    api.events(2, defect="broken", received_ms=now - 60_000)
    hook = api.hook(event_types=["*"])
    body = {"since": "2026-01-01T00:00:00Z", "types": ["invoice.paid"]}
    body["since"] = _iso(now - 3_600_000)

    counted = api.call("POST", "/replays", body | {"dry_run": True}).json
    assert api.work() == []
    done = api.call("POST", "/replays", body).json

    expected = {"events": 4, "deliveries": 4, "hooks": {hook["id"]: 4}, "next": None}
    assert counted == expected | {"dry_run": True}
    assert done == expected | {"dry_run": False}
    assert sent(api) == sorted((each["id"], hook["id"]) for each in wanted)


def test_until_is_the_other_end(api):
    now = now_ms()
    api.events(2, received_ms=now - 3_000)
    api.events(3, received_ms=now - 2_000)
    api.events(4, received_ms=now - 1_000)
    api.hook()

    body = {"since": _iso(now - 2_500), "until": _iso(now - 1_500), "dry_run": True}

    assert api.call("POST", "/replays", body).json["events"] == 3


def test_a_replay_of_many_to_one_hook_respects_what_it_wants(api):
    api.events(2)
    api.events(3, "payment.failed")
    hook = api.hook(event_types=["payment.failed"])
    api.hook()

    done = api.call("POST", "/replays", {"since": "2020-01-01T00:00:00Z", "hook_id": hook["id"]}).json

    assert done["hooks"] == {hook["id"]: 3}


def test_a_long_replay_goes_on_where_it_ended(api, monkeypatch):
    monkeypatch.setattr("relay.web.api.replays.MOST_EVENTS", 4)
    made = api.events(10)
    hook = api.hook()
    body = {"since": "2020-01-01T00:00:00Z"}
    counts = []

    while True:
        done = api.call("POST", "/replays", body).json
        counts.append(done["deliveries"])
        if done["next"] is None:
            break
        body["after"] = done["next"]

    assert counts == [4, 4, 2]
    assert sent(api) == sorted((each["id"], hook["id"]) for each in made)


def test_a_replay_that_ends_before_it_begins_is_refused(shared_api):
    body = {"since": "2026-11-22T07:00:00Z", "until": "2026-11-22T06:00:00Z"}

    assert shared_api.call("POST", "/replays", body).status_code == 422


def test_where_an_instant_begins_is_found_without_reading_everything(api, monkeypatch):
    now = now_ms()
    made = []
    for hours in range(60, 0, -1):
        made += api.events(3, received_ms=now - hours * 3_600_000)
    looked_at = []
    since = events.since

    def counted(*arguments):
        page = since(*arguments)
        looked_at.extend(page)
        return page

    monkeypatch.setattr(events, "since", counted)
    with api.database.read() as connection:
        start = replay._place_of(connection, api.mine.id, now - 5 * 3_600_000)

    below = [each for each in made if each["sequence"] <= start]
    assert len(below) in range(len(made) - 5 * 3 - 4, len(made) - 5 * 3 + 1)


def test_what_was_unknown_and_is_understood_by_now_is_sent_as_what_it_says(api, monkeypatch):
    hook = api.hook(event_types=["monitor.down", "unknown"])
    provider = get_provider("relay")
    answered = api.call("POST", "/events", {"data": {"site": "example.com"}}).json
    routes = dict(provider.events)
    with monkeypatch.context() as before:
        before.setattr("relay.pipeline.read.of_source", lambda name: _with_events(provider, {}))
        assert [each.hook.id for each in api.work()] == [hook["id"]]
    unknown = api.call("GET", "/events").json["items"][0]
    assert unknown["type"] == "unknown"

    first = api.call("POST", f"/events/{unknown['id']}/replay", {"hook_id": hook["id"]}).json
    again = api.call("POST", f"/events/{unknown['id']}/replay", {"hook_id": hook["id"]}).json

    assert routes  # the provider itself was left alone
    assert first["events"] == again["events"] == [answered["id"]]
    assert first["deliveries"] != again["deliveries"]
    understood = api.call("GET", f"/events/{answered['id']}").json
    assert (understood["type"], understood["data"]) == ("custom", {"custom": {"site": "example.com"}})
    assert understood["sequence"] == unknown["sequence"] + EVENTS_PER_WEBHOOK // 2


def test_what_was_kept_when_webhooks_had_less_room_stays_between_its_neighbours(api, monkeypatch):
    provider = get_provider("relay")
    api.call("POST", "/events", {"data": {"n": 1}})
    with monkeypatch.context() as before:
        before.setattr("relay.inbound.normalize.EVENTS_PER_WEBHOOK", 1000)
        before.setattr("relay.pipeline.read.of_source", lambda name: _with_events(provider, {}))
        api.work()
    api.call("POST", "/events", {"data": {"n": 2}})
    api.work()
    newer, unknown = api.call("GET", "/events").json["items"]

    (understood,) = api.call("POST", f"/events/{unknown['id']}/replay").json["events"]

    sequence = api.call("GET", f"/events/{understood}").json["sequence"]
    assert (unknown["type"], sequence) == ("unknown", unknown["sequence"] + 500)
    assert sequence < newer["sequence"]


@pytest.mark.parametrize("path", ["/events/evt_none/replay", "/hooks/hk_none/test"])
def test_what_is_not_there_cannot_be_sent(shared_api, path):
    assert shared_api.call("POST", path).status_code == 404


def _with_events(provider, mapping):
    from dataclasses import replace

    return replace(provider, events=mapping)


def _iso(ms):
    from relay.model import iso

    return iso(ms)
