"""Ping checks: a job asks an address of ours each time it ran, as it would ask Healthchecks or Uptime Kuma.

A source is one check. What is told is the ping; what is not told in time the clock works out, and then says it here as
the action `missed`. The addresses are those of https://healthchecks.io/docs/http_api/ and of the push monitors of
https://github.com/louislam/uptime-kuma, so that whatever speaks to those needs no change.
"""

import re
from typing import Any

from relay.model import Inbound
from relay.providers.base import BodyFormat, Data, On, Provider, Setting, by_arrival
from relay.providers.ping.schedule import checked, expected_by
from relay.providers.reasons import reason
from relay.values import ZONE, Form
from relay.verification import SharedToken

START, SUCCESS, FAIL, LOG, MISSED = "start", "success", "fail", "log", "missed"
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
        "log": inbound.body.decode(errors="replace"),
        "about": inbound.settings.get("about"),
    }


def _why(ping: Any) -> str | None:
    """What a failure is told with: its exit code, and its message or the line of what it printed that says why."""
    code = f"exit code {ping['code']}" if ping["code"] else None
    message = None if _SAYS_NOTHING.fullmatch(ping["message"] or "") else ping["message"]
    told = ": ".join(text for text in (code, message or reason(ping["log"])) if text)
    return told[:_LONGEST_MESSAGE] or None


def backup(status: str) -> Any:
    def read(ping: Any) -> Data:
        failed = status == "failed"
        return {
            "backup": {
                "id": ping["check"],
                "name": ping["name"],
                "status": status,
                "error": _why(ping) if failed else None,
                "last_success_at": ping["last_success_at"],
            }
        }

    return read


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


def _either(of_backup: On | None, of_job: On | None) -> Any:
    """By what the check is about."""

    def route(inbound: Inbound) -> tuple[On, ...]:
        chosen = of_job if inbound.payload["about"] == "job" else of_backup
        return () if chosen is None else (chosen,)

    return route


PROVIDER = Provider(
    name="ping",
    label="Ping check",
    kind="monitor",
    homepage="https://healthchecks.io/docs/http_api/",
    verification=SharedToken("ping_token"),
    body=BodyFormat("ping", _read, lambda ping: str(ping["log"]).encode()),
    event_name=lambda inbound: inbound.payload["action"],
    event_id=by_arrival,
    events={
        START: _either(On("backup.started", backup("started")), None),
        SUCCESS: _either(
            On("backup.succeeded", backup("succeeded")), On("alert.resolved", alert("resolved", "works again"))
        ),
        FAIL: _either(On("backup.failed", backup("failed")), On("alert.raised", alert("firing", "failed"))),
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
    expected_by=expected_by,
)
