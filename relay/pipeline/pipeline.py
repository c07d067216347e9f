"""Stored webhooks become events and deliveries; deliveries that are due are taken again. The stages, joined.

Nothing here knows of the queue that calls it: `process_waiting` and `retry_due` drain what the database holds.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from relay.errors import ConfigError, DoesNotOpen, NotFound
from relay.inbound.lookups import Answers, ApiReader
from relay.inbound.news import key_of, news
from relay.inbound.normalize import Origin, called, normalize, read
from relay.inbound.own_events import tell
from relay.inbound.receive import unpack
from relay.model import EVENTS_PER_WEBHOOK, Event, Hook, Inbound, Source, new_id, now_ms
from relay.outbound.deliver import rate_of
from relay.outbound.dispatcher import MOST_WAITING, Dispatcher, OutgoingDelivery
from relay.outbound.match import HookIndex
from relay.outbound.orders import order_key
from relay.providers import get as get_provider
from relay.queue.lanes import FRESH, LATE
from relay.queue.pacing import PACED_AHEAD_MS
from relay.queue.presence import Presence
from relay.sdk.provider import Provider
from relay.security.approval_links import Links
from relay.security.vault import Vault
from relay.storage import Connection, Database, alerts, deliveries, events, hooks, inbound, records, sources

BATCH = 100
_HOOKS_FRESH_SECONDS = 1.0
_SOURCES_FRESH_SECONDS = 5.0
_SAME_MOMENT_MS = 1000
_KEY_AWAY_MS = 60_000
_DAY_MS = 24 * 3600 * 1000
_SHUT_REASON = "Its secret does not open with RELAY_SECRET_KEY: nothing is sent until it does."
_FULL_PAUSE = 0.005
_LONGEST_RUN_SECONDS = 5.0
_ATTENTIVE_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 0.004
_GATHER_SECONDS = 0.015
"""Where several come together, more will in a moment: a transaction for many costs little more than for one."""

_ASK_AGAIN_MS = 2000
_ASK_LATER_MS = 1000

"""How long a parcel may wait here for its hook's pace; well within its lease."""

log = structlog.get_logger(stage="normalize")
Reserve = Callable[[str, float, int], Sequence[int]]
"""`reserve(hook_id, per_second, count)` answers when (Unix ms) each of the hook's next requests may leave: `count` of
them, or fewer if the next ones would have to wait longer than `PACED_AHEAD_MS`."""


@dataclass(frozen=True, slots=True)
class _Made:
    """One webhook and its events, not yet stored."""

    webhook: inbound.Claimed
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class _Opened:
    """One webhook, read; not yet said in our words."""

    webhook: inbound.Claimed
    provider: Provider
    inbound: Inbound
    origin: Origin


class Pipeline:
    """One for each worker process. Not for use from several threads at once."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        dispatcher: Dispatcher,
        api_reader: ApiReader,
        presence: Presence,
        reserve: Reserve,
        ring: Callable[[str], None],
        wake_another: Callable[[str], None],
        *,
        public_url: str,
    ) -> None:
        self._database = database
        self._vault = vault
        self._dispatcher = dispatcher
        self._api_reader = api_reader
        self._presence = presence
        self._links = Links(vault, public_url)
        self._asked: list[tuple[_Opened, Future[Answers]]] = []
        self._put_off: dict[int, int] = {}
        self._reserve = reserve
        self._ring = ring
        self._call_help = wake_another
        self._index = HookIndex({})
        self._index_read = float("-inf")
        self._index_change: int | None = None
        self._sources: dict[str, tuple[Source, float]] = {}
        self._free_at: dict[str, float] = {}
        """When (Unix ms) each paced hook's next slot is free, as far as is known here."""
        self._stopping = False

    def stop(self) -> None:
        """Come to an end with what is in hand. May be called from a signal's handler."""
        self._stopping = True

    def process_waiting(self, *, attentive: bool) -> int:
        """Drain the stored webhooks; answers how many there were.

        With `attentive` it looks again for a while after the last one, so that a steady stream needs no bells.
        """
        end = time.monotonic() + _LONGEST_RUN_SECONDS
        quiet_after = time.monotonic() + (_ATTENTIVE_SECONDS if attentive else 0.0)
        done = 0
        finished: list[_Made] = []
        while True:
            finished += self._told()
            over = self._stopping or (time.monotonic() >= end and not self._asked)
            if finished or self._put_off or (not over and self._any_waiting()):
                claimed = self._store_and_claim(finished, claim=not over)
                done += len(finished)
                if len(claimed) == BATCH:
                    self._call_help(FRESH)
                may_ask = time.monotonic() < end
                finished = [made for webhook in claimed if (made := self._make(webhook, may_ask=may_ask)) is not None]
                if 1 < len(claimed) < BATCH // 2:
                    time.sleep(_GATHER_SECONDS)
                if attentive and finished:
                    quiet_after = time.monotonic() + _ATTENTIVE_SECONDS
            elif self._stopping or (not self._asked and (over or time.monotonic() >= quiet_after)):
                return done
            else:
                time.sleep(_LOOK_AGAIN_SECONDS)

    def retry_due(self) -> int:
        """Take and send what is due, hook by hook, until nothing is; answers how many were taken."""
        end = time.monotonic() + _LONGEST_RUN_SECONDS
        taken = 0
        while not self._stopping and time.monotonic() < end:
            now = now_ms()
            with self._database.read() as connection:
                due = deliveries.hooks_with_work(connection, now + PACED_AHEAD_MS // 4)
            count = sum(self._take_for(hook_id) for hook_id in due)
            taken += count
            if not due or (not count and not self._dispatcher.load):
                break
            if not count:
                time.sleep(_FULL_PAUSE * 4)
        return taken

    def _any_waiting(self) -> bool:
        """Looking is cheap; a claim is a write that others wait for."""
        while self._dispatcher.load > MOST_WAITING and not self._stopping:
            time.sleep(_FULL_PAUSE)
        with self._database.read() as connection:
            return inbound.waiting(connection, now_ms())

    def _store_and_claim(self, finished: Sequence[_Made], *, claim: bool) -> list[inbound.Claimed]:
        """One transaction: the events and deliveries of the last batch, and the claim of the next."""
        now = now_ms()
        self._refresh_hooks()
        put_off, self._put_off = self._put_off, {}
        with self._database.write() as connection:
            for place, until in put_off.items():
                inbound.put_off(connection, place, until)
            ours = inbound.finish(connection, [made.webhook.place for made in finished])
            finished = [made for made in finished if made.webhook.place in ours]
            finished = _news(connection, finished)
            index = self._hooks(connection) if finished else self._index
            workspace_of = {made.webhook.place: made.webhook.workspace_id for made in finished}
            new = events.store(
                connection,
                workspace_of,
                [(m.webhook.place, m.webhook.received_at, event) for m in finished for event in m.events],
            )
            late = [event for made in finished if made.webhook.put_off for event in made.events if event.id in new]
            records.leave(connection, [event.sequence for event in late])
            rows, parcels = self._deliveries(index, finished, new, now)
            deliveries.store(connection, rows)
            if parcels or claim:
                self._presence.sign(connection)
            claimed = inbound.claim(connection, now, BATCH, self._presence.worker_id) if claim else []
        sent = self._send(parcels, now)
        if len(rows) > sent:
            self._ring(LATE)
        return claimed

    def _send(self, parcels: Sequence[OutgoingDelivery], now: int) -> int:
        """Hand stored deliveries over, each paced one with its slot; answers how many. The others are left to the late
        lane.

        Slots are asked for only here, after the transaction: Redis may take its time, and others wait for the lock.
        """
        ready = [parcel for parcel in parcels if rate_of(parcel.hook) is None]
        paced: dict[str, list[OutgoingDelivery]] = {}
        for parcel in parcels:
            if rate_of(parcel.hook) is not None:
                paced.setdefault(parcel.hook.id, []).append(parcel)
        late: list[str] = []
        for each in paced.values():
            slots = self._reserved(each[0].hook, len(each), now)
            ready += [replace(parcel, not_before=slot) for parcel, slot in zip(each, slots, strict=False)]
            late += [parcel.delivery_id for parcel in each[len(slots) :]]
        self._dispatcher.hand(ready)
        if late:
            with self._database.write() as connection:
                deliveries.hand_back(connection, late, now_ms(), self._presence.worker_id)
        return len(ready)

    def _reserved(self, hook: Hook, count: int, now: int) -> Sequence[int]:
        rate = rate_of(hook)
        assert rate is not None
        slots = self._reserve(hook.id, rate, count)
        self._free_at[hook.id] = slots[-1] + 1000 / rate if len(slots) == count else now + PACED_AHEAD_MS
        return slots

    def _deliveries(
        self, index: HookIndex, finished: Sequence[_Made], new: set[str], now: int
    ) -> tuple[list[deliveries.NewDelivery], list[OutgoingDelivery]]:
        wanted: dict[str, list[tuple[Hook, Event, str]]] = {}
        for made in finished:
            for event in made.events:
                if event.id not in new or event.defect is not None:
                    continue
                new.discard(event.id)  # two webhooks of one batch may tell of the same event
                for hook in index.wanting(event.envelope):
                    if hook.workspace_id == made.webhook.workspace_id:
                        wanted.setdefault(hook.id, []).append((hook, event, made.webhook.workspace_id))
        rows: list[deliveries.NewDelivery] = []
        parcels: list[OutgoingDelivery] = []
        for each in wanted.values():
            here = self._room(each[0][0], len(each), now)
            for place, (hook, event, workspace_id) in enumerate(each):
                row = deliveries.NewDelivery(
                    id=new_id("dlv"),
                    workspace_id=workspace_id,
                    event_id=event.id,
                    event_sequence=event.sequence,
                    hook_id=hook.id,
                    order_key=order_key(hook, event.envelope),
                    created_at=now,
                    due_at=now if place >= here else now + deliveries.LEASE_MS,
                    held_by=None if place >= here else self._presence.worker_id,
                )
                rows.append(row)
                if place < here:
                    body = self._links.for_hook(hook, event.body)
                    parcels.append(OutgoingDelivery(row.id, event.id, hook, body, 0, now, row.due_at, hops=event.hops))
        return rows, parcels

    def _room(self, hook: Hook, count: int, now: int) -> int:
        """How many of a hook's fresh deliveries are sent from here; the others are left to the late lane."""
        if hook.ordered or hook.open_until or not hook.opens:
            return 0
        here = min(count, self._dispatcher.room(hook, fresh=True))
        rate = rate_of(hook)
        if rate is None:
            return here
        # What is surely too much for the pace now is not even tried. Others may have taken more of it.
        ahead = now + PACED_AHEAD_MS - max(now, self._free_at.get(hook.id, 0.0))
        return max(0, min(here, int(ahead * rate / 1000) + 1))

    def _take_for(self, hook_id: str) -> int:
        """Send due deliveries of one hook, as many as it has room for."""
        now = now_ms()
        try:
            with self._database.read() as connection:
                hook = hooks.get_active(connection, self._vault, hook_id)
        except DoesNotOpen as error:
            self._wait_for_key(hook_id, error.message)
            return 0
        if hook is None:
            return 0
        rate = rate_of(hook)
        room = self._dispatcher.room(hook, fresh=False)
        if hook.open_until:
            # Its circuit was open: one goes ahead and sees whether the target is well again.
            room = 0 if self._dispatcher.under_way(hook) else 1
        elif rate is not None:
            room = min(room, max(1, int(rate)))
        if not room:
            return 0
        with self._database.write() as connection:
            below = None
            if hook.ordered:
                unfinished = inbound.first_unfinished(connection, hook.workspace_id)
                below = (1 << 62) if unfinished is None else unfinished * EVENTS_PER_WEBHOOK
            holder = self._presence.sign(connection)
            taken = deliveries.take(connection, hook_id, now, room, holder, ordered_below=below)
            event_ids = [each.event_id for each in taken]
            bodies, hops = events.bodies(connection, event_ids), events.hops(connection, event_ids)
        slots = [0] * len(taken) if rate is None or not taken else self._reserved(hook, len(taken), now)
        later = [each.id for each in taken[len(slots) :]]
        if later:
            with self._database.write() as connection:
                deliveries.hand_back(connection, later, now + PACED_AHEAD_MS, holder)
        self._dispatcher.hand(
            OutgoingDelivery(
                each.id,
                each.event_id,
                hook,
                self._links.for_hook(hook, bodies[each.event_id]),
                each.attempts,
                each.created_at,
                now + deliveries.LEASE_MS,
                not_before=slot,
                hops=hops.get(each.event_id, 0),
            )
            for each, slot in zip(taken, slots, strict=False)
        )
        return len(slots)

    def _wait_for_key(self, hook_id: str, why: str) -> None:
        """What is due to a hook that does not open waits, and nothing else does. It is said once a day."""
        log.error("hook_does_not_open", hook=hook_id, reason=why)
        now = now_ms()
        with self._database.write() as connection:
            hook = hooks.shut(connection, hook_id)
            if hook is None:
                return
            hooks.pause(connection, hook_id, now + _KEY_AWAY_MS)
            said = {"hook": {"id": hook.id, "platform": hook.platform, "reason": _SHUT_REASON}}
            key = f"{hook.id}:does_not_open:{now // _DAY_MS}"
            tell(connection, self._vault, hook.workspace_id, "hook.switched_off", said, key=key)
        self._ring(FRESH)

    def _make(self, webhook: inbound.Claimed, *, may_ask: bool) -> _Made | None:
        """The events of one stored webhook. What cannot be understood is an event that says so.

        None where it has to wait: for the answers of its provider's API, or for the operator, who has to bring a key
        or a provider back; nobody else waits for it.
        """
        try:
            source = self._source(webhook.source_id)
            provider = get_provider(source.provider)
            kept = unpack(self._vault.open(webhook.sealed or b"", webhook.id))
        except (ConfigError, NotFound) as error:
            log.error("webhook_does_not_open", inbound=webhook.id, reason=error.message)
            return None
        received_at = datetime.fromtimestamp(webhook.received_at / 1000, UTC)
        kept = replace(kept, received_at=received_at, settings=source.settings, verified_by=webhook.verified_by)
        origin = Origin(source, webhook.place, webhook.verified_by)
        opened = _Opened(webhook, provider, read(provider, kept), origin)
        if provider.look_up is None or opened.inbound.unreadable is not None:
            return _say(opened)
        if may_ask:
            self._asked.append((opened, self._api_reader.look_up(provider.look_up, opened.inbound)))
        else:
            self._put_off[webhook.place] = now_ms() + _ASK_LATER_MS
        return None

    def _told(self) -> list[_Made]:
        """What was waiting for answers and has them, or can wait for them no longer."""
        if not self._asked:
            return []
        answered = [(opened, future.result()) for opened, future in self._asked if future.done()]
        self._asked = [(opened, future) for opened, future in self._asked if not future.done()]
        made = []
        for opened, answers in answered:
            assert opened.provider.look_up is not None
            webhook, now = opened.webhook, now_ms()
            age, look_up = now - webhook.received_at, opened.provider.look_up
            not_yet = age < look_up.settling * 1000 and None in answers.told.values()
            if not_yet or (age < look_up.patience * 1000 and not answers.complete):
                pause = min(inbound.FURTHEST_MS, _ASK_AGAIN_MS << min(webhook.put_off, 20))
                self._put_off[webhook.place] = now + pause
            else:
                made.append(_say(replace(opened, inbound=replace(opened.inbound, looked_up=answers.told))))
        return made

    def _source(self, source_id: str) -> Source:
        now = time.monotonic()
        known = self._sources.get(source_id)
        if known is None or now - known[1] > _SOURCES_FRESH_SECONDS:
            with self._database.read() as connection:
                found = sources.get_any(connection, self._vault, source_id)
            assert found is not None  # sources are marked deleted, never removed
            known = self._sources[source_id] = (found, now)
        return known[0]

    def _refresh_hooks(self) -> None:
        """See at most a second late how the hooks' circuits stand."""
        if time.monotonic() - self._index_read > _HOOKS_FRESH_SECONDS:
            with self._database.read() as connection:
                self._read_hooks(connection)

    def _hooks(self, connection: Connection) -> HookIndex:
        """The hooks as they are in this transaction: one that was made a moment ago gets what came in after it."""
        if self._index_change is None or hooks.newest_change(connection) != self._index_change:
            self._read_hooks(connection)
        return self._index

    def _read_hooks(self, connection: Connection) -> None:
        changed = hooks.newest_change(connection) or 0
        self._index = HookIndex.of(hooks.active(connection, self._vault))
        self._index_read = time.monotonic()
        # Another change in the same millisecond could not be told from this one.
        self._index_change = changed if changed < now_ms() - _SAME_MOMENT_MS else None


def _news(connection: Connection, finished: Sequence[_Made]) -> Sequence[_Made]:
    """The same without the events that tell nothing new of an alert; an end is told by the name of its beginning."""
    stating = [event for made in finished for event in made.events if event.alert is not None]
    if not stating:
        return finished
    standing = alerts.standing(connection, map(key_of, stating))
    told, changed = news(stating, standing, events.known(connection, [event.id for event in stating]))
    alerts.save(connection, changed)
    return [
        replace(
            made,
            events=[
                called(event, told.get(event.sequence, event.type))
                for event in made.events
                if event.alert is None or event.sequence in told
            ],
        )
        for made in finished
    ]


def _say(opened: _Opened) -> _Made:
    made = normalize(opened.provider, opened.inbound, opened.origin)
    for event in made:
        if event.defect is not None:
            inbound_id = opened.webhook.id
            log.warning("defect", event_id=event.id, type=event.type, inbound=inbound_id, why=event.defect)
    return _Made(opened.webhook, made)
