"""The shapes of requests and answers, as JSON Schema. Requests are checked by them, answers are described.

`x-hint` ends a sentence that begins with the field's name, for a rule that its keyword cannot put in words.
"""

from collections.abc import Mapping
from typing import Any

from relay.accounts import fields, hooks, settings, sources
from relay.catalogue.vocabulary import catalogue
from relay.model import SEVERITIES
from relay.outbound.match import EVERY_TYPE, MOST_IN_A_FILTER
from relay.storage import deliveries
from relay.storage.workspaces import SCOPES

Schema = dict[str, Any]

MOST_ON_A_PAGE = 100
LONGEST_CURSOR = 200
LONGEST_REPLAY = 10_000


def described(schema: Mapping[str, Any], description: str) -> Schema:
    return {**schema, "description": description}


def text(description: str, **rules: Any) -> Schema:
    return {"type": "string", "description": description, **rules}


def nullable(schema: Mapping[str, Any]) -> Schema:
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **choices}


def moment(description: str) -> Schema:
    return text(description, format="date-time")


def whole(description: str, **rules: Any) -> Schema:
    return {"type": "integer", "description": description, **rules}


def truth(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def many(items: Mapping[str, Any], description: str, **rules: Any) -> Schema:
    return {"type": "array", "items": items, "description": description, **rules}


def record(properties: Mapping[str, Any], description: str = "", optional: tuple[str, ...] = ()) -> Schema:
    """An object whose properties are all there, but for optional ones."""
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "required": [name for name in properties if name not in optional],
        "properties": dict(properties),
    }


def request(properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> Schema:
    """A body: fields that are not in it are refused."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def page(items: str, what: str) -> Schema:
    return record(
        {
            "items": many(reference(items), f"The {what}, newest first."),
            "next_cursor": nullable(text("Pass it back as `cursor` for the next page; null on the last.")),
        }
    )


EVENT_TYPES = tuple(catalogue().types)
_NO_TYPE = "is no event type. GET /api/v1/event-types lists them."
EVENT_TYPE: Schema = {"type": "string", "enum": list(EVENT_TYPES), "x-hint": _NO_TYPE}
_TYPE_OR_EVERY: Schema = {**EVENT_TYPE, "enum": [*EVENT_TYPES, EVERY_TYPE]}
MOST_TYPES = 500
EVERY_TYPE_SAYS = f"`{EVERY_TYPE}` is every type but `unknown`."


def event_types(description: str, **rules: Any) -> Schema:
    """A list of event types, wherever one is asked for: by name, or all of them by one sign."""
    return many(_TYPE_OR_EVERY, f"{description} {EVERY_TYPE_SAYS}", maxItems=MOST_TYPES, **rules)


_ID = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_]{1,64}$",
    "x-hint": "must be an id as the relay gives them.",
}


def _one_or_many(entry: Mapping[str, Any], description: str) -> Schema:
    what = f"must be a text or a list of 1 to {MOST_IN_A_FILTER} texts."
    some = {"type": "array", "items": entry, "minItems": 1, "maxItems": MOST_IN_A_FILTER}
    return {
        "description": description,
        "anyOf": [entry, some, {"type": "string", "maxLength": 0}, {"type": "null"}],
        "x-hint": what,
    }


FILTERS: Schema = {
    "type": ["object", "null"],
    "description": "Only events that pass every filter are sent. A filter that an event has no value for"
    " holds it back; null, or an empty text, is no filter.",
    "properties": {
        "source": _one_or_many({"type": "string", "minLength": 1}, "Ids of sources."),
        "customer": _one_or_many({"type": "string", "minLength": 1}, "Ids or e-mail addresses of customers."),
        "min_amount": {
            "type": ["number", "string", "null"],
            "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$",
            "description": "The least amount, in the event's own currency.",
            "x-hint": "must be a number such as 100 or 9.50.",
        },
        "currency": _one_or_many({"type": "string", "pattern": "^[A-Za-z]{3}$"}, "ISO 4217 codes."),
        "severity": nullable({"type": "string", "enum": list(SEVERITIES), "description": "The lowest wanted."}),
        "livemode": {
            "type": ["boolean", "null"],
            "description": "Only live (true) or only test (false) events.",
        },
        "domain": _one_or_many({"type": "string", "minLength": 1}, "Domain names; names below them pass too."),
        "days_ahead": {
            "type": ["integer", "string", "null"],
            "minimum": 0,
            "maximum": 3650,
            "pattern": "^[0-9]{1,4}$",
            "description": "Only what renews, expires or is due within so many days.",
            "x-hint": "must be a whole number of days from 0 to 3650.",
        },
    },
    "additionalProperties": False,
}

HOOK_FIELDS: Schema = {
    "target_url": text(
        "Where events are posted to: https, on a public address.",
        format="uri",
        minLength=1,
        maxLength=hooks.LONGEST_URL,
        **{"x-hint": f"must be an https address of at most {hooks.LONGEST_URL} characters."},
    ),
    "event_types": event_types(
        "What it wants.",
        minItems=1,
        **{"x-hint": 'must be a list of at least one event type, such as ["invoice.paid"].'},
    ),
    "filters": FILTERS,
    "platform": nullable(
        text(
            "Who listens, such as `zapier` or `make`: their limits and ways of answering are respected.",
            pattern="^[a-z0-9_-]{1,32}$",
            **{"x-hint": 'must be a lower-case word such as "zapier" or "make".'},
        )
    ),
    "ordered": truth("Send events of one customer one after the other, in order of acceptance."),
    "rate_limit": {
        "type": ["number", "null"],
        "minimum": hooks.LOWEST_RATE,
        "maximum": hooks.HIGHEST_RATE,
        "description": "Requests per second at most. Without one: 25 for `zapier` and `make`, else no limit.",
        "x-hint": f"must be a number from {hooks.LOWEST_RATE} to {hooks.HIGHEST_RATE}, per second.",
    },
    "approval_links": truth(
        "Send `action.approval_requested` with the link to approve by. Only a key with `admin` sets this, and changes"
        " the target of a hook that has it. Runs that the same key asked for come without their link."
    ),
}

NEW_HOOK = request(HOOK_FIELDS, ("target_url", "event_types"))
HOOK_CHANGES = request(
    {
        **HOOK_FIELDS,
        "status": {
            "type": "string",
            "enum": ["active"],
            "description": "`active` switches a hook on again.",
            "x-hint": 'can only be set to "active". To stop a hook, delete it.',
        },
    }
)
HOOK_TEST = request({"event_type": described(EVENT_TYPE, "Which sample; without it the hook's first type.")})
_OVERLAP = whole(
    "How long the older secret counts beside the new one.",
    minimum=0,
    maximum=fields.LONGEST_OVERLAP_SECONDS,
)
SECRET_ROTATION = request({"overlap_seconds": _OVERLAP})

_NAME = text(
    "What you call it.",
    minLength=1,
    maxLength=fields.LONGEST_NAME,
    pattern=r"^[^\u0000-\u001f\u007f]*[^\u0000-\u0020\u007f][^\u0000-\u001f\u007f]*$",
    **{"x-hint": f"must be a text of 1 to {fields.LONGEST_NAME} characters on one line."},
)
_SECRET = text(
    "The sender's signing secret, where the sender makes it.",
    minLength=1,
    maxLength=settings.LONGEST_VALUE,
    **{"x-hint": f"must be a text of 1 to {settings.LONGEST_VALUE} characters on one line."},
)
_SETTINGS: Schema = {
    "type": ["object", "null"],
    "description": "The provider's own settings, by name.",
    "additionalProperties": {
        "type": ["string", "integer", "boolean", "null"],
        "maxLength": settings.LONGEST_VALUE,
        "x-hint": f"must be a text of at most {settings.LONGEST_VALUE} characters.",
    },
}
NEW_SOURCE = request(
    {
        "provider": {
            "type": "string",
            "enum": [each.name for each in sources.creatable_providers()],
            "description": "Whose webhooks come in.",
        },
        "name": nullable(_NAME),
        "secret": nullable(_SECRET),
        "settings": _SETTINGS,
        "monitor": truth("Accept what cannot be verified, marked `unverified`. Never act on it."),
    },
    ("provider",),
)
SOURCE_CHANGES = request(
    {"name": _NAME, "monitor": truth("See `POST /sources`."), "settings": {**_SETTINGS, "type": "object"}}
)
NEW_SOURCE_SECRET = request(
    {
        "secret": _SECRET,
        "old_until": moment("When the older secrets end; instead of `overlap_seconds`."),
        "overlap_seconds": _OVERLAP,
    }
)

_CUSTOMER_TEXT = nullable(text("", maxLength=300))
NEW_EVENT = request(
    {
        "data": {
            "type": "object",
            "description": "What happened, in fields of your own.",
            "minProperties": 1,
            "x-hint": "must be an object with at least one field.",
        },
        "customer": {
            "type": ["object", "null"],
            "description": "Whom it is about.",
            "properties": {
                "id": described(_CUSTOMER_TEXT, "The customer's id where you keep it."),
                "name": described(_CUSTOMER_TEXT, "A person's name."),
                "email": described(_CUSTOMER_TEXT, "An e-mail address."),
                "company": described(_CUSTOMER_TEXT, "A company's name."),
            },
            "additionalProperties": False,
        },
    },
    ("data",),
)
EVENT_REPLAY = request(
    {"hook_id": described(_ID, "Send it to this hook alone, whatever types and filters that one has.")}
)
REPLAYS = request(
    {
        "since": moment("Send again what came in from here on."),
        "until": moment("And no later than this."),
        "types": event_types("Only these event types.", minItems=1),
        "hook_id": described(_ID, "Only to this hook. Its types and filters count."),
        "dry_run": truth("Count only, send nothing."),
        "after": text("`next` of the answer before, to go on where it ended.", minLength=1, maxLength=LONGEST_CURSOR),
    },
    ("since",),
)

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
_ONCE = "Shown this once. "
_SOURCE: Schema = {
    "id": text("`src_...`"),
    "provider": text("Whose webhooks come in."),
    "name": text("What you call it."),
    "url": text("Where the sender posts to.", format="uri"),
    "settings": {
        "type": "object",
        "description": "The provider's settings without secret ones.",
        "additionalProperties": {"type": "string"},
    },
    "monitor": truth("Whether what cannot be verified is accepted too."),
    "secrets": many(
        record({"not_after": nullable(moment("When it ends; null is never."))}),
        "The secrets that count now, newest first, without their text.",
    ),
    "last_received_at": nullable(moment("When it last sent something.")),
}
_SOURCE_SECRET = nullable(
    text(_ONCE + "What webhooks are signed with; null where it is still to be added, or none is needed.")
)
_RECORD: Schema = {
    "id": text("Its id here: `rec_...`"),
    "kind": text("What it is, such as `customer` or `invoice`. The field of this name holds what is known of it."),
    "native_id": text("Its id at its source."),
    "status": nullable(text("Its state, such as `active` or `overdue`; null where none was told.")),
    "source": {"type": "object", "description": "Where it is, and how its newest event was proved."},
    "customer": {"type": "object", "description": "Whose it is; all of its fields are null where nobody is named."},
    "updated_at": moment("When the newest event told of it."),
    "event": {"type": "object", "description": "That event: id and type."},
}
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
_ACTION_RUN: Schema = {
    "id": text("`run_...`"),
    "action": text("The action's name."),
    "status": text("How it stands."),
    "risk": text("What is at risk."),
    "source": nullable({"type": "object", "description": "Which source does it; null for the relay itself."}),
    "input": {"type": "object", "description": "What was asked for."},
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
    "created_at": moment("When it was asked for."),
    "expires_at": nullable(moment("Until when it can be approved.")),
    "next_attempt_at": nullable(moment("When it is tried or looked up again.")),
    "finished_at": nullable(moment("When it came to its end.")),
}
_RESULTS = ("succeeded", "pending_approval", "queued", "running", "unknown", "dry_run")
_ACTION_POLICY: Schema = {
    "action": text("The action's name."),
    "risk": text("What is at risk."),
    "mode": text("When a person is asked.", enum=["never", "above", "always"]),
    "amount": nullable(text("With `above`: the highest amount that needs nobody.")),
    "currency": nullable(text("Of that amount.")),
    "per_day": nullable(text("With `above`: the most that all runs may come to within 24 hours.")),
}
_COMMAND = "The line to paste on the panel's server; it works once."
_PASTE = nullable(
    text(
        _ONCE + "What to paste at the sender: a command that installs ours on a panel (it works once, within an hour),"
        " or an address that carries its token; null where the address and the secret are all it takes."
    )
)
_EVENT_TYPE: Schema = {
    "type": text("Its name, such as `invoice.paid`."),
    "label": text("Its title, for lists."),
    "title": text("Its title."),
    "description": text("When it happens."),
    "noun": text("What it is about."),
    "family": text("The group it belongs to."),
    "severity": text("How grave it is, unless an event says otherwise.", enum=list(SEVERITIES)),
    "version": whole("The version of its data."),
    "launch": truth("Whether it is among the most used."),
}

COMPONENTS: Mapping[str, Schema] = {
    "Error": record(
        {
            "error": record(
                {
                    "code": text("Stable, for machines."),
                    "message": text("What was expected, what came, what to do."),
                }
            )
        },
        "Every answer with a status of 400 or more.",
    ),
    "Me": record(
        {
            "workspace": record({"id": text("`ws_...`"), "name": text("Its name.")}),
            "workspace_name": text("The workspace's name, for connection labels."),
            "account": record({"id": text("The workspace's id."), "name": text("The workspace's name.")}),
            "key": record(
                {
                    "id": text("`key_...`"),
                    "name": text("What it is called."),
                    "scopes": many({"type": "string", "enum": list(SCOPES)}, "What it may do."),
                }
            ),
            "product": {"const": "relay"},
            "version": text("The relay's version."),
            "public_url": text("Where the relay is reached.", format="uri"),
            "host": text("The same, host and port only."),
        }
    ),
    "Hook": record(_HOOK),
    "HookWithSecret": record(
        {
            **_HOOK,
            "secret": text(_ONCE + "Deliveries are signed with it by the rules of Standard Webhooks."),
            "token": text(_ONCE + "Every delivery carries it in `x-relay-token`."),
        }
    ),
    "ChangedHook": record(
        {**_HOOK, "token": text("Only where the target changes, which ends the old token. " + _ONCE)},
        optional=("token",),
    ),
    "HookPage": page("Hook", "hooks"),
    "HookSecret": record(
        {
            "id": text("The hook."),
            "secret": text(_ONCE + "The new secret."),
            "old_until": moment("The old one's end."),
        }
    ),
    "HookTest": record({"event_id": text("`evt_test_...`"), "delivery_id": text("`dlv_...`")}),
    "EventPage": page("Event", "events"),
    "RawWebhook": record(
        {
            "event_id": text("The event that was asked for."),
            "inbound_id": text("The webhook that it came from: `in_...`"),
            "received_at": moment("When it came in."),
            "verified_by": text("How its sender was proved."),
            "defect": nullable(text("Why the event is not delivered; null for a good one.")),
            "method": text("Its HTTP method."),
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
            "query": {"type": "object", "additionalProperties": {"type": "string"}},
            "body": text("Its body as text, without secrets."),
        }
    ),
    "EventAccepted": record({"id": text("The event's id."), "status": {"const": "accepted"}}),
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
            "next": nullable(text(f"There is more than {LONGEST_REPLAY} events: pass it back as `after`.")),
        }
    ),
    "EventType": record(_EVENT_TYPE),
    "EventTypeDetails": record(
        {**_EVENT_TYPE, "schema": {"type": "object", "description": "The JSON Schema of its `data`."}}
    ),
    "EventTypeList": record({"items": many(reference("EventType"), "All of them.")}),
    "Fields": record(
        {
            "fields": many(
                {
                    "type": "object",
                    "required": ["name", "label", "type"],
                    "properties": {
                        "name": {"type": "string"},
                        "label": {"type": "string"},
                        "type": {"type": "string"},
                        "help": {"type": "string"},
                    },
                },
                "The fields of a delivered event, as Make's parameter specifications.",
            ),
            "sample": described(reference("Event"), "An event of the first of these types."),
        }
    ),
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
    "DeliveryPage": page("Delivery", "deliveries"),
    "Source": record(_SOURCE),
    "ChangedSource": record(
        {**_SOURCE, "dropped_settings": many({"type": "string"}, "Credentials that went with the old address.")},
        optional=("dropped_settings",),
    ),
    "SourceWithSecret": record({**_SOURCE, "secret": _SOURCE_SECRET, "paste": _PASTE}),
    "SourceSetup": record({"markdown": text("The steps, in Markdown.")}),
    "Installer": record({"paste": text(_ONCE + _COMMAND), "expires_at": moment("When it stops to work.")}),
    "SourcePage": page("Source", "sources"),
    "Record": {**record(_RECORD), "additionalProperties": True},
    "RecordPage": page("Record", "records"),
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
    "ActionRun": record(_ACTION_RUN),
    "ActionRunPage": page("ActionRun", "runs"),
    "ActionPolicy": record(_ACTION_POLICY),
    "ActionPolicyList": record({"items": many(reference("ActionPolicy"), "One for each action.")}),
    "CustomerSummary": {
        **record(
            {
                **_RECORD,
                **{
                    name: many({"$ref": "#/components/schemas/Record"}, f"Its {name.replace('_', ' ')}.")
                    for name in ("subscriptions", "invoices", "services", "domains", "payment_methods")
                },
                "recent_events": many({"type": "object"}, "Its newest events, with id, type, time and summary."),
            }
        ),
        "additionalProperties": True,
    },
}
