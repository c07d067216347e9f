"""The queue. The only module that knows RQ, and the only one that knows a Redis key.

A job is a bell: "there is work". It carries no payload and no list, since the database knows what is waiting. A
bell is not rung while it rings or while the worker that heard it is still attentive: under load one job
drains what thousands of requests stored. A bell that is lost (a worker killed, Redis emptied) costs a second,
until the clock rings it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from types import FrameType
from typing import Any

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, SimpleWorker, worker_registration
from rq.exceptions import StopRequested
from rq.timeouts import BaseDeathPenalty

from relay.errors import Unreachable
from relay.model import now_ms
from relay.pipeline import FRESH, LATE, PACED_AHEAD_MS

ACT = "act"
"""The lane of actions."""

LANES = (FRESH, LATE, ACT)
_RINGING_MS = 5_000
_ATTENTIVE_MS = 15_000
_JOB_SECONDS = 120
_AWAY_SECONDS = 1.0
_BETWEEN_RINGS_SECONDS = 0.004
_SOCKET_SECONDS = 2.0
_PACE_SECONDS = 0.25
_PACE_AWAY_SECONDS = 2.0
_WORKER_SECONDS = 30

# KEYS[1] holds when the next slot is free; ARGV: now (ms), gap (ms, may have a fraction), how many at most, and
# how far ahead of now (ms) a slot may lie. A slot that nobody gets is not taken.
_RESERVE = """
local now, gap = tonumber(ARGV[1]), tonumber(ARGV[2])
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local count = math.max(0, math.min(tonumber(ARGV[3]), math.floor((now + tonumber(ARGV[4]) - free) / gap) + 1))
if count > 0 then
    local after = free + gap * count
    redis.call('SET', KEYS[1], string.format('%.3f', after), 'PX', math.ceil(after - now) + 1000)
end
return {string.format('%.3f', free), count}
"""

log = structlog.get_logger(stage="queue")


def connect(redis_url: str, seconds: float = _SOCKET_SECONDS) -> Redis:
    """A client whose calls end within seconds when the server does not answer."""
    return Redis.from_url(redis_url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=_once_more())


def _once_more() -> Retry:
    """For a connection that a restart of the server has cut. By itself the client would try ten times."""
    return Retry(NoBackoff(), 1)


class Bells:
    """Rings for work without ever keeping the caller waiting: a thread of its own talks to Redis."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url)
        self._queues = {lane: Queue(lane, connection=self._redis) for lane in LANES}
        self._wanted: set[str] = set()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def ring(self, lane: str = FRESH) -> None:
        """Have the lane's worker look for work soon. Never raises, never blocks."""
        with self._wake:
            # Started at the first ring, not at import: a thread does not survive the fork of a web worker.
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bells", daemon=True)
                self._thread.start()
            self._wanted.add(lane)
            self._wake.notify()

    def ring_now(self, lane: str, *, force: bool = False) -> bool:
        """Ring and answer whether Redis took it. `force` rings even if somebody seems to have heard."""
        try:
            if self._redis.set(_bell(lane), 1, nx=not force, px=_RINGING_MS):
                self._enqueue(lane)
        except RedisError as error:
            log.warning("redis_away", reason=type(error).__name__, note="work is stored and will be picked up")
            return False
        return True

    def call_help(self, lane: str) -> None:
        """Have one more worker of the lane look for work, if one is free. Never raises."""
        try:
            self._enqueue(lane)
        except RedisError:
            log.debug("no_help", lane=lane)

    def _enqueue(self, lane: str) -> None:
        queue = self._queues[lane]
        if not queue.count:
            queue.enqueue(_run_lane, lane, job_timeout=_JOB_SECONDS, result_ttl=0, failure_ttl=60, ttl=_JOB_SECONDS)

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
            rung = [self.ring_now(lane) for lane in wanted]
            # Under load one ring speaks for all that was stored meanwhile; alone it is not delayed at all.
            time.sleep(_BETWEEN_RINGS_SECONDS if all(rung) else _AWAY_SECONDS)


class Pace:
    """Slots in time for hooks that have a rate, shared by all workers; kept here alone while Redis is away."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url, _PACE_SECONDS)
        self._script = self._redis.register_script(_RESERVE)
        self._own: dict[str, float] = {}
        self._away_until = 0.0

    def reserve(self, hook_id: str, per_second: float, count: int) -> Sequence[int]:
        """When (Unix ms) each of the hook's next requests may leave: `count` of them, or as many as may leave soon."""
        now = now_ms()
        gap = 1000 / per_second
        first, fitting = self._shared(hook_id, now, gap, count) or self._alone(hook_id, now, gap, count)
        self._own[hook_id] = first + gap * fitting
        return [int(first + gap * index) + 1 for index in range(fitting)]

    def _shared(self, hook_id: str, now: int, gap: float, count: int) -> tuple[float, int] | None:
        # Whoever asks may hold the database's lock: while Redis is away it is not asked each time.
        if time.monotonic() < self._away_until:
            return None
        try:
            first, fitting = self._script(keys=[f"relay:pace:{hook_id}"], args=[now, gap, count, PACED_AHEAD_MS])
        except RedisError:
            self._away_until = time.monotonic() + _PACE_AWAY_SECONDS
            return None
        return float(first), int(fitting)

    def _alone(self, hook_id: str, now: int, gap: float, count: int) -> tuple[float, int]:
        first = max(self._own.get(hook_id, 0.0), float(now))
        return first, max(0, min(count, int((now + PACED_AHEAD_MS - first) // gap) + 1))


class _NoAlarm(BaseDeathPenalty):
    """Jobs end by themselves after a bounded time, and an alarm signal could cut a transaction in two."""

    def setup_death_penalty(self) -> None:
        return

    def cancel_death_penalty(self) -> None:
        return


class _Worker(SimpleWorker):
    """`on_stop` is called when a signal says stop."""

    death_penalty_class = _NoAlarm
    max_connection_wait_time = _AWAY_SECONDS
    on_stop: Callable[[], None]

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.on_stop()
        with suppress(RedisError):
            super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        super().heartbeat(timeout, pipeline)
        # Redis may have lost all that it knew, this worker with it.
        if pipeline is None and not self.connection.hexists(self.key, "queues"):
            self.connection.hset(self.key, mapping=self.serialize())
            worker_registration.register(self)


_work: Callable[[str], None] | None = None


def _run_lane(lane: str) -> None:
    """What a job does. Its worker knows how."""
    assert _work is not None  # set by `serve` before any job is taken
    _work(lane)


def _bell(lane: str) -> str:
    """Set while a bell rings or its worker is attentive."""
    return f"relay:bell:{lane}"


def serve(redis_url: str, lanes: Sequence[str], work: Callable[[str, bool], None], on_stop: Callable[[], None]) -> None:
    """Take jobs of these lanes until a signal says stop. Waits for Redis to come, and to come back.

    `work(lane, attentive)` drains a lane. It is called once to be attentive, while nobody need ring, and once more
    when the bell is free again, for what was stored in between. `on_stop` is called as soon as the signal comes.
    """
    global _work  # noqa: PLW0603  RQ finds a job's function by its name, so what it needs must be here

    redis = connect(redis_url)

    def answer(lane: str) -> None:
        redis.set(_bell(lane), 1, px=_ATTENTIVE_MS)
        try:
            work(lane, True)
        finally:
            redis.delete(_bell(lane))
        work(lane, False)

    stopping = threading.Event()

    def stop() -> None:
        stopping.set()
        on_stop()

    _work = answer
    with closing(redis):
        while not stopping.is_set():
            try:
                _take_jobs(redis_url, lanes, stop)
            except RedisError as error:
                log.warning("redis_away", reason=type(error).__name__, note="trying again every second")
            with suppress(StopRequested):
                stopping.wait(_AWAY_SECONDS)


def _take_jobs(redis_url: str, lanes: Sequence[str], stop: Callable[[], None]) -> None:
    """Be a worker until a signal says stop or Redis is away."""
    with suppress(StopRequested), closing(Redis.from_url(redis_url, retry=_once_more())) as connection:
        queues = [Queue(lane, connection=connection) for lane in lanes]
        worker = _Worker(queues, connection=connection, worker_ttl=_WORKER_SECONDS)
        worker.on_stop = stop
        worker.work(logging_level="WARNING")


def workers(redis_url: str) -> dict[str, int]:
    """How many workers take jobs of each lane. Raises `Unreachable` where Redis does not answer."""
    found = dict.fromkeys(LANES, 0)
    try:
        with closing(connect(redis_url)) as redis:
            for worker in SimpleWorker.all(connection=redis):
                for name in worker.queue_names():
                    found[name] = found.get(name, 0) + 1
    except RedisError as error:
        raise Unreachable((str(error).strip().splitlines() or [type(error).__name__])[0][:200]) from None
    return found
