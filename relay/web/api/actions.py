"""`/actions` and `/action-runs`: what can be done, doing it, and what became of it."""

import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from relay.actions import adapters, policy
from relay.actions.planned import fingerprint, now_at, planned
from relay.actions.requests import Desk
from relay.actions.source_choice import label_of
from relay.catalogue.action_types import Action, actions
from relay.catalogue.vocabulary import catalogue
from relay.errors import NotFound
from relay.model import iso
from relay.storage import runs, sources
from relay.storage.runs import Run
from relay.web.api.parameters import CURSOR, LIMIT, USUAL_LIMIT
from relay.web.framework import cursors
from relay.web.framework.requests import Parameter
from relay.web.framework.responses import Answer
from relay.web.framework.routes import Call, Route

WAIT_SECONDS = 20.0
"""How long a call waits for its outcome; Zapier gives up after 30 s."""

_AT_ONCE = 8
"""Calls of one process that may wait; the others are told to ask again. Threads are there for webhooks first."""

_LOOK_SECONDS = (0.02, 0.05, 0.1, 0.25)
_LISTING = "action-runs"
_WAITS = "This waits for approval: somebody has to approve it before it is done."
_waiting = threading.Semaphore(_AT_ONCE)

_STATES = list(runs.STATES)
_EXAMPLE_ID = "run_019aa9d3b2c07f4e81d25a6c3b9e04f8"
_EXAMPLE: dict[str, Any] = {
    "id": _EXAMPLE_ID,
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


EXAMPLE_RESULT = {"id": _EXAMPLE_ID, "status": runs.SUCCEEDED, "message": "Done.", "approval_expires_at": None}


def _list(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        everyone = sources.outlines(connection, call.workspace.id)
        decided = runs.policies(connection, call.workspace.id)
    able = {each.id: adapters.of(each.provider) for each in everyone}
    items = []
    for action in actions().values():
        rule = decided.get(action.name) or policy.usual(action)
        items.append(
            {
                "name": action.name,
                "title": action.title,
                "description": action.description,
                "risk": action.risk,
                "approval": rule.mode,
                "sources": [own_id for own_id, does in able.items() if action.name in does],
                "input": action.input,
                "output": action.output,
            }
        )
    return Answer({"items": items})


def _run(call: Call, name: str) -> Answer:
    at = Desk(call.workspace)
    if call.body.get("dry_run"):
        return Answer(at.dry_run(name, call.body))
    run = at.request(name, call.body, key=call.idempotency_key)
    if run.state != runs.PENDING and not run.is_over:
        run = _outcome(call, run)
    return _answer(call, run)


def _outcome(call: Call, run: Run) -> Run:
    """The run once something is known of it, or as it stands when there is no more time to wait."""
    if not _waiting.acquire(blocking=False):
        return run
    try:
        end, looks = time.monotonic() + WAIT_SECONDS, 0
        while run.state in (runs.QUEUED, runs.RUNNING) and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS[min(looks // 10, len(_LOOK_SECONDS) - 1)])
            looks += 1
            with call.workspace.database.read() as connection:
                run = runs.get(connection, call.workspace.vault, run.id) or run
    finally:
        _waiting.release()
    return run


def _answer(call: Call, run: Run) -> Answer:
    """A failure is an error: a step that could not be done must not look done. What nobody knows is not one."""
    if run.state in (runs.FAILED, runs.REJECTED, runs.EXPIRED):
        text = run.content.get("text") or "It was not done."
        error = {"code": run.content.get("code") or run.state, "message": text, "run_id": run.id}
        return Answer({"error": error}, status=422)
    output = run.content.get("output") or {}
    waits = run.state == runs.PENDING
    known = {
        "id": run.id,
        "status": run.state,
        "message": _WAITS if waits else run.content.get("text"),
        "approval_expires_at": iso(run.expires_at) if waits else None,
    }
    own = {name: output.get(name) for name in actions()[run.action].outputs}
    return Answer({**own, **known}, status=200 if run.state == runs.SUCCEEDED else 202)


def _shown(call: Call, run: Run) -> dict[str, Any]:
    source_id, ways = now_at(run).source_id, planned(run)
    with call.workspace.database.read() as connection:
        named = {each.source_id: label_of(each.source_id, connection, call.workspace.vault) for each in ways}
    pending = run.state == runs.PENDING
    return {
        "id": run.id,
        "action": run.action,
        "status": run.state,
        "risk": run.risk,
        "source": {"id": source_id, "name": named[source_id]} if source_id else None,
        "input": ways[0].input,
        "fallback": next(
            (
                {"source": {"id": each.source_id, "name": named[each.source_id]}, "input": each.input}
                for each in ways[1:]
            ),
            None,
        ),
        "fingerprint": fingerprint(run),
        "output": run.content.get("output"),
        "message": run.content.get("text"),
        "code": run.content.get("code"),
        "requested_by": run.requested_by,
        "decided_by": run.decided_by,
        "approve_url": (
            Desk(call.workspace).links.shown_to(call.key.id, run.id, run.requested_by)
            if pending and call.key.allows("admin")
            else None
        ),
        "created_at": iso(run.created_at),
        "expires_at": iso(run.expires_at),
        "next_attempt_at": iso(run.due_at) if run.state in (runs.QUEUED, runs.UNKNOWN) else None,
        "finished_at": iso(run.finished_at),
    }


def _list_runs(call: Call) -> Answer:
    limit = call.query.get("limit", USUAL_LIMIT)
    with call.workspace.database.read() as connection:
        found = runs.search(
            connection,
            call.workspace.vault,
            call.workspace.id,
            state=call.query.get("status"),
            action=call.query.get("action"),
            before=cursors.read_id(_LISTING, call.query.get("cursor")),
            limit=limit + 1,
        )
    items = [_shown(call, run) for run in found[:limit]]
    return Answer(
        {"items": items, "next_cursor": cursors.write(_LISTING, items[-1]["id"]) if len(found) > limit else None}
    )


def _get_run(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        run = runs.get(connection, call.workspace.vault, call.path["run_id"])
    if run is None or run.workspace_id != call.workspace.id:
        raise NotFound("There is no run with this id in this workspace.")
    return Answer(_shown(call, run))


def _decide(call: Call, approve: bool) -> Answer:
    run = Desk(call.workspace).decide(call.path["run_id"], approve=approve, seen=call.body.get("fingerprint"))
    return Answer(_shown(call, run))


def _list_policies(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        decided = runs.policies(connection, call.workspace.id)
    rules = (decided.get(action.name) or policy.usual(action) for action in actions().values())
    return Answer({"items": [_shown_policy(rule) for rule in rules]})


def _set_policy(call: Call) -> Answer:
    body = call.body
    rule = policy.checked(
        body["action"], body["mode"], body.get("amount"), body.get("currency"), per_day=body.get("per_day")
    )
    Desk(call.workspace).set_policy(rule)
    return Answer(_shown_policy(rule))


def _shown_policy(rule: runs.Policy) -> dict[str, Any]:
    return {
        "action": rule.action,
        "risk": actions()[rule.action].risk,
        "mode": rule.mode,
        "amount": rule.amount,
        "currency": rule.currency,
        "per_day": rule.per_day,
    }


def _resolved(node: Any) -> Any:
    """A schema without references, as requests are checked by it."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            return _resolved(catalogue().definitions["$defs"][node["$ref"].rpartition("/")[2]])
        return {name: _resolved(each) for name, each in node.items()}
    return [_resolved(each) for each in node] if isinstance(node, list) else node


def _body(action: Action) -> dict[str, Any]:
    schema: dict[str, Any] = _resolved(action.input)
    more: dict[str, Any] = {
        "dry_run": {"type": "boolean", "description": "Only say what would be sent. Nothing is changed anywhere."}
    }
    if not action.own:
        more["fallback"] = {
            "type": "object",
            "description": "Another source, for when the first one certainly did not: declined, or not reached. It is"
            " about the same amount and currency.",
            "properties": {
                "source": {"type": "string", "maxLength": 64, "description": "Its id or name."},
                "input": {"type": "object", "description": "What differs there, such as the invoice's id."},
            },
            "required": ["source"],
            "additionalProperties": False,
        }
    return {**schema, "properties": {**schema["properties"], **more}}


_ENDS = {
    409: "The Idempotency-Key was used for another request.",
    422: "A field does not fit, no source can do it, or it was tried and failed: `code` and `message` say why.",
}


def _route(action: Action) -> Route:
    needs = {"money": " It moves money.", "destructive": " It cannot be undone."}.get(action.risk, "")
    return Route(
        "POST", f"/actions/{action.name}", f"run_{action.name.replace('.', '_')}", action.title, "Actions",
        partial(_run, name=action.name), "actions:run",
        f"{action.description}{needs} 200 when it is done; 202 while it waits for approval, is under way or when its"
        " outcome is not known: `status` says which. With an `Idempotency-Key` it is done once, however often it is"
        " asked for. A field that is null or an empty text counts as not given.",
        body=_body(action),
        body_example=action.example["input"],
        answer="ActionResult",
        example={**action.example["output"], **EXAMPLE_RESULT},
        errors=_ENDS,
        keeps_key=True,
        blank_is_absent=True,
        also=(202,),
    )  # fmt: skip


_RUN_ERRORS: Mapping[int, str] = {409: "It was decided already, or is not what was seen."}
_POLICY = {
    "action": "payment.refund",
    "risk": "money",
    "mode": "above",
    "amount": "50",
    "currency": "EUR",
    "per_day": "500",
}


def _decision(verb: str, summary: str, work: Callable[[Call], Answer]) -> Route:
    return Route(
        "POST", f"/action-runs/{{run_id}}/{verb}", f"{verb}_action_run", summary, "Actions", work, "admin",
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


ROUTES = (
    Route(
        "GET", "/actions", "list_actions", "List actions", "Actions", _list, "events:read",
        "What can be done, with the shape of each one's input and output, when a person has to approve it, and which"
        " of your sources can do it.",
        answer="ActionList",
        example={
            "items": [
                {
                    "name": "service.suspend",
                    "title": "Suspend Hosting Service",
                    "description": "Updates a hosting account so that its sites are off until it is restored.",
                    "risk": "reversible",
                    "approval": "never",
                    "sources": ["src_019aa9d3b2c07f4e81d25a6c3b9e04f4"],
                    "input": {"type": "object"},
                    "output": {"type": "object"},
                }
            ]
        },
    ),
    *(_route(action) for action in actions().values()),
    Route(
        "GET", "/action-runs", "list_action_runs", "List runs of actions", "Actions", _list_runs, "actions:run",
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
        "GET", "/action-runs/{run_id}", "get_action_run", "Get a run of an action", "Actions", _get_run,
        "actions:run",
        answer="ActionRun",
        example=_EXAMPLE,
    ),
    _decision("approve", "Approve an action", partial(_decide, approve=True)),
    _decision("reject", "Reject an action", partial(_decide, approve=False)),
    Route(
        "GET", "/action-policies", "list_action_policies", "List when actions need approval", "Actions",
        _list_policies, "actions:run",
        "`never`, `always`, or `above` an amount. What moves money or cannot be undone always does, unless you decided"
        " otherwise.",
        answer="ActionPolicyList",
        example={"items": [_POLICY]},
    ),
    Route(
        "POST", "/action-policies", "set_action_policy", "Decide when an action needs approval", "Actions",
        _set_policy, "admin",
        "`above` waits for a person when the amount is higher, in another currency, or not told. With `per_day` also"
        " when all runs of the action would come to more than that within 24 hours, those included that wait, are under"
        " way or whose outcome is not known, but not what was refused or failed.",
        body={
            "type": "object",
            "required": ["action", "mode"],
            "properties": {
                "action": {"type": "string", "maxLength": 64, "description": "Which action."},
                "mode": {"type": "string", "enum": list(policy.MODES), "description": "When a person is asked."},
                "amount": {"type": "number", "minimum": 0, "description": "With `above`: the most that needs nobody."},
                "currency": {"type": "string", "minLength": 3, "maxLength": 3, "description": "Of that amount."},
                "per_day": {
                    "type": "number",
                    "minimum": 0,
                    "description": "With `above`: the most that all runs together may come to within 24 hours. Without"
                    " `amount` a single run may be as large.",
                },
            },
            "additionalProperties": False,
        },
        body_example={"action": "payment.refund", "mode": "above", "amount": 50, "currency": "EUR", "per_day": 500},
        answer="ActionPolicy",
        example=_POLICY,
        errors={422: "The action is not known, or the mode does not fit it."},
    ),
)  # fmt: skip
