"""What is peculiar to resticprofile: a template that writes a form, status files taken apart, checks that verify."""

import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.develop.samples import read_http

RESTICPROFILE = ProviderUnderTest("resticprofile")
FOLDER = Path(__file__).parents[1]


def hook(command: str, **fields: str) -> bytes:
    return urlencode({"hook": "send-finally", "profileCommand": command} | fields).encode()


@cases(
    ("command", "fields", "told"),
    [
        ("backup", {}, ["backup.succeeded"]),
        ("backup", {"exitCode": "0"}, ["backup.succeeded"]),
        ("backup", {"exitCode": "1"}, ["backup.failed"]),
        ("backup", {"exitCode": "3"}, ["backup.partial"]),
        ("backup", {"error": "cannot start"}, ["backup.failed"]),
        ("backup", {"hook": "send-before"}, ["backup.started"]),
        ("backup", {"hook": "send-after"}, ["backup.succeeded"]),
        ("backup", {"hook": "send-after-fail"}, ["backup.failed"]),
        ("copy", {"exitCode": "1"}, ["backup.failed"]),
        ("check", {"hook": "send-before"}, []),
        ("check", {}, ["backup.verified"]),
        ("check", {"exitCode": "3"}, ["backup.verification_failed"]),
        ("prune", {"exitCode": "1"}, ["alert.raised"]),
        ("prune", {}, ["alert.resolved"]),
        ("snapshots", {}, []),
        ("something", {}, ["unknown"]),
    ],
)
def test_what_a_command_and_its_end_mean(command, fields, told):
    assert RESTICPROFILE.types(hook(command, **fields)) == told


def test_the_body_that_their_pages_show_is_understood():
    assert RESTICPROFILE.types(b'{"profileName": "self", "profileCommand": "backup", "exitCode": ""}') == [
        "backup.succeeded"
    ]


@cases(
    ("path", "told"),
    [
        ("/TOKEN", ["backup.succeeded"]),
        ("/TOKEN/", ["backup.succeeded"]),
        ("/TOKEN/start", ["backup.started"]),
        ("/TOKEN/fail", ["backup.failed"]),
        ("/TOKEN/0", ["backup.succeeded"]),
        ("/TOKEN/1", ["backup.failed"]),
        ("/TOKEN/3", ["backup.partial"]),
        ("/TOKEN/log", []),
        (None, ["unknown"]),
    ],
)
def test_the_end_of_an_address_says_what_happened(path, told):
    assert (
        RESTICPROFILE.types(json.dumps({"method": "POST", "path": path, "query": {}, "body": "words"}).encode()) == told
    )


def test_a_password_in_an_address_is_not_told():
    event = RESTICPROFILE.event(read_http(FOLDER / "samples" / "backup--failed.http")[1].body)

    assert "made-up-password" not in event.body.decode()
    assert "rest:https://backup.example/srv1" in event.envelope["data"]["backup"]["error"]


def test_what_a_status_file_told_before_has_the_same_id():
    status = json.loads(read_http(FOLDER / "samples" / "status-file.http")[1].body)
    before = {event.id for event in RESTICPROFILE.events(status)}
    status["profiles"]["mail"]["backup"] |= {"success": True, "time": "2026-11-23T06:30:02Z"}

    after = RESTICPROFILE.events(status)

    assert [event.type for event in after if event.id not in before] == ["backup.succeeded"]


@cases("odd", [None, "", 7, [], {}, "soon", True])
@cases("name", ["success", "time", "error", "stderr", "duration", "bytes_total"])
def test_no_field_of_a_status_is_needed(name, odd):
    status = {"success": True, "time": "2026-11-22T06:30:02Z"} | {name: odd}

    found = RESTICPROFILE.events({"profiles": {"self": {"check": status}}})

    assert [event.defect for event in found] == [None]


@pytest.mark.parametrize(
    "body", [b"[]", b"[1]", b'{"profiles":{}}', b'{"profiles":{"a":7}}', b'{"profiles":7}', b"x=y"]
)
def test_what_is_no_report_is_kept_as_unknown(body):
    assert [(event.type, event.defect) for event in RESTICPROFILE.events(body)] == [("unknown", None)]


TOLD = {
    "send_after_fail.json": ["backup.failed"],
    "status_file.json": ["backup.succeeded", "backup.verification_failed"],
}


@of_corpus
@pytest.mark.parametrize(("name", "told"), TOLD.items())
def test_a_published_payload_is_told_without_a_defect(name, told):
    found = RESTICPROFILE.events(published(f"panels/resticprofile/{name}"))

    assert [(event.type, event.defect) for event in found] == [(each, None) for each in told]
