"""Duplicati: backups to any storage, from any machine.

Its reports: https://docs.duplicati.com/monitoring-and-notifications/sending-reports-via-email/sending-http-notifications

That a backup ran well says nothing of whether it can be read again: that is what its operation Test is for.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from relay.formats.times import instant, iso
from relay.sdk.entities import Data
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, by_arrival
from relay.security.verification import SharedToken

Report = dict[str, Any]

SUCCESS, WARNING = "Success", "Warning"
_LONGEST_ERROR = 500
_FIRST_YEAR = 1971


def part(report: Report, *path: str) -> Report:
    """The object below these names; empty where there is none. A failure has null for `Data`."""
    value: Any = report
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def operation(report: Report) -> str | None:
    return text(part(report, "Extra").get("OperationName")) or text(part(report, "Data").get("MainOperation"))


def result(report: Report) -> str | None:
    """`Success`, `Warning`, `Error` or `Fatal`; None for a report of an exception, and for what nobody can read."""
    return None if text(report.get("Exception")) else text(part(report, "Data").get("ParsedResult"))


def moment(value: Any) -> datetime | None:
    """A time; an operation that has not ended says year one."""
    found = instant(value)
    return found if found is not None and found.year >= _FIRST_YEAR else None


def began(report: Report) -> datetime | None:
    return moment(part(report, "Data").get("BeginTime"))


def ended(report: Report) -> datetime | None:
    return moment(part(report, "Data").get("EndTime"))


def event_id(inbound: Inbound) -> str | None:
    """Nothing is numbered: a run is known by its job, its operation and when it began."""
    report = inbound.payload
    at = iso(began(report))
    return f"{_job_anywhere(report)}/{operation(report)}:{at}" if at else by_arrival(inbound)


def backup(status: str) -> Callable[[Report], Data]:
    def reader(report: Report) -> Data:
        start, end = began(report), ended(report)
        statistics = part(report, "Data", "BackendStatistics")
        return {
            "backup": {
                "id": _job(report),
                "name": _name(report),
                "status": status,
                "resource": _machine(report),
                "started_at": iso(start),
                "finished_at": iso(end),
                "duration_seconds": _seconds(start, end),
                "size_bytes": _size(report),
                "last_success_at": iso(moment(statistics.get("LastBackupDate"))),
                "error": None if status in ("succeeded", "verified") else _why(report),
            }
        }

    return reader


def restore(report: Report) -> Data:
    """That something was restored, which is neither a backup nor a check of all of it."""
    return {
        "notice": {
            "title": f"Restore of {_name(report) or 'a backup'}: {(result(report) or 'failed').lower()}",
            "text": _why(report),
            "origin": _machine(report) or "Duplicati",
        }
    }


def alert(status: str) -> Callable[[Report], Data]:
    def reader(report: Report) -> Data:
        failed = status == "firing"
        return {
            "alert": {
                "key": f"{_job_anywhere(report)}/{operation(report)}",
                "title": f"{operation(report)} of {_name(report) or 'a backup'}",
                "message": _why(report) if failed else None,
                "severity": "warning" if failed else "info",
                "status": status,
                "resource": _machine(report),
                "started_at": iso(began(report)) if failed else None,
                "ended_at": None if failed else iso(ended(report)),
            }
        }

    return reader


def _name(report: Report) -> str | None:
    return text(part(report, "Extra").get("backup-name"))


def _machine(report: Report) -> str | None:
    return text(part(report, "Extra").get("machine-name"))


def _job(report: Report) -> str | None:
    return text(part(report, "Extra").get("backup-id")) or _name(report)


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    """None too where a clock was set back in between."""
    return int((end - start).total_seconds()) if start and end and end >= start else None


def _job_anywhere(report: Report) -> str:
    """A job among those of all computers: each numbers its own from DB-1."""
    return f"{text(part(report, 'Extra').get('machine-id')) or _machine(report)}/{_job(report)}"


def _size(report: Report) -> int | None:
    """What was looked at, which is what one would get back."""
    size = part(report, "Data").get("SizeOfExaminedFiles")
    return size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None


def _why(report: Report) -> str | None:
    """The first line of the exception, else the first error or warning that is told."""
    said = [report.get("Exception")]
    for listed in (part(report, "Data").get("Errors"), part(report, "Data").get("Warnings"), report.get("LogLines")):
        said += listed if isinstance(listed, list) else []
    first = next(filter(None, map(text, said)), None)
    if first is None:
        return "interrupted" if _interrupted(report) else None
    return first.splitlines()[0].strip()[:_LONGEST_ERROR]


def _interrupted(report: Report) -> bool:
    return part(report, "Data").get("Interrupted") is True


def backed_up(inbound: Inbound) -> Sequence[On]:
    """A run with warnings left something out. An outcome that nobody can read is not taken for a success."""
    report = inbound.payload
    if result(report) == SUCCESS and not _interrupted(report):
        return (On("backup.succeeded", backup("succeeded")),)
    if result(report) in (SUCCESS, WARNING):
        return (On("backup.partial", backup("partial")),)
    return (On("backup.failed", backup("failed")),)


def tested(inbound: Inbound) -> Sequence[On]:
    """Verified is only what was tested without a word against it."""
    if result(inbound.payload) == SUCCESS:
        return (On("backup.verified", backup("verified")),)
    severity = "warning" if result(inbound.payload) == WARNING else None
    return (On("backup.verification_failed", backup("verification_failed"), severity=severity),)


def restored(inbound: Inbound) -> Sequence[On]:
    severity = "info" if result(inbound.payload) == SUCCESS else "warning"
    return (On("notice.received", restore, severity=severity),)


def maintained(inbound: Inbound) -> Sequence[On]:
    """Upkeep is told only when it fails, and once more when it works again."""
    if result(inbound.payload) in (SUCCESS, WARNING):
        return (On("alert.resolved", alert("resolved")),)
    return (On("alert.raised", alert("firing"), severity="warning"),)


_UPKEEP = ("Compact", "Delete", "PurgeFiles", "PurgeBrokenFiles", "Repair", "UpdateDatabase", "Vacuum")

PROVIDER = Provider(
    name="duplicati",
    label="Duplicati",
    kind="backup",
    homepage="https://duplicati.com",
    verification=SharedToken(),
    secret="ours",
    event_name=lambda inbound: operation(inbound.payload),
    event_id=event_id,
    occurred_at=lambda inbound: ended(inbound.payload) or began(inbound.payload),
    secret_fields=frozenset(["remoteurl"]),
    events={
        "Backup": backed_up,
        "Test": tested,
        "Restore": restored,
        **dict.fromkeys(_UPKEEP, maintained),
    },
    ignored=frozenset(
        [
            "CreateLogDb",
            "List",
            "ListAffected",
            "ListBrokenFiles",
            "ListChanges",
            "ListControlFiles",
            "ListFilesets",
            "ListRemote",
            "RestoreControlfiles",
            "SendMail",
            "SystemInfo",
            "TestFilters",
        ]
    ),
)
