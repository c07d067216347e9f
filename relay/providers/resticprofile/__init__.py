"""resticprofile: profiles for backups with restic.

Its HTTP hooks and its status file: https://creativeprojects.github.io/resticprofile/configuration/http_hooks/
and https://creativeprojects.github.io/resticprofile/monitoring/status/

That `backup` went well says nothing of whether it can be read: that is what `check` is for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from relay.formats.times import instant, iso
from relay.sdk.entities import Data
from relay.sdk.fields import scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, On, Provider, by_arrival
from relay.sdk.reasons import reason
from relay.security.verification import SharedToken

# restic's backup says 3 when it made a snapshot but could not read some of the files.
_INCOMPLETE = "3"
_LONGEST_ERROR = 2000
_PINGS = {"start": "send-before", "fail": "send-after-fail", "log": "log"}


@dataclass(frozen=True, slots=True)
class Run:
    """What happened: `event` is the command, or the hook of a ping, which names none. `at` is when it says that it was;
    `heard` is when we heard of it."""

    event: str | None
    started: bool = False
    succeeded: bool = False
    incomplete: bool = False
    profile: str | None = None
    error: str | None = None
    at: datetime | None = None
    heard: datetime | None = None
    seconds: int | None = None
    size: int | None = None


def split(inbound: Inbound) -> Sequence[Inbound]:
    """Each command of each profile in a status file."""
    profiles = inbound.payload.get("profiles") if isinstance(inbound.payload, dict) else None
    if not isinstance(profiles, dict):
        return (inbound,)
    return [
        replace(inbound, payload={"profiles": {name: {command: result}}})
        for name, commands in profiles.items()
        for command, result in (commands.items() if isinstance(commands, dict) else ())
    ]


def told(inbound: Inbound) -> Run:
    payload = inbound.payload
    if not isinstance(payload, dict):
        return Run(None)
    if isinstance(payload.get("profiles"), dict):
        return _of_status(payload["profiles"])
    # A hook and a ping are called as it happens; a status file has times of its own.
    return replace(_of_ping(payload) if "path" in payload else _of_hook(payload), heard=inbound.received_at)


def _of_status(profiles: dict[str, Any]) -> Run:
    """The one command that a piece of a status file holds."""
    for profile, commands in profiles.items():
        for command, result in commands.items() if isinstance(commands, dict) else ():
            known = result if isinstance(result, dict) else {}
            return Run(
                event=command,
                succeeded=known.get("success") is True,
                profile=profile,
                error=_joined(known.get("error"), known.get("stderr")),
                at=instant(known.get("time")),
                seconds=_whole(known.get("duration")),
                size=_whole(known.get("bytes_total")),
            )
    return Run(None)


def _of_hook(form: dict[str, Any]) -> Run:
    """What the template in setup.md writes. A hook after the run has an exit code where the run failed."""
    code, error = scalar(form.get("exitCode")), _joined(form.get("error"), form.get("stderr"))
    return Run(
        event=scalar(form.get("profileCommand")),
        started=form.get("hook") == "send-before",
        succeeded=code in (None, "0") and error is None and form.get("hook") != "send-after-fail",
        incomplete=code == _INCOMPLETE,
        profile=scalar(form.get("profileName")),
        error=error,
    )


def _of_ping(ping: dict[str, Any]) -> Run:
    """A call of an address as Healthchecks has it: its end says what happened, an exit code too."""
    path = scalar(ping.get("path"))
    if path is None:
        return Run(None)
    end = path.rstrip("/").rpartition("/")[2]
    hook = _PINGS.get(end, "send-after-fail" if end.isdecimal() and end != "0" else "send-after")
    said = _joined(None, ping.get("body"))
    return Run(
        event=hook,
        started=hook == "send-before",
        succeeded=hook == "send-after",
        incomplete=end == _INCOMPLETE,
        error=said,
    )


def _joined(error: Any, printed: Any) -> str | None:
    """What was said, and the line of what was printed that says why."""
    said = ": ".join(filter(None, (scalar(error), reason(scalar(printed) or ""))))
    return said[:_LONGEST_ERROR] or None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def event_id(inbound: Inbound) -> str | None:
    """A command in a status file by its time; a whole file by its words, in which the times stand."""
    payload = inbound.payload
    if not isinstance(payload, dict) or "profiles" not in payload:
        return by_arrival(inbound)
    run = told(inbound)
    return f"{run.profile}:{run.event}:{iso(run.at)}" if run.at and len(split(inbound)) == 1 else None


def backup(status: str) -> Callable[[Run], Data]:
    def reader(run: Run) -> Data:
        at = iso(run.at or run.heard)
        return {
            "backup": {
                "name": run.profile,
                "status": status,
                "started_at": at if status == "started" else None,
                "finished_at": None if status == "started" else at,
                "duration_seconds": run.seconds,
                "size_bytes": run.size if status in ("succeeded", "partial") else None,
                "error": None if status in ("started", "succeeded", "verified") else run.error,
            }
        }

    return reader


def alert(status: str) -> Callable[[Run], Data]:
    def reader(run: Run) -> Data:
        firing = status == "firing"
        return {
            "alert": {
                "key": f"{run.profile}/{run.event}",
                "title": f"{run.event} of {run.profile or 'a profile'}",
                "message": run.error if firing else None,
                "severity": "warning" if firing else "info",
                "status": status,
                "resource": run.profile,
                "started_at": iso(run.at) if firing else None,
                "ended_at": None if firing else iso(run.at),
            }
        }

    return reader


def backed_up(inbound: Inbound) -> Sequence[On]:
    run = told(inbound)
    if run.started:
        return (On("backup.started", backup("started")),)
    if run.succeeded:
        return (On("backup.succeeded", backup("succeeded")),)
    if run.incomplete:
        return (On("backup.partial", backup("partial")),)
    return (On("backup.failed", backup("failed")),)


def checked(inbound: Inbound) -> Sequence[On]:
    run = told(inbound)
    if run.started:
        return ()
    if run.succeeded:
        return (On("backup.verified", backup("verified")),)
    return (On("backup.verification_failed", backup("verification_failed")),)


def maintained(inbound: Inbound) -> Sequence[On]:
    """Upkeep is told only when it fails, and once more when it works again."""
    run = told(inbound)
    if run.started:
        return ()
    if run.succeeded:
        return (On("alert.resolved", alert("resolved")),)
    return (On("alert.raised", alert("firing"), severity="warning"),)


_BACKUPS = ("backup", "copy", "send-before", "send-after", "send-after-fail")
_UPKEEP = ("forget", "prune", "retention", "init", "unlock", "rewrite", "tag")

PROVIDER = Provider(
    name="resticprofile",
    label="resticprofile",
    kind="backup",
    homepage="https://creativeprojects.github.io/resticprofile/",
    verification=SharedToken(),
    secret="ours",
    body=ANY,
    split=split,
    event_name=lambda inbound: told(inbound).event,
    event_id=event_id,
    occurred_at=lambda inbound: told(inbound).at,
    subject=told,
    events={
        **dict.fromkeys(_BACKUPS, backed_up),
        "check": checked,
        **dict.fromkeys(_UPKEEP, maintained),
    },
    ignored=frozenset(["log", "snapshots", "stats", "ls", "find", "diff", "dump", "mount", "cat", "key"]),
)
