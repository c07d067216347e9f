"""Sending because somebody asked: one event again, all since an instant again, or a test event.

A replay makes new deliveries of events as they are stored, so id and body stay what they were. They leave by
the late lane, which is woken for them.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from relay.catalogue.vocabulary import catalogue
from relay.context import Workspace
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
from relay.providers import of_source
from relay.queue.lanes import LATE
from relay.sdk.provider import Provider
from relay.storage import Connection, deliveries, events, hooks, inbound, records, sources
from relay.storage.events import StoredEvent

TEST_PREFIX = "evt_test"
USUAL_TEST_TYPE = "invoice.paid"
_PAGE = 500
_ROOM_ONCE = 1000
"""What a webhook had before it had more: its events keep their numbers, which are lower than all new ones."""
_SLACK_MS = 10 * 60 * 1000
"""How far order of acceptance and times of reception may disagree: machines and their clocks differ."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is sent again: what came in from `since` up to and with `until`, in Unix ms.

    Where they are named, of these types only, and to this hook only. Unlike in `one`, the hook's filters hold.
    """

    since: int
    until: int | None = None
    types: Sequence[str] = ()
    hook_id: str | None = None

    def has(self, event: StoredEvent) -> bool:
        return (self.until is None or event.received_at <= self.until) and (not self.types or event.type in self.types)

    def ends_before(self, event: StoredEvent) -> bool:
        """Whether nothing that was accepted after this event belongs to it."""
        return self.until is not None and event.received_at > self.until + _SLACK_MS


def one(
    workspace: Workspace,
    event_id: str,
    *,
    hook_id: str | None = None,
    dry_run: bool = False,
    api_reader: ApiReader | None = None,
) -> dict[str, Any]:
    """Send one event again: to every active hook that wants it, or to the one named, whatever that one wants.

    An event kept as `unknown` is read again first, with what `api_reader` finds at its provider: what the relay
    understands by now is sent instead. Answers
    `{"events", "deliveries", "hooks", "dry_run"}`, lists of ids; in a dry run no delivery has an id yet.
    """
    now = now_ms()
    reread = None if dry_run else _reread(workspace, event_id, api_reader)
    with workspace.database.write() as connection:
        asked = events.get(connection, workspace.id, event_id)
        if asked is None:
            raise NotFound(f"There is no event {event_id[:64]!r} in this workspace.")
        if asked.defect is not None:
            raise Conflict(f"This event breaks its schema and is not sent: {asked.defect}.", code="defect_event")
        wanted = [asked]
        if reread is not None:
            wanted = _understood(connection, asked, reread) or wanted
        if hook_id is not None:
            hook = _active_hook(connection, workspace, hook_id)
            rows = [_row(hook, event, now) for event in wanted]
        else:
            index = HookIndex.of(_active_hooks(connection, workspace))
            rows = [_row(hook, event, now) for event in wanted for hook in index.wanting(event.envelope)]
        if not dry_run:
            deliveries.store(connection, rows)
            workspace.note(connection, now, "event.replayed", event_id)
    if not dry_run:
        workspace.wake(LATE)
    return {
        "events": [event.id for event in wanted],
        "deliveries": [] if dry_run else [row.id for row in rows],
        "hooks": list(dict.fromkeys(row.hook_id for row in rows)),
        "dry_run": dry_run,
    }


def since(
    workspace: Workspace,
    selection: Selection,
    *,
    dry_run: bool = False,
    after: int | None = None,
    most: int | None = None,
) -> dict[str, Any]:
    """Send again what is selected, to the hooks that want it, oldest first, in pages of one transaction each.

    With `most` events looked at the work ends early. Answers counts: `{"events", "deliveries", "hooks", "dry_run",
    "next"}`, `hooks` by hook; `next` is the `after` to go on with, None at the end.
    """
    counts: Counter[str] = Counter()
    found = looked_at = 0
    with workspace.database.read() as connection:
        if selection.hook_id is not None:
            _active_hook(connection, workspace, selection.hook_id)
        start = _place_of(connection, workspace.id, selection.since) if after is None else after
    if not dry_run:
        with workspace.database.write() as connection:
            workspace.note(connection, now_ms(), "events.replayed", f"since {iso(selection.since)}")
    ended = False
    while not ended and (most is None or looked_at < most):
        limit = _PAGE if most is None else min(_PAGE, most - looked_at)
        with workspace.database.read() if dry_run else workspace.database.write() as connection:
            page = events.since(connection, workspace.id, selection.since, start, limit)
            chosen = [event for event in page if selection.has(event)]
            rows = _rows_for(chosen, selection, _active_hooks(connection, workspace))
            if not dry_run:
                deliveries.store(connection, rows)
        found += len(chosen)
        looked_at += len(page)
        counts.update(row.hook_id for row in rows)
        ended = len(page) < limit or selection.ends_before(page[-1])
        if page:
            start = page[-1].sequence
    if not dry_run:
        workspace.wake(LATE)
    return {
        "events": found,
        "deliveries": counts.total(),
        "hooks": dict(counts),
        "dry_run": dry_run,
        "next": None if ended else start,
    }


def send_test(workspace: Workspace, hook_id: str, *, event_type: str | None = None) -> dict[str, str]:
    """Send one hook a sample of an event type that it wants: a real delivery of what is plainly a test.

    Its id begins with `evt_test_` and `livemode` is false. It is kept below every real event, so no list of
    what happened shows it and no replay repeats it. Answers `{"event_id", "delivery_id"}`.
    """
    source = source_of(workspace.database, workspace.vault, workspace.id)
    now = now_ms()
    with workspace.database.write() as connection:
        hook = _active_hook(connection, workspace, hook_id)
        event = _sample(_type_to_test(hook, event_type), source.id, now)
        while not events.store(connection, {0: workspace.id}, [(0, now, event)]):
            event = _sample(event.type, source.id, now)
        kept = events.get(connection, workspace.id, event.id)
        assert kept is not None  # stored above
        row = replace(_row(hook, kept, now), order_key=None)
        deliveries.store(connection, [row])
        workspace.note(connection, now, "hook.tested", hook.id)
    workspace.wake(LATE)
    return {"event_id": event.id, "delivery_id": row.id}


def _rows_for(
    chosen: Iterable[StoredEvent], selection: Selection, active: Iterable[Hook]
) -> list[deliveries.NewDelivery]:
    index = HookIndex.of(hook for hook in active if selection.hook_id in (None, hook.id))
    now = now_ms()
    return [_row(hook, event, now) for event in chosen for hook in index.wanting(event.envelope)]


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


def _active_hook(connection: Connection, workspace: Workspace, hook_id: str) -> Hook:
    hook = hooks.require(connection, workspace.vault, workspace.id, hook_id)
    if hook.status != hooks.ACTIVE:
        raise Conflict("This hook is switched off. Set its status to active first.", code="hook_switched_off")
    return hook


def _active_hooks(connection: Connection, workspace: Workspace) -> list[Hook]:
    found: list[Hook] = []
    before = None
    while page := hooks.search(connection, workspace.vault, workspace.id, before=before, limit=_PAGE):
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


def _reread(workspace: Workspace, event_id: str, api_reader: ApiReader | None) -> _Reread | None:
    with workspace.database.read() as connection:
        unknown = events.get(connection, workspace.id, event_id)
        if unknown is None or unknown.type != "unknown":
            return None
        kept = inbound.get(connection, unknown.place)
        source = sources.get_any(connection, workspace.vault, unknown.source_id)
    if kept is None or kept.sealed is None or source is None:
        return None
    provider = of_source(source.provider)
    webhook = read(provider, open_stored(workspace.vault, kept, source))
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
