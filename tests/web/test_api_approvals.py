"""Who asks does not approve: who gets links to approve by, what they say of a decision, and who gets none."""

import re
import sqlite3
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from relay.formats import jsontext
from relay.storage import hooks

OTHER_TARGET = "https://hooks.example.com/elsewhere"
REQUESTED = "action.approval_requested"
SCOPES = ("events:read", "hooks:write", "actions:run")


def asked(api: Any, key: str = "actions:run") -> dict[str, Any]:
    """A run that waits for a person, asked for with a key of this scope."""
    api.call("POST", "/action-policies", {"action": "alert.raise", "mode": "always"})
    answer = api.call("POST", "/actions/alert.raise", {"key": "disk:web03", "title": "Disk is full"}, key=key)
    assert answer.status_code == 202, answer.text
    return dict(answer.json)


def key_id(api: Any, key: str) -> str:
    return str(api.call("GET", "/me", key=key).json["key"]["id"])


def link_of(body: bytes) -> str | None:
    found: str | None = jsontext.loads(body)["data"]["action"]["approve_url"]
    return found


def press(api: Any, url: str, verb: str = "approve") -> Any:
    return api.app.test_client().post(f"{url.removeprefix('https://relay.example.com')}/{verb}")


def sent(api: Any, hook: dict[str, Any]) -> bytes:
    """The body of the request for approval that goes to a hook."""
    (parcel,) = [each for each in api.work() if each.hook.id == hook["id"]]
    return bytes(parcel.body)


@pytest.mark.parametrize("key", SCOPES)
def test_no_key_without_admin_finds_a_link(api, key):
    """The attack: ask for a refund, read the event that asks for approval, and press the button in it."""
    run = asked(api)
    api.work()

    seen = [api.call("GET", path, key=key).text for path in ("/events", "/action-runs", f"/action-runs/{run['id']}")]
    listed = api.call("GET", "/events", key="admin").json["items"]
    seen.append(api.call("GET", f"/events/{listed[0]['id']}", key=key).text)
    seen.append(api.call("GET", f"/events/{listed[0]['id']}/raw", key=key).text)

    assert [text for text in seen if "/approvals/" in text] == []
    assert api.call("POST", f"/action-runs/{run['id']}/approve", key=key).status_code == 403


def test_no_link_lies_in_the_database(api):
    marked = api.hook(approval_links=True)
    asked(api)
    assert link_of(sent(api, marked))

    for row in sqlite3.connect(api.database.engine.url.database).iterdump():
        assert "/approvals/" not in row


def test_a_hook_on_everything_gets_the_event_without_a_link(api):
    plain = api.hook(event_types=["*"])
    asked(api)

    assert link_of(sent(api, plain)) is None


def test_a_hook_that_an_admin_marked_gets_a_link_and_the_decision_names_it(api):
    marked = api.hook(approval_links=True)
    run = asked(api)

    answer = press(api, link_of(sent(api, marked)))

    assert answer.status_code == 200
    decided = api.call("GET", f"/action-runs/{run['id']}").json
    assert (decided["status"], decided["decided_by"]) == ("queued", f"approval link sent to hook {marked['id']}")


def test_an_event_that_is_sent_again_has_a_link_that_leads_to_the_same_run(api):
    run = asked(api)
    api.work()
    marked = api.hook(approval_links=True)
    (event,) = api.call("GET", "/events", type=REQUESTED).json["items"]
    api.call("POST", f"/events/{event['id']}/replay", {"hook_id": marked["id"]})

    press(api, link_of(sent(api, marked)))

    assert api.call("GET", f"/action-runs/{run['id']}").json["status"] == "queued"


def test_a_link_that_an_admin_key_was_shown_names_that_key(api):
    run = asked(api)
    api.work()
    (event,) = api.call("GET", "/events", type=REQUESTED).json["items"]

    press(api, event["data"]["action"]["approve_url"], "reject")

    decided = api.call("GET", f"/action-runs/{run['id']}").json
    assert (decided["status"], decided["decided_by"]) == (
        "rejected",
        f"approval link shown to {key_id(api, 'admin')}",
    )


def test_an_admin_key_that_asked_gets_no_link_and_cannot_approve(api):
    marked = api.hook(approval_links=True)
    run = asked(api, key="admin")

    assert link_of(sent(api, marked)) is None, "the hook is marked by the key that asked"
    assert api.call("GET", f"/action-runs/{run['id']}").json["approve_url"] is None
    assert "/approvals/" not in api.call("GET", "/events").text
    refused = api.call("POST", f"/action-runs/{run['id']}/approve")
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "forbidden")
    assert "another key" in refused.json["error"]["message"]
    assert api.call("GET", f"/action-runs/{run['id']}").json["status"] == "pending_approval"


def test_page_api_and_event_show_the_fallback_and_all_it_would_be_given(api):
    api.call("POST", "/action-policies", {"action": "payment.refund", "mode": "always"})
    first, second = (
        api.source(provider="mollie", name=name, settings={"api_key": "live_k"}, secret="s" * 20)["id"]
        for name in ("Shop", "Other shop")
    )
    body = {"payment_id": "tr_1", "amount": 1, "currency": "EUR", "source": first}
    fallback = {"source": second, "input": {"payment_id": "tr_other"}}
    run = api.call("POST", "/actions/payment.refund", body | {"fallback": fallback}, key="actions:run").json
    marked = api.hook(approval_links=True)

    told = jsontext.loads(sent(api, marked))["data"]["action"]
    shown = api.call("GET", f"/action-runs/{run['id']}").json
    page = api.app.test_client().get(told["approve_url"].removeprefix("https://relay.example.com")).text

    assert told["asked_for"] == (
        "Refund Payment at Shop (Mollie): Payment tr_1, Amount 1, Currency EUR."
        " If it is declined or not reached: Other shop (Mollie): Payment tr_other, Amount 1, Currency EUR."
    )
    assert shown["fallback"] == {
        "source": {"id": second, "name": "Other shop (Mollie)"},
        "input": {**body, "payment_id": "tr_other"},
    }
    assert [words for words in ("tr_1", "Other shop", "tr_other") if words not in page] == []
    assert told["fingerprint"] == shown["fingerprint"]
    assert shown["fingerprint"] in page
    path = f"/action-runs/{run['id']}/approve"
    assert api.call("POST", path, {"fingerprint": "0" * 64}).json["error"]["code"] == "not_what_was_seen"
    assert api.call("POST", path, {"fingerprint": shown["fingerprint"]}).json["status"] == "queued"


def test_a_policy_may_limit_the_sum_of_a_day(api):
    rule = {"action": "payment.refund", "mode": "above", "amount": 50, "currency": "EUR", "per_day": 500}
    shown = {"action": "payment.refund", "risk": "money", "mode": "above", "amount": "50", "currency": "EUR"}

    assert api.call("POST", "/action-policies", rule).json == {**shown, "per_day": "500"}
    listed = api.call("GET", "/action-policies", key="actions:run").json["items"]
    assert [each for each in listed if each["action"] == "payment.refund"] == [{**shown, "per_day": "500"}]
    assert api.call("POST", "/action-policies", rule | {"per_day": -1}).status_code == 422
    assert api.call("POST", "/action-policies", rule, key="actions:run").status_code == 403


def test_only_an_admin_marks_a_hook(api):
    plain = api.hook()
    body = {"target_url": OTHER_TARGET, "event_types": ["*"], "approval_links": True}

    assert api.call("POST", "/hooks", body, key="hooks:write").status_code == 403
    refused = api.call("PATCH", f"/hooks/{plain['id']}", {"approval_links": True}, key="hooks:write")
    assert refused.status_code == 403
    assert api.call("GET", f"/hooks/{plain['id']}").json["approval_links"] is False
    assert api.call("POST", "/hooks", body | {"approval_links": False}, key="hooks:write").status_code == 201
    assert api.call("PATCH", f"/hooks/{plain['id']}", {"approval_links": True}).json["approval_links"] is True


def test_only_an_admin_sends_the_links_elsewhere(api):
    marked = api.hook(approval_links=True)
    path = f"/hooks/{marked['id']}"

    assert api.call("PATCH", path, {"target_url": OTHER_TARGET}, key="hooks:write").status_code == 403
    assert api.call("PATCH", path, {"approval_links": False}, key="hooks:write").status_code == 403
    assert api.call("PATCH", path, {"event_types": [REQUESTED]}, key="hooks:write").status_code == 200
    assert api.call("PATCH", path, {"target_url": OTHER_TARGET}).json["approval_links"] is True
    assert api.call("PATCH", path, {"approval_links": False}).json["approval_links"] is False
    assert api.call("PATCH", path, {"target_url": OTHER_TARGET}, key="hooks:write").status_code == 200


def test_who_chose_the_target_of_a_marked_hook_gets_no_link_for_what_he_asked_for(api):
    marked = api.hook()
    with api.database.write() as connection:
        hook = hooks.get(connection, api.vault, api.mine.id, marked["id"])
        hooks.save(connection, api.vault, replace(hook, approval_links_by="key_of_somebody_else"), 1)
    api.call("PATCH", f"/hooks/{marked['id']}", {"target_url": OTHER_TARGET})
    asked(api, key="admin")

    assert link_of(sent(api, marked)) is None


@pytest.mark.parametrize("public_url", ["https://relay.example.com", "https://example.com/relay"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.2", "203.0.113.7"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_buttons_lead_back_to_the_page_whatever_the_request_says_of_itself(api_of, public_url, peer, slash):
    api = api_of(RELAY_PUBLIC_URL=public_url)
    marked = api.hook(approval_links=True)
    run = asked(api)
    link = link_of(sent(api, marked))
    token = link.rpartition("/")[2]
    forged = {"Host": "evil.example", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}

    page = api.app.test_client().get(
        f"/approvals/{token}{slash}", headers=forged, environ_overrides={"REMOTE_ADDR": peer}
    )

    path = f"{urlsplit(public_url).path}/approvals/{token}"
    assert re.findall(r'action="([^"]*)"', page.text) == [f"{path}/approve", f"{path}/reject"]
    assert "evil.example" not in page.text
    assert api.call("GET", f"/action-runs/{run['id']}").json["status"] == "pending_approval"
