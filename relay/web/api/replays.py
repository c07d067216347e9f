"""Replays: events sent again because someone asked."""

from relay.areas import cursors
from relay.areas.resources import Answer, Call, Resource, Route
from relay.areas.schemas import ID, described, many, moment, nullable, record, request, text, truth, whole
from relay.errors import InvalidRequest
from relay.inbound.lookups import asking
from relay.outbound import replay
from relay.outbound.match import named
from relay.outbound.wanted import event_types
from relay.web.framework import requests

_LISTING = "replays"
MOST_EVENTS = 10_000
"""How many events a call looks at, at most."""


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
        most=MOST_EVENTS,
    )
    if done["next"] is not None:
        done["next"] = cursors.write(_LISTING, done["next"])
    return Answer(done)


_HOOK_ID = "hk_019aa9d3b2c07f4e81d25a6c3b9e04f1"


_EVENT_REPLAY = request(
    {"hook_id": described(ID, "Send it to this hook alone, whatever types and filters that one has.")}
)
_REPLAYS = request(
    {
        "since": moment("Send again what came in from here on."),
        "until": moment("And no later than this."),
        "types": event_types("Only these event types.", minItems=1),
        "hook_id": described(ID, "Only to this hook. Its types and filters count."),
        "dry_run": truth("Count only, send nothing."),
        "after": text("`next` of the answer before, to go on where it ended.", minLength=1, maxLength=cursors.LONGEST),
    },
    ("since",),
)

RESOURCE = Resource(
    "Replays",
    "Sending again.",
    place=40,
    routes=(
        Route(
            "POST", "/events/{event_id}/replay", "replay_event", "Send an event again", _one,
            "hooks:write",
            "To every active hook that wants it; or, with `hook_id`, to that hook alone, whatever its types and"
            " filters. The event keeps its id. An event kept as `unknown` is read again first, and what the relay"
            " understands by now is sent.",
            body=_EVENT_REPLAY,
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
            "POST", "/replays", "replay_events", "Send all events since an instant again", _many,
            "hooks:write",
            f"To every active hook that wants them, oldest first. One call looks at {MOST_EVENTS}"
            " events at most: while `next` is not null, call again with it as `after`. With `dry_run` nothing is"
            " sent.",
            body=_REPLAYS,
            body_example={"since": "2026-11-22T00:00:00Z", "types": ["invoice.paid"], "dry_run": True},
            answer="Replays",
            example={"events": 12, "deliveries": 12, "hooks": {_HOOK_ID: 12}, "dry_run": True, "next": None},
            errors={
                400: "`after` is not one of this list.",
                404: "There is no hook with this id.",
                409: "The hook is switched off.",
            },
        ),
    ),
    example_of=lambda _: {},
    schemas={
        "EventReplay": record(
            {
                "events": many({"type": "string"}, "What is sent: the event, or what an unknown one now says."),
                "deliveries": many({"type": "string"}, "The new deliveries."),
                "hooks": many({"type": "string"}, "Who gets it."),
                "dry_run": {"const": False},
            }
        ),
        "Replays": record(
            {
                "events": whole("How many events were chosen."),
                "deliveries": whole("How many deliveries that makes."),
                "hooks": {
                    "type": "object",
                    "description": "Deliveries by hook.",
                    "additionalProperties": {"type": "integer"},
                },
                "dry_run": truth("Whether it was only counted."),
                "next": nullable(text(f"There is more than {MOST_EVENTS} events: pass it back as `after`.")),
            }
        ),
    },
)  # fmt: skip
