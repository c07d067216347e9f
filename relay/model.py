"""The nouns that pass between the stages. No behaviour beyond reading themselves."""

import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

SEVERITIES = ("info", "warning", "critical")
"""In their order."""

EVENTS_PER_WEBHOOK = 20_000
"""Room that a webhook's place in the sequence leaves for its own events, in order. The largest body that is taken holds
some thousands of alerts. Numbers stay exact in JavaScript for 4.5e11 webhooks."""


OWN_PROVIDER = "relay"
"""Who tells what the relay itself says: the provider of its own sources, and the proof of what they hold."""

OWN_SOURCES = "src_relay_"
"""How the ids of the relay's own sources begin, one in each workspace."""


def new_id(kind: str) -> str:
    """`kind_` and 32 hexadecimal digits: 48 bits of milliseconds, then 80 random bits, so ids sort by time."""
    return f"{kind}_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def now_ms() -> int:
    """Unix time in milliseconds: the unit of every stored instant."""
    return time.time_ns() // 1_000_000


def inbound_url(public_url: str, source_id: str) -> str:
    """Where a source's sender posts to."""
    return f"{public_url.rstrip('/')}/in/{source_id}"


def iso(moment: datetime | int | None) -> str | None:
    """ISO 8601 in UTC with Z; takes an aware datetime or Unix milliseconds. Whole seconds stay whole."""
    if moment is None:
        return None
    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment / 1000, UTC)
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Inbound:
    """A webhook as it arrived: bytes and headers untouched.

    `headers` has lower-case names. `native` is the event's name where only the caller knows it (a command-line
    argument, a panel's hook). `payload` is what the provider's `read` made of the body, without secrets (`redacted`:
    there were some); None before, and where it could not be read: `unreadable` says why. `settings` are those of its
    source, `verified_by` is what proved it, where that is known by now. `looked_up` is what the provider's API told, by
    the name of the question (`base.LookUp`).
    """

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)
    received_at: datetime = field(default_factory=lambda: datetime.fromtimestamp(now_ms() / 1000, UTC))
    native: str | None = None
    payload: Any = None
    unreadable: str | None = None
    redacted: bool = False
    settings: Mapping[str, Any] = field(repr=False, default_factory=dict)
    verified_by: str = ""
    looked_up: Mapping[str, Any] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Secret:
    """One live secret of a source. After `not_after` (Unix seconds) it no longer counts; None is for ever."""

    value: str = field(repr=False)
    not_after: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One configured provider account: its inbound address, its secrets, its settings.

    `monitor` accepts what cannot be verified, marks it `unverified` and never acts on it. One that does not open, since
    its key was dropped, shows neither secrets nor settings, and is in lists only.
    """

    id: str
    workspace_id: str
    provider: str
    name: str
    secrets: tuple[Secret, ...] = field(repr=False, default=())
    settings: Mapping[str, Any] = field(repr=False, default_factory=dict)
    monitor: bool = False
    opens: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """What an event says of an alert that lasts until its end is told. Instants are Unix milliseconds.

    `key` is the alert's at its source. `outage` names this very outage, where the source does: its number there, or
    when it began, which `began_at` is then. `dated_at` is the source's own time of what it says, if it gives one;
    `heard_at` is ours. After a `silence` of so many milliseconds the same words are about another outage.
    """

    key: str
    type: str
    severity: str
    outage: str | None
    began_at: int | None
    dated_at: int | None
    heard_at: int
    silence: int


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, in our words. `body` is the exact JSON of `envelope` that is delivered and listed.

    `defect` says why our own schema refuses it: such an event is kept and shown, never delivered. `alert` is what it
    says of an alert, by which it is judged whether it is news. `hops` is how many relays it came from.
    """

    id: str
    type: str
    sequence: int
    customer_id: str | None
    customer_email: str | None
    envelope: Mapping[str, Any] = field(repr=False)
    body: bytes = field(repr=False)
    defect: str | None = None
    alert: Statement | None = None
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Hook:
    """A target address and the event types it wants.

    `rate_limit` is per second; None is no limit. `failures` counts attempts since the last success; while
    `open_until` (Unix ms) lies ahead the circuit is open and nothing is sent. `approval_links_by` says who had it get
    links to approve by (a key's id, the command line); None: it gets none. One that does not open, since its key was
    dropped, has neither secrets nor token: it is in lists, its events wait, and no delivery is sent.
    """

    id: str
    workspace_id: str
    target_url: str = field(repr=False)
    event_types: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    platform: str | None = None
    ordered: bool = False
    rate_limit: float | None = None
    status: str = "active"
    secrets: tuple[Secret, ...] = field(repr=False, default=())
    token: str = field(repr=False, default="")
    failures: int = 0
    open_until: int = 0
    approval_links_by: str | None = None
    opens: bool = True


AlertKey = tuple[str, str]
"""A source, and the key of an alert there."""


@dataclass(frozen=True, slots=True)
class AlertStanding:
    """How an alert stands. Instants are Unix milliseconds.

    `type` is what it was told as when it began, `severity` the worst that was told since. `outage` is what its source
    calls this outage, None where it calls it nothing. `changed_at` is the source's own time of its last word, if it
    gives one, and `heard_at` is ours.
    """

    open: bool
    severity: str
    heard_at: int
    type: str | None = None
    outage: str | None = None
    changed_at: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One thing. `item` is what was told of it, which `shown` makes whole; the other fields are what it is searched by.

    `moments` holds for each field that was told, `occurred_at` (Unix ms) and `sequence` of the event that told it last.
    """

    id: str
    kind: str
    source_id: str
    native_id: str
    occurred_at: int
    sequence: int
    item: Mapping[str, Any] = field(repr=False)
    moments: Mapping[str, Sequence[int]] = field(repr=False)

    @property
    def status(self) -> str | None:
        return text_of(self.item["status"], 32)

    @property
    def number(self) -> str | None:
        return text_of(self.item[self.kind].get("number"), 255)

    @property
    def customer_id(self) -> str | None:
        return text_of((self.item["customer"] or {}).get("id"), 255)

    @property
    def email(self) -> str | None:
        thing = self.item[self.kind] or {}
        email = (self.item["customer"] or {}).get("email") or thing.get("email")
        return (text_of(email, 320) or "").lower() or None

    @property
    def domain(self) -> str | None:
        thing = self.item[self.kind] or {}
        name = thing.get("name") if self.kind == "domain" else thing.get("domain")
        return (text_of(name, 255) or "").lower() or None


def record_id(source_id: str, kind: str, native_id: str) -> str:
    """The same for the same thing of a source."""
    return f"rec_{hashlib.sha256(chr(0).join((source_id, kind, native_id)).encode()).hexdigest()[:32]}"


def text_of(value: Any, longest: int) -> str | None:
    return (
        str(value)[:longest] if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
    )
