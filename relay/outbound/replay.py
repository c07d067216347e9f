"""Sending because somebody asked: one event again, all since an instant again, or a test event.

A replay makes new deliveries of events as they are stored, so id and body stay what they were. They leave by
the late lane: whoever calls rings it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from relay.catalogue.vocabulary import catalogue
from relay.errors import Conflict, InvalidRequest, NotFound
from relay.formats import jsontext
from relay.formats.nearest import did_you_mean
from relay.inbound.identity import body_fingerprint, read
from relay.inbound.lookups import ApiReader
from relay.inbound.normalize import Origin, normalize
from relay.inbound.own_events import source_of
from relay.inbound.stored import open_stored
from relay.model import EVENTS_PER_WEBHOOK, Event, Hook, Inbound, iso, new_id, now_ms
from relay.outbound.match import EVERY_TYPE, HookIndex
from relay.outbound.orders import order_key
from relay.providers import get as get_provider
from relay.sdk.provider import Provider
from relay.security.vault import Vault
from relay.storage import Connection, Database, audit, deliveries, events, hooks, inbound, records, sources
from relay.storage.events import StoredEvent

TEST_PREFIX = "evt_test"
USUAL_TEST_TYPE = "invoice.paid"
_PAGE = 500
_ROOM_ONCE = 1000
"""What a webhook had before it had more: its events keep their numbers, which are lower than all new ones."""
_SLACK_MS = 10 * 60 * 1000
"""How far order of acceptance and times of reception may disagree: machines and their clocks differ."""


def one(
    database: Database,
    vault: Vault,
    workspace_id: str,
    event_id: str,
    *,
    hook_id: str | None = None,
    dry_run: bool = False,
    api_reader: ApiReader | None = None,
    actor: str,
) -> dict[str, Any]:
    """Send one event again: to every active hook that wants it, or to the one named, whatever that one wants.

    An event kept as `unknown` is read again first, with what `api_reader` finds at its provider: what the relay
    understands by now is sent instead. Answers
    `{"events", "deliveries", "hooks", "dry_run"}`, lists of ids; in a dry run no delivery has an id yet.
    """
    now = now_ms()
    reread = None if dry_run else _reread(database, vault, workspace_id, event_id, api_reader)
    with database.write() as connection:
        asked = events.get(connection, workspace_id, event_id)
        if asked is None:
            raise NotFound(f"There is no event {event_id[:64]!r} in this workspace.")
        if asked.defect is not None:
            raise Conflict(f"This event is a defect and is not sent: {asked.defect}.", code="defect_event")
        wanted = [asked]
        if reread is not None:
            wanted = _understood(connection, asked, reread) or wanted
        if hook_id is not None:
            hook = _active_hook(connection, vault, workspace_id, hook_id)
            rows = [_row(hook, event, now) for event in wanted]
        else:
            index = HookIndex.of(_active_hooks(connection, vault, workspace_id))
            rows = [_row(hook, event, now) for event in wanted for hook in index.wanting(event.envelope)]
        if not dry_run:
            deliveries.store(connection, rows)
            audit.append(connection, audit.Entry(workspace_id, now, actor, "event.replayed", event_id))
    return {
        "events": [event.id for event in wanted],
        "deliveries": [] if dry_run else [row.id for row in rows],
        "hooks": list(dict.fromkeys(row.hook_id for row in rows)),
        "dry_run": dry_run,
    }


def since(
    database: Database,
    vault: Vault,
    workspace_id: str,
    moment: int,
    *,
    until: int | None = None,
    types: Sequence[str] = (),
    hook_id: str | None = None,
    dry_run: bool = False,
    after: int | None = None,
    most: int | None = None,
    actor: str,
) -> dict[str, Any]:
    """Send again what came in from `moment` (Unix ms) up to and with `until`, to the hooks that want it.

    Oldest first, in pages of one transaction each. `hook_id` narrows it to one hook and, unlike in `one`,
    overrules no filter. With `most` events looked at the work ends early. Answers counts: `{"events",
    "deliveries", "hooks", "dry_run", "next"}`, `hooks` by hook; `next` is the `after` to go on with, None at
    the end.
    """
    now = now_ms()
    counts: dict[str, int] = {}
    found = looked_at = 0
    with database.read() as connection:
        if hook_id is not None:
            _active_hook(connection, vault, workspace_id, hook_id)
        start = _place_of(connection, workspace_id, moment) if after is None else after
    if not dry_run:
        with database.write() as connection:
            asked = audit.Entry(workspace_id, now, actor, "events.replayed", f"since {iso(moment)}")
            audit.append(connection, asked)
    while True:
        limit = _PAGE if most is None else min(_PAGE, most - looked_at)
        with database.read() if dry_run else database.write() as connection:
            page = events.since(connection, workspace_id, moment, start, limit)
            chosen = [
                event
                for event in page
                if (until is None or event.received_at <= until) and (not types or event.type in types)
            ]
            wanting = _active_hooks(connection, vault, workspace_id)
            index = HookIndex.of(hook for hook in wanting if hook_id is None or hook.id == hook_id)
            rows = [_row(hook, event, now) for event in chosen for hook in index.wanting(event.envelope)]
            if not dry_run:
                deliveries.store(connection, rows)
        found += len(chosen)
        looked_at += len(page)
        for row in rows:
            counts[row.hook_id] = counts.get(row.hook_id, 0) + 1
        over = until is not None and bool(page) and page[-1].received_at > until + _SLACK_MS
        ended = len(page) < limit or over
        if page:
            start = page[-1].sequence
        if ended or (most is not None and looked_at >= most):
            break
    return {
        "events": found,
        "deliveries": sum(counts.values()),
        "hooks": counts,
        "dry_run": dry_run,
        "next": None if ended else start,
    }


def send_test(
    database: Database,
    vault: Vault,
    workspace_id: str,
    hook_id: str,
    *,
    event_type: str | None = None,
    actor: str,
) -> dict[str, str]:
    """Send one hook a sample of an event type that it wants: a real delivery of what is plainly a test.

    Its id begins with `evt_test_` and `livemode` is false. It is kept below every real event, so no list of
    what happened shows it and no replay repeats it. Answers `{"event_id", "delivery_id"}`.
    """
    source = source_of(database, vault, workspace_id)
    now = now_ms()
    with database.write() as connection:
        hook = _active_hook(connection, vault, workspace_id, hook_id)
        event = _sample(_type_to_test(hook, event_type), source.id, now)
        while not events.store(connection, {0: workspace_id}, [(0, now, event)]):
            event = _sample(event.type, source.id, now)
        kept = events.get(connection, workspace_id, event.id)
        assert kept is not None  # stored above
        row = replace(_row(hook, kept, now), order_key=None)
        deliveries.store(connection, [row])
        audit.append(connection, audit.Entry(workspace_id, now, actor, "hook.tested", hook.id))
    return {"event_id": event.id, "delivery_id": row.id}


def _row(hook: Hook, event: StoredEvent, now: int) -> deliveries.NewDelivery:
    return deliveries.NewDelivery(
        id=new_id("dlv"),
        workspace_id=hook.workspace_id,
        event_id=event.id,
        event_sequence=event.sequence,
        hook_id=hook.id,
        order_key=order_key(hook, event.envelope) if hook.ordered else None,
        created_at=now,
        due_at=now,
    )


def _active_hook(connection: Connection, vault: Vault, workspace_id: str, hook_id: str) -> Hook:
    hook = hooks.require(connection, vault, workspace_id, hook_id)
    if hook.status != hooks.ACTIVE:
        raise Conflict("This hook is switched off. Set its status to active first.", code="hook_switched_off")
    return hook


def _active_hooks(connection: Connection, vault: Vault, workspace_id: str) -> list[Hook]:
    found: list[Hook] = []
    before = None
    while page := hooks.search(connection, vault, workspace_id, before=before, limit=_PAGE):
        found += [hook for hook in page if hook.status == hooks.ACTIVE]
        before = page[-1].id
    return found


@dataclass(frozen=True, slots=True)
class _Reread:
    """The webhook behind an `unknown` event, read by today's rules and with what its provider's API tells today."""

    kept: inbound.Claimed
    provider: Provider
    webhook: Inbound
    origin: Origin


def _reread(
    database: Database, vault: Vault, workspace_id: str, event_id: str, api_reader: ApiReader | None
) -> _Reread | None:
    with database.read() as connection:
        unknown = events.get(connection, workspace_id, event_id)
        if unknown is None or unknown.type != "unknown":
            return None
        kept = inbound.get(connection, unknown.place)
        source = sources.get_any(connection, vault, unknown.source_id)
    if kept is None or kept.sealed is None or source is None:
        return None
    provider = get_provider(source.provider)
    webhook = read(provider, open_stored(vault, kept, source))
    if webhook.unreadable is not None:
        return None
    if provider.look_up is not None and api_reader is not None:
        webhook = replace(webhook, looked_up=api_reader.look_up(provider.look_up, webhook).result().told)
    return _Reread(kept, provider, webhook, Origin(source, kept.place, kept.verified_by))


def _understood(connection: Connection, unknown: StoredEvent, reread: _Reread) -> list[StoredEvent]:
    """What the webhook behind an `unknown` event says by today's reading; nothing if that is still unknown.

    The events are kept beside the unknown one, in the second half of their webhook's room in the sequence.
    """
    kept = reread.kept
    about, whole = jsontext.loads(unknown.body)["provider_event"], body_fingerprint(reread.webhook)
    room = _room(unknown)
    new = [
        (kept.place, kept.received_at, _moved(event, kept.place * room + room // 2 + index))
        for event in normalize(reread.provider, reread.webhook, reread.origin)
        if (index := event.sequence - kept.place * EVENTS_PER_WEBHOOK) < room // 2
        and event.type != "unknown"
        and about["id"] in (event.envelope["provider_event"]["id"], whole)
    ]
    stored = events.store(connection, {kept.place: kept.workspace_id}, new)
    # Once each: one webhook may tell of the same event twice.
    found = [events.get(connection, kept.workspace_id, own_id) for own_id in dict.fromkeys(e.id for _, _, e in new)]
    good = [event for event in found if event is not None and event.defect is None]
    records.leave(connection, [event.sequence for event in good if event.id in stored])
    return good


def _room(unknown: StoredEvent) -> int:
    """How many numbers the webhook of a stored event has in the sequence."""
    return EVENTS_PER_WEBHOOK if unknown.sequence >= unknown.place * EVENTS_PER_WEBHOOK else _ROOM_ONCE


def _moved(event: Event, sequence: int) -> Event:
    envelope = {**event.envelope, "sequence": sequence}
    return replace(event, sequence=sequence, envelope=envelope, body=jsontext.dumps(envelope))


def _place_of(connection: Connection, workspace_id: str, moment: int) -> int:
    """A sequence that surely lies before everything received since `moment`, found by halving."""
    low, high = 0, 1 << 62
    while high - low > 1:
        middle = (low + high) // 2
        newest = events.search(connection, workspace_id, events.EventQuery(before=middle, limit=1))
        if not newest or newest[0].received_at < moment - _SLACK_MS:
            low = middle
        else:
            high = min(newest[0].sequence, middle)
    return max(low - 1, 0)


def _type_to_test(hook: Hook, asked: str | None) -> str:
    if asked is None:
        named = [each for each in hook.event_types if each != EVERY_TYPE]
        return named[0] if named else USUAL_TEST_TYPE
    if asked not in catalogue().types:
        hint = did_you_mean(asked, catalogue().types)
        raise InvalidRequest(f"event_type {asked[:60]!r} does not exist.{hint} GET /api/v1/event-types lists them.")
    return asked


def _sample(type_name: str, source_id: str, now: int) -> Event:
    sample = catalogue().sample(catalogue().types[type_name])
    envelope = sample | {
        "id": new_id(TEST_PREFIX),
        "occurred_at": iso(now),
        "received_at": iso(now),
        "livemode": False,
    }
    # The row needs the relay's own source and a place of its own; what is sent stays the sample.
    row = envelope | {"source": {**envelope["source"], "id": source_id}}
    return Event(
        id=envelope["id"],
        type=type_name,
        sequence=-(now * 1000 + secrets.randbelow(1000)) - 1,
        customer_id=None,
        customer_email=None,
        envelope=row,
        body=jsontext.dumps(envelope),
    )
