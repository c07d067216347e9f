"""`/deliveries`: what was sent to whom, and how it went."""

from typing import Any

from relay.areas import paging
from relay.areas.paging import CURSOR, LIMIT, page_of
from relay.areas.resources import Answer, Call, Parameter, Resource, Route, Sandbox
from relay.areas.schemas import many, moment, nullable, record, text, whole
from relay.model import iso
from relay.storage import deliveries
from relay.storage.deliveries import Delivery
from relay.web.api import hooks

EXAMPLE: dict[str, Any] = {
    "id": "dlv_019aa9d3b2c07f4e81d25a6c3b9e04f3",
    "event_id": "evt_5f0c7d21e9a84b36b1d7c2f80e93a64d",
    "hook_id": "hk_019aa9d3b2c07f4e81d25a6c3b9e04f1",
    "state": "delivered",
    "status_code": 200,
    "error": None,
    "created_at": "2026-11-22T07:00:01.250000Z",
    "next_attempt_at": None,
    "finished_at": "2026-11-22T07:00:01.431000Z",
    "attempts": [
        {
            "number": 1,
            "started_at": "2026-11-22T07:00:01.301000Z",
            "duration_ms": 130,
            "status_code": 200,
            "error": None,
        }
    ],
}


def listed(call: Call, event_id: str | None) -> Answer:
    """The deliveries that a call asks for, of one event or of all."""
    asked = paging.by_id(call, "deliveries")
    with call.workspace.database.read() as connection:
        found = deliveries.search(
            connection,
            call.workspace.id,
            event_id=event_id,
            hook_id=call.query.get("hook"),
            state=call.query.get("state"),
            before=asked.before,
            limit=asked.one_more,
        )
        sent, cursor = asked.cut(found, lambda delivery: delivery.id)
        tries = deliveries.attempts_of(connection, [each.id for each in sent])
    return paging.page([_shown(each, tries[each.id]) for each in sent], cursor)


def _shown(delivery: Delivery, tries: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "hook_id": delivery.hook_id,
        "state": delivery.state,
        "status_code": delivery.status_code,
        "error": delivery.error,
        "created_at": iso(delivery.created_at),
        "next_attempt_at": iso(delivery.due_at),
        "finished_at": iso(delivery.finished_at),
        "attempts": [
            {
                "number": each["number"],
                "started_at": iso(each["started_at"]),
                "duration_ms": each["duration_ms"],
                "status_code": each["status_code"],
                "error": each["error"],
            }
            for each in tries
        ],
    }


_TEXT = {"type": "string", "maxLength": 64}
STATE = Parameter("state", "Only those that stand so.", {"type": "string", "enum": list(deliveries.STATES)})
HOOK = Parameter("hook", "Only to this hook: its id.", _TEXT)


def example_of(sandbox: Sandbox) -> dict[str, str]:
    hook_id = hooks.example_of(sandbox)["hook_id"]
    sandbox.call("POST", f"/events/{sandbox.tell('invoice.paid')['id']}/replay", {"hook_id": hook_id})
    return {}


RESOURCE = Resource(
    "Deliveries",
    "What was sent to whom, and how it went.",
    place=60,
    routes=(
        Route(
            "GET", "/deliveries", "list_deliveries", "List deliveries",
            lambda call: listed(call, call.query.get("event")), "events:read",
            "Newest first, each with every attempt.",
            parameters=(Parameter("event", "Only of this event: its id.", _TEXT), HOOK, STATE, LIMIT, CURSOR),
            answer="DeliveryPage",
            example={"items": [EXAMPLE], "next_cursor": None},
        ),
    ),
    example_of=example_of,
    schemas={
        "Delivery": record(
            {
                "id": text("`dlv_...`"),
                "event_id": text("What is sent."),
                "hook_id": text("To whom."),
                "state": text("How it stands.", enum=list(deliveries.STATES)),
                "status_code": nullable(whole("The last HTTP status.")),
                "error": nullable(text("What went wrong last.")),
                "created_at": moment("When it was made."),
                "next_attempt_at": nullable(moment("When it is tried next.")),
                "finished_at": nullable(moment("When it came to its end.")),
                "attempts": many(
                    record(
                        {
                            "number": whole("Counted from 1."),
                            "started_at": moment("When it began."),
                            "duration_ms": whole("How long it took."),
                            "status_code": nullable(whole("The HTTP status; null when no answer came.")),
                            "error": nullable(text("What went wrong.")),
                        }
                    ),
                    "Every try so far.",
                ),
            }
        ),
        "DeliveryPage": page_of("Delivery", "deliveries"),
    },
)  # fmt: skip
