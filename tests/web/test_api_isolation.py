"""No workspace sees or touches what is another's, by filters and bodies; by paths it is `test_every_resource.py`."""

import pytest

from web.conftest import TARGET


@pytest.fixture(scope="module")
def theirs(shared_api):
    """An event of the other workspace that was sent to its hook."""
    other = shared_api.other
    hook = shared_api.call("POST", "/hooks", {"target_url": TARGET, "event_types": ["*"]}, workspace=other).json
    (event,) = shared_api.events(1, workspace=other)
    sent = shared_api.call("POST", f"/events/{event['id']}/replay", workspace=other).json
    assert len(sent["deliveries"]) == 1
    return {"hook_id": hook, "event_id": event}


def test_a_filter_by_another_workspaces_id_finds_nothing(shared_api, theirs):
    hook, event = theirs["hook_id"]["id"], theirs["event_id"]["id"]

    assert shared_api.call("GET", "/deliveries", hook=hook).json["items"] == []
    assert shared_api.call("GET", "/deliveries", event=event).json["items"] == []
    assert shared_api.call("GET", "/events", source=theirs["event_id"]["source"]["id"]).json["items"] == []


def test_replays_touch_no_other_workspace(shared_api, theirs):
    body = {"since": "2020-01-01T00:00:00Z", "dry_run": True}

    assert shared_api.call("POST", "/replays", body).json["events"] == 0
    named = shared_api.call("POST", "/replays", body | {"hook_id": theirs["hook_id"]["id"]})
    assert named.status_code == 404


def test_the_same_idempotency_key_of_two_workspaces_is_two_keys(api):
    headers = {"Idempotency-Key": "one"}
    body = {"target_url": "https://hooks.example.com/", "event_types": ["*"]}

    mine = api.call("POST", "/hooks", body, headers=headers)
    other = api.call("POST", "/hooks", body, headers=headers, workspace=api.other)

    assert mine.json["id"] != other.json["id"]
