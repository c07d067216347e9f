"""No workspace sees or touches what is another's."""

import pytest

from relay.areas.resources import all_routes


@pytest.fixture(scope="module")
def theirs(shared_api):
    """What the other workspace has, by the name of its id in paths."""
    made = {
        "hook_id": shared_api.call(
            "POST",
            "/hooks",
            {"target_url": "https://hooks.example.com/", "event_types": ["*"]},
            workspace=shared_api.other,
        ).json,
        "source_id": shared_api.call("POST", "/sources", {"provider": "standard"}, workspace=shared_api.other).json,
        "event_id": shared_api.events(3, workspace=shared_api.other)[0],
        "record_id": {"id": shared_api.customer(workspace=shared_api.other)},
        "run_id": shared_api.run(workspace=shared_api.other),
    }
    event_id = made["event_id"]["id"]
    sent = shared_api.call("POST", f"/events/{event_id}/replay", workspace=shared_api.other).json
    assert len(sent["deliveries"]) == 1
    return made


@pytest.mark.parametrize(
    "route",
    [route for route in all_routes() if set(route.path_parameters) - {"type"}],
    ids=lambda route: route.name,
)
def test_an_id_of_another_workspace_is_not_found(shared_api, theirs, route):
    path = route.path.format(**{name: each["id"] for name, each in theirs.items()})

    answer = shared_api.call(route.method, path, None if route.body is None else {})

    assert answer.status_code == (204 if route.method == "DELETE" else 404)


@pytest.mark.parametrize("path", ["/hooks", "/sources", "/events", "/deliveries", "/customers", "/invoices"])
def test_a_list_holds_nothing_of_another_workspace(shared_api, theirs, path):
    assert shared_api.call("GET", path).json["items"] == []
    assert shared_api.call("GET", path, workspace=shared_api.other).json["items"] != []


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


def test_after_all_that_the_others_things_are_as_they_were(shared_api, theirs):
    other = shared_api.other
    hook, source = theirs["hook_id"], theirs["source_id"]

    kept_hook = shared_api.call("GET", f"/hooks/{hook['id']}", workspace=other).json
    kept_source = shared_api.call("GET", f"/sources/{source['id']}", workspace=other).json

    assert kept_hook == {name: value for name, value in hook.items() if name not in ("secret", "token")}
    assert kept_source == {name: value for name, value in source.items() if name not in ("secret", "paste")}


def test_the_same_idempotency_key_of_two_workspaces_is_two_keys(api):
    headers = {"Idempotency-Key": "one"}
    body = {"target_url": "https://hooks.example.com/", "event_types": ["*"]}

    mine = api.call("POST", "/hooks", body, headers=headers)
    other = api.call("POST", "/hooks", body, headers=headers, workspace=api.other)

    assert mine.json["id"] != other.json["id"]
