"""What a provider's folder declares: how its webhooks are read, proved and said in our words.

A provider is one `PROVIDER` built here. `relay.providers.load()` finds it by its folder's name; routes, docs,
samples and tests follow from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode

from relay import jsontext
from relay.errors import Unreadable
from relay.model import Inbound
from relay.redaction import without_secrets
from relay.times import instant
from relay.verification import STANDARD_WEBHOOKS, Scheme

Kind = Literal[
    "payment_gateway",
    "hosting_panel",
    "billing_system",
    "monitor",
    "backup",
    "registrar",
    "help_desk",
    "generic",
    "relay",
]
Data = dict[str, Any]
Reader = Callable[[Any], Data]


@dataclass(frozen=True, slots=True)
class On:
    """One of our events that a native event gives.

    `data` reads the provider's subject into the entities of the event's schema; keys it leaves out become
    null. `customer`, where given, wins over the provider's. `key` tells apart several events of one type
    in one delivery. `when` looks at the inbound and may say no. `severity` wins over the type's own.

    `once` names, from the data read, what happened; the event's id follows from it instead of from the native
    id, so that several native events which tell the same give one event. None falls back to the native id.
    """

    type: str
    data: Reader
    customer: Callable[[Any], Data | None] | None = None
    when: Callable[[Inbound], bool] | None = None
    key: Callable[[Any], str] | None = None
    severity: str | None = None
    once: Callable[[Data], str | None] | None = None


def by(entity: str, *fields: str) -> Callable[[Data], str | None]:
    """An `On.once`: the same values of these fields of an entity are the same event."""

    def identity(data: Data) -> str | None:
        told = data.get(entity) or {}
        values = [told.get(name) for name in fields]
        return None if None in values else ":".join(str(value) for value in values)

    return identity


Route = On | Sequence[On] | Callable[[Inbound], Sequence[On]]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a source, as a form or a command line asks for it. `secret` ones are never shown again."""

    name: str
    label: str
    help: str
    required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False


@dataclass(frozen=True, slots=True)
class BodyFormat:
    """How a body is read, and written again once its secret fields are gone."""

    name: str
    read: Callable[[Inbound], Any]
    write: Callable[[Any], bytes]


def _read_json(inbound: Inbound) -> Any:
    return jsontext.loads(inbound.body)


def _read_json_object(inbound: Inbound) -> Any:
    payload = jsontext.loads(inbound.body)
    if not isinstance(payload, dict):
        raise Unreadable(f"The body must be a JSON object; it is {_json_name(payload)}.")
    return payload


def _json_name(value: Any) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")


def _read_form(inbound: Inbound) -> dict[str, str]:
    try:
        text = inbound.body.decode()
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=1000, errors="strict"))
    except ValueError as error:
        raise Unreadable(f"The body must be form data in UTF-8: {error}.") from None


JSON = BodyFormat("json", _read_json, jsontext.dumps)
JSON_OBJECT = BodyFormat("json", _read_json_object, jsontext.dumps)
FORM = BodyFormat("form", _read_form, lambda fields: urlencode(fields).encode())


def _one(inbound: Inbound) -> Sequence[Inbound]:
    return (inbound,)


def _nothing(_: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Provider:
    """A product we understand.

    Readers take the inbound with its `payload` read: `event_name` (their name of the event), `event_id`
    (their id of it; None where they send none, then the body's fingerprint stands in), `occurred_at`
    (aware; None means when we received it), `livemode`, `subject` (what the `On` readers get) and `customer`
    (of the subject). `split` takes a batch apart, each piece an inbound with its own payload.

    `events` maps their names to ours; `ignored` are names known and knowingly not said; anything else is kept
    as `unknown`. `secret_fields` are names of fields removed, at any depth, before a body is stored, beside those
    that every body loses (relay/redaction.py).

    `aliases` are other names that `relay verify` and `relay normalize` know it by. `scheme_for` makes the scheme of
    a test vector that brings its own certificates.

    `secret` says whence the signing secret comes: `ours` (generated here, typed in there), `theirs` (shown there,
    typed in here) or `none` (the scheme needs none).
    """

    name: str
    label: str
    kind: Kind
    homepage: str
    verification: Scheme
    event_name: Callable[[Inbound], str | None]
    event_id: Callable[[Inbound], str | None] = _nothing
    occurred_at: Callable[[Inbound], datetime | None] = _nothing
    livemode: Callable[[Inbound], bool | None] = _nothing
    subject: Callable[[Inbound], Any] = lambda inbound: inbound.payload
    customer: Callable[[Any], Data | None] = _nothing
    events: Mapping[str, Route] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    body: BodyFormat = JSON_OBJECT
    split: Callable[[Inbound], Sequence[Inbound]] = _one
    secret_fields: frozenset[str] = frozenset()
    settings: tuple[Setting, ...] = ()
    secret: Literal["ours", "theirs", "none"] = "theirs"
    aliases: tuple[str, ...] = ()
    scheme_for: Callable[[Mapping[str, Any]], Scheme] | None = None

    def storable(self, inbound: Inbound) -> bytes:
        """The body as it may be stored: the bytes themselves, or written anew without secret fields."""
        cleaned, removed = without_secrets(inbound.payload, self.secret_fields)
        return self.body.write(cleaned) if removed else inbound.body


def panel(
    *,
    name: str,
    label: str,
    kind: Kind,
    homepage: str,
    events: Mapping[str, Route],
    ignored: frozenset[str] = frozenset(),
    customer: Callable[[Any], Data | None] = _nothing,
    occurred_at: Callable[[Inbound], datetime | None] = _nothing,
    native_name: Callable[[Any], str | None] = _nothing,
    secret_fields: frozenset[str] = frozenset(),
) -> Provider:
    """A panel whose events our own sender posts: Standard Webhooks, `{"event": NATIVE, "data": {...}, "sent_at": ...}`.

    The hook's variables alone are understood too (`relay normalize` takes them as they lie); then the event's
    name is given beside them, or `native_name` finds it in them.
    """

    def read(inbound: Inbound) -> Any:
        payload = _read_json_object(inbound)
        if isinstance(payload.get("event"), str) and "data" in payload:
            return payload
        return {"event": inbound.native or native_name(payload), "data": payload, "sent_at": None}

    return Provider(
        name=name,
        label=label,
        kind=kind,
        homepage=homepage,
        verification=STANDARD_WEBHOOKS,
        event_name=lambda inbound: inbound.payload["event"],
        event_id=lambda inbound: inbound.headers.get("webhook-id"),
        occurred_at=lambda inbound: occurred_at(inbound) or instant(inbound.payload.get("sent_at")),
        subject=lambda inbound: inbound.payload["data"],
        customer=customer,
        events=events,
        ignored=ignored,
        body=BodyFormat("json", read, jsontext.dumps),
        secret_fields=secret_fields,
        secret="ours",
    )
