"""What the audit log says of calls that change nothing: refusals, and who saw what is sealed."""

import pytest
from sqlalchemy import select

from relay.errors import StorageUnavailable
from relay.storage import audit
from relay.storage.tables import audit as log
from relay.web.framework import audit_notes


def noted(api, action: str) -> list[tuple[str, ...]]:
    with api.database.read() as connection:
        assert audit.verify(connection).wrong is None
        rows = connection.execute(select(log).where(log.c.action == action).order_by(log.c.number))
        return [(row.workspace_id, row.actor, row.object, row.outcome) for row in rows]


def key_id(api, key: str) -> str:
    return str(api.call("GET", "/me", key=key).json["key"]["id"])


def test_a_refused_call_is_noted_once_an_hour(api):
    for _ in range(3):
        assert api.call("POST", "/hooks", {}, key="events:read").status_code == 403
        assert api.call("GET", "/events", key=None).status_code == 401

    assert noted(api, "call.refused") == [
        (api.mine.id, key_id(api, "events:read"), "POST /hooks", "lacks hooks:write"),
        (api.mine.id, "address 127.0.0.1", "GET /events", "no valid key"),
    ]


def test_a_flood_of_refused_calls_does_not_fill_the_log(api, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit_notes, "_MOST_REFUSALS", 3)

    for path in ("/events", "/hooks", "/sources", "/customers", "/me", "/deliveries"):
        assert api.call("GET", path, key=None).status_code == 401

    assert len(noted(api, "call.refused")) == 3


def test_who_reads_a_raw_webhook_is_noted(api):
    event = api.event()

    for _ in range(2):
        assert api.call("GET", f"/events/{event['id']}/raw", key="events:read").status_code == 200

    assert noted(api, "webhook.read") == [(api.mine.id, key_id(api, "events:read"), event["id"], "done")]


def test_what_could_not_be_noted_is_not_shown_the_next_time_either(api, monkeypatch: pytest.MonkeyPatch):
    event = api.event()

    def away(*_: object) -> None:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(audit, "append", away)
        answers = [api.call("GET", f"/events/{event['id']}/raw").status_code for _ in range(2)]
    answers.append(api.call("GET", f"/events/{event['id']}/raw").status_code)

    assert answers == [503, 503, 200]
    assert len(noted(api, "webhook.read")) == 1


def test_who_opens_an_approval_link_is_noted_with_the_way_it_came(api):
    api.call("POST", "/action-policies", {"action": "alert.raise", "mode": "always"})
    given = {"key": "disk:web03", "title": "Disk is full"}
    run = api.call("POST", "/actions/alert.raise", given, key="actions:run").json
    url = api.call("GET", f"/action-runs/{run['id']}", key="admin").json["approve_url"]

    for _ in range(2):
        assert api.app.test_client().get(url.removeprefix("https://relay.example.com")).status_code == 200

    opened = (api.mine.id, f"link shown to {key_id(api, 'admin')}", run["id"], "127.0.0.1")
    assert noted(api, "approval.opened") == [opened]
