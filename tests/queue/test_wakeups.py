"""Wakeups, paces and workers on a real Redis, which comes, goes and forgets, and which strangers may write to."""

import gc
import json
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis as Client
from rq import Queue
from rq.command import send_shutdown_command
from rq.job import Job

from kit.processes import free_port
from kit.servers import Redis
from kit.waiting import until
from relay.areas.findings import BROKEN, FINE
from relay.config import Config
from relay.model import now_ms
from relay.queue import pacing, wakeups
from relay.queue.lanes import FRESH, LANES, LATE
from relay.queue.pacing import PACED_AHEAD_MS, Pace
from relay.queue.wakeups import Wakeups, serve, workers
from relay.running.findings.processes import queue


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with Redis(tmp_path_factory.mktemp("redis") / "data") as made:
        yield made


@pytest.fixture
def redis(server: Redis) -> Iterator[Client]:
    with Client.from_url(server.url) as client:
        client.flushall()
        yield client


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """A worker takes the signals of the process that it runs in."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def woken(redis: Client) -> dict[str, int]:
    return {lane: count for lane in LANES if (count := Queue(lane, connection=redis).count)}


def test_a_wakeup_is_one_job_however_often_the_lane_is_woken(server: Redis, redis: Client) -> None:
    wakeups = Wakeups(server.url)

    for _ in range(5):
        assert wakeups.wake_now(FRESH)

    assert woken(redis) == {FRESH: 1}


def test_a_lane_is_woken_in_a_thread_of_its_own(server: Redis, redis: Client) -> None:
    wakeups = Wakeups(server.url)

    wakeups.wake(LATE)
    wakeups.wake(FRESH)

    until(lambda: woken(redis) == {FRESH: 1, LATE: 1}, "both lanes are woken for")


def test_a_wakeup_that_nobody_took_is_repeated_by_force_only(server: Redis, redis: Client) -> None:
    wakeups = Wakeups(server.url)
    wakeups.wake_now(FRESH)
    Queue(FRESH, connection=redis).empty()

    wakeups.wake_now(FRESH)
    assert woken(redis) == {}

    wakeups.wake_now(FRESH, force=True)
    wakeups.wake_now(FRESH, force=True)
    assert woken(redis) == {FRESH: 1}


def test_help_is_called_once(server: Redis, redis: Client) -> None:
    wakeups = Wakeups(server.url)

    wakeups.wake_another(FRESH)
    wakeups.wake_another(FRESH)

    assert woken(redis) == {FRESH: 1}


def test_a_redis_that_is_away_raises_nothing() -> None:
    wakeups = Wakeups(f"redis://127.0.0.1:{free_port()}/0")

    assert not wakeups.wake_now(FRESH)
    assert not wakeups.alive()
    wakeups.wake_another(FRESH)
    wakeups.wake(FRESH)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> int:
    """A moment that does not pass."""
    moment = now_ms()
    monkeypatch.setattr(pacing, "now_ms", lambda: moment)
    return moment


def test_slots_lie_apart_and_only_as_far_ahead_as_a_parcel_may_wait(server: Redis, redis: Client, now: int) -> None:
    pace = Pace(server.url)
    every = [now + 100 * number + 1 for number in range(PACED_AHEAD_MS // 100 + 1)]

    assert pace.reserve("hk_1", 10, 3) == every[:3]
    assert pace.reserve("hk_1", 10, 100) == every[3:]
    assert pace.reserve("hk_1", 10, 100) == []
    assert pace.reserve("hk_2", 10, 3) == every[:3], "another hook has its own"


def test_workers_share_a_pace(server: Redis, redis: Client, now: int) -> None:
    one, two = Pace(server.url), Pace(server.url)

    slots = [*one.reserve("hk_1", 20, 5), *two.reserve("hk_1", 20, 5), *one.reserve("hk_1", 20, 5)]

    assert slots == [now + 50 * number + 1 for number in range(15)]


def test_what_finds_no_slot_takes_none(server: Redis, redis: Client, now: int, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(server.url)

    assert pace.reserve("hk_1", 0.1, 5) == [now + 1]
    assert [pace.reserve("hk_1", 0.1, 5) for _ in range(100)] == [[]] * 100

    monkeypatch.setattr(pacing, "now_ms", lambda: now + 8000)
    assert pace.reserve("hk_1", 0.1, 5) == [now + 10_001]


def test_a_worker_alone_keeps_the_pace_too(now: int) -> None:
    pace = Pace(f"redis://127.0.0.1:{free_port()}/0")

    assert pace.reserve("hk_1", 10, 3) == [now + 1, now + 101, now + 201]
    assert pace.reserve("hk_1", 10, 100)[0] == now + 301
    assert pace.reserve("hk_1", 10, 100) == []


def test_a_redis_that_hangs_is_not_asked_each_time(server: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    pace = Pace(server.url)
    asked = 0

    def hang(**_: object) -> None:
        nonlocal asked
        asked += 1
        raise wakeups.RedisError

    monkeypatch.setattr(pace, "_script", hang)
    for _ in range(10):
        pace.reserve("hk_1", 10, 1)

    assert asked == 1


class Lane:
    """Work that is counted, and that tells the worker to stop when it has seen enough."""

    def __init__(self, stop_after: Callable[["Lane"], object]) -> None:
        self.done: list[tuple[str, bool]] = []
        self.stopping = 0
        self._stop_after = stop_after

    def work(self, lane: str, attentive: bool) -> None:
        self.done.append((lane, attentive))
        if not attentive and self._stop_after(self):
            os.kill(os.getpid(), signal.SIGTERM)

    def on_stop(self) -> None:
        self.stopping += 1


def test_a_worker_does_what_it_is_rung_for_and_stops_when_told(server: Redis, redis: Client) -> None:
    lane = Lane(lambda lane: len(lane.done) >= 2)
    wakeups = Wakeups(server.url)
    wakeups.wake_now(FRESH)
    wakeups.wake_now(LATE)

    serve(server.url, [FRESH], lane.work, lane.on_stop)

    assert lane.done == [(FRESH, True), (FRESH, False)]
    assert lane.stopping == 1
    assert woken(redis) == {LATE: 1}
    assert not redis.exists("relay:bell:fresh"), "it can be woken again"


def test_work_that_fails_is_not_the_end(server: Redis, redis: Client) -> None:
    wakeups = Wakeups(server.url)
    lane = Lane(lambda lane: True)

    def work(name: str, attentive: bool) -> None:
        if not lane.done:
            lane.done.append(("failed", attentive))
            wakeups.wake_now(FRESH, force=True)
            raise ZeroDivisionError
        lane.work(name, attentive)

    wakeups.wake_now(FRESH)
    serve(server.url, [FRESH], work, lane.on_stop)

    assert lane.done == [("failed", True), (FRESH, True), (FRESH, False)]


class Booby:
    """What is run by who unpickles it."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self._command,)


Plant = Callable[[Client, str], object]


def planted_job(redis: Client, command: str) -> None:
    Queue(FRESH, connection=redis).enqueue("os.system", command)


def planted_json_job(redis: Client, command: str) -> None:
    data = json.dumps(["os.system", None, [command], {}]).encode()
    redis.hset("rq:job:mine", mapping={"data": data, "created_at": "2026-01-01T00:00:00.000000Z", "status": "queued"})
    redis.rpush("rq:queue:fresh", "mine")


def planted_pickle(redis: Client, command: str) -> None:
    redis.hset("rq:job:mine", mapping={"data": pickle.dumps(Booby(command)), "meta": pickle.dumps(Booby(command))})
    redis.rpush("rq:queue:fresh", "mine")


def planted_result(redis: Client, command: str) -> None:
    Queue(FRESH, connection=redis).enqueue("relay.queue.wakeups._run_lane", FRESH, job_id="mine")
    redis.hset(
        "rq:job:mine", mapping={"result": pickle.dumps(Booby(command)), "exc_info": pickle.dumps(Booby(command))}
    )


def planted_callback(redis: Client, command: str) -> None:
    job = Job.create("os.getpid", id="mine", connection=redis)
    job.save()
    names = {"success_callback_name": "os.system", "failure_callback_name": "os.system"}
    redis.hset("rq:job:mine", mapping=names | {"result": command})
    redis.rpush("rq:queue:fresh", "mine")


def planted_schedule(redis: Client, command: str) -> None:
    planted_job(redis, command)
    (found,) = redis.lrange("rq:queue:fresh", 0, -1)
    redis.zadd("rq:scheduled:fresh", {found: 1})
    redis.rpush("rq:queue:fresh:intermediate", found)


def planted_abandoned_job(redis: Client, command: str) -> None:
    """RQ's own upkeep would call what a job names that was begun and never ended."""
    job = Job.create("os.getpid", id="mine", connection=redis)
    job.save()
    redis.hset("rq:job:mine", mapping={"failure_callback_name": "os.system", "data": pickle.dumps(Booby(command))})
    redis.zadd("rq:wip:fresh", {"mine": 1, "mine:execution": 1})
    redis.rpush("rq:queue:fresh", "mine")


def planted_nonsense(redis: Client, command: str) -> None:
    redis.rpush("rq:queue:fresh", b"\xff\xfe\x00", "a:b:c", "x" * 100_000)


def planted_lane(redis: Client, command: str) -> None:
    redis.rpush("rq:queue:../../fresh", "fresh")
    redis.sadd("rq:queues", "rq:queue:../../fresh")
    redis.rpush("rq:queue:fresh", "late", "os.system")


@pytest.mark.parametrize(
    "plant",
    [
        planted_job,
        planted_json_job,
        planted_pickle,
        planted_result,
        planted_callback,
        planted_schedule,
        planted_abandoned_job,
        planted_nonsense,
        planted_lane,
    ],
)
def test_what_a_stranger_puts_into_redis_is_a_wakeup_and_never_run(
    server: Redis, redis: Client, tmp_path: Path, plant: Plant
) -> None:
    lane = Lane(lambda _: not redis.llen("rq:queue:fresh"))
    mark = tmp_path / "ran"

    plant(redis, f"touch {mark}")
    serve(server.url, [FRESH], lane.work, lane.on_stop)

    assert set(lane.done) == {(FRESH, True), (FRESH, False)}
    assert lane.stopping == 1
    assert not mark.exists()


def test_no_one_in_redis_tells_a_worker_to_end_or_to_wait(server: Redis, redis: Client) -> None:
    lane = Lane(lambda _: True)
    redis.set("rq:suspended", 1)

    def tell() -> None:
        until(lambda: workers(server.url)[FRESH], "the worker waits for wakeups")
        for key in redis.smembers("rq:workers"):
            send_shutdown_command(redis, key.decode().removeprefix("rq:worker:"))
        Wakeups(server.url).wake_now(FRESH)

    teller = threading.Thread(target=tell)
    teller.start()
    serve(server.url, [FRESH], lane.work, lane.on_stop)
    teller.join()

    assert lane.done == [(FRESH, True), (FRESH, False)]


def test_a_wakeup_says_nothing_but_its_lane(server: Redis, redis: Client) -> None:
    wakeups = Wakeups(server.url)

    wakeups.wake_now(FRESH)
    wakeups.wake_another(LATE)

    assert redis.lrange("rq:queue:fresh", 0, -1) == [b"fresh"]
    assert redis.lrange("rq:queue:late", 0, -1) == [b"late"]
    assert sorted(redis.keys()) == [b"relay:bell:fresh", b"rq:queue:fresh", b"rq:queue:late"]


@pytest.mark.parametrize("kept", ["1e300", "nan", "-1e300", "inf", "nonsense", ""])
def test_a_pace_that_a_stranger_set_holds_nobody_back(server: Redis, redis: Client, now: int, kept: str) -> None:
    redis.set("relay:pace:hk_1", kept)

    assert Pace(server.url).reserve("hk_1", 10, 3) == [now + 1, now + 101, now + 201]


def test_workers_that_a_stranger_wrote_down_do_not_hide_ours(server: Redis, redis: Client) -> None:
    redis.sadd("rq:workers", "rq:worker:gone", "nonsense", "rq:worker:odd")
    redis.hset("rq:worker:odd", mapping={"queues": "fresh,../x,late", "pid": "none", "birth": "never"})

    assert workers(server.url) == {"fresh": 1, "late": 1, "act": 0}


def test_a_worker_that_waits_stops_when_told(server: Redis, redis: Client) -> None:
    lane = Lane(lambda _: False)

    def tell() -> None:
        until(lambda: workers(server.url)[LATE], "the worker waits for jobs")
        os.kill(os.getpid(), signal.SIGTERM)

    teller = threading.Thread(target=tell)
    teller.start()
    serve(server.url, [LATE], lane.work, lane.on_stop)
    teller.join()

    assert lane.stopping == 1


@pytest.mark.parametrize("loss", ["emptied", "killed", "killed and emptied"])
def test_a_worker_outlives_its_redis(server: Redis, redis: Client, loss: str) -> None:
    lane = Lane(lambda _: True)

    def lose() -> None:
        until(lambda: workers(server.url)[FRESH], "the worker waits for jobs")
        if loss == "emptied":
            redis.flushall()
        elif loss == "killed":
            server.kill()
            server.start()
        else:
            server.lose_everything()
        until(lambda: Wakeups(server.url).wake_now(FRESH, force=True), "Redis takes a bell")

    loser = threading.Thread(target=lose)
    loser.start()
    serve(server.url, [FRESH], lane.work, lane.on_stop)
    loser.join()

    assert lane.done == [(FRESH, True), (FRESH, False)]


def test_a_worker_that_redis_has_forgotten_makes_itself_known_again(server: Redis, redis: Client) -> None:
    found: list[int] = []
    wakeups = Wakeups(server.url)

    def enough(lane: Lane) -> bool:
        if len(lane.done) == 2:
            redis.flushall()
            wakeups.wake_now(FRESH, force=True)
            return False
        found.append(workers(server.url)[FRESH])
        return True

    lane = Lane(enough)
    wakeups.wake_now(FRESH)
    serve(server.url, [FRESH], lane.work, lane.on_stop)

    assert found == [1]


# The signal may come while the worker connects: its process ends then, and the socket with it.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_worker_that_is_told_to_stop_while_redis_is_away_stops(server: Redis, redis: Client) -> None:
    lane = Lane(lambda _: False)

    def lose_and_tell() -> None:
        until(lambda: workers(server.url)[FRESH], "the worker waits for jobs")
        server.kill()
        os.kill(os.getpid(), signal.SIGTERM)

    teller = threading.Thread(target=lose_and_tell)
    teller.start()
    serve(server.url, [FRESH], lane.work, lane.on_stop)
    teller.join()
    server.start()
    gc.collect()  # here, where a socket that the signal broke off may be left

    assert lane.stopping == 1


def test_a_worker_that_redis_does_not_know_yet_stops_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(lambda _: False)
    monkeypatch.setattr(wakeups, "_take_wakeups", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    before = signal.getsignal(signal.SIGTERM)

    serve(f"redis://127.0.0.1:{free_port()}/0", [FRESH], lane.work, lane.on_stop)

    assert (lane.stopping, signal.getsignal(signal.SIGTERM)) == (1, before)


def test_the_doctor_sees_workers_that_are_there(server: Redis, redis: Client, tmp_path: Path) -> None:
    config = Config.load({"RELAY_DATA_DIR": str(tmp_path), "RELAY_REDIS_URL": server.url})
    assert {each.what: each.state for each in queue(config)} == {
        "Redis": FINE,
        "workers, fresh lane": BROKEN,
        "workers, late lane": BROKEN,
        "workers, act lane": BROKEN,
    }

    seen: dict[str, str] = {}

    def look(_: Lane) -> bool:
        seen.update({each.what: each.state for each in queue(config)})
        return True

    lane = Lane(look)
    Wakeups(server.url).wake_now(FRESH)
    serve(server.url, LANES, lane.work, lane.on_stop)

    assert set(seen.values()) == {FINE}
