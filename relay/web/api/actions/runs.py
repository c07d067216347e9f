"""`/action-runs`: what became of a call of an action, and deciding on what waits for a person."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from relay.actions.requests import Desk
from relay.actions.shown import shown
from relay.areas import paging
from relay.areas.paging import CURSOR, LIMIT, page_of
from relay.areas.resources import Answer, Call, Parameter, Route
from relay.areas.schemas import Schema, moment, nullable, record, text
from relay.errors import NotFound
from relay.storage import runs
from relay.storage.runs import Run

_STATES = list(runs.STATES)
EXAMPLE_ID = "run_019aa9d3b2c07f4e81d25a6c3b9e04f8"
_EXAMPLE: dict[str, Any] = {
    "id": EXAMPLE_ID,
    "action": "service.suspend",
    "status": runs.SUCCEEDED,
    "risk": "reversible",
    "source": {"id": "src_019aa9d3b2c07f4e81d25a6c3b9e04f4", "name": "server1.host.example"},
    "input": {"service_id": "acmeshop", "reason": "Invoice INV-1042 is not paid"},
    "fallback": None,
    "fingerprint": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "output": {"service_id": "acmeshop", "service_status": "suspended", "domain": None, "plan": None},
    "message": "Account acmeshop was suspended.",
    "code": None,
    "requested_by": "key_019aa9d3b2c07f4e81d25a6c3b9e04f2",
    "decided_by": None,
    "approve_url": None,
    "created_at": "2026-11-22T07:00:00Z",
    "expires_at": None,
    "next_attempt_at": None,
    "finished_at": "2026-11-22T07:00:01Z",
}


def _shown(call: Call, run: Run) -> dict[str, Any]:
    links = Desk(call.workspace).links
    return shown(
        call.workspace,
        run,
        lambda: links.shown_to(call.key.id, run.id, run.requested_by) if call.key.allows("admin") else None,
    )


def _list_runs(call: Call) -> Answer:
    asked = paging.by_id(call, "action-runs")
    with call.workspace.database.read() as connection:
        found = runs.search(
            connection,
            call.workspace.vault,
            call.workspace.id,
            state=call.query.get("status"),
            action=call.query.get("action"),
            before=asked.before,
            limit=asked.one_more,
        )
    runs_here, cursor = asked.cut(found, lambda run: run.id)
    return paging.page([_shown(call, run) for run in runs_here], cursor)


def _get_run(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        run = runs.get(connection, call.workspace.vault, call.path["run_id"])
    if run is None or run.workspace_id != call.workspace.id:
        raise NotFound("There is no run with this id in this workspace.")
    return Answer(_shown(call, run))


def _decide(call: Call, approve: bool) -> Answer:
    run = Desk(call.workspace).decide(call.path["run_id"], approve=approve, seen=call.body.get("fingerprint"))
    return Answer(_shown(call, run))


_RUN_ERRORS: Mapping[int, str] = {409: "It was decided already, or is not what was seen."}


def _decision(verb: str, summary: str, work: Callable[[Call], Answer]) -> Route:
    return Route(
        "POST", f"/action-runs/{{run_id}}/{verb}", f"{verb}_action_run", summary, work, "admin",
        "Once, and within a day of the call. It needs a key with the scope `admin`, and to approve, another key than"
        " the one that asked. With the `fingerprint` that the run was shown with, nothing else can be decided on.",
        body={
            "type": "object",
            "properties": {
                "fingerprint": {
                    "type": "string",
                    "maxLength": 64,
                    "description": "That of the run as it was seen; 409 if it is another by now.",
                }
            },
            "additionalProperties": False,
        },
        body_example={"fingerprint": _EXAMPLE["fingerprint"]},
        answer="ActionRun",
        example=_EXAMPLE,
        errors=_RUN_ERRORS,
    )  # fmt: skip


_ACTION_RUN: Schema = {
    "id": text("`run_...`"),
    "action": text("The action's name."),
    "status": text("How it stands."),
    "risk": text("What is at risk."),
    "source": nullable({"type": "object", "description": "Which source does it; null for the relay itself."}),
    "input": {"type": "object", "description": "What was requested."},
    "fallback": nullable(
        {"type": "object", "description": "The other source that may do it instead, and all that it would be given."}
    ),
    "fingerprint": text("Of all that may be done: an approval is for this and nothing else."),
    "output": nullable({"type": "object", "description": "What came of it, by the action's output schema."}),
    "message": nullable(text("The same in one sentence.")),
    "code": nullable(text("Why it was not done, for machines.")),
    "requested_by": text("Whose key asked for it."),
    "decided_by": nullable(
        text("Who approved or rejected it: a key, the command line, or a link with the way that it was sent.")
    ),
    "approve_url": nullable(
        text("Where a person decides, while it waits; shown to keys with `admin` only, but not to the one that asked.")
    ),
    "created_at": moment("When it was requested."),
    "expires_at": nullable(moment("Until when it can be approved.")),
    "next_attempt_at": nullable(moment("When it is tried or looked up again.")),
    "finished_at": nullable(moment("When it came to its end.")),
}

ROUTES = (
    Route(
        "GET", "/action-runs", "list_action_runs", "List runs of actions", _list_runs, "actions:run",
        "Newest first.",
        parameters=(
            Parameter("status", "Only in this state.", {"type": "string", "enum": _STATES}, runs.PENDING),
            Parameter("action", "Only of this action.", {"type": "string", "maxLength": 64}, "service.suspend"),
            LIMIT,
            CURSOR,
        ),
        answer="ActionRunPage",
        example={"items": [_EXAMPLE], "next_cursor": None},
        errors={400: "The cursor is not one of this list."},
    ),
    Route(
        "GET", "/action-runs/{run_id}", "get_action_run", "Get a run of an action", _get_run,
        "actions:run",
        answer="ActionRun",
        example=_EXAMPLE,
    ),
    _decision("approve", "Approve an action", partial(_decide, approve=True)),
    _decision("reject", "Reject an action", partial(_decide, approve=False)),
)  # fmt: skip
SCHEMAS = {
    "ActionRun": record(_ACTION_RUN),
    "ActionRunPage": page_of("ActionRun", "runs"),
}
