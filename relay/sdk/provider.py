"""What a provider's folder declares: how its webhooks are read, proved and said in our words.

A provider is one `PROVIDER` built here. `relay.providers.load()` finds it by its folder's name; routes, docs,
samples and tests follow from it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, unquote_plus

from relay.errors import ConfigError, InvalidRequest, Unreadable
from relay.formats import charsets, forms, jsontext, xmltext
from relay.formats.times import instant
from relay.formats.values import SECRET, TEXT, Form, one_of
from relay.model import Inbound
from relay.sdk.checks import Check
from relay.sdk.entities import Customer, CustomerDetails, Data, Kind
from relay.sdk.fields import an_object
from relay.security.redaction import parameters_without_secrets, text_without_secrets, without_secrets
from relay.security.verification import STANDARD_WEBHOOKS, TOKEN, Credentials, Scheme, fingerprint

Reader = Callable[[Any], Data]
Whose = Callable[[Any], Customer | CustomerDetails | None]
"""Reads whom a subject is about. Of the details, what every event says of a customer is taken."""


@dataclass(frozen=True, slots=True)
class On:
    """One of our events that a native event gives.

    `data` reads the provider's subject into the entities of the event's schema; keys it leaves out become
    null. `customer`, where given, wins over the provider's. `key` tells apart several events of one type
    in one delivery. `when` looks at the inbound and may say no. `severity` wins over the type's own.

    `once` names, from the data read, what happened; the event's id follows from it instead of from the native
    id, so that several native events which tell the same give one event. None falls back to the native id.

    `lasts` is false for an alert that no end follows: it is told each time that it comes.
    """

    type: str
    data: Reader
    customer: Whose | None = None
    when: Callable[[Inbound], bool] | None = None
    key: Callable[[Any], str] | None = None
    severity: str | None = None
    once: Callable[[Data], str | None] | None = None
    lasts: bool = True


def by(entity: str, *fields: str) -> Callable[[Data], str | None]:
    """An `On.once`: the same values of these fields of an entity are the same event."""

    def identity(data: Data) -> str | None:
        found = an_object(data.get(entity))
        values = [found.get(name) for name in fields]
        return None if None in values else ":".join(str(value) for value in values)

    return identity


@dataclass(frozen=True, slots=True)
class Alerts:
    """How alerts of a provider go on, by which a repeat is told from another outage (decision 14).

    `silence` is the longest that one goes on without a word: what repeats every day is one alert by default.
    `outage` names, from the provider's subject, the outage itself, the same in all that is said of it: when it began,
    or its number there. None where the provider does not say: what changes with every post is no such name.
    """

    silence: timedelta = timedelta(hours=36)
    outage: Callable[[Any], datetime | str | None] = lambda _: None


TOLD_ON_CHANGE = Alerts(silence=timedelta(hours=6))
"""Of providers that post when something changes and number nothing: the hours are for what they try again."""

Route = On | Sequence[On] | Callable[[Inbound], Sequence[On]]


ANYWHERE = ("*",)
"""`Setting.hosts` of a product that its owners install where they like."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a source, as a form or a command line asks for it. `secret` ones are never shown again.

    `form` is what its text has to look like; `choices`, where there are any, say it alone. An address that is asked
    with the secret ones names the vendor's own `hosts`, the only ones that it may be at: `*.example.com` is all below.
    """

    name: str
    label: str
    help: str
    required: bool = False
    default: str | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    form: Form = TEXT
    hosts: tuple[str, ...] = ()

    @property
    def takes(self) -> Form:
        """What its text has to look like."""
        return one_of(self.choices) if self.choices else self.form


@dataclass(frozen=True, slots=True)
class BodyFormat:
    """How a webhook is read, and its payload written again as a body once its secret fields are gone.

    `read` raises `Unreadable` and says what was expected.
    """

    name: str
    read: Callable[[Inbound], Any]
    write: Callable[[Any], bytes]


def _charset(inbound: Inbound) -> str | None:
    return charsets.named(inbound.headers.get("content-type", ""))


def _read_json(inbound: Inbound) -> Any:
    return jsontext.read(inbound.body, _charset(inbound))


def _read_json_object(inbound: Inbound) -> Any:
    payload = _read_json(inbound)
    if not isinstance(payload, dict):
        raise Unreadable(f"The body must be a JSON object; it is {_json_name(payload)}.")
    return payload


def _json_name(value: Any) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a string", bool: "a boolean"}.get(type(value), "a number")


def _read_form(inbound: Inbound) -> dict[str, str]:
    return forms.loads(inbound.body, _charset(inbound))


def _read_any(inbound: Inbound) -> Any:
    """By how the body begins: what a sender says of its body is often wrong."""
    start = charsets.plain(inbound.body[:64]).lstrip(b" \t\r\n")[:1]
    if not start:
        return {name: value for name, value in inbound.query.items() if name != TOKEN}
    if start in b"{[":
        return _read_json(inbound)
    if start == b"<":
        return xmltext.loads(inbound.body, _charset(inbound))
    return _read_form(inbound)


def inner_json(value: Any) -> Any:
    """What lies as JSON in a field of form data, read; any other value, and what is no JSON, as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return jsontext.read(value.encode())
    except Unreadable:
        return value


JSON = BodyFormat("json", _read_json, jsontext.dumps)
JSON_OBJECT = BodyFormat("json", _read_json_object, jsontext.dumps)
FORM = BodyFormat("form", _read_form, forms.dumps)
ANY = BodyFormat("any", _read_any, jsontext.dumps)
"""JSON, XML (see `relay.formats.xmltext`) or form data, whichever the body is; without one, the fields of the query."""


def by_arrival(inbound: Inbound) -> str:
    """An `event_id` for senders that number nothing and say the same words each time: when it came, and its words.

    What the same alert says twice is one event by its alert's state, not by this.
    """
    said = inbound.body or jsontext.dumps(inbound.payload)
    return f"{int(inbound.received_at.timestamp() * 1000)}:{fingerprint(said)[:32]}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that a provider needs instead of the relay's own."""

    status: int = 200
    text: str = "ok"


@dataclass(frozen=True, slots=True)
class Question:
    """One GET of a provider's API: a path below its address, and headers that prove who asks."""

    path: str
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)


def segment(value: object) -> str:
    """An id as one piece of a path, whatever it holds. Raises `InvalidRequest` for the two that lead elsewhere."""
    text = str(value)
    if text in (".", ".."):
        raise InvalidRequest(f"{text!r} is no id, but a step in a path. Give the id that the provider shows.")
    return quote(text, safe="")


@dataclass(frozen=True, slots=True)
class ClientLogin:
    """OAuth's client credentials (RFC 6749, 4.4): a POST to `path` gives the token that questions are asked with.

    `client_id` and `client_secret` are the settings that it is asked for with.
    """

    path: str
    client_id: str = "client_id"
    client_secret: str = "client_secret"


@dataclass(frozen=True, slots=True)
class Instead:
    """For webhooks whose proof covers too little: what the API answers takes their place.

    `of` is false for those that are told as they came. `told` is the payload as the API has it, None where it has none:
    then the event is `unknown` for `reason`, which says what to do, and of the payload only what `named` leaves is
    believed.
    """

    of: Callable[[Inbound], bool]
    told: Callable[[Inbound], Any | None]
    named: Callable[[Inbound], Any]
    reason: str


def _api_url(settings: Mapping[str, Any]) -> str:
    return str(settings.get("api_url") or "")


@dataclass(frozen=True, slots=True)
class LookUp:
    """What a provider's webhooks leave out, and its API tells.

    `questions` names all that is to be asked, given the read inbound (or a piece that `split` made of it) with its
    `settings` and what is `looked_up` by now; it is called again after each round, so one question may follow from
    another's answer. An answer is the JSON read, or None where the API says that there is no such thing. Webhooks
    that begin with the same questions, and have the same body, query and settings, share their answers.

    A source has the settings `api_url` (with a default) and those named in `needs`; without these nothing is asked.
    What cannot be had within `patience` seconds is told without it, marked `enriched: false`.

    `address` is where the API is, if it is not `api_url` that says so. `login` gets the token that all is asked with.
    In the first `settling` seconds "no such thing" may only mean that the API does not know of it yet. `instead` is for
    a provider whose answer takes the webhook's place.
    """

    questions: Callable[[Inbound], Mapping[str, Question]]
    needs: tuple[str, ...] = ("api_key",)
    patience: int = 120
    address: Callable[[Mapping[str, Any]], str] = _api_url
    login: ClientLogin | None = None
    settling: int = 0
    instead: Instead | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """For a provider that posts nothing: its API is asked every `seconds`, and the answers are its webhook.

    The payload is `{NAME: ANSWER}` by the names of the questions, of one poll; a reader compares nothing: what
    was told before is known by `On.once`. A source has the settings `api_url` and those in `needs`.
    """

    questions: Callable[[Mapping[str, Any]], Mapping[str, Question]]
    needs: tuple[str, ...] = ("api_key",)
    seconds: int = 3600


def _one(inbound: Inbound) -> Sequence[Inbound]:
    return (inbound,)


def _nothing(_: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Provider:
    """A product we understand. Readers get the inbound with its `payload` read; None means that it does not say."""

    name: str
    """The folder's name, in lower snake case."""

    label: str
    """The product's name, as its owner spells it."""

    kind: Kind
    homepage: str
    """The page where its webhooks are documented; empty for the relay itself."""

    verification: Scheme
    """How a webhook is proved."""

    event_name: Callable[[Inbound], str | None]
    """Its name of the event: a key of `events`, one of `ignored`, or unknown."""

    event_id: Callable[[Inbound], str | None] = _nothing
    """Its id of the event, the same however often it is told. Without one the body's fingerprint stands in."""

    delivery_id: Callable[[Inbound], str | None] = _nothing
    """What names the sending itself, where the proof covers that better than the event's id: it tells repeats."""

    occurred_at: Callable[[Inbound], datetime | None] = _nothing
    """When it happened (aware). Without it, when it was received."""

    livemode: Callable[[Inbound], bool | None] = _nothing
    """Whether it is about real money and people."""

    subject: Callable[[Inbound], Any] = lambda inbound: inbound.payload
    """What the readers of `events` and `customer` get."""

    customer: Whose = _nothing
    """Whom it is about, from the subject."""

    events: Mapping[str, Route] = field(default_factory=dict)
    """Its names of events, and ours. Any name that is neither here nor in `ignored` is kept as `unknown`."""

    ignored: frozenset[str] = frozenset()
    """Names that are known and knowingly not said."""

    body: BodyFormat = JSON_OBJECT
    split: Callable[[Inbound], Sequence[Inbound]] = _one
    """Takes a batch apart: each piece is an inbound with its own payload."""

    secret_fields: frozenset[str] = frozenset()
    """Names of fields that are removed, at any depth, before a body is stored, beside those that every body loses
    (relay/security/redaction.py)."""

    plain_fields: frozenset[str] = frozenset()
    """Names of those of its ids that only look secret, by their names or as a card's number."""

    plain_parameters: frozenset[str] = frozenset()
    """Parameters that addresses keep: of pages that it makes for customers, which do not open without. Addresses lose
    user, password and secret parameters else."""

    settings: tuple[Setting, ...] = ()
    secret: Literal["ours", "theirs", "none"] = "theirs"
    """Whence the signing secret comes: generated here and typed in there, shown there and typed in here, or none."""

    secret_form: Form = SECRET
    """What the secret looks like, as far as it is documented: what is taken for it by mistake is refused, what might be
    genuine never."""

    aliases: tuple[str, ...] = ()
    """Other names that commands know it by."""

    scheme_for: Callable[[Mapping[str, Any]], Scheme] | None = None
    """Makes the scheme of a test vector that brings its own certificates."""

    handshake: Callable[[Inbound, Credentials], Reply | None] | None = None
    """Answers what is no event, such as a check of a new address, before anything is verified. Raises
    `VerificationError` for what only looks like one."""

    accepted: Reply | None = None
    """The answer to what was kept, where the provider wants another than the relay's own."""

    look_up: LookUp | None = None
    """What completes a webhook that holds ids only."""

    poll: Poll | None = None
    """What is asked where nothing is posted."""

    alerts: Alerts = Alerts()
    """How its alerts go on."""

    check: Check | None = None
    """How its sources are checks that jobs ping."""

    agent: tuple[str, ...] = ()
    """Files of relay/agents that the folder's `agent/` is installed with."""

    agent_argument: str = ""
    """What the installer of the agent has to be told."""

    def expected_by(self, settings: Mapping[str, Any], now: datetime) -> datetime:
        """Returns by when the next success of a check has to be told, given one `now` (aware).

        Raises `ConfigError` for settings that say no such thing, and for a provider whose sources are no checks.
        """
        if self.check is None:
            raise ConfigError(f"{self.label}: its sources are no checks.")
        return self.check.expected_by(settings, now)

    @property
    def usual_settings(self) -> dict[str, str]:
        """The settings that have a default."""
        return {each.name: each.default for each in self.settings if each.default is not None}

    def without_secrets(self, value: Any) -> tuple[Any, bool]:
        """A value of its webhooks without secrets, and whether there were any."""
        return without_secrets(
            value, self.secret_fields, self.plain_fields, self.plain_parameters, ids_stay=self._ids_stay
        )

    def parameters_without_secrets(self, query: Mapping[str, str]) -> dict[str, str]:
        """What the address of a webhook said, without secrets."""
        plain = self.plain_fields | self.plain_parameters
        return parameters_without_secrets(query, self.secret_fields, plain, ids_stay=self._ids_stay)

    def headers_without_secrets(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers of a webhook without secrets."""
        return parameters_without_secrets(
            headers, self.secret_fields, self.plain_fields, ids_stay=self._ids_stay, of="headers"
        )

    @property
    def _ids_stay(self) -> bool:
        """Whether a field named as an id holds one: what a product posts is known, what anybody posts is not."""
        return self.kind != "generic"

    def storable(self, inbound: Inbound) -> bytes:
        """The body as it may be stored: the bytes themselves, or written anew without secrets."""
        if inbound.unreadable is not None:
            return self._storable_text(inbound)
        return self.body.write(inbound.payload) if inbound.redacted else inbound.body

    def _storable_text(self, inbound: Inbound) -> bytes:
        """What nobody could read: the bytes, unless they hold secrets, as they are or behind the escapes of a form."""
        text = charsets.text(inbound.body, "utf-8", _charset(inbound)).replace("\0", "")
        cleaned = text_without_secrets(text, self.secret_fields)
        plain = unquote_plus(cleaned)
        if (plainly_cleaned := text_without_secrets(plain, self.secret_fields)) != plain:
            return plainly_cleaned.encode()
        return inbound.body if cleaned == text else cleaned.encode()


def panel(
    *,
    name: str,
    label: str,
    kind: Kind,
    homepage: str,
    events: Mapping[str, Route],
    occurred_at: Callable[[Inbound], datetime | None] = _nothing,
    native_name: Callable[[Any], str | None] = _nothing,
) -> Provider:
    """A panel whose events our own sender posts: Standard Webhooks, `{"event": NATIVE, "data": {...}, "sent_at": ...}`.

    The hook's variables alone are understood too (`relay normalize` takes them as they lie); then the event's
    name is given beside them, or `native_name` finds it in them.

    `dataclasses.replace` adds what else the panel declares.
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
        events=events,
        body=BodyFormat("json", read, jsontext.dumps),
        secret="ours",
    )
