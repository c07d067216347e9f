"""`/hooks`: who is told of events."""

from typing import Any

from relay.accounts import fields, hooks
from relay.accounts.fields import OVERLAP
from relay.accounts.hook_fields import HOOK_CHANGES, NEW_HOOK
from relay.areas import paging
from relay.areas.paging import CURSOR, LIMIT, page_of
from relay.areas.resources import Answer, Call, PathParameter, Resource, Route, Sandbox
from relay.areas.schemas import Schema, described, many, moment, nullable, record, request, shown_once, text, truth
from relay.model import Hook, iso
from relay.outbound import replay
from relay.outbound.wanted import EVENT_TYPE
from relay.storage import Connection
from relay.storage import hooks as rows

EXAMPLE: dict[str, Any] = {
    "id": "hk_019aa9d3b2c07f4e81d25a6c3b9e04f1",
    "target_url": "https://hooks.example.com/renewals",
    "event_types": ["invoice.paid", "subscription.renewal_failed"],
    "filters": {"min_amount": "10"},
    "platform": None,
    "ordered": False,
    "rate_limit": None,
    "approval_links": False,
    "status": "active",
    "status_reason": None,
    "paused_until": None,
}
_SECRETS = {
    "secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "token": "Vb3m0S8pQe1xT5yK2nZ7rJ4c",
}


def _list(call: Call) -> Answer:
    asked = paging.by_id(call, "hooks")
    with call.workspace.database.read() as connection:
        found = rows.search(
            connection, call.workspace.vault, call.workspace.id, before=asked.before, limit=asked.one_more
        )
        hooks_here, cursor = asked.cut(found, lambda hook: hook.id)
        return paging.page([_shown(connection, hook) for hook in hooks_here], cursor)


def _create(call: Call) -> Answer:
    _, shown = hooks.create(call.workspace, call.body, admin=call.key.allows("admin"))
    return Answer(shown, status=201)


def _get(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        hook = rows.require(connection, call.workspace.vault, call.workspace.id, call.path["hook_id"])
        return Answer(_shown(connection, hook))


def _change(call: Call) -> Answer:
    hook, token = hooks.change(call.workspace, call.path["hook_id"], call.body, admin=call.key.allows("admin"))
    with call.workspace.database.read() as connection:
        return Answer(_shown(connection, hook) | ({"token": token} if token else {}))


def _delete(call: Call) -> Answer:
    hooks.delete(call.workspace, call.path["hook_id"])
    return Answer(status=204)


def _test(call: Call) -> Answer:
    sent = replay.send_test(call.workspace, call.path["hook_id"], event_type=call.body.get("event_type"))
    return Answer(sent, status=202)


def _rotate(call: Call) -> Answer:
    hook, secret = hooks.rotate_secret(
        call.workspace,
        call.path["hook_id"],
        # JSON Schema calls 60.0 an integer, too.
        overlap_seconds=int(call.body.get("overlap_seconds", fields.OVERLAP_SECONDS)),
    )
    old_until = hook.secrets[1].not_after or 0.0
    return Answer({"id": hook.id, "secret": secret, "old_until": iso(int(old_until) * 1000)})


def _shown(connection: Connection, hook: Hook) -> dict[str, Any]:
    reason = None if hook.status == rows.ACTIVE else rows.status_reason(connection, hook.id)
    return hooks.shown(hook, reason)


_SWITCHED_OFF = {409: "The hook is switched off."}
_REFUSED = {422: "The target is not one that the relay may connect to."}


_ACTIVE = {"type": "string", "enum": ["active", "switched_off"]}
_HOOK: Schema = {
    "id": text("`hk_...`"),
    "target_url": text("Where events are posted to."),
    "event_types": many({"type": "string"}, "What it wants."),
    "filters": {"type": "object", "description": "Its filters, as they are kept."},
    "platform": nullable(text("Who listens.")),
    "ordered": truth("Whether one customer's events are sent in order."),
    "rate_limit": {"type": ["number", "null"], "description": "Requests per second at most."},
    "approval_links": truth("Whether it gets links to approve by."),
    "status": described(_ACTIVE, "A hook whose target answers 410 is switched off."),
    "status_reason": nullable(text("Why it is switched off.")),
    "paused_until": nullable(moment("Its target fails; nothing is sent to it until then.")),
}


def example_of(sandbox: Sandbox) -> dict[str, str]:
    hook = sandbox.call("POST", "/hooks", {"target_url": EXAMPLE["target_url"], "event_types": ["*"]})
    return {"hook_id": hook["id"]}


RESOURCE = Resource(
    "Hooks",
    "Who is told of events.",
    place=20,
    routes=(
        Route(
            "GET", "/hooks", "list_hooks", "List hooks", _list, "hooks:write",
            "Newest first. Secrets and tokens are not shown.",
            parameters=(LIMIT, CURSOR),
            answer="HookPage",
            example={"items": [EXAMPLE], "next_cursor": None},
        ),
        Route(
            "POST", "/hooks", "create_hook", "Create a hook", _create, "hooks:write",
            "From now on, events of these types are posted to the target, signed with the `secret` by the rules"
            " of Standard Webhooks, and with the `token` in `x-relay-token`. Both are shown this once.",
            body=NEW_HOOK,
            body_example={
                "target_url": EXAMPLE["target_url"],
                "event_types": EXAMPLE["event_types"],
                "filters": {"min_amount": 10},
            },
            status=201,
            answer="HookWithSecret",
            example=EXAMPLE | _SECRETS,
            errors=_REFUSED,
        ),
        Route(
            "GET", "/hooks/{hook_id}", "get_hook", "Get a hook", _get, "hooks:write",
            answer="Hook",
            example=EXAMPLE,
        ),
        Route(
            "PATCH", "/hooks/{hook_id}", "change_hook", "Change a hook", _change, "hooks:write",
            "Only what is given changes. `status: active` switches a hook on again that was switched off. With another"
            " target comes another token, which is then in the answer, this once; the secret stays. Whether a hook"
            " gets links to approve by, and the target of one that does, are changed by a key with `admin` only.",
            body=HOOK_CHANGES,
            body_example={"event_types": ["*"], "ordered": True},
            answer="ChangedHook",
            example=EXAMPLE | {"event_types": ["*"], "ordered": True},
            errors=_REFUSED,
        ),
        Route(
            "DELETE", "/hooks/{hook_id}", "delete_hook", "Delete a hook", _delete, "hooks:write",
            "What was still to be sent to it is canceled. Also 204 when it is gone already.",
            status=204,
        ),
        Route(
            "POST", "/hooks/{hook_id}/test", "test_hook", "Send a test event", _test, "hooks:write",
            "Sends a sample event to this hook alone, through the real pipeline: signed, retried, listed under"
            " deliveries. Its id begins with `evt_test_` and `livemode` is false.",
            body=request({"event_type": described(EVENT_TYPE, "Which sample; without it the hook's first type.")}),
            body_example={"event_type": "invoice.paid"},
            status=202,
            answer="HookTest",
            example={
                "event_id": "evt_test_019aa9d3b2c07f4e81d25a6c3b9e04f2",
                "delivery_id": "dlv_019aa9d3b2c07f4e81d25a6c3b9e04f3",
            },
            errors=_SWITCHED_OFF,
        ),
        Route(
            "POST", "/hooks/{hook_id}/rotate-secret", "rotate_hook_secret", "Give a hook a new secret",
            _rotate, "hooks:write",
            "The new secret is shown this once. For a day, or for `overlap_seconds`, deliveries are signed with"
            " the old one too, so the receiver can change over without losing any.",
            body=request({"overlap_seconds": OVERLAP}),
            body_example={"overlap_seconds": 3600},
            answer="HookSecret",
            example={
                "id": EXAMPLE["id"],
                "secret": _SECRETS["secret"],
                "old_until": "2026-11-23T07:00:00Z",
            },
        ),
    ),
    schemas={
        "Hook": record(_HOOK),
        "HookWithSecret": record(
            {
                **_HOOK,
                "secret": shown_once("Deliveries are signed with it by the rules of Standard Webhooks."),
                "token": shown_once("Every delivery carries it in `x-relay-token`."),
            }
        ),
        "ChangedHook": record(
            {
                **_HOOK,
                "token": described(
                    shown_once(""), "Only where the target changes, which ends the old token. Shown this once."
                ),
            },
            optional=("token",),
        ),
        "HookPage": page_of("Hook", "hooks"),
        "HookSecret": record(
            {
                "id": text("The hook."),
                "secret": shown_once("The new secret."),
                "old_until": moment("The old one's end."),
            }
        ),
        "HookTest": record({"event_id": text("`evt_test_...`"), "delivery_id": text("`dlv_...`")}),
    },
    example_of=example_of,
    path_parameters={
        "hook_id": PathParameter("The hook's id.", EXAMPLE["id"]),
    },
)  # fmt: skip
