"""Waking workers. The only module that knows RQ.

A job is a wake-up: "there is work". It carries no payload and no list, since the database knows what is waiting.
A lane is not woken again while its wake-up lies there, or while the worker that took it is still attentive: under load
one job drains what thousands of requests stored. A wake-up that is lost (a worker killed, Redis emptied) costs a
second, until the clock wakes the lane.

Redis is not trusted: a worker takes from it which of its own lanes was woken, and reads nothing else that lies there.
RQ's jobs name a function and hold pickles, so there are none: a wake-up is an entry in a queue of RQ's, not a job.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, worker_registration
from rq.exceptions import DequeueTimeout, StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.utils import as_text
from rq.worker import WorkerStatus

from relay.errors import Unreachable
from relay.logs import Logger
from relay.queue.connection import connect, once_more
from relay.queue.lanes import FRESH, LANES

_WAITING_MS = 5_000
_ATTENTIVE_MS = 15_000
_LANE_SECONDS = 120
_AWAY_SECONDS = 1.0
_BETWEEN_WAKEUPS_SECONDS = 0.004
_WORKER_SECONDS = 30

log = Logger("queue")


class Wakeups:
    """Rings for work without ever keeping the caller waiting: a thread of its own talks to Redis."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url)
        self._queues = {lane: _queue(lane, self._redis) for lane in LANES}
        self._wanted: set[str] = set()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def wake(self, lane: str = FRESH) -> None:
        """Have the lane's worker look for work soon. Never raises, never blocks."""
        with self._wake:
            # Started at the first wake-up, not at import: a thread does not survive the fork of a web worker.
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wakeups", daemon=True)
                self._thread.start()
            self._wanted.add(lane)
            self._wake.notify()

    def wake_now(self, lane: str, *, force: bool = False) -> bool:
        """Wake a lane and return whether Redis took it. `force` wakes it even if a worker seems to be attentive."""
        try:
            if self._redis.set(_key(lane), 1, nx=not force, px=_WAITING_MS):
                self._enqueue(lane)
        except RedisError as error:
            log.warning("redis_away", reason=type(error).__name__, note="work is stored and will be picked up")
            return False
        return True

    def wake_another(self, lane: str) -> None:
        """Have one more worker of the lane look for work, if one is free. Never raises."""
        try:
            self._enqueue(lane)
        except RedisError:
            log.debug("no_help", lane=lane)

    def _enqueue(self, lane: str) -> None:
        queue = self._queues[lane]
        if not queue.count:
            queue.push_job_id(lane)

    def alive(self) -> bool:
        """Whether Redis answers."""
        try:
            return bool(self._redis.ping())
        except RedisError:
            return False

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._wanted:
                    self._wake.wait()
                wanted, self._wanted = self._wanted, set()
            woken = [self.wake_now(lane) for lane in wanted]
            # Under load one wake-up speaks for all that was stored meanwhile; alone it is not delayed at all.
            time.sleep(_BETWEEN_WAKEUPS_SECONDS if all(woken) else _AWAY_SECONDS)


class _Queue(Queue):
    """A lane's wake-ups. What an entry says is not looked at: that it lies here is all there is to know."""

    @classmethod
    def dequeue_any(
        cls, queues: Iterable[Queue], timeout: int | None, connection: Redis, *_: Any, **__: Any
    ) -> tuple[Job, Queue] | None:
        by_key = {queue.key.encode(): queue for queue in queues}
        # RQ's worker of one queue would move the entry aside, and find it there again after a crash: the clock wakes.
        found = connection.blpop(list(by_key), timeout or 0)
        if found is None:
            raise DequeueTimeout(timeout, list(by_key))
        queue = by_key[found[0]]
        return Job(queue.name, connection=connection, serializer=JSONSerializer), queue


def _queue(lane: str, redis: Redis) -> Queue:
    # RQ's own serializer would be pickle.
    return _Queue(lane, connection=redis, serializer=JSONSerializer)


class _Stop:
    """What a signal says, from before the first worker is known to Redis until the last is gone.

    RQ's own handlers come later than its worker is known, and ask Redis whether a job is under way: while Redis is
    away they forget that they were told.
    """

    def __init__(self, on_stop: Callable[[], None]) -> None:
        self.told = threading.Event()
        self.busy = False
        self._on_stop = on_stop

    def __call__(self, _: int, __: FrameType | None) -> None:
        if self.told.is_set():
            return
        self.told.set()
        self._on_stop()
        if not self.busy:
            raise StopRequested

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Answer the signals that say stop during the block, which ends with the first that finds no work under way."""
        before = {number: signal.signal(number, self) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with suppress(StopRequested):
                yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _Worker(SimpleWorker):
    """RQ's worker without its jobs: no function by its name, no callbacks, no results, no commands from Redis.

    It ends when `stop` is told; `answer` is called with the lane that was woken.
    """

    queue_class = _Queue
    max_connection_wait_time = _AWAY_SECONDS
    stop: _Stop
    answer: Callable[[str], None]

    @property
    def _stop_requested(self) -> bool:
        """RQ looks between two jobs."""
        return self.stop.told.is_set()

    @_stop_requested.setter
    def _stop_requested(self, _: bool) -> None:
        """RQ sets it at first."""

    def _install_signal_handlers(self) -> None:
        """`serve` has its own."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        self.stop.busy = True
        try:
            self.set_state(WorkerStatus.BUSY)
            self.heartbeat(_LANE_SECONDS)
            self.answer(queue.name)
            self.set_state(WorkerStatus.IDLE)
        except RedisError:
            raise
        except Exception:
            log.exception("work_failed", lane=queue.name)
            self.set_state(WorkerStatus.IDLE)
        finally:
            self.stop.busy = False

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        # Whoever catches everything may have caught what the signal raised: RQ comes by here every few seconds.
        if self.stop.told.is_set() and not self.stop.busy:
            raise StopRequested
        super().heartbeat(timeout, pipeline)
        # Redis may have lost all that it knew, this worker with it.
        if pipeline is None and not self.connection.hexists(self.key, "queues"):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)

    def subscribe(self) -> None:
        """There RQ would listen for who tells a worker to end."""

    def check_for_suspension(self, burst: bool) -> None:
        """A key in Redis that has RQ's workers wait for ever does not hold ours."""

    def run_maintenance_tasks(self) -> None:
        """Forget workers that are gone. RQ would also look after jobs, and call what they name."""
        for queue in self.queues:
            worker_registration.clean_worker_registry(queue)
        self.last_cleaned_at = datetime.now(UTC)  # type: ignore[assignment]


def _key(lane: str) -> str:
    """Set while a wake-up lies there or its worker is attentive."""
    return f"relay:bell:{lane}"


def serve(redis_url: str, lanes: Sequence[str], work: Callable[[str, bool], None], on_stop: Callable[[], None]) -> None:
    """Answer wake-ups of these lanes until a signal says stop. Waits for Redis to come, and to come back.

    `work(lane, attentive)` drains a lane. It is called once to be attentive, while nobody need wake it, and once more
    when the lane can be woken again, for what was stored in between. `on_stop` is called as soon as the signal comes.
    """
    redis = connect(redis_url)

    def answer(lane: str) -> None:
        redis.set(_key(lane), 1, px=_ATTENTIVE_MS)
        try:
            work(lane, True)
        finally:
            redis.delete(_key(lane))
        work(lane, False)

    stop = _Stop(on_stop)
    with closing(redis), stop.heard():
        while not stop.told.is_set():
            try:
                _take_wakeups(redis_url, lanes, answer, stop)
            except RedisError as error:
                log.warning("redis_away", reason=type(error).__name__, note="trying again every second")
            stop.told.wait(_AWAY_SECONDS)


def _take_wakeups(redis_url: str, lanes: Sequence[str], answer: Callable[[str], None], stop: _Stop) -> None:
    """Be a worker until a signal says stop or Redis is away."""
    with closing(Redis.from_url(redis_url, retry=once_more())) as connection:
        queues = [_queue(lane, connection) for lane in lanes]
        worker = _Worker(queues, connection=connection, worker_ttl=_WORKER_SECONDS, serializer=JSONSerializer)
        worker.stop, worker.answer = stop, answer
        worker.work(logging_level="WARNING")


def workers(redis_url: str) -> dict[str, int]:
    """How many workers take wake-ups of each lane. Raises `Unreachable` where Redis does not answer."""
    found = dict.fromkeys(LANES, 0)
    try:
        with closing(connect(redis_url)) as redis:
            for key in worker_registration.get_keys(connection=redis):
                names = as_text(redis.hget(key, "queues") or "").split(",")
                for lane in LANES:
                    found[lane] += lane in names
    except (RedisError, UnicodeDecodeError) as error:
        raise Unreachable((str(error).strip().splitlines() or [type(error).__name__])[0][:200]) from None
    return found
