"""What is peculiar to borgmatic: hooks that name an action, pings that do not, a script that curl encodes for."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest

BORGMATIC = ProviderUnderTest("borgmatic")
FOLDER = Path(__file__).parents[1]


def ping(path: Any = "/TOKEN", body: Any = "", **query: str) -> bytes:
    return json.dumps({"method": "POST", "path": path, "query": query, "body": body}).encode()


@cases(
    ("state", "action", "told"),
    [
        ("start", "create", ["backup.started"]),
        ("start", "check", []),
        ("finish", "create", ["backup.succeeded"]),
        ("finish", "check", ["backup.verified"]),
        ("finish", "prune", ["alert.resolved"]),
        ("fail", "create", ["backup.failed"]),
        ("fail", "check", ["backup.verification_failed"]),
        ("fail", "prune", ["alert.raised"]),
        ("finish", "", ["backup.succeeded"]),
        ("log", "create", []),
        ("other", "create", ["unknown"]),
    ],
)
def test_what_a_state_and_an_action_mean(state, action, told):
    assert BORGMATIC.types(urlencode({"state": state, "action": action}).encode()) == told


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/TOKEN", ["backup.succeeded"]),
        ("/TOKEN/start", ["backup.started"]),
        ("/TOKEN/fail", ["backup.failed"]),
        ("/TOKEN/0", ["backup.succeeded"]),
        ("/TOKEN/2", ["backup.failed"]),
        ("/TOKEN/log", []),
    ],
)
def test_the_end_of_an_address_says_what_happened(path, told):
    assert BORGMATIC.types(ping(path)) == told


@pytest.mark.parametrize(
    ("status", "message", "told"),
    [
        ("up", "finish", ["backup.succeeded"]),
        ("up", "start", ["backup.started"]),
        ("down", "fail", ["backup.failed"]),
        ("down", "start", ["backup.failed"]),
        ("up", "", ["backup.succeeded"]),
    ],
)
def test_a_push_of_uptime_kuma_says_it_in_its_query(status, message, told):
    assert BORGMATIC.types(ping("/api/push/TOKEN", status=status, msg=message)) == told


def test_a_failure_is_told_with_its_log_but_without_passwords():
    event = BORGMATIC.event(ping("/TOKEN/fail", "repo ssh://me:secret-word@backup.example/x is locked\n"))

    assert event.envelope["data"]["backup"]["error"] == "repo ssh://backup.example/x is locked"


def test_a_run_that_went_well_tells_nothing_of_its_log():
    event = BORGMATIC.event(ping("/TOKEN", "a line"))

    assert event.envelope["data"]["backup"]["error"] is None


@pytest.mark.parametrize("body", [b"[]", b"{}", b"x=y", ping(None, None), ping(7, [])])
def test_what_is_no_ping_is_kept_as_unknown(body):
    assert BORGMATIC.types(body) == ["unknown"]


def test_an_odd_query_and_body_cost_no_event():
    assert BORGMATIC.types({"path": "/x", "query": 7, "body": {}}) == ["backup.succeeded"]


def test_the_script_in_the_setup_posts_what_a_hook_is_called_with(tmp_path):
    [script] = re.findall(r"```shell\n(.*?)```", (FOLDER / "setup.md").read_text(), re.DOTALL)
    said = tmp_path / "said"
    os.mkfifo(said)
    (tmp_path / "hook").write_text(script)
    (tmp_path / "curl").write_text(f"#!/bin/sh\nfor each; do printf '%s\\0' \"$each\"; done > '{said}'\n")
    for name in ("hook", "curl"):
        (tmp_path / name).chmod(0o755)
    arguments = ["fail", "check", "/etc/borgmatic/a b.yaml", "ssh://x&y"]

    subprocess.run([tmp_path / "hook", *arguments], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True)

    words = said.read_text().split("\0")  # waits until the program in the background has written
    fields = [words[at + 1].partition("=")[::2] for at, word in enumerate(words) if word == "--data-urlencode"]
    assert dict(fields)["configuration"] == "/etc/borgmatic/a b.yaml"
    assert BORGMATIC.types(urlencode(fields).encode()) == ["backup.verification_failed"]
    assert not any("secret" in word for word in words)


TOLD = {
    "healthchecks_fail_with_log.json": "backup.failed",
    "healthchecks_start.json": "backup.started",
    "kuma_push_finish.json": "backup.succeeded",
}


@of_corpus
@pytest.mark.parametrize(("name", "told"), TOLD.items())
def test_a_published_payload_is_told_without_a_defect(name, told):
    found = BORGMATIC.events(published(f"panels/borgmatic/{name}"))

    assert [(event.type, event.defect) for event in found] == [(told, None)]
