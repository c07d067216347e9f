"""What a run tells of itself, as events, in the transaction of what it tells of.

What came of it tells how the thing that it was about is now. From there the registry learns it, as from any event.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from relay.actions.planned import fingerprint, in_words, now_at
from relay.actions.source_choice import label_of
from relay.catalogue.action_types import get as get_action
from relay.catalogue.record_kinds import record_kinds
from relay.catalogue.vocabulary import catalogue
from relay.inbound.own_events import tell
from relay.model import iso
from relay.security.approval_links import EVENT as APPROVAL_REQUESTED
from relay.security.vault import Vault
from relay.storage import Connection, sources
from relay.storage.runs import SUCCEEDED, Run

_CUSTOMER = {"customer_id": "id", "name": "name", "email": "email", "company": "company"}
_WORDS = {"unpaid": "open", "payment_due": "open", "sent": "open", "voided": "void", "cancelled": "canceled"}
"""States in the vocabulary's words. One that it does not know is left out."""


def tell_pending(connection: Connection, vault: Vault, run: Run) -> str:
    """Without a link: those who may decide get one where the event is sent or shown to them. Returns the id that it is
    kept under until it is an event."""
    data = _action(connection, vault, run) | {
        "asked_for": in_words(run, lambda source_id: label_of(source_id, connection, vault)),
        "fingerprint": fingerprint(run),
        "expires_at": iso(run.expires_at),
    }
    return tell(connection, vault, run.workspace_id, APPROVAL_REQUESTED, {"action": data}, key=run.id)


def tell_completed(connection: Connection, vault: Vault, run: Run) -> str:
    """Once for each state that it can end in: an unknown outcome may become a known one. Returns an id as
    `tell_pending` does."""
    output = (run.content.get("output") or {}) if run.state == SUCCEEDED else {}
    customer = _renamed(output, _CUSTOMER) if _kind(run) == "customer" else {}
    things = {kind: _thing(kind, output) for kind in record_kinds() if _is_told(kind, run, output)}
    return tell(
        connection,
        vault,
        run.workspace_id,
        "action.completed",
        {"action": _action(connection, vault, run), **things},
        key=f"{run.id}:{run.state}",
        customer=customer or None,
    )


def _kind(run: Run) -> str | None:
    about = get_action(run.action).about
    return about.kind if about else None


def _is_told(kind: str, run: Run, output: Mapping[str, Any]) -> bool:
    """Whether the output says how such a thing is, and not only which one it was about."""
    names = record_kinds()[kind].action_output
    if not names or output.get(next(iter(names))) is None:
        return False
    return f"{kind}_status" in output or (kind == "domain" and _kind(run) == "domain")


def _thing(kind: str, output: Mapping[str, Any]) -> dict[str, Any]:
    """How the thing is now."""
    found = _renamed(output, record_kinds()[kind].action_output)
    word = str(found.pop("status", "")).lower()
    state = _WORDS.get(word, word)
    if state in _states(kind):
        found["status"] = state
    return found


def _renamed(output: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: output[key] for key, name in names.items() if output.get(key) is not None}


@cache
def _states(kind: str) -> frozenset[str]:
    """The states that a kind of thing can be in."""
    entity = catalogue().definitions["$defs"][kind]
    return frozenset(filter(None, entity["properties"]["status"].get("enum", ())))


def _action(connection: Connection, vault: Vault, run: Run) -> dict[str, Any]:
    by = now_at(run).source_id
    source = sources.get_any(connection, vault, by, even_shut=True) if by else None
    return {
        "run_id": run.id,
        "name": run.action,
        "status": run.state,
        "risk": run.risk,
        "requested_by": run.requested_by,
        "decided_by": run.decided_by,
        "source_id": by,
        "source_name": source.name if source else None,
        "provider": source.provider if source else None,
        "result_text": run.content.get("text"),
    }
