"""A run as the API and the command line show it."""

from collections.abc import Callable
from typing import Any

from relay.actions.planned import fingerprint, now_at, planned
from relay.actions.source_choice import label_of
from relay.context import Workspace
from relay.model import iso
from relay.storage import runs
from relay.storage.runs import Run


def shown(workspace: Workspace, run: Run, approve_url: Callable[[], str | None]) -> dict[str, Any]:
    """The run in the shape of `ActionRun`. While it waits, `approve_url` makes the viewer's link to decide by."""
    ways = planned(run)
    with workspace.database.read() as connection:
        named = {each.source_id: label_of(each.source_id, connection, workspace.vault) for each in ways}

    def source(source_id: str | None) -> dict[str, str] | None:
        return None if source_id is None else {"id": source_id, "name": named[source_id]}

    return {
        "id": run.id,
        "action": run.action,
        "status": run.state,
        "risk": run.risk,
        "source": source(now_at(run).source_id),
        "input": ways[0].input,
        "fallback": next(({"source": source(each.source_id), "input": each.input} for each in ways[1:]), None),
        "fingerprint": fingerprint(run),
        "output": run.content.get("output"),
        "message": run.content.get("text"),
        "code": run.content.get("code"),
        "requested_by": run.requested_by,
        "decided_by": run.decided_by,
        "approve_url": approve_url() if run.state == runs.PENDING else None,
        "created_at": iso(run.created_at),
        "expires_at": iso(run.expires_at),
        "next_attempt_at": iso(run.due_at) if run.state in (runs.QUEUED, runs.UNKNOWN) else None,
        "finished_at": iso(run.finished_at),
    }
