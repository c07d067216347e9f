"""A run is shown by the command line as by the API."""

from cli.conftest import Terminal
from kit.workbench import Workbench
from relay.config import Config
from relay.web.app import build_app


def test_a_run_is_the_same_document_for_machines_wherever_it_is_asked_for(relay: Terminal, bench: Workbench) -> None:
    key = relay.json("key", "add", "--scopes", "admin")["key"]
    relay("action", "policy", "alert.raise", "always")
    asked = relay.json("action", "run", "alert.raise", "--set", "key=disk", "--set", "title=Disk is full")
    app = build_app(Config.load(relay.environment))

    answer = app.test_client().get("/api/v1/action-runs", headers={"Authorization": f"Bearer {key}"})

    app.extensions["relay"].database.close()
    (shown,) = (answer.json or {})["items"]
    (listed,) = relay.json("action", "runs")
    links = [each.pop("approve_url") for each in (shown, listed, asked)]
    assert shown == listed == asked
    assert shown["status"] == "pending_approval"
    assert all(link.startswith(f"{relay.environment['RELAY_PUBLIC_URL']}/approvals/") for link in links)


def test_a_person_is_told_what_a_run_is_for_and_where_to_decide(relay: Terminal, bench: Workbench) -> None:
    relay("action", "policy", "alert.raise", "always")

    said = relay("action", "run", "alert.raise", "--set", "key=disk", "--set", "title=Disk is full").stdout

    assert [line.split()[0] for line in said.splitlines()] == ["id", "status", "created_at", "approve_url", "asked_for"]
