"""`/action-policies`: when an action needs approval."""

from typing import Any

from relay.actions import policy
from relay.actions.requests import Desk
from relay.areas.resources import Answer, Call, Route
from relay.areas.schemas import Schema, many, nullable, record, reference, text
from relay.catalogue.action_types import actions
from relay.storage import runs

_EXAMPLE = {
    "action": "payment.refund",
    "risk": "money",
    "mode": "above",
    "amount": "50",
    "currency": "EUR",
    "per_day": "500",
}


def _list(call: Call) -> Answer:
    with call.workspace.database.read() as connection:
        decided = runs.policies(connection, call.workspace.id)
    rules = (decided.get(action.name) or policy.usual(action) for action in actions().values())
    return Answer({"items": [_shown(rule) for rule in rules]})


def _set(call: Call) -> Answer:
    body = call.body
    rule = policy.checked(
        body["action"], body["mode"], body.get("amount"), body.get("currency"), per_day=body.get("per_day")
    )
    Desk(call.workspace).set_policy(rule)
    return Answer(_shown(rule))


def _shown(rule: runs.Policy) -> dict[str, Any]:
    return {
        "action": rule.action,
        "risk": actions()[rule.action].risk,
        "mode": rule.mode,
        "amount": rule.amount,
        "currency": rule.currency,
        "per_day": rule.per_day,
    }


_SHAPE: Schema = {
    "action": text("The action's name."),
    "risk": text("What is at risk."),
    "mode": text("When a person is asked.", enum=["never", "above", "always"]),
    "amount": nullable(text("With `above`: the highest amount that needs nobody.")),
    "currency": nullable(text("Of that amount.")),
    "per_day": nullable(text("With `above`: the most that all runs may come to within 24 hours.")),
}

ROUTES = (
    Route(
        "GET", "/action-policies", "list_action_policies", "List when actions need approval",
        _list, "actions:run",
        "`never`, `always`, or `above` an amount. What moves money or cannot be undone always does, unless you decided"
        " otherwise.",
        answer="ActionPolicyList",
        example={"items": [_EXAMPLE]},
    ),
    Route(
        "POST", "/action-policies", "set_action_policy", "Decide when an action needs approval",
        _set, "admin",
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
        example=_EXAMPLE,
        errors={422: "The action is not known, or the mode does not fit it."},
    ),
)  # fmt: skip
SCHEMAS = {
    "ActionPolicy": record(_SHAPE),
    "ActionPolicyList": record({"items": many(reference("ActionPolicy"), "One for each action.")}),
}
