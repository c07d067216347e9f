"""Stored deliveries are handed to the dispatcher, each that is paced with its slot in time."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from relay.logs import Logger
from relay.model import Hook, now_ms
from relay.outbound.deliver import rate_of
from relay.outbound.dispatcher import MOST_WAITING, Dispatcher, OutgoingDelivery
from relay.queue.pacing import PACED_AHEAD_MS
from relay.queue.presence import Presence
from relay.storage import Database, deliveries

Reserve = Callable[[str, float, int], Sequence[int]]
"""`reserve(hook_id, per_second, count)` returns when (Unix ms) each of the hook's next requests may leave: `count` of
them, or fewer if the next ones would have to wait longer than `PACED_AHEAD_MS`."""

log = Logger("dispatch")


class Outlet:
    """How much may be sent from here now. It asks Redis for slots: never inside a transaction, where others wait."""

    def __init__(self, database: Database, dispatcher: Dispatcher, presence: Presence, reserve: Reserve) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._presence = presence
        self._reserve = reserve
        self._free_at: dict[str, float] = {}
        """When (Unix ms) each paced hook's next slot is free, as far as is known here."""

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return self._dispatcher.load > 0

    @property
    def full(self) -> bool:
        return self._dispatcher.load > MOST_WAITING

    def room(self, hook: Hook, count: int, now: int) -> int:
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

    def late_room(self, hook: Hook) -> int:
        """How many of a hook's due deliveries are taken now."""
        if hook.open_until:
            # Its circuit was open: one goes ahead and sees whether the target is well again.
            return 0 if self._dispatcher.under_way(hook) else 1
        room = self._dispatcher.room(hook, fresh=False)
        rate = rate_of(hook)
        return room if rate is None else min(room, max(1, int(rate)))

    def send(self, outgoing: Sequence[OutgoingDelivery], now: int) -> int:
        """Hand stored deliveries over, each paced one with its slot; returns how many. The others are left to the late
        lane."""
        ready = [each for each in outgoing if rate_of(each.hook) is None]
        paced: dict[str, list[OutgoingDelivery]] = {}
        for each in outgoing:
            if rate_of(each.hook) is not None:
                paced.setdefault(each.hook.id, []).append(each)
        late: list[str] = []
        for waiting in paced.values():
            slots = self.slots(waiting[0].hook, len(waiting), now)
            ready += [replace(each, not_before=slot) for each, slot in zip(waiting, slots, strict=False)]
            late += [each.delivery_id for each in waiting[len(slots) :]]
        self.hand(ready)
        self.hand_back(late, due_at=None)
        return len(ready)

    def slots(self, hook: Hook, count: int, now: int) -> Sequence[int]:
        """When (Unix ms) the hook's next `count` requests may leave; fewer where the pace leaves no more soon."""
        rate = rate_of(hook)
        if rate is None or not count:
            return [0] * count
        slots = self._reserve(hook.id, rate, count)
        self._free_at[hook.id] = slots[-1] + 1000 / rate if len(slots) == count else now + PACED_AHEAD_MS
        return slots

    def hand(self, outgoing: Sequence[OutgoingDelivery]) -> None:
        if outgoing:
            log.info(
                "dispatched",
                count=len(outgoing),
                deliveries=tuple({"delivery": each.delivery_id, "event_id": each.event_id} for each in outgoing),
            )
        self._dispatcher.hand(outgoing)

    def hand_back(self, delivery_ids: Sequence[str], *, due_at: int | None) -> None:
        """Deliveries that are ours and found no slot are for whoever takes them, at once or from `due_at` (Unix ms)."""
        if delivery_ids:
            with self._database.write() as connection:
                until = now_ms() if due_at is None else due_at
                deliveries.hand_back(connection, delivery_ids, until, self._presence.worker_id)
