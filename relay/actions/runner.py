"""Carries runs out, each by one worker at a time and its effect once.

A run is held while it is worked on (its `due_at` lies ahead); who dies loses it, and the next one goes on from what is
written down: before the first request that changes something leaves, `told` is. What was not told is simply done
again. What was told is found out: by doing it again where the adapter promises that this changes nothing more, else by
looking it up, and never by asking for it a second time.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from relay.actions import adapters, builtin, mails, policy
from relay.actions.lease import LEASE_MS, LeaseLost, RunLease
from relay.actions.own_secrets import Hidden
from relay.actions.planned import fingerprint, now_at
from relay.actions.policy import APPROVAL_MS
from relay.actions.run_events import tell_completed, tell_pending
from relay.actions.task import BuiltinTask
from relay.catalogue.action_types import get as get_action
from relay.context import Relay
from relay.errors import InvalidRequest, StorageUnavailable
from relay.formats.money import Money
from relay.logs import Logger
from relay.model import Source, iso, now_ms
from relay.queue.lanes import FRESH
from relay.queue.presence import Presence
from relay.queue.retries import Circuit, planned
from relay.sdk.actions import Adapter, Task
from relay.sdk.client import Vendor
from relay.sdk.outcomes import Declined, Deferred, Done, Failed, NeedsPerson, NotReached, Uncertain
from relay.security.approval_links import Links
from relay.storage import audit, runs, sources
from relay.storage.runs import Run

AT_ONCE = 16
PER_SECOND = 5.0
"""Runs of one source, so that no vendor's limit is met by us."""

_ASLEEP_MS = 250
_CIRCUIT = Circuit(pauses=(60,))
"""Of each source."""

log = Logger("act")
Reserve = Callable[[str, float, int], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Patience:
    """Pauses in seconds: between tries of what was not reached, and between look-ups of what nobody knows.

    What is looked up within `settled` after it was told may still be under way: that it is not there says nothing yet.
    """

    retries: tuple[float, ...] = (2, 10, 60, 300, 900)
    look_ups: tuple[float, ...] = (5, 30, 60, 300, 1800)
    settled: float = 60


class Runner:
    """`carry_out_due` starts what is due and answers at once; threads of its own do the work."""

    def __init__(self, relay: Relay, reserve: Reserve, presence: Presence, *, patience: Patience | None = None) -> None:
        self._database = relay.database
        self._vault = relay.vault
        self._wake = relay.wake
        self._reserve = reserve
        self._presence = presence
        self._links = Links(relay.vault, relay.config.public_url)
        self._allow_private = relay.config.allow_private_sources
        self._patience = patience or Patience()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="act")
        self._free = threading.Semaphore(AT_ONCE)
        self._taking = threading.Lock()
        self._stopping = threading.Event()
        self._circuits: dict[str, tuple[int, float]] = {}

    def carry_out_due(self) -> None:
        """Raises `StorageUnavailable`."""
        while self._carry_out_next():
            pass

    def close(self) -> None:
        """Take nothing new, and finish what is under way."""
        with self._taking:
            self._stopping.set()
        self._pool.shutdown(wait=True)

    def _carry_out_next(self) -> bool:
        """Whether there was one, and somebody free for it."""
        with self._taking:  # what is taken is worked at, also if we are closed meanwhile
            if self._stopping.is_set() or not self._free.acquire(blocking=False):
                return False
            now, taken = now_ms(), []
            try:
                with self._database.read() as connection:
                    some = runs.any_due(connection, now)
                if some:
                    with self._database.write() as connection:
                        holder = self._presence.sign(connection)
                        taken = runs.take(connection, self._vault, now, now + LEASE_MS, 1, holder)
            finally:
                if not taken:
                    self._free.release()
            if taken:
                self._pool.submit(self._work, taken[0])
            return bool(taken)

    def _work(self, run: Run) -> None:
        try:
            self._carry_out(RunLease(self._database, self._presence, run))
        except LeaseLost:
            log.warning("run_lost", run=run.id)
        except StorageUnavailable as error:
            # Its lease ends by itself, and whoever takes it then goes on from what was written down.
            log.warning("database_away", run=run.id, reason=error.message)
        except Exception as error:  # noqa: BLE001  a thread's error would be seen by nobody
            log.error("unexpected", run=run.id, error=type(error).__name__)
        finally:
            self._free.release()
        try:
            self.carry_out_due()
        except StorageUnavailable:
            return

    def _carry_out(self, lease: RunLease) -> None:
        run = lease.run
        if run.state == runs.PENDING:
            self._end(lease, runs.EXPIRED, "The approval expired.", code="expired")
            return
        try:
            done = self._attempt(lease)
        except _Postponed as later:
            self._save(lease, replace(lease.run, state=run.state, due_at=later.until))
        except NeedsPerson:
            self._wait_for_person(lease)
        except Deferred as later:
            blank = dict.fromkeys(get_action(run.action).outputs)
            self._later(lease, later.until, runs.QUEUED, text=later.text, output={**blank, **later.output})
        except NotReached as error:
            self._not_reached(lease, error)
        except Declined as error:
            if not self._fall_back(lease, error.message):
                self._end(lease, runs.FAILED, error.message, code=error.code)
        except Failed as error:
            self._end(lease, runs.FAILED, error.message, code=error.code)
        except InvalidRequest as error:
            if lease.run.told:
                self._unknown(lease, f"{error.message} Earlier requests of this run may have taken effect.")
            else:
                self._end(lease, runs.FAILED, error.message, code=error.code)
        except Uncertain as error:
            self._unknown(lease, error.message)
        except (LeaseLost, StorageUnavailable):
            raise
        except Exception as error:  # noqa: BLE001  a vendor's answer may break any adapter
            log.error("adapter_failed", run=run.id, action=run.action, error=type(error).__name__)
            if lease.run.told:
                self._unknown(lease, "The provider's answer could not be read. The action may have been carried out.")
            else:
                self._end(lease, runs.FAILED, "An internal error occurred. Nothing was sent.", code="internal_error")
        else:
            self._end(lease, runs.SUCCEEDED, done.text, output=done.output)

    def _attempt(self, lease: RunLease) -> Done:
        run = lease.run
        if run.content.get("approved") not in (None, fingerprint(run)):
            raise Failed("The run differs from what was approved. It was not carried out.", code="not_approved")
        self._judge(run, now_at(run).input)
        if run.source_id is None:
            log.info("begun", run=run.id, action=run.action, source=None, attempt=run.attempts + 1)
            return builtin.ACTIONS[run.action](self._own_task(lease))
        way = now_at(run)
        assert way.source_id is not None
        source = self._source(way.source_id)
        self._wait_for_turn(source)
        does = adapters.of(source.provider).get(run.action)
        if does is None:
            raise Failed(f"{source.name} no longer supports {run.action}.")
        task = self._task(lease, source, way.input)
        if not run.told:
            mails.take_place(self._database, run, source)
        hidden = Hidden.of(source)
        log.info("begun", run=run.id, action=run.action, source=source.id, attempt=run.attempts + 1, told=run.told)
        try:
            done = self._found_out(does, task, run) if run.told and not _may_repeat(does, run) else does.run(task)
        except (NotReached, Uncertain, Failed) as error:
            # A vendor may repeat in its answer what it was asked with.
            error.message = hidden.hide(error.message)
            if isinstance(error, NotReached | Uncertain):
                self._count_failure(source.id)
            raise
        done = replace(done, text=hidden.hide(done.text), output=hidden.hide(dict(done.output)))
        self._circuits.pop(source.id, None)
        if get_action(run.action).risk == "read" and all(value is None for value in done.output.values()):
            raise Failed(f"{source.name} has no trace of this request.", code="no_such_thing")
        return done

    def _own_task(self, lease: RunLease) -> BuiltinTask:
        return BuiltinTask(
            lease.run,
            self._database,
            self._vault,
            self._allow_private,
            self._links,
            lease,
        )

    def _task(self, lease: RunLease, source: Source, given: Mapping[str, Any]) -> Task:
        base = str(source.settings.get("api_url") or "")
        vendor = Vendor(base, allow_private=self._allow_private, lease=lease)
        asked_at = datetime.fromtimestamp(lease.run.created_at / 1000, UTC)

        def judge(money: Money) -> None:
            self._note_money(lease, money)
            self._judge(lease.run, money)

        return Task(given, source.settings, vendor, lease.run.id, asked_at, judge)

    def _note_money(self, lease: RunLease, money: Money) -> None:
        """What a run moves counts towards the sum of the day, also where only the source knew it."""
        minor, currency = policy.money_of(money)
        if minor is None or lease.run.amount_minor is not None:
            return
        lease.run = replace(lease.run, amount_minor=minor, currency=currency)
        with self._database.write() as connection:
            runs.note_money(connection, lease.run)

    def _judge(self, run: Run, given: Mapping[str, Any]) -> None:
        """Judge by the policy as it is now, with what was read by now. Raises `NeedsPerson`, unless somebody approved
        it or it was told before: then it is only found out."""
        if run.told or run.content.get("approved") is not None or run.decided_by is not None:
            return
        action = get_action(run.action)
        with self._database.read() as connection:
            waits = policy.waits(connection, run.workspace_id, action, [given], now_ms(), before=run.id)
        if waits:
            raise NeedsPerson

    def _wait_for_person(self, lease: RunLease) -> None:
        """By what was read, or by a policy that changed since, somebody has to approve it."""
        now = now_ms()
        waiting = replace(lease.run, state=runs.PENDING, due_at=now + APPROVAL_MS, expires_at=now + APPROVAL_MS)
        with self._database.write() as connection:
            if not runs.save(connection, self._vault, waiting, was_due=lease.run.due_at):
                raise LeaseLost
            told = tell_pending(connection, self._vault, waiting)
        log.info("waits_for_person", run=waiting.id, action=waiting.action, inbound=told)
        self._wake(FRESH)

    def _found_out(self, does: Adapter, task: Task, run: Run) -> Done:
        """What became of something that was told. Raises `Failed` if it certainly was not done."""
        if does.look_up_outcome is None:
            raise Uncertain("The request was sent, but this provider cannot report its result. Check it there.")
        found = does.look_up_outcome(task)
        if found is not None:
            return found
        if now_ms() - (run.content.get("told_at") or run.created_at) < self._patience.settled * 1000:
            raise Uncertain("It may still be in progress.")
        raise Failed(
            "A look-up showed that it was not carried out. Request it again if it is still needed.", code="not_done"
        )

    def _source(self, source_id: str) -> Source:
        with self._database.read() as connection:
            source = sources.get(connection, self._vault, source_id)
        if source is None:
            raise Failed("Its source was deleted.", code="no_source")
        return source

    def _wait_for_turn(self, source: Source) -> None:
        failures, opened = self._circuits.get(source.id, (0, 0.0))
        pause = _CIRCUIT.open_seconds(failures)
        if time.monotonic() - opened < pause:
            raise _Postponed(now_ms() + pause * 1000)
        slots = self._reserve(f"act:{source.id}", PER_SECOND, 1)
        until = slots[0] if slots else now_ms() + 1000
        if until - now_ms() > _ASLEEP_MS:
            if not slots:
                raise _Postponed(until)
            time.sleep(max(0, until - now_ms()) / 1000)

    def _count_failure(self, source_id: str) -> None:
        failures, _ = self._circuits.get(source_id, (0, 0.0))
        self._circuits[source_id] = (_CIRCUIT.failures_after(failures, 1), time.monotonic())

    def _not_reached(self, lease: RunLease, error: NotReached) -> None:
        run = lease.run
        if run.told:
            # It was only the look-up that was not reached.
            self._unknown(lease, error.message)
            return
        if self._fall_back(lease, error.message):
            return
        planned_pause = planned(self._patience.retries, run.attempts)
        if planned_pause is None:
            self._end(lease, runs.FAILED, f"{error.message} It was tried {run.attempts + 1} times.", code=error.code)
            return
        pause = max(planned_pause, error.after or 0)
        waiting = f"{error.message} It will be tried again."
        self._later(lease, now_ms() + int(pause * 1000), runs.QUEUED, text=waiting, attempts=run.attempts + 1)

    def _fall_back(self, lease: RunLease, why: str) -> bool:
        """Go on at the other source, if there is one; only ever after it certainly was not done at the first."""
        run = lease.run
        if run.content.get("fallback") is None or run.on_fallback:
            return False
        next_run = replace(run, on_fallback=True, told=False)
        lease.run = next_run
        self._later(lease, now_ms(), runs.QUEUED, text=f"{why} The fallback will be tried.", attempts=0)
        return True

    def _unknown(self, lease: RunLease, text: str) -> None:
        run = lease.run
        looked = run.content.get("look_ups", 0)
        does = adapters.of(self._source(run.source_id).provider).get(run.action) if run.source_id else None
        can_look = does is not None and (does.repeatable or does.look_up_outcome is not None)
        pause = planned(self._patience.look_ups, looked)
        if not can_look or pause is None:
            self._end(lease, runs.UNKNOWN, f"{text} The result is unknown: check it at the source.", code="unknown")
            return
        until = now_ms() + int(pause * 1000)
        self._later(lease, until, runs.UNKNOWN, text=f"{text} The result is being looked up.", look_ups=looked + 1)

    def _later(self, lease: RunLease, until: int, state: str, *, attempts: int | None = None, **content: Any) -> None:
        run = lease.run
        changed = replace(
            run,
            state=state,
            due_at=until,
            attempts=run.attempts if attempts is None else attempts,
            content={**run.content, **content},
        )
        self._save(lease, changed)
        log.info("put_off", run=run.id, action=run.action, state=state, until=iso(until), fallback=run.on_fallback)

    def _save(self, lease: RunLease, changed: Run) -> None:
        with self._database.write() as connection:
            if not runs.save(connection, self._vault, changed, was_due=lease.run.due_at):
                raise LeaseLost

    def _end(self, lease: RunLease, state: str, text: str, *, code: str | None = None,
             output: Mapping[str, Any] | None = None) -> None:  # fmt: skip
        run, now = lease.run, now_ms()
        blank: dict[str, Any] = dict.fromkeys(get_action(run.action).outputs)
        content = {**run.content, "text": text, "code": code, "output": {**blank, **(output or {})}}
        ended = replace(run, state=state, due_at=None, finished_at=now, content=content)
        with self._database.write() as connection:
            if not runs.save(connection, self._vault, ended, was_due=run.due_at):
                raise LeaseLost
            audit.append(connection, audit.Entry(run.workspace_id, now, "relay", f"action.{state}", run.id, run.action))
            told = tell_completed(connection, self._vault, ended)
        log.info("ended", run=run.id, action=run.action, state=state, code=code, inbound=told)
        self._wake(FRESH)


def _may_repeat(does: Adapter, run: Run) -> bool:
    """Whether doing what was told once more surely changes nothing more."""
    since_ms = now_ms() - (run.content.get("told_at") or run.created_at)
    return does.repeatable and (does.kept is None or since_ms < does.kept.total_seconds() * 1000)


class _Postponed(Exception):
    """Not yet its turn."""

    def __init__(self, until: int) -> None:
        super().__init__(until)
        self.until = until
