"""What a run tells of itself, as events, in the transaction of what it tells of."""

from typing import Any

from relay.inside import tell
from relay.model import iso
from relay.storage import Connection
from relay.storage.runs import Run
from relay.vault import Vault


def tell_pending(connection: Connection, vault: Vault, run: Run, approve_url: str) -> None:
    data = _action(run) | {"approve_url": approve_url, "expires_at": iso(run.expires_at)}
    tell(connection, vault, run.workspace_id, "action.approval_requested", {"action": data}, key=run.id)


def tell_completed(connection: Connection, vault: Vault, run: Run) -> None:
    """Once for each state that it can end in: an unknown outcome may become a known one."""
    key = f"{run.id}:{run.state}"
    tell(connection, vault, run.workspace_id, "action.completed", {"action": _action(run)}, key=key)


def _action(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "name": run.action,
        "status": run.state,
        "risk": run.risk,
        "requested_by": run.requested_by,
        "decided_by": run.decided_by,
        "result_text": run.content.get("text"),
    }
