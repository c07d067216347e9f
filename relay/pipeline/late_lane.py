"""Deliveries that are due, again or because they were left: taken hook by hook, as many as a hook has room for."""

from collections.abc import Callable, Sequence

from relay.errors import DoesNotOpen
from relay.inbound.own_events import tell
from relay.logs import Logger
from relay.model import EVENTS_PER_WEBHOOK, Hook, now_ms
from relay.outbound.dispatcher import OutgoingDelivery
from relay.pipeline.dispatch import Outlet
from relay.queue.lanes import FRESH
from relay.queue.pacing import PACED_AHEAD_MS
from relay.queue.presence import Presence
from relay.security.approval_links import Links
from relay.storage import Connection, Database, deliveries, events, hooks, inbound

_KEY_AWAY_MS = 60_000
_DAY_MS = 24 * 3600 * 1000
_SHUT_REASON = "Its secret cannot be decrypted with RELAY_SECRET_KEY: nothing is sent until it does."

log = Logger("deliver")


class LateLane:
    """Sends what is due. `wake` is told of the lane in which an event of our own waits."""

    def __init__(
        self, database: Database, presence: Presence, outlet: Outlet, links: Links, wake: Callable[[str], None]
    ) -> None:
        self._database = database
        self._presence = presence
        self._outlet = outlet
        self._links = links
        self._wake = wake

    def hooks_with_work(self) -> Sequence[str]:
        """The ids of hooks with deliveries that are due, or will be in a moment."""
        with self._database.read() as connection:
            return deliveries.hooks_with_work(connection, now_ms() + PACED_AHEAD_MS // 4)

    def send_due(self, hook_id: str) -> int:
        """Send due deliveries of one hook, as many as it has room for; returns how many."""
        now = now_ms()
        try:
            with self._database.read() as connection:
                hook = hooks.get_active(connection, self._links.vault, hook_id)
        except DoesNotOpen as error:
            self._wait_for_key(hook_id, error.message)
            return 0
        room = self._outlet.late_room(hook) if hook is not None else 0
        if hook is None or not room:
            return 0
        with self._database.write() as connection:
            holder = self._presence.sign(connection)
            below = _ordered_below(connection, hook)
            taken = deliveries.take(connection, hook_id, now, room, holder, ordered_below=below)
            event_ids = [each.event_id for each in taken]
            bodies, hops = events.bodies(connection, event_ids), events.hops(connection, event_ids)
        slots = self._outlet.slots(hook, len(taken), now)
        self._outlet.hand_back([each.id for each in taken[len(slots) :]], due_at=now + PACED_AHEAD_MS)
        self._outlet.hand(
            [
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
            ]
        )
        return len(slots)

    def _wait_for_key(self, hook_id: str, reason: str) -> None:
        """What is due to a hook that does not open waits, and nothing else does. An event says so once a day."""
        log.error("hook_does_not_open", hook=hook_id, reason=reason)
        now = now_ms()
        with self._database.write() as connection:
            hook = hooks.shut(connection, hook_id)
            if hook is None:
                return
            hooks.pause(connection, hook_id, now + _KEY_AWAY_MS)
            data = {"hook": {"id": hook.id, "platform": hook.platform, "reason": _SHUT_REASON}}
            key = f"{hook.id}:does_not_open:{now // _DAY_MS}"
            tell(connection, self._links.vault, hook.workspace_id, "hook.switched_off", data, key=key)
        self._wake(FRESH)


def _ordered_below(connection: Connection, hook: Hook) -> int | None:
    """Below which sequence an ordered hook may get its deliveries: an earlier event may still come of a webhook."""
    if not hook.ordered:
        return None
    unfinished = inbound.first_unfinished(connection, hook.workspace_id)
    return (1 << 62) if unfinished is None else unfinished * EVENTS_PER_WEBHOOK
