"""What is peculiar to Duplicati: results in words, an exception instead of data, tests that verify."""

import json
from pathlib import Path
from typing import Any

import pytest

from corpus import of_corpus, published
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.inbound.identity import read
from relay.model import Inbound
from relay.providers.duplicati import PROVIDER

DUPLICATI = ProviderUnderTest("duplicati")
FOLDER = Path(__file__).parents[1]


def report(name: str, **data: Any) -> Any:
    payload = DUPLICATI.payload("Backup")
    payload["Extra"]["OperationName"] = name
    payload["Data"] |= {"MainOperation": name} | data
    return payload


@cases(
    ("name", "result", "told"),
    [
        ("Backup", "Success", ["backup.succeeded"]),
        ("Backup", "Warning", ["backup.partial"]),
        ("Backup", "Error", ["backup.failed"]),
        ("Backup", "Fatal", ["backup.failed"]),
        ("Backup", "Unknown", ["backup.failed"]),
        ("Backup", None, ["backup.failed"]),
        ("Test", "Success", ["backup.verified"]),
        ("Test", "Warning", ["backup.verification_failed"]),
        ("Test", "Error", ["backup.verification_failed"]),
        ("Restore", "Success", ["notice.received"]),
        ("Repair", "Error", ["alert.raised"]),
        ("Repair", "Success", ["alert.resolved"]),
        ("List", "Success", []),
        ("Something", "Success", ["unknown"]),
    ],
)
def test_what_an_operation_and_its_result_mean(name, result, told):
    assert DUPLICATI.types(report(name, ParsedResult=result)) == told


def test_a_backup_that_was_interrupted_is_not_whole():
    assert DUPLICATI.types(report("Backup", Interrupted=True)) == ["backup.partial"]


def test_an_exception_counts_more_than_a_result():
    event = DUPLICATI.event(DUPLICATI.payload("Backup") | {"Exception": "Failed: no space\n  at Somewhere"})

    assert (event.type, event.envelope["data"]["backup"]["error"]) == ("backup.failed", "Failed: no space")


def test_the_same_failure_tomorrow_is_another_event():
    report = json.dumps(DUPLICATI.payload("Backup--exception")).encode()
    days = [Inbound(report), Inbound(report, received_at=Inbound(b"").received_at.replace(year=2030))]

    first, second = (PROVIDER.event_id(read(PROVIDER, each)) for each in days)

    assert first != second


def test_upkeep_that_fails_and_works_again_is_one_alert():
    failed, works = DUPLICATI.payload("Compact--error"), DUPLICATI.payload("Compact--error")
    works["Data"]["ParsedResult"] = "Success"

    keys = {event.envelope["data"]["alert"]["key"] for report in (failed, works) for event in DUPLICATI.events(report)}

    assert keys == {"a7c1/DB-4/Compact"}


@cases("path", sorted((FOLDER / "samples").glob("*.http")), ids=lambda path: path.stem)
@cases("odd", [None, "", 7, [], {}, [7, None], "0001-01-01T00:00:00"])
def test_no_field_is_needed(path, odd):
    report = DUPLICATI.payload(path.stem)
    places = [(part, field) for part in ("Data", "Extra") for field in report[part] or () if "Operation" not in field]

    for part, field in places:
        kept, report[part][field] = report[part][field], odd
        found = DUPLICATI.events(report)
        report[part][field] = kept
        assert {(each.defect, each.envelope["data"].get("unknown")) for each in found} == {(None, None)}, field


@pytest.mark.parametrize("report", [{}, {"Data": 7, "Extra": []}, {"Extra": {"OperationName": 7}}])
def test_what_is_no_report_is_kept_as_unknown(report):
    assert [(event.type, event.defect) for event in DUPLICATI.events(report)] == [("unknown", None)]


@of_corpus
@pytest.mark.parametrize(
    ("name", "told"), [("backup_success.json", "backup.succeeded"), ("backup_exception.json", "backup.failed")]
)
def test_a_published_payload_is_told_without_a_defect(name, told):
    found = DUPLICATI.events(json.loads(published(f"panels/duplicati/{name}")))

    assert [(event.type, event.defect) for event in found] == [(told, None)]
