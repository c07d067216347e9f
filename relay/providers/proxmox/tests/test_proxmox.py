"""What is peculiar to Proxmox: severities decide, a backup is not its verification, runs by hand have no job."""

import json
from pathlib import Path

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest

PROXMOX = ProviderUnderTest("proxmox")
FOLDER = Path(__file__).parents[1]


@cases(
    ("kind", "severity", "told", "urgency"),
    [
        ("vzdump", "info", "backup.succeeded", "info"),
        ("vzdump", "notice", "backup.succeeded", "info"),
        ("vzdump", "warning", "backup.partial", "warning"),
        ("vzdump", "error", "backup.failed", "critical"),
        ("vzdump", "unknown", "backup.failed", "critical"),
        ("vzdump", None, "backup.failed", "critical"),
        ("verification", "info", "backup.verified", "info"),
        ("verification", "warning", "backup.verification_failed", "warning"),
        ("verification", "error", "backup.verification_failed", "critical"),
        ("sync", "error", "backup.failed", "critical"),
        ("tape-backup", "info", "backup.succeeded", "info"),
        ("replication", "error", "alert.raised", "critical"),
        ("prune", "info", "alert.resolved", "info"),
        ("system-mail", "unknown", "notice.received", "info"),
        ("something", "info", "unknown", "info"),
    ],
)
def test_what_a_type_and_its_severity_mean(kind, severity, told, urgency):
    event = PROXMOX.event({"title": "t", "message": "m", "severity": severity, "fields": {"type": kind}})

    assert (event.type, event.envelope["severity"]) == (told, urgency)


def test_a_collection_that_fails_and_works_again_is_one_alert():
    failed = PROXMOX.payload("gc")
    notes = (failed, failed | {"severity": "info", "timestamp": 1_795_340_000})

    keys = {event.envelope["data"]["alert"]["key"] for note in notes for event in PROXMOX.events(note)}

    assert keys == {"gc/pbs2/vault"}


def test_the_same_words_at_another_time_are_another_event():
    note = PROXMOX.payload("gc")
    same, later = PROXMOX.events(note), PROXMOX.events(note | {"timestamp": 1_795_340_000})

    assert PROXMOX.events(note)[0].id == same[0].id != later[0].id


@cases("path", sorted((FOLDER / "samples").glob("*.http")), ids=lambda path: path.stem)
@cases("odd", [None, "", 7, [], {}, "soon"])
def test_no_field_is_needed(path, odd):
    note = PROXMOX.payload(path.stem)

    for name in note:
        found = PROXMOX.events(note | {name: odd})
        assert {(each.defect, (each.envelope["data"].get("unknown") or {}).get("defect")) for each in found} == {
            (None, None)
        }, name


TOLD = {
    "pbs_verification_error.json": "backup.verification_failed",
    "pbs_verification_ok.json": "backup.verified",
    "vzdump_ok.json": "backup.succeeded",
}


@of_corpus
@pytest.mark.parametrize(("name", "told"), TOLD.items())
def test_a_published_payload_is_told_without_a_defect(name, told):
    found = PROXMOX.events(json.loads(published(f"panels/proxmox/{name}")))

    assert [(event.type, event.defect) for event in found] == [(told, None)]
