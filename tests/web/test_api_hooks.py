"""Hooks over the API: made, looked at, changed, tested, rotated, deleted."""

import base64
import re

import pytest

from kit.cases import cases
from kit.workbench import relay_of
from relay.accounts.hooks import create
from relay.errors import InvalidRequest
from relay.storage import audit, deliveries, hooks
from relay.storage.tables import audit as audit_table

TARGET = "https://hooks.example.com/in"


def test_a_new_hook_shows_its_secret_and_token_this_once(api):
    answer = api.call(
        "POST",
        "/hooks",
        {
            "target_url": TARGET,
            "event_types": ["invoice.paid", "invoice.paid", "payment.failed"],
            "filters": {"min_amount": 9.50, "customer": "Zoe@Example.com", "livemode": True},
            "platform": "zapier",
            "ordered": True,
            "rate_limit": 2.5,
        },
        key="hooks:write",
    )

    assert answer.status_code == 201
    made = answer.json
    assert re.fullmatch(r"hk_[0-9a-z]{26,32}", made["id"])
    assert len(base64.b64decode(made.pop("secret").removeprefix("whsec_"))) == 32
    assert len(made.pop("token")) >= 32
    assert made == {
        "id": made["id"],
        "target_url": TARGET,
        "event_types": ["invoice.paid", "payment.failed"],
        "filters": {"min_amount": "9.5", "customer": ["zoe@example.com"], "livemode": True},
        "platform": "zapier",
        "ordered": True,
        "rate_limit": 2.5,
        "approval_links": False,
        "status": "active",
        "status_reason": None,
        "paused_until": None,
    }
    assert api.call("GET", f"/hooks/{made['id']}").json == made
    assert api.call("GET", "/hooks").json == {"items": [made], "next_cursor": None}


def test_a_hook_of_the_fewest_words_has_the_usual_settings(api):
    made = api.hook()

    assert (made["filters"], made["platform"], made["ordered"], made["rate_limit"]) == ({}, None, False, None)


def test_hooks_are_listed_newest_first_in_pages(api):
    made = [api.hook()["id"] for _ in range(5)]

    first = api.call("GET", "/hooks", limit=2).json
    second = api.call("GET", "/hooks", limit=2, cursor=first["next_cursor"]).json
    third = api.call("GET", "/hooks", limit=2, cursor=second["next_cursor"]).json

    listed = [[hook["id"] for hook in page["items"]] for page in (first, second, third)]
    assert listed == [[made[4], made[3]], [made[2], made[1]], [made[0]]]
    assert third["next_cursor"] is None


def test_a_patch_changes_what_it_names_and_nothing_else(api):
    made = api.hook(filters={"severity": "warning"})
    secret, token = made.pop("secret"), made.pop("token")

    answer = api.call("PATCH", f"/hooks/{made['id']}", {"event_types": ["custom"], "ordered": True})

    assert answer.status_code == 200
    assert answer.json == made | {"event_types": ["custom"], "ordered": True}
    with api.database.read() as connection:
        kept = hooks.get(connection, api.vault, api.mine.id, made["id"])
    assert (kept.secrets[0].value, kept.token) == (secret, token)


def token_of(api, hook_id):
    with api.database.read() as connection:
        return hooks.get(connection, api.vault, api.mine.id, hook_id).token


def test_a_new_target_is_not_told_the_old_ones_token(api):
    made = api.hook()
    secret, token = made.pop("secret"), made.pop("token")

    moved = api.call("PATCH", f"/hooks/{made['id']}", {"target_url": "https://other.example.com/in"}, key="hooks:write")
    same = api.call("PATCH", f"/hooks/{made['id']}", {"target_url": "https://other.example.com/in"})

    fresh = moved.json["token"]
    assert moved.json == made | {"target_url": "https://other.example.com/in", "token": fresh}
    assert fresh != token
    assert token_of(api, made["id"]) == fresh
    assert same.json == made | {"target_url": "https://other.example.com/in"}
    with api.database.read() as connection:
        assert hooks.get(connection, api.vault, api.mine.id, made["id"]).secrets[0].value == secret


def test_an_empty_patch_changes_nothing(api):
    made = api.hook()
    del made["secret"], made["token"]

    assert api.call("PATCH", f"/hooks/{made['id']}", {}).json == made


def test_a_patch_may_take_filters_and_rate_away(api):
    made = api.hook(filters={"severity": "warning"}, rate_limit=3, platform="make")

    changed = api.call("PATCH", f"/hooks/{made['id']}", {"filters": None, "rate_limit": None, "platform": None}).json

    assert (changed["filters"], changed["rate_limit"], changed["platform"]) == ({}, None, None)


def test_a_hook_that_was_switched_off_is_switched_on_again(api):
    made = api.hook()
    with api.database.write() as connection:
        hooks.set_status(connection, made["id"], hooks.SWITCHED_OFF, "The target answered 410: it is gone.", 1)
        hooks.count_failures(connection, {made["id"]: (7, 4_102_444_800_000)})
    off = api.call("GET", f"/hooks/{made['id']}").json
    assert (off["status"], off["status_reason"]) == ("switched_off", "The target answered 410: it is gone.")
    assert off["paused_until"] == "2100-01-01T00:00:00Z"

    on = api.call("PATCH", f"/hooks/{made['id']}", {"status": "active"}).json

    assert (on["status"], on["status_reason"], on["paused_until"]) == ("active", None, None)


def test_a_deleted_hook_is_gone_and_gets_nothing_more(api):
    made = api.hook()
    event = api.event()
    api.call("POST", f"/events/{event['id']}/replay")

    assert api.call("DELETE", f"/hooks/{made['id']}").status_code == 204

    assert api.call("GET", f"/hooks/{made['id']}").status_code == 404
    assert api.call("GET", "/hooks").json["items"] == []
    left = api.call("GET", "/deliveries", hook=made["id"]).json["items"]
    assert [(each["state"], each["error"]) for each in left] == [("canceled", "The hook was deleted.")]


def test_deleting_a_hook_that_is_gone_or_never_was_succeeds(api):
    made = api.hook()
    api.call("DELETE", f"/hooks/{made['id']}")

    again = api.call("DELETE", f"/hooks/{made['id']}")
    unknown = api.call("DELETE", "/hooks/hk_never")

    assert (again.status_code, again.data) == (204, b"")
    assert (unknown.status_code, unknown.data) == (204, b"")
    assert "Content-Type" not in again.headers


def test_a_new_secret_is_shown_once_and_the_old_one_counts_for_a_while(api):
    made = api.hook()

    answer = api.call("POST", f"/hooks/{made['id']}/rotate-secret", {"overlap_seconds": 60})

    assert answer.status_code == 200
    assert answer.json["secret"] != made["secret"]
    with api.database.read() as connection:
        kept = hooks.get(connection, api.vault, api.mine.id, made["id"])
    assert [each.value for each in kept.secrets] == [answer.json["secret"], made["secret"]]
    assert kept.secrets[0].not_after is None
    assert kept.secrets[1].not_after == pytest.approx(kept.secrets[1].not_after, abs=60)
    assert answer.json["secret"] not in api.call("GET", f"/hooks/{made['id']}").text


def test_a_test_event_goes_to_its_hook_alone_through_the_pipeline(api):
    mine = api.hook(event_types=["payment.failed", "invoice.paid"], filters={"customer": "nobody"})
    api.hook()

    answer = api.call("POST", f"/hooks/{mine['id']}/test")

    assert answer.status_code == 202
    sent = api.work()
    assert [(each.hook.id, each.event_id, each.delivery_id) for each in sent] == [
        (mine["id"], answer.json["event_id"], answer.json["delivery_id"])
    ]
    event = api.call("GET", f"/events/{answer.json['event_id']}").json
    assert event["id"].startswith("evt_test_")
    assert (event["type"], event["livemode"]) == ("payment.failed", False)


def test_a_test_event_is_no_part_of_what_happened(api):
    mine = api.hook()
    real = api.event()

    sent = api.call("POST", f"/hooks/{mine['id']}/test", {"event_type": "monitor.down"}).json

    assert [each["id"] for each in api.call("GET", "/events").json["items"]] == [real["id"]]
    counted = api.call("POST", "/replays", {"since": "2020-01-01T00:00:00Z", "dry_run": True}).json
    assert counted["events"] == 1
    assert api.call("GET", f"/events/{sent['event_id']}/raw").status_code == 404
    assert len(api.call("GET", f"/events/{sent['event_id']}/deliveries").json["items"]) == 1


def test_a_hook_that_is_switched_off_gets_no_test_event(api):
    made = api.hook()
    with api.database.write() as connection:
        hooks.set_status(connection, made["id"], hooks.SWITCHED_OFF, "gone", 1)

    answer = api.call("POST", f"/hooks/{made['id']}/test")

    assert answer.status_code == 409
    assert answer.json["error"]["code"] == "hook_switched_off"


@cases(
    "target",
    [
        "http://hooks.example.com/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://2130706433/",
        "https://user:pass@hooks.example.com/",
        "ftp://hooks.example.com/",
        "hooks.example.com",
        "javascript:alert(1)",
    ],
)
def test_a_target_that_the_relay_must_not_reach_is_refused(shared_api, target):
    answer = shared_api.call("POST", "/hooks", {"target_url": target, "event_types": ["*"]})

    assert answer.status_code == 422
    assert answer.json["error"]["code"] == "address_refused"


def test_a_target_that_the_operator_allows_is_taken(api):
    assert api.hook(target_url="http://127.0.0.1:9000/")["target_url"] == "http://127.0.0.1:9000/"


def test_every_change_is_in_the_audit_log(api):
    made = api.hook()
    api.call("PATCH", f"/hooks/{made['id']}", {"ordered": True})
    api.call("POST", f"/hooks/{made['id']}/rotate-secret")
    api.call("POST", f"/hooks/{made['id']}/test")
    api.call("DELETE", f"/hooks/{made['id']}")

    key_id = api.call("GET", "/me").json["key"]["id"]
    with api.database.read() as connection:
        rows = list(connection.execute(audit_table.select().order_by(audit_table.c.number)))
        assert audit.verify(connection) == audit.Verdict(len(rows))
    assert [(row.actor, row.action, row.object) for row in rows] == [
        (key_id, action, made["id"])
        for action in ("hook.created", "hook.updated", "hook.secret_rotated", "hook.tested", "hook.deleted")
    ]


def test_a_refused_change_leaves_nothing_behind(api):
    made = api.hook()

    answer = api.call("PATCH", f"/hooks/{made['id']}", {"ordered": True, "target_url": "https://10.0.0.1/"})

    assert answer.status_code == 422
    assert api.call("GET", f"/hooks/{made['id']}").json["ordered"] is False
    assert deliveries.STATES  # states are those the API names


@pytest.mark.parametrize(
    "target",
    ["https://relay.example.com/in/src_1", "https://RELAY.example.com.:443/ping/x", "https://relay.example.com"],
)
def test_an_address_of_the_relay_itself_is_no_target(api, target):
    made = api.hook()

    created = api.call("POST", "/hooks", {"target_url": target, "event_types": ["*"]})
    changed = api.call("PATCH", f"/hooks/{made['id']}", {"target_url": target})

    assert (created.status_code, changed.status_code) == (422, 422)
    assert (
        created.json
        == changed.json
        == {
            "error": {
                "code": "address_refused",
                "message": "target_url is an address of this relay: its events would loop. Give"
                " another address: where events are received, such as the address that Zapier or Make shows.",
            }
        }
    )


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("target_url", "", "target_url must be an https address of at most 2048 characters."),
        ("event_types", [], 'event_types must be a list of at least one event type, such as ["invoice.paid"].'),
        (
            "event_types",
            ["invoice.payed"],
            "event_types[0] is no event type. GET /api/v1/event-types lists them. Did you mean invoice.paid?",
        ),
        ("filters", {"days_ahead": "3651"}, "filters.days_ahead must be a whole number of days from 0 to 3650."),
        ("filters", {"severity": "grave"}, "filters.severity must be one of info, warning, critical."),
        ("platform", "Zapier", 'platform must be a lower-case word such as "zapier" or "make".'),
        ("rate_limit", 0, "rate_limit must be a number from 0.1 to 1000, per second."),
        ("approval_links", "yes", "approval_links must be true or false."),
    ],
)
def test_a_wrong_field_is_refused_in_the_same_words_wherever_it_is_set(api, field, value, sentence):
    body = {"target_url": TARGET, "event_types": ["*"]} | {field: value}

    answer = api.call("POST", "/hooks", body)
    with pytest.raises(InvalidRequest) as refusal:
        create(relay_of(api.database, api.vault).workspace(api.mine.id, "test"), body)

    assert answer.json["error"]["message"] == refusal.value.message == sentence
