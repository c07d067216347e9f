"""Sends deliveries: many at once over kept-alive connections, no hook in another's way.

One dispatcher lives in each worker process, with an event loop in a thread of its own. It is handed parcels that
the database says are ours until their lease ends; what becomes of them is written in batches. A parcel that
cannot be sent in time is handed back, so a lost lease costs at most a repeat, never an event.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvloop

from relay.errors import StorageUnavailable, Unreachable
from relay.formats.hops import sent_on
from relay.http import GuardedClient
from relay.logs import Logger
from relay.model import Hook, now_ms
from relay.outbound.deliver import CIRCUIT, headers_for, judge
from relay.outbound.egress import Egress, Lost
from relay.outbound.verdicts import DELIVERED, GAVE_UP, GONE, RETRY, Reply, Verdict
from relay.storage import Connection, Database, deliveries, hooks
from relay.storage.batching import Batcher

TIMEOUT_SECONDS = 15.0
BODY_SECONDS = 1.0
"""How long the body of an answer is waited for. Its status has said by then what became of the delivery."""

AT_ONCE_PER_HOOK = 32
AT_ONCE_AT_FIRST = 4
WAITING_PER_HOOK = 400
SLOW_SECONDS = 1.0
"""A hook whose oldest request is this old gets no more fresh events here: they wait in the late lane."""

MOST_WAITING = 4000
GONE_REASON = "The target answered 410: it is gone."
_LONGEST_ERROR = 300
_GATHER_SECONDS = 0.02

log = Logger("deliver")


@dataclass(frozen=True, slots=True)
class OutgoingDelivery:
    """One delivery ready to be sent. `not_before` (Unix ms) paces hooks that have a rate; `hops` is how many relays its
    event came from."""

    delivery_id: str
    event_id: str
    hook: Hook
    body: bytes = field(repr=False)
    attempts: int
    created_at: int
    lease_until: int
    not_before: int = 0
    hops: int = 0


@dataclass(slots=True)
class _Lane:
    """What is under way for one hook."""

    waiting: deque[OutgoingDelivery] = field(default_factory=deque)
    started: dict[str, float] = field(default_factory=dict)
    at_once: int = AT_ONCE_AT_FIRST
    failures: int = 0

    def slow(self, now: float) -> bool:
        # A copy, which is taken in one step: requests start and end in another thread meanwhile.
        return any(now - started > SLOW_SECONDS for started in list(self.started.values()))


@dataclass(frozen=True, slots=True)
class _Outcome:
    parcel: OutgoingDelivery
    verdict: Verdict
    attempt: deliveries.Attempt


class Dispatcher:
    """`holder` is the worker whose parcels these are. `on_gone` is told of a hook whose target answered 410, in the
    transaction that switches it off; `on_turn` is told when an ordered hook may get its next."""

    def __init__(
        self,
        database: Database,
        door: Callable[[], GuardedClient | Egress],
        holder: str,
        *,
        on_gone: Callable[[Connection, Hook], None],
        on_turn: Callable[[], None],
    ) -> None:
        self._database = database
        self._make_door = door
        self._holder = holder
        self._on_gone = on_gone
        self._on_turn = on_turn
        self._lanes: dict[str, _Lane] = {}
        self._load = 0
        self._lock = threading.Lock()
        self._closing = False
        self._cut: list[OutgoingDelivery] = []
        self._records: Batcher[_Outcome, None] = Batcher(self._record, name="record", gather=_GATHER_SECONDS)
        self._loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._door: GuardedClient | Egress | None = None
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)
        self._thread.start()

    @property
    def load(self) -> int:
        """Parcels handed over and not yet at an outcome."""
        return self._load

    def room(self, hook: Hook, *, fresh: bool) -> int:
        """How many more parcels of this hook are welcome now. A slow hook gets no fresh ones."""
        lane = self._lanes.get(hook.id)
        if lane is None:
            return WAITING_PER_HOOK
        if fresh and lane.slow(time.monotonic()):
            return 0
        return max(0, WAITING_PER_HOOK - len(lane.waiting) - len(lane.started))

    def under_way(self, hook: Hook) -> int:
        """How many of this hook's parcels are here."""
        lane = self._lanes.get(hook.id)
        return 0 if lane is None else len(lane.waiting) + len(lane.started)

    def hand(self, parcels: Iterable[OutgoingDelivery]) -> None:
        """Take parcels over. From any thread; returns at once."""
        taken = list(parcels)
        with self._lock:
            self._load += len(taken)
        self._loop.call_soon_threadsafe(self._take, taken)

    def close(self, patience: float = 10.0) -> None:
        """Finish what is under way for `patience` seconds, hand back the rest, write everything down."""
        if self._closing:
            return
        self._closing = True
        self._loop.call_soon_threadsafe(lambda: self._return_waiting(list(self._lanes.values())))
        end = time.monotonic() + patience
        while self._load and time.monotonic() < end:
            time.sleep(0.02)
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(timeout=5)
        self._thread.join(timeout=5)
        self._records.close()
        if self._cut:
            self._give_back(self._cut)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._door = self._make_door()
        self._loop.run_forever()

    async def _stop(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._door is not None:
            await self._door.close()
        self._loop.call_soon(self._loop.stop)

    def _take(self, parcels: Sequence[OutgoingDelivery]) -> None:
        touched = {}
        for parcel in parcels:
            lane = self._lanes.setdefault(parcel.hook.id, _Lane())
            lane.failures = parcel.hook.failures
            lane.waiting.append(parcel)
            touched[parcel.hook.id] = lane
        for hook_id, lane in touched.items():
            self._start(hook_id, lane)

    def _start(self, hook_id: str, lane: _Lane) -> None:
        """Send as many of a hook's parcels as may be under way together."""
        at_once = 1 if CIRCUIT.open_seconds(lane.failures) else lane.at_once
        while lane.waiting and len(lane.started) < at_once:
            parcel = lane.waiting.popleft()
            lane.started[parcel.delivery_id] = time.monotonic()
            task = self._loop.create_task(self._send(parcel, lane))
            task.add_done_callback(lambda _, hook_id=hook_id, lane=lane: self._next(hook_id, lane))  # type: ignore[misc]
        if not lane.waiting and not lane.started:
            del self._lanes[hook_id]

    def _next(self, hook_id: str, lane: _Lane) -> None:
        if self._lanes.get(hook_id) is lane and not self._closing:
            self._start(hook_id, lane)

    async def _send(self, parcel: OutgoingDelivery, lane: _Lane) -> None:
        try:
            pause = (parcel.not_before - now_ms()) / 1000
            if pause > 0:
                lane.started[parcel.delivery_id] += pause
                await asyncio.sleep(pause)
            started_at = now_ms()
            if started_at + TIMEOUT_SECONDS * 1000 > parcel.lease_until:
                self._hand_back([parcel])
                return
            try:
                reply = await self._post(parcel, started_at / 1000)
            except Lost:
                # It may have been sent: whoever takes it sends it again, under the same id.
                self._hand_back([parcel])
                return
            ended_at = now_ms()
            verdict = judge(
                parcel.hook,
                reply,
                attempt=parcel.attempts + 1,
                age=(ended_at - parcel.created_at) / 1000,
                now=ended_at / 1000,
            )
            if verdict.outcome == DELIVERED:
                lane.failures = 0
                lane.at_once = min(lane.at_once * 2, AT_ONCE_PER_HOOK)
            elif verdict.outcome == RETRY:
                lane.failures = CIRCUIT.failures_after(lane.failures, 1)
                lane.at_once = AT_ONCE_AT_FIRST
                self._return_waiting([lane])
            elif verdict.outcome == GONE:
                self._return_waiting([lane])
            self._records.post(_outcome(parcel, reply, verdict, started_at, ended_at))
        except asyncio.CancelledError:
            self._cut.append(parcel)
            raise
        finally:
            lane.started.pop(parcel.delivery_id, None)

    async def _post(self, parcel: OutgoingDelivery, now: float) -> Reply:
        assert self._door is not None  # made before the loop ran
        try:
            answer = await self._door.request(
                "POST",
                parcel.hook.target_url,
                body=parcel.body,
                headers=headers_for(parcel.hook, parcel.event_id, parcel.body, now) | sent_on(parcel.hops),
                timeout=TIMEOUT_SECONDS,
                max_bytes=4096,
                body_timeout=BODY_SECONDS,
            )
        except Lost:
            raise
        except Unreachable as error:
            return Reply(None, {}, b"", f"{error.code}: {error.message}"[:_LONGEST_ERROR])
        except Exception as error:  # noqa: BLE001  whatever it is, the delivery must come to an outcome
            log.error("unexpected", error=type(error).__name__, delivery=parcel.delivery_id)
            return Reply(None, {}, b"", f"The request could not be made: {type(error).__name__}.")
        return Reply(answer.status, answer.headers, answer.body, whole=answer.whole)

    def _return_waiting(self, lanes: Iterable[_Lane]) -> None:
        """Hand back what has not been started: while a hook fails, when to go on is judged in the database."""
        left: list[OutgoingDelivery] = []
        for lane in lanes:
            left += lane.waiting
            lane.waiting.clear()
        self._hand_back(left)

    def _hand_back(self, parcels: Sequence[OutgoingDelivery]) -> None:
        """Untried parcels become due at once, for whoever takes them next."""
        if parcels:
            self._loop.run_in_executor(None, self._give_back, parcels)

    def _give_back(self, parcels: Sequence[OutgoingDelivery]) -> None:
        try:
            with self._database.write() as connection:
                deliveries.hand_back(connection, [each.delivery_id for each in parcels], now_ms(), self._holder)
        except StorageUnavailable as error:
            log.warning("hand_back_failed", reason=error.message, note="their leases will expire")
        finally:
            self._settled(len(parcels))

    def _settled(self, count: int) -> None:
        with self._lock:
            self._load -= count

    def _record(self, outcomes: Sequence[_Outcome]) -> list[None]:
        """Write what a batch of attempts came to. If the database is away the leases end and they are sent again."""
        now = now_ms()
        gone = {each.parcel.hook.id: each.parcel.hook for each in outcomes if each.verdict.outcome == GONE}
        try:
            with self._database.write() as connection:
                deliveries.record(connection, [each.attempt for each in outcomes])
                hooks.count_failures(connection, _failures(outcomes, now))
                for hook in gone.values():
                    if hooks.set_status(connection, hook.id, hooks.SWITCHED_OFF, GONE_REASON, now):
                        self._on_gone(connection, hook)
                    deliveries.cancel_of_hook(connection, hook.id, now, GONE_REASON)
        except StorageUnavailable as error:
            log.error("outcomes_not_written", count=len(outcomes), reason=error.message)
            return [None] * len(outcomes)
        finally:
            self._settled(len(outcomes))
        _tell(outcomes)
        if any(each.parcel.hook.ordered for each in outcomes):
            self._on_turn()
        return [None] * len(outcomes)


def _outcome(parcel: OutgoingDelivery, reply: Reply, verdict: Verdict, started_at: int, ended_at: int) -> _Outcome:
    ends = {DELIVERED: deliveries.DELIVERED, GAVE_UP: deliveries.GAVE_UP, GONE: deliveries.CANCELED}
    attempt = deliveries.Attempt(
        delivery_id=parcel.delivery_id,
        number=parcel.attempts + 1,
        started_at=started_at,
        duration_ms=ended_at - started_at,
        status_code=reply.status,
        error=verdict.error,
        state=ends.get(verdict.outcome, deliveries.PENDING),
        due_at=ended_at + int(verdict.wait * 1000) if verdict.outcome == RETRY else None,
    )
    return _Outcome(parcel, verdict, attempt)


def _failures(outcomes: Sequence[_Outcome], now: int) -> dict[str, tuple[int, int]]:
    """The circuits that change: a success closes one, failures without any success open it in the end."""
    delivered = {each.parcel.hook.id for each in outcomes if each.verdict.outcome == DELIVERED}
    failed: dict[str, int] = {}
    known: dict[str, int] = {}
    for each in outcomes:
        hook = each.parcel.hook
        known[hook.id] = hook.failures
        if each.verdict.outcome == RETRY and hook.id not in delivered:
            failed[hook.id] = failed.get(hook.id, 0) + 1
    changed = {hook_id: (0, 0) for hook_id in delivered if known[hook_id]}
    for hook_id, count in failed.items():
        failures = CIRCUIT.failures_after(known[hook_id], count)
        seconds = CIRCUIT.open_seconds(failures)
        changed[hook_id] = (failures, now + seconds * 1000 if seconds else 0)
    return changed


def _tell(outcomes: Sequence[_Outcome]) -> None:
    delivered = tuple(_fields(each) for each in outcomes if each.verdict.outcome == DELIVERED)
    if delivered:
        log.info("delivered", count=len(delivered), deliveries=delivered)
    for each in outcomes:
        if each.verdict.outcome != DELIVERED:
            log.warning(each.verdict.outcome, **_fields(each), why=each.attempt.error)


def _fields(outcome: _Outcome) -> dict[str, Any]:
    attempt = outcome.attempt
    return {
        "delivery": attempt.delivery_id,
        "event_id": outcome.parcel.event_id,
        "hook": outcome.parcel.hook.id,
        "attempt": attempt.number,
        "status": attempt.status_code,
        "ms": attempt.duration_ms,
    }
