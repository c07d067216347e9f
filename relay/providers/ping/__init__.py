"""Ping checks: a job asks an address of ours each time it ran, as it would ask Healthchecks or Uptime Kuma.

A source is one check. What is told is the ping; what is not told in time the clock works out, and then says it here as
the action `missed`. The addresses are those of https://healthchecks.io/docs/http_api/ and of the push monitors of
https://github.com/louislam/uptime-kuma, so that whatever speaks to those needs no change.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from relay.formats.times import instant, iso
from relay.formats.values import ZONE, Form
from relay.providers.ping.output import CHECK, UPKEEP, broke_off, ran
from relay.providers.ping.schedule import checked, expected_by, grace_of
from relay.sdk.checks import FAIL, LOG, MISSED, START, SUCCESS, Check
from relay.sdk.entities import Backup, Data
from relay.sdk.inbound import Inbound
from relay.sdk.provider import BodyFormat, On, Provider, Setting, by_arrival
from relay.sdk.reasons import reason
from relay.security.verification import SharedToken

_LONGEST_MESSAGE = 500
_SAYS_NOTHING = re.compile(r"(?:fail(?:ed|ure)?|down|error)?", re.IGNORECASE)


def _read(inbound: Inbound) -> dict[str, Any]:
    """Everything of a ping is in its address, but for what the job printed."""
    query = inbound.query
    return {
        "action": query.get("action") or inbound.native,
        "check": query.get("check"),
        "name": query.get("name"),
        "code": query.get("code"),
        "message": query.get("msg"),
        "last_success_at": query.get("last_success_at"),
        "started_at": query.get("started_at"),
        "at": iso(inbound.received_at),
        "ran": query.get("ran"),
        "log": inbound.body.decode(errors="replace"),
        "about": inbound.settings.get("about"),
    }


def _known_by(inbound: Inbound) -> str:
    """A ping is known by what it says; what is known of its run beside that changes no id."""
    said = {name: value for name, value in inbound.payload.items() if name not in ("started_at", "at", "ran")}
    return by_arrival(replace(inbound, payload=said))


def _why(ping: Any) -> str | None:
    """What a failure is told with: its exit code, and its message or the line of what it printed that says why."""
    code = f"exit code {ping['code']}" if ping["code"] else None
    message = None if _SAYS_NOTHING.fullmatch(ping["message"] or "") else ping["message"]
    told = ": ".join(text for text in (code, message or reason(ping["log"])) if text)
    return told[:_LONGEST_MESSAGE] or None


def backup(status: str) -> Any:
    def read(ping: Any) -> Data:
        return {
            "backup": {
                "id": ping["check"],
                "name": ping["name"],
                "status": status,
                **_times(ping, status),
                "error": _why(ping) if status in ("failed", "verification_failed") else None,
                "last_success_at": ping["last_success_at"],
            }
        }

    return read


def _times(ping: Any, status: str) -> Backup:
    """A run began and ended when its pings came."""
    if status == "missed":
        return {}
    if status == "started":
        return {"started_at": ping["at"]}
    began, ended = instant(ping["started_at"]), instant(ping["at"])
    took = None if began is None or ended is None else round((ended - began).total_seconds())
    return {"started_at": ping["started_at"], "finished_at": ping["at"], "duration_seconds": took}


def alert(status: str, title: str) -> Any:
    def read(ping: Any) -> Data:
        return {
            "alert": {
                "id": ping["check"],
                "key": ping["check"],
                "title": f"{ping['name'] or 'Job'} {title}",
                "message": _why(ping) if status == "firing" else None,
                "status": status,
                "resource": ping["name"],
            },
            "monitor": {"id": ping["check"], "name": ping["name"], "type": "ping"},
        }

    return read


def _either(of_backup: On, of_job: On | None, of_check: On | None = None, of_upkeep: On | None = None) -> Any:
    """By what the check is about; of a backup's check, by what the run did."""
    of_others = {CHECK: of_check, UPKEEP: of_upkeep}

    def route(inbound: Inbound) -> tuple[On, ...]:
        ping = inbound.payload
        chosen = of_job if ping["about"] == "job" else of_others.get(ping["ran"]) or of_backup
        return () if chosen is None else (chosen,)

    return route


def _of_a_backup(read: Callable[[str], str | None]) -> Callable[[Mapping[str, Any], str], str | None]:
    """A job does what it does; only of a backup's check it matters whether something was saved."""
    return lambda settings, printed: None if settings.get("about") == "job" else read(printed)


PROVIDER = Provider(
    name="ping",
    label="Ping check",
    kind="monitor",
    homepage="https://healthchecks.io/docs/http_api/",
    verification=SharedToken("ping_token"),
    body=BodyFormat("ping", _read, lambda ping: str(ping["log"]).encode()),
    event_name=lambda inbound: inbound.payload["action"],
    event_id=_known_by,
    events={
        START: _either(On("backup.started", backup("started")), None),
        SUCCESS: _either(
            On("backup.succeeded", backup("succeeded")),
            On("alert.resolved", alert("resolved", "works again")),
            On("backup.verified", backup("verified")),
            On("alert.resolved", alert("resolved", "is cleaned up again")),
        ),
        FAIL: _either(
            On("backup.failed", backup("failed")),
            On("alert.raised", alert("firing", "failed")),
            On("backup.verification_failed", backup("verification_failed")),
            On("alert.raised", alert("firing", "could not be cleaned up"), severity="warning"),
        ),
        MISSED: _either(On("backup.missed", backup("missed")), On("alert.raised", alert("firing", "did not run"))),
    },
    ignored=frozenset([LOG]),
    settings=(
        Setting(
            "every",
            "Schedule",
            "How often the job runs: a duration such as 15m, 6h or 1d, or a cron expression such as `30 2 * * *`.",
            default="1d",
            form=Form(
                "a duration such as 15m, 6h or 1d, or a cron expression such as `30 2 * * *`", "1d", checked("every")
            ),
        ),
        Setting(
            "grace",
            "Grace",
            "How much later is still fine, such as 10m or 1h.",
            default="1h",
            form=Form("a duration of at most 400 days, such as 15m, 6h or 1d", "1h", checked("grace")),
        ),
        Setting(
            "timezone",
            "Time zone",
            "Where a cron expression is at home, such as Europe/Berlin.",
            default="UTC",
            form=ZONE,
        ),
        Setting(
            "about",
            "About",
            "backup: runs are told as backups. job: only failures, missed runs and recoveries are told, as alerts.",
            default="backup",
            choices=("backup", "job"),
        ),
    ),
    secret="ours",
    check=Check(expected_by, grace_of, ran=_of_a_backup(ran), broke_off=_of_a_backup(broke_off)),
)
