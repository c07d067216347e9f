"""JetBackup: backups of hosting servers. Version 5 runs hooks with arguments, version 4 posts a form.

Hooks of version 5: https://docs.jetbackup.com/v5.3/adminpanel/hooks.html
Notifications of version 4: https://docs.jetbackup.com/manual/whm/ApiNotificationSystem/apiNotificationSystem.html

An answer with the status 670 would make version 4 abort what it does; the relay never gives it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from relay.formats.times import instant, iso
from relay.sdk.entities import Backup, Data, Service
from relay.sdk.errors import Unreadable
from relay.sdk.fields import scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, On, Provider, by_arrival
from relay.security.verification import TOKEN, SharedToken

# Version 5 and 4 number their outcomes differently; 4 for Linux says 0 for a failure.
_OUTCOMES_5 = {"1": "succeeded", "2": "partial", "3": "failed", "4": "aborted"}
_OUTCOMES_5_QUEUE = {"100": "succeeded", "101": "partial", "102": "failed", "103": "aborted"}
_OUTCOMES_4 = {"0": "failed", "1": "succeeded", "2": "failed", "3": "aborted", "4": "partial"}
_EPOCH = re.compile(r"\d{10}")
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")


@dataclass(frozen=True, slots=True)
class Run:
    """What happened, whichever version tells of it. `account` is the user that a run is about, where it is one."""

    hook: str | None
    outcome: str | None = None
    job: str | None = None
    name: str | None = None
    account: str | None = None
    log: str | None = None
    destination: str | None = None
    server: str | None = None
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class JetBackupToken(SharedToken):
    """The token as usual, or that which version 4 writes into its form."""

    def _offered(self, inbound: Inbound) -> str:
        return SharedToken._offered(self, inbound) or _token_of(inbound)


def _token_of(inbound: Inbound) -> str:
    try:
        payload = ANY.read(inbound)
    except Unreadable:
        return ""
    found = payload.get(TOKEN) if isinstance(payload, dict) else None
    return found if isinstance(found, str) else ""


def told(inbound: Inbound) -> Run:
    payload = inbound.payload
    if isinstance(payload, list):
        return _version5(_hook(inbound.native) or _by_length(payload), payload, None)
    if not isinstance(payload, dict):
        return Run(None)
    arguments = payload.get("arguments")
    if isinstance(arguments, list):
        return _version5(_hook(payload.get("hook") or inbound.native), arguments, payload.get("server"))
    return _version4(payload, inbound.native)


def _version4(form: Mapping[str, Any], native: str | None) -> Run:
    return Run(
        hook=scalar(form.get("stage")) or native,
        outcome=_OUTCOMES_4.get(scalar(form.get("status")) or ""),
        job=scalar(form.get("_id")) or scalar(form.get("queue_id")),
        name=scalar(form.get("name")),
        account=scalar(form.get("account")),
        log=scalar(form.get("log_id")),
        destination=scalar(form.get("destination")),
        server=scalar(form.get("server")),
        started=_moment(form.get("start_time")),
        finished=_moment(form.get("end_time")),
    )


def _version5(hook: str | None, arguments: Sequence[Any], server: Any) -> Run:
    said = [scalar(each) for each in arguments]
    at = dict(enumerate(said)).get
    if hook == "pre backup account":
        return Run(hook, None, at(0), None, at(2), at(3), None, scalar(server))
    if hook == "post backup account":
        outcome = _OUTCOMES_5.get(at(3) or "") or _OUTCOMES_5_QUEUE.get(at(5) or "")
        return Run(hook, outcome, at(0), None, at(2), at(4), None, scalar(server))
    if hook in ("pre backup", "post backup"):
        return _version5_job(hook, said, scalar(server))
    return Run(hook, job=at(0), server=scalar(server))


def _version5_job(hook: str, said: Sequence[str | None], server: str | None) -> Run:
    """The first six arguments have their places; times, log id and outcomes that follow are known by their form."""
    at, rest = dict(enumerate(said)).get, said[6:]
    times = [instant(each) for each in rest if each and _EPOCH.fullmatch(each)]
    outcomes = [_OUTCOMES_5[each] for each in rest if each in _OUTCOMES_5]
    outcomes += [_OUTCOMES_5_QUEUE[each] for each in rest if each in _OUTCOMES_5_QUEUE]
    logs = [each for each in rest if each and len(each) > 3 and not _EPOCH.fullmatch(each)]
    return Run(
        hook=hook,
        outcome=next(iter(outcomes), None),
        job=at(0),
        name=at(1),
        log=next(iter(logs), None),
        destination=at(5),
        server=server,
        started=next(iter(times), None),
        finished=times[1] if len(times) > 1 else None,
    )


def _hook(name: Any) -> str | None:
    """The hook's name as JetBackup's pages write it, however the script's link is called."""
    found = scalar(name)
    return re.sub(r"[-_\s]+", " ", found.removesuffix(".sh")).strip().lower() if found else None


def _by_length(arguments: Sequence[Any]) -> str | None:
    known = {0: None, 4: "pre backup account", 6: "post backup account", 8: "pre backup"}
    return known.get(len(arguments), "post backup")


def _moment(value: Any) -> datetime | None:
    """A time whose plus sign may have been lost, since it is a blank in a form."""
    return instant(_LOST_PLUS.sub(r"+\1", value) if isinstance(value, str) else value)


def event_id(inbound: Inbound) -> str | None:
    """A run's log, where it is told; the notice of an account in version 4 has none."""
    run = told(inbound)
    return f"{run.hook}:{run.job}:{run.log}:{run.account}" if run.log else by_arrival(inbound)


def occurred_at(inbound: Inbound) -> datetime | None:
    run = told(inbound)
    return run.finished or run.started


def backup(status: str) -> Callable[[Run], Data]:
    def reader(run: Run) -> Data:
        return {"backup": _backup(run, status), "service": _service(run)}

    return reader


def _backup(run: Run, status: str) -> Backup:
    return {
        "id": run.job,
        "name": run.name,
        "status": status,
        "resource": run.account or run.server,
        "destination": run.destination,
        "started_at": iso(run.started),
        "finished_at": iso(run.finished),
        "duration_seconds": _seconds(run.started, run.finished),
        "error": "aborted" if run.outcome == "aborted" else None,
    }


def _seconds(start: datetime | None, end: datetime | None) -> int | None:
    """None too where a clock was set back in between."""
    return int((end - start).total_seconds()) if start and end and end >= start else None


def _service(run: Run) -> Service | None:
    return {"username": run.account, "server": run.server} if run.account else None


def restore(run: Run) -> Data:
    """That something was restored, which is no backup."""
    of = f" of {run.account}" if run.account else ""
    return {
        "notice": {"title": f"Restore{of}: {run.outcome or 'ended'}", "origin": run.server or "JetBackup"},
        "service": _service(run),
    }


_STARTED = On("backup.started", backup("started"))
_OF_OUTCOME = {
    "succeeded": On("backup.succeeded", backup("succeeded")),
    "partial": On("backup.partial", backup("partial")),
    "failed": On("backup.failed", backup("failed")),
    "aborted": On("backup.failed", backup("failed")),
}


def by_outcome(inbound: Inbound) -> Sequence[On]:
    """An outcome that nobody can read is not taken for a success."""
    return (_OF_OUTCOME[told(inbound).outcome or "failed"],)


def restored(inbound: Inbound) -> Sequence[On]:
    bad = told(inbound).outcome in ("failed", "aborted", "partial")
    return (On("notice.received", restore, severity="warning" if bad else "info"),)


PROVIDER = Provider(
    name="jetbackup",
    label="JetBackup",
    kind="backup",
    homepage="https://www.jetbackup.com",
    verification=JetBackupToken(),
    secret="ours",
    body=ANY,
    event_name=lambda inbound: told(inbound).hook,
    event_id=event_id,
    occurred_at=occurred_at,
    subject=told,
    events={
        # Version 5
        "pre backup": _STARTED,
        "post backup": by_outcome,
        "pre backup account": _STARTED,
        "post backup account": by_outcome,
        "post restore": On("notice.received", restore),
        # Version 4
        "onBackupStart": _STARTED,
        "onBackupEnd": by_outcome,
        "onBackupAccountStart": _STARTED,
        "onBackupAccountEnd": by_outcome,
        "onRestoreEnd": restored,
    },
    ignored=frozenset(
        [
            "pre restore",
            "pre download",
            "post download",
            "pre clone",
            "post clone",
            "pre clone account",
            "post clone account",
            "pre reindex",
            "post reindex",
            "onRestoreStart",
            "onDownloadStart",
            "onDownloadEnd",
            "onCloneStart",
            "onCloneEnd",
            "onCloneAccountStart",
            "onCloneAccountEnd",
            "onReindexStart",
            "onReindexEnd",
            "onSnapshotStart",
            "onSnapshotEnd",
            "onDailyCronStart",
            "onDailyCronEnd",
        ]
    ),
)
