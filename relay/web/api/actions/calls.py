"""`/actions`: what can be done, and doing it."""

import threading
import time
from functools import partial
from typing import Any

from relay.actions import adapters, policy
from relay.actions.requests import Desk
from relay.areas.resources import Answer, Call, Route
from relay.areas.schemas import Schema, many, moment, nullable, record, text, truth
from relay.catalogue.action_types import Action, actions
from relay.catalogue.refs import expanded
from relay.catalogue.vocabulary import catalogue
from relay.model import iso
from relay.storage import runs, sources
from relay.storage.runs import Run
from relay.web.api.actions.runs import EXAMPLE_ID

WAIT_SECONDS = 20.0
"""How long a call waits for its outcome; Zapier gives up after 30 s."""

_AT_ONCE = 8
"""Calls of one process that may wait; the others are told to ask again. Threads are there for webhooks first."""

_LOOK_SECONDS = (0.02, 0.05, 0.1, 0.25)
_WAITS = "This run waits for approval by a person."
_waiting = threading.Semaphore(_AT_ONCE)
EXAMPLE_RESULT = {"id": EXAMPLE_ID, "status": runs.SUCCEEDED, "message": "Done.", "approval_expires_at": None}


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
        why = run.content.get("text") or "It was not carried out."
        error = {"code": run.content.get("code") or run.state, "message": why, "run_id": run.id}
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


def _body(action: Action) -> dict[str, Any]:
    schema: dict[str, Any] = expanded(action.input, catalogue().definitions)
    more: dict[str, Any] = {
        "dry_run": {
            "type": "boolean",
            "description": "Show what would be sent, send nothing. Nothing is changed anywhere.",
        }
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
        "POST", f"/actions/{action.name}", f"run_{action.name.replace('.', '_')}", action.title,
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


_ACTION: Schema = {
    "name": text("Its name, such as `service.suspend`."),
    "title": text("Its title."),
    "description": text("What it does."),
    "risk": text("What is at risk.", enum=["read", "reversible", "money", "destructive"]),
    "approval": text("When a person has to approve it.", enum=["never", "above", "always"]),
    "sources": many({"type": "string"}, "Ids of your sources that can do it."),
    "input": {"type": "object", "description": "The JSON Schema of its input."},
    "output": {"type": "object", "description": "The JSON Schema of its output."},
}
_RESULTS = ("succeeded", "pending_approval", "queued", "running", "unknown", "dry_run")

ROUTES = (
    Route(
        "GET", "/actions", "list_actions", "List actions", _list, "events:read",
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
)  # fmt: skip
SCHEMAS = {
    "ActionList": record({"items": many(record(_ACTION), "All of them.")}),
    "ActionResult": {
        **record(
            {
                "status": text("How it stands.", enum=list(_RESULTS)),
                "id": text("The run: `run_...`; not of a dry run."),
                "message": nullable(text("What came of it, in one sentence.")),
                "approval_expires_at": nullable(moment("Until when it can be approved, where it waits for that.")),
                "would_send": many({"type": "object"}, "Of a dry run: the requests that would change something."),
                "needs_approval": truth("Of a dry run: whether a person would have to approve it."),
            },
            "The fields of the action's output, null where nothing is known, and how the run stands.",
            optional=("id", "message", "approval_expires_at", "would_send", "needs_approval"),
        ),
        "additionalProperties": True,
    },
}
