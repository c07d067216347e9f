"""Replays: events sent again because someone asked."""

from relay.errors import InvalidRequest
from relay.inbound.lookups import asking
from relay.outbound import replay
from relay.outbound.match import named
from relay.web.api import schemas
from relay.web.framework import cursors, requests
from relay.web.framework.responses import Answer
from relay.web.framework.routes import Call, Route

_LISTING = "replays"


def _one(call: Call) -> Answer:
    with asking(call.workspace.config.allow_private_sources) as api_reader:
        done = replay.one(
            call.workspace, call.path["event_id"], hook_id=call.body.get("hook_id"), api_reader=api_reader
        )
    return Answer(done, status=202)


def _many(call: Call) -> Answer:
    body = call.body
    since = requests.moment("since", body["since"])
    until = requests.moment("until", body["until"]) if "until" in body else None
    if until is not None and until < since:
        raise InvalidRequest("until must not lie before since.")
    done = replay.since(
        call.workspace,
        replay.Selection(since, until, named(body.get("types", ())), body.get("hook_id")),
        dry_run=body.get("dry_run", False),
        after=cursors.read_number(_LISTING, body.get("after")),
        most=schemas.LONGEST_REPLAY,
    )
    if done["next"] is not None:
        done["next"] = cursors.write(_LISTING, done["next"])
    return Answer(done)


_HOOK_ID = "hk_019aa9d3b2c07f4e81d25a6c3b9e04f1"

ROUTES = (
    Route(
        "POST", "/events/{event_id}/replay", "replay_event", "Send an event again", "Replays", _one,
        "hooks:write",
        "To every active hook that wants it; or, with `hook_id`, to that hook alone, whatever its types and"
        " filters. The event keeps its id. An event kept as `unknown` is read again first, and what the relay"
        " understands by now is sent.",
        body=schemas.EVENT_REPLAY,
        body_example={"hook_id": _HOOK_ID},
        status=202,
        answer="EventReplay",
        example={
            "events": ["evt_5f0c7d21e9a84b36b1d7c2f80e93a64d"],
            "deliveries": ["dlv_019aa9d3b2c07f4e81d25a6c3b9e04f3"],
            "hooks": [_HOOK_ID],
            "dry_run": False,
        },
        errors={409: "The event is a defect, or the hook is switched off."},
    ),
    Route(
        "POST", "/replays", "replay_events", "Send all events since an instant again", "Replays", _many,
        "hooks:write",
        f"To every active hook that wants them, oldest first. One call looks at {schemas.LONGEST_REPLAY}"
        " events at most: while `next` is not null, call again with it as `after`. With `dry_run` nothing is"
        " sent.",
        body=schemas.REPLAYS,
        body_example={"since": "2026-11-22T00:00:00Z", "types": ["invoice.paid"], "dry_run": True},
        answer="Replays",
        example={"events": 12, "deliveries": 12, "hooks": {_HOOK_ID: 12}, "dry_run": True, "next": None},
        errors={
            400: "`after` is not one of this list.",
            404: "There is no hook with this id.",
            409: "The hook is switched off.",
        },
    ),
)  # fmt: skip
