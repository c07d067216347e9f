"""What is peculiar to JetBackup: two versions that number outcomes differently, arguments without names."""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlencode

import pytest

from corpus import of_corpus, published
from kit.provider import ProviderUnderTest
from relay.errors import VerificationError
from relay.model import Inbound
from relay.providers.jetbackup import PROVIDER
from relay.security.verification import Credentials

JETBACKUP = ProviderUnderTest("jetbackup")
FOLDER = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("status", "queue", "told"),
    [
        ("1", "100", "backup.succeeded"),
        ("2", "101", "backup.partial"),
        ("3", "102", "backup.failed"),
        ("4", "103", "backup.failed"),
        ("", "101", "backup.partial"),
        (3, 102, "backup.failed"),
        ("9", "999", "backup.failed"),
    ],
)
def test_version_5_numbers_its_outcomes(status, queue, told):
    assert JETBACKUP.types(["job", "acct", "acmeshop", status, "log1", queue]) == [told]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("1", "backup.succeeded"),
        ("2", "backup.failed"),
        ("3", "backup.failed"),
        ("4", "backup.partial"),
        ("0", "backup.failed"),
        (1, "backup.succeeded"),
        (None, "backup.failed"),
    ],
)
def test_version_4_numbers_them_otherwise(status, told):
    assert JETBACKUP.types({"_id": "1", "stage": "onBackupEnd", "status": status}) == [told]


@pytest.mark.parametrize("name", ["post backup account", "Post-Backup-Account", "post_backup_account.sh"])
def test_the_name_of_a_hook_may_be_written_in_many_ways(name):
    arguments = ["job", "acct", "acmeshop", "1", "log1", "100"]

    assert JETBACKUP.types({"hook": name, "arguments": arguments}) == ["backup.succeeded"]
    assert JETBACKUP.types(arguments, native=name) == ["backup.succeeded"]


@pytest.mark.parametrize("rest", [["1795330740", "1795330800", "2", "a1b2c3", "101"], ["1795330740", "a1b2c3", "2"]])
def test_what_follows_in_a_job_is_known_by_its_form(rest):
    event = JETBACKUP.event({"hook": "post backup", "arguments": ["job", "Nightly", "1", "511", "1", "dest", *rest]})

    told = event.envelope["data"]["backup"]
    assert (event.type, told["name"], told["started_at"]) == ("backup.partial", "Nightly", "2026-11-22T06:59:00Z")
    assert event.envelope["provider_event"]["id"] == "post backup:job:a1b2c3:None"


def test_a_time_whose_plus_was_lost_is_read():
    event = JETBACKUP.event({"stage": "onBackupStart", "start_time": "2026-11-22T09:00:00 02:00"})

    assert event.envelope["occurred_at"] == "2026-11-22T07:00:00Z"


@pytest.mark.parametrize("payload", [[], {}, {"arguments": [[], {}]}])
def test_what_is_no_hook_is_kept_as_unknown(payload):
    assert JETBACKUP.types(payload) == ["unknown"]


@pytest.mark.parametrize("payload", [["x"], [None] * 6, [1, 2, 3], {"hook": "post backup", "arguments": []}])
def test_arguments_that_name_no_success_are_a_failure(payload):
    assert JETBACKUP.types(payload) == ["backup.failed"]


def code(inbound: Inbound, *secrets: str) -> str | None:
    try:
        PROVIDER.verification.verify(inbound, Credentials(secrets), 0)
    except VerificationError as refusal:
        return refusal.code
    return None


def test_the_token_of_version_4_may_lie_in_its_form():
    inbound = Inbound(urlencode({"token": "theirs", "stage": "onBackupEnd"}).encode())

    assert code(inbound, "ours", "theirs") is None
    assert code(inbound, "ours") == "signature_mismatch"
    assert code(Inbound(b"stage=onBackupEnd"), "ours") == "missing_signature"
    assert code(Inbound(b"{"), "ours") == "missing_signature"


def test_the_script_in_the_setup_posts_what_a_hook_is_called_with(tmp_path):
    [script] = re.findall(r"```shell\n(.*?)```", (FOLDER / "setup.md").read_text(), re.DOTALL)
    hook, said = tmp_path / "post-backup-account", tmp_path / "said"
    hook.write_text(script)
    os.mkfifo(said)
    curl = tmp_path / "curl"
    curl.write_text(f"#!/bin/sh\nfor each; do printf '%s\\0' \"$each\"; done > '{said}'\n")
    for program in (hook, curl):
        program.chmod(0o755)
    arguments = ["job", "acct", 'a"c\\me\nshop', "3", "log1", "102"]

    subprocess.run([hook, *arguments], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=True)

    words = said.read_text().split("\0")  # waits until the program in the background has written
    body = json.loads(words[words.index("--data-binary") + 1])
    assert body["arguments"] == ["job", "acct", 'a"c\\meshop', "3", "log1", "102"]
    assert JETBACKUP.types(body) == ["backup.failed"]
    assert not any("secret" in word for word in words)


TOLD = {
    "v4_on_backup_end.json": "backup.succeeded",
    "v5_backup_account_completed.json": "backup.succeeded",
    "v5_backup_account_failed.json": "backup.failed",
}


@of_corpus
@pytest.mark.parametrize(("name", "told"), TOLD.items())
def test_a_published_payload_is_told_without_a_defect(name, told):
    found = JETBACKUP.events(json.loads(published(f"panels/jetbackup/{name}")))

    assert [(event.type, event.defect) for event in found] == [(told, None)]
