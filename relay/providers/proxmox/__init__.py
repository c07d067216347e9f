"""Proxmox VE and Proxmox Backup Server: backups of virtual machines, their verification, and the cluster's health.

Their notifications: https://pve.proxmox.com/pve-docs/chapter-notifications.html
and https://pbs.proxmox.com/docs/notifications.html

The body is the template in setup.md. A backup that ran was not verified: that is a job of its own.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from relay.formats.times import instant, iso
from relay.sdk.entities import Data
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, by_arrival
from relay.security.verification import SharedToken

Note = dict[str, Any]

_LONGEST_TEXT = 2000
_GOOD = ("info", "notice")
_SUBJECT = re.compile(r"'([^']+)' (?:on|to|from|of)\b")


def field(note: Note, name: str) -> str | None:
    fields = note.get("fields")
    return text(fields.get(name)) if isinstance(fields, dict) else None


def text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip() or None


def kind(note: Note) -> str:
    """The type of the notification; a test of the target has none."""
    return field(note, "type") or text(note.get("type")) or "test"


def severity(note: Note) -> str:
    return (text(note.get("severity")) or "unknown").lower()


def event_id(inbound: Inbound) -> str | None:
    """Nothing is numbered. With its second in it the body itself is an id, without it the time of arrival helps."""
    return None if instant(inbound.payload.get("timestamp")) else by_arrival(inbound)


def backup(status: str) -> Callable[[Note], Data]:
    def reader(note: Note) -> Data:
        good = status in ("succeeded", "verified")
        return {
            "backup": {
                "id": field(note, "job-id"),
                "name": _job(note) or text(note.get("title")),
                "status": status,
                "resource": field(note, "hostname"),
                "destination": field(note, "datastore") or field(note, "remote"),
                "finished_at": iso(instant(note.get("timestamp"))),
                "error": None if good else _said(note),
            }
        }

    return reader


def alert(status: str) -> Callable[[Note], Data]:
    def reader(note: Note) -> Data:
        firing, at = status == "firing", iso(instant(note.get("timestamp")))
        return {
            "alert": {
                "key": _key(note),
                "title": text(note.get("title")) or kind(note),
                "message": text(note.get("message")),
                "severity": ("critical" if severity(note) == "error" else "warning") if firing else "info",
                "status": status,
                "resource": field(note, "hostname"),
                "started_at": at if firing else None,
                "ended_at": None if firing else at,
            }
        }

    return reader


def notice(note: Note) -> Data:
    return {
        "notice": {
            "title": text(note.get("title")),
            "text": text(note.get("message")),
            "origin": field(note, "hostname"),
        }
    }


def _job(note: Note) -> str | None:
    """The job's id, else the name that the title puts in quotes; a run started by hand has neither."""
    found = _SUBJECT.search(text(note.get("title")) or "")
    return field(note, "job-id") or (found[1] if found else None)


def _key(note: Note) -> str:
    """What the same trouble keeps: where, of which kind, on what."""
    names = ("hostname", "datastore", "job-id", "job-store", "guest", "node")
    return "/".join([kind(note), *filter(None, (field(note, name) for name in names))])


def _said(note: Note) -> str | None:
    said = text(note.get("message")) or text(note.get("title"))
    return said[:_LONGEST_TEXT] if said else None


def ran(good: str, bad: str) -> Callable[[Inbound], Sequence[On]]:
    """A job by its severity. One that only warns did not do all of its work; what nobody can read is no success."""

    def route(inbound: Inbound) -> Sequence[On]:
        level = severity(inbound.payload)
        if level in _GOOD:
            return (On(f"backup.{good}", backup(good)),)
        if level == "warning" and good == "succeeded":
            return (On("backup.partial", backup("partial")),)
        return (On(f"backup.{bad}", backup(bad), severity="warning" if level == "warning" else None),)

    return route


def watched(inbound: Inbound) -> Sequence[On]:
    """What is news only while it fails."""
    level = severity(inbound.payload)
    if level in _GOOD:
        return (On("alert.resolved", alert("resolved")),)
    return (On("alert.raised", alert("firing"), severity="critical" if level == "error" else "warning"),)


_BACKUP = ran("succeeded", "failed")
_NOTICE = On("notice.received", notice)

PROVIDER = Provider(
    name="proxmox",
    label="Proxmox",
    kind="backup",
    homepage="https://www.proxmox.com",
    verification=SharedToken(),
    secret="ours",
    event_name=lambda inbound: kind(inbound.payload),
    event_id=event_id,
    occurred_at=lambda inbound: instant(inbound.payload.get("timestamp")),
    events={
        # Proxmox VE
        "vzdump": _BACKUP,
        "replication": watched,
        "fencing": On("alert.raised", alert("firing"), severity="critical", lasts=False),
        # Proxmox Backup Server
        "verification": ran("verified", "verification_failed"),
        "sync": _BACKUP,
        "tape-backup": _BACKUP,
        "gc": watched,
        "prune": watched,
        "acme": watched,
        "tape-load": _NOTICE,
        # Both
        "package-updates": _NOTICE,
        "system-mail": _NOTICE,
        "test": _NOTICE,
    },
)
