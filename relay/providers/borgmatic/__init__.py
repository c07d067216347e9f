"""borgmatic: backups with Borg, by configuration files.

Its command hooks: https://torsion.org/borgmatic/reference/configuration/command-hooks/
Its pings: https://torsion.org/borgmatic/how-to/monitor-your-backups/

That `create` went well says nothing of whether it can be read: that is what `check` is for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from relay.formats.times import iso
from relay.sdk.entities import Data
from relay.sdk.inbound import Inbound
from relay.sdk.provider import ANY, On, Provider, by_arrival
from relay.sdk.reasons import reason
from relay.security.verification import SharedToken

START, FINISH, FAIL, LOG = "start", "finish", "fail", "log"
CREATE, CHECK = "create", "check"
_LONGEST_ERROR = 2000


@dataclass(frozen=True, slots=True)
class Run:
    """What happened, and when we heard of it. A ping names no action: it tells of the whole run, which is there for the
    backup."""

    state: str | None
    action: str = CREATE
    configuration: str | None = None
    repository: str | None = None
    label: str | None = None
    error: str | None = None
    at: datetime | None = None


def told(inbound: Inbound) -> Run:
    payload = inbound.payload
    if not isinstance(payload, Mapping):
        return Run(None)
    return replace(_of_ping(payload) if "path" in payload else _of_hook(payload), at=inbound.received_at)


def _of_hook(payload: Mapping[str, Any]) -> Run:
    return Run(
        state=_text(payload.get("state")),
        action=_text(payload.get("action")) or CREATE,
        configuration=_text(payload.get("configuration")),
        repository=_text(payload.get("repository")),
        label=_text(payload.get("label")),
        error=_text(payload.get("error")),
    )


def _of_ping(ping: Mapping[str, Any]) -> Run:
    """A call of an address as Healthchecks has it, whose end says what happened, or as Uptime Kuma has it."""
    query = ping.get("query")
    asked = query if isinstance(query, Mapping) else {}
    if "status" in asked:
        message = _text(asked.get("msg"))
        state = FAIL if asked["status"] == "down" else START if message == START else FINISH
        return Run(state, error=None if message in (START, FINISH, FAIL) else message)
    path = _text(ping.get("path"))
    if path is None:
        return Run(None)
    end = path.rstrip("/").rpartition("/")[2]
    if end not in (START, FAIL, LOG):
        end = FAIL if end.isdecimal() and end != "0" else FINISH
    body = ping.get("body")
    return Run(end, error=_text(reason(body)) if isinstance(body, str) else None)


def _text(value: Any) -> str | None:
    return value.strip()[:_LONGEST_ERROR] or None if isinstance(value, str) else None


def backup(status: str) -> Callable[[Run], Data]:
    def reader(run: Run) -> Data:
        return {
            "backup": {
                "name": run.label or run.configuration,
                "status": status,
                "resource": run.configuration,
                "destination": run.repository,
                "started_at": iso(run.at) if status == "started" else None,
                "finished_at": None if status == "started" else iso(run.at),
                "error": run.error if status in ("failed", "verification_failed") else None,
            }
        }

    return reader


def alert(status: str) -> Callable[[Run], Data]:
    def reader(run: Run) -> Data:
        firing = status == "firing"
        where = run.label or run.repository or run.configuration
        return {
            "alert": {
                "key": f"{run.configuration}/{run.repository}/{run.action}",
                "title": f"{run.action} of {where or 'a repository'}",
                "message": run.error if firing else None,
                "severity": "warning" if firing else "info",
                "status": status,
                "resource": where,
            }
        }

    return reader


def _by_action(of_backup: On, of_check: On | None, of_upkeep: On | None) -> Callable[[Inbound], Sequence[On]]:
    def route(inbound: Inbound) -> Sequence[On]:
        action = told(inbound).action
        chosen = of_backup if action == CREATE else of_check if action == CHECK else of_upkeep
        return () if chosen is None else (chosen,)

    return route


PROVIDER = Provider(
    name="borgmatic",
    label="borgmatic",
    kind="backup",
    homepage="https://torsion.org/borgmatic/",
    verification=SharedToken(),
    secret="ours",
    body=ANY,
    event_name=lambda inbound: told(inbound).state,
    event_id=by_arrival,
    subject=told,
    events={
        START: _by_action(On("backup.started", backup("started")), None, None),
        FINISH: _by_action(
            On("backup.succeeded", backup("succeeded")),
            On("backup.verified", backup("verified")),
            On("alert.resolved", alert("resolved")),
        ),
        FAIL: _by_action(
            On("backup.failed", backup("failed")),
            On("backup.verification_failed", backup("verification_failed")),
            On("alert.raised", alert("firing"), severity="warning"),
        ),
    },
    ignored=frozenset([LOG]),
)
