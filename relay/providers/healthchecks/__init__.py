"""Healthchecks: checks that stopped reporting, or report again. Template `$JSON` of its webhook integration.

What it posts: https://healthchecks.io/docs/configuring_notifications/#webhooks

With its uuid anybody can ping a check, so that the uuid is a secret. A check is known by what may be shown of it: its
unique key, else the name of its badge, else its slug.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from relay.formats.times import instant, timestamp
from relay.sdk.alerts import FIRING, RESOLVED, alert, monitor, notice
from relay.sdk.entities import Data
from relay.sdk.fields import Object, an_object, id_text, integer, text
from relay.sdk.inbound import Inbound
from relay.sdk.provider import TOLD_ON_CHANGE, On, Provider, Setting, by_arrival
from relay.security.verification import SharedToken

_BACKUP = re.compile(r"backup|dump|snapshot|rsync", re.IGNORECASE)
_TOOL = re.compile(r"borg|restic", re.IGNORECASE)
_SAVES_NOTHING = re.compile(r"(?<![a-z])(?:check|verify|prune|forget|compact|unlock)(?![a-z])", re.IGNORECASE)
_BADGE = re.compile(r"/b/\d/([0-9a-f-]{36})\.")


def key(payload: Object) -> str | None:
    badge = _BADGE.search(text(payload.get("badge_url")) or "")
    own = text(payload.get("unique_key")) or (badge[1] if badge else None)
    return own or text(payload.get("slug"), payload.get("name"))


def is_backup(inbound: Inbound) -> bool:
    """By the source's setting; else by what the check is called and tagged as: `borg prune` saves nothing."""
    about = inbound.settings.get("about")
    if about in ("backup", "job"):
        return bool(about == "backup")
    payload = an_object(inbound.payload)
    said = " ".join(text(payload.get(name)) or "" for name in ("name", "slug", "tags"))
    return bool(_BACKUP.search(said) or (_TOOL.search(said) and not _SAVES_NOTHING.search(said)))


def has_failed(inbound: Inbound) -> bool:
    """A check that is down before its grace time is over was told of a failure; nobody waited for it in vain."""
    payload = an_object(inbound.payload)
    last, grace = instant(payload.get("last_ping")), integer(payload.get("grace"))
    if last is None or grace is None:
        return False
    return 0 <= (inbound.received_at - last).total_seconds() < grace


def outage(payload: Object) -> str | None:
    """The ping that it has been waiting since: while it is down none comes that would end that."""
    since = (text(payload.get("last_ping")), id_text(payload.get("n_pings")))
    return "/".join(each for each in since if each) or None if payload.get("status") == "down" else None


def event_name(inbound: Inbound) -> str | None:
    """How the check stands. What the button for a test sends is a check called TEST with 42 pings."""
    payload = an_object(inbound.payload)
    if payload.get("name") == "TEST" and payload.get("n_pings") == 42:
        return "test"
    return text(payload.get("status"))


def backup(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        last = timestamp(payload.get("last_ping"))
        return {
            "backup": {
                "id": key(payload),
                "name": text(payload.get("name"), payload.get("slug")),
                "status": status,
                "finished_at": last if status == "succeeded" else None,
                "last_success_at": last if status == "missed" else None,
            }
        }

    return read


def watched(status: str) -> Callable[[Object], Data]:
    def read(payload: Object) -> Data:
        name = text(payload.get("name"), payload.get("slug"))
        return {
            "monitor": monitor(key(payload), name, kind="check"),
            "alert": alert(key(payload), name, status, message=text(payload.get("desc")), resource=name),
        }

    return read


def tried(_: Object) -> Data:
    return notice("Test notification", None, "Healthchecks")


def _down(inbound: Inbound) -> tuple[On, ...]:
    if not is_backup(inbound):
        return (On("alert.raised", watched(FIRING)),)
    status = "failed" if has_failed(inbound) else "missed"
    return (On(f"backup.{status}", backup(status)),)


def _up(inbound: Inbound) -> tuple[On, ...]:
    if not is_backup(inbound):
        return (On("alert.resolved", watched(RESOLVED)),)
    return (On("backup.succeeded", backup("succeeded")),)


PROVIDER = Provider(
    name="healthchecks",
    label="Healthchecks",
    kind="monitor",
    homepage="https://healthchecks.io/docs/configuring_notifications/#webhooks",
    verification=SharedToken(),
    event_name=event_name,
    event_id=by_arrival,
    events={
        "down": _down,
        "up": _up,
        "test": On("notice.received", tried),
    },
    ignored=frozenset(["new", "grace", "started", "paused"]),
    secret_fields=frozenset(["uuid", "ping_url", "update_url", "pause_url", "resume_url"]),
    settings=(
        Setting(
            "about",
            "About",
            "backup: its checks are backups. job: they are not. auto: by what each check is called.",
            default="auto",
            choices=("auto", "backup", "job"),
        ),
    ),
    alerts=replace(TOLD_ON_CHANGE, outage=outage),
    secret="ours",
)
