"""The fields of a hook, as JSON Schema: the API describes them by it, and whoever sets them is held to it."""

from relay.areas.schemas import Schema, nullable, request, text, truth
from relay.outbound import platforms
from relay.outbound.wanted import FILTERS, event_types

_LONGEST_URL = 2048
_LOWEST_RATE, _HIGHEST_RATE = 0.1, 1000
_PLATFORMS = " or ".join(f"`{name}`" for name in platforms.known())

_FIELDS: Schema = {
    "target_url": text(
        "Where events are posted to: https, on a public address.",
        format="uri",
        minLength=1,
        maxLength=_LONGEST_URL,
        **{"x-hint": f"must be an https address of at most {_LONGEST_URL} characters."},
    ),
    "event_types": event_types(
        "What it wants.",
        minItems=1,
        **{"x-hint": 'must be a list of at least one event type, such as ["invoice.paid"].'},
    ),
    "filters": FILTERS,
    "platform": nullable(
        text(
            f"Who listens, such as {_PLATFORMS}: their limits and ways of answering are respected.",
            pattern="^[a-z0-9_-]{1,32}$",
            **{"x-hint": 'must be a lower-case word such as "zapier" or "make".'},
        )
    ),
    "ordered": truth("Send events of one customer one after the other, in order of acceptance."),
    "rate_limit": {
        "type": ["number", "null"],
        "minimum": _LOWEST_RATE,
        "maximum": _HIGHEST_RATE,
        "description": f"Requests per second at most. Without one: {platforms.rates_in_words()}.",
        "x-hint": f"must be a number from {_LOWEST_RATE} to {_HIGHEST_RATE}, per second.",
    },
    "approval_links": truth(
        "Send `action.approval_requested` with the link to approve by. Only a key with `admin` sets this, and changes"
        " the target of a hook that has it. Runs that the same key asked for come without their link."
    ),
}

NEW_HOOK = request(_FIELDS, ("target_url", "event_types"))
HOOK_CHANGES = request(
    {
        **_FIELDS,
        "status": {
            "type": "string",
            "enum": ["active"],
            "description": "`active` switches a hook on again.",
            "x-hint": 'can only be set to "active". To stop a hook, delete it.',
        },
    }
)
