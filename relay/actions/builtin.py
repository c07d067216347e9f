"""What the relay itself does when it is asked to: alerts and notes, told as events of its own source; messages.

Each is done once however often it is tried: an event is known by the run, and `notify` sees to messages.
"""

from collections.abc import Callable, Mapping
from typing import Any

from relay.actions import notification
from relay.actions.task import BuiltinTask
from relay.inbound.identity import event_id
from relay.inbound.own_events import source_of, tell
from relay.model import iso, now_ms
from relay.sdk.outcomes import Done, Failed
from relay.storage import events

_CUSTOM = "custom"


def _told(
    task: BuiltinTask, event_type: str, data: Mapping[str, Any], customer: Mapping[str, Any] | None = None
) -> str:
    """Tell an event; returns its id."""
    workspace_id = task.run.workspace_id
    source = source_of(task.database, task.vault, workspace_id)
    with task.database.write() as connection:
        tell(connection, task.vault, workspace_id, event_type, data, key=task.run.id, customer=customer)
    return event_id(source.id, f"{event_type}:{task.run.id}", event_type)


def raise_alert(task: BuiltinTask) -> Done:
    given, now = task.input, iso(now_ms())
    alert = {
        "key": given["key"],
        "title": given["title"],
        "message": given.get("message"),
        "severity": given.get("severity", "warning"),
        "status": "firing",
        "resource": given.get("resource"),
        "started_at": now,
    }
    told = _told(task, "alert.raised", {"alert": alert})
    return Done(f"Alert {given['key']} was raised.", _alert(given["key"], "firing", told))


def acknowledge_alert(task: BuiltinTask) -> Done:
    given = task.input
    by = given.get("by") or task.run.requested_by
    alert = {"key": given["key"], "message": given.get("message"), "status": "acknowledged", "acknowledged_by": by}
    told = _told(task, "alert.acknowledged", {"alert": alert})
    return Done(f"Alert {given['key']} was acknowledged by {by}.", _alert(given["key"], "acknowledged", told))


def resolve_alert(task: BuiltinTask) -> Done:
    given = task.input
    alert = {
        "key": given["key"],
        "message": given.get("message"),
        "status": "resolved",
        "ended_at": iso(now_ms()),
    }
    told = _told(task, "alert.resolved", {"alert": alert})
    return Done(f"Alert {given['key']} was resolved.", _alert(given["key"], "resolved", told))


def note(task: BuiltinTask) -> Done:
    given = task.input
    with task.database.read() as connection:
        about = events.get(connection, task.run.workspace_id, given["event_id"])
    if about is None:
        raise Failed(f"There is no event {given['event_id']!r} in this workspace.", code="no_such_thing")
    data = {_CUSTOM: {"event_id": about.id, "note": given["note"], "by": task.run.requested_by}}
    told = _told(task, _CUSTOM, data)
    return Done("The note was added.", {"event_id": told})


def _alert(key: str, status: str, told: str) -> dict[str, Any]:
    return {"alert_key": key, "alert_status": status, "event_id": told}


ACTIONS: Mapping[str, Callable[[BuiltinTask], Done]] = {
    "alert.raise": raise_alert,
    "alert.acknowledge": acknowledge_alert,
    "alert.resolve": resolve_alert,
    "event.note": note,
    "notification.send": notification.send,
}

REHEARSALS: Mapping[str, Callable[[BuiltinTask], list[dict[str, Any]]]] = {"notification.send": notification.dry_run}
"""What these actions would send to somebody else, without sending it."""
