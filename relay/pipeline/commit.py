"""The one transaction: events and deliveries of a batch are stored together, and the next batch is claimed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from relay.inbound.news import key_of, news
from relay.inbound.normalize import called
from relay.logs import Logger
from relay.model import Event, Hook, new_id, now_ms
from relay.outbound.dispatcher import OutgoingDelivery
from relay.outbound.match import HookIndex
from relay.outbound.orders import order_key
from relay.pipeline.dispatch import Outlet
from relay.pipeline.hooks_index import ActiveHooks
from relay.pipeline.read import Normalized
from relay.queue.presence import Presence
from relay.security.approval_links import Links
from relay.storage import Connection, Database, alerts, deliveries, events, inbound, records

BATCH = 100

log = Logger("commit")


@dataclass(frozen=True, slots=True)
class Committed:
    """What is left to do after the transaction. Of the `deliveries` stored in it (a count), `outgoing` are to be sent
    from here; the others wait for the late lane. `at` is when it began (Unix ms)."""

    claimed: Sequence[inbound.Claimed]
    deliveries: int
    outgoing: Sequence[OutgoingDelivery]
    at: int


class Committer:
    """Storing for many webhooks at once costs little more than for one. The database's lock is held meanwhile: nothing
    else is asked in here."""

    def __init__(
        self, database: Database, presence: Presence, active_hooks: ActiveHooks, outlet: Outlet, links: Links
    ) -> None:
        self._database = database
        self._presence = presence
        self._hooks = active_hooks
        self._outlet = outlet
        self._links = links

    def any_waiting(self) -> bool:
        """Whether there is anything to claim."""
        with self._database.read() as connection:
            return inbound.waiting(connection, now_ms())

    def commit(self, batch: Sequence[Normalized], deferred: Mapping[int, int], *, claim: bool) -> Committed:
        """Store `batch`, put off the `deferred` webhooks, and take the next ones with `claim`."""
        now = now_ms()
        self._hooks.refresh()
        new: set[str] = set()
        rows: Sequence[deliveries.NewDelivery] = ()
        outgoing: Sequence[OutgoingDelivery] = ()
        with self._database.write() as connection:
            for place, until in deferred.items():
                inbound.put_off(connection, place, until)
            ours = inbound.finish(connection, [each.webhook.place for each in batch])
            batch = _without_old_news(connection, [each for each in batch if each.webhook.place in ours])
            if batch:
                new = _store_events(connection, batch)
                matches = _match(self._hooks.within(connection), batch, new)
                rows, outgoing = self._deliveries(matches, now)
                deliveries.store(connection, rows)
            if outgoing or claim:
                self._presence.sign(connection)
            claimed = inbound.claim(connection, now, BATCH, self._presence.worker_id) if claim else []
        if batch:
            log.info(
                "committed",
                count=len(batch),
                events=tuple(new),
                deliveries=tuple({"delivery": row.id, "event_id": row.event_id, "hook": row.hook_id} for row in rows),
            )
        return Committed(claimed, len(rows), outgoing, now)

    def _deliveries(
        self, matches: Mapping[str, Sequence[tuple[Hook, Event]]], now: int
    ) -> tuple[list[deliveries.NewDelivery], list[OutgoingDelivery]]:
        """A row for each match. Those that there is room for are ours at once, the others are left to the late lane."""
        rows: list[deliveries.NewDelivery] = []
        outgoing: list[OutgoingDelivery] = []
        for matched in matches.values():
            room = self._outlet.room(matched[0][0], len(matched), now)
            for index, (hook, event) in enumerate(matched):
                here = index < room
                row = deliveries.NewDelivery(
                    id=new_id("dlv"),
                    workspace_id=hook.workspace_id,
                    event_id=event.id,
                    event_sequence=event.sequence,
                    hook_id=hook.id,
                    order_key=order_key(hook, event.envelope),
                    created_at=now,
                    due_at=now + deliveries.LEASE_MS if here else now,
                    held_by=self._presence.worker_id if here else None,
                )
                rows.append(row)
                if here:
                    body = self._links.for_hook(hook, event.body)
                    outgoing.append(OutgoingDelivery(row.id, event.id, hook, body, 0, now, row.due_at, hops=event.hops))
        return rows, outgoing


def _without_old_news(connection: Connection, batch: Sequence[Normalized]) -> Sequence[Normalized]:
    """The same without the events that say nothing new of an alert; an end is called by the name of its beginning."""
    stating = [event for each in batch for event in each.events if event.alert is not None]
    if not stating:
        return batch
    standing = alerts.standing(connection, map(key_of, stating))
    types, changed = news(stating, standing, events.known(connection, [event.id for event in stating]))
    alerts.save(connection, changed)
    return [
        replace(
            each,
            events=[
                called(event, types.get(event.sequence, event.type))
                for event in each.events
                if event.alert is None or event.sequence in types
            ],
        )
        for each in batch
    ]


def _store_events(connection: Connection, batch: Sequence[Normalized]) -> set[str]:
    """The ids of those events that had not been stored before. Records read them later, also where they come late."""
    workspace_of = {each.webhook.place: each.webhook.workspace_id for each in batch}
    rows = [(each.webhook.place, each.webhook.received_at, event) for each in batch for event in each.events]
    new = events.store(connection, workspace_of, rows)
    late = [event for each in batch if each.webhook.put_off for event in each.events if event.id in new]
    records.leave(connection, [event.sequence for event in late])
    return new


def _match(index: HookIndex, batch: Sequence[Normalized], new: set[str]) -> dict[str, list[tuple[Hook, Event]]]:
    """By hook, the new events that it wants."""
    left = set(new)
    matches: dict[str, list[tuple[Hook, Event]]] = {}
    for each in batch:
        for event in each.events:
            if event.id not in left or event.defect is not None:
                continue
            left.discard(event.id)  # two webhooks of one batch may tell of the same event
            for hook in index.wanting(event.envelope):
                if hook.workspace_id == each.webhook.workspace_id:
                    matches.setdefault(hook.id, []).append((hook, event))
    return matches
