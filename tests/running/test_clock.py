"""The clock rings for what nobody announced; one works at a time, and a clock that was set back does no harm."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kit.processes import free_port
from kit.workbench import SECRET_KEY, Belt, Workbench, sqlite_url
from relay.config import Config
from relay.errors import StorageUnavailable
from relay.http import GuardedClient
from relay.inbound.lookups import ApiReader
from relay.model import now_ms
from relay.running import clock as clock_module
from relay.running.clock import BODIES_KEPT_MS, Clock, run
from relay.storage import deliveries, inbound, locks
from relay.watch.polling import Poller

TOLD = {"type": "something.happened", "data": {}}
HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


class WallClock:
    """What the machine's clock says to the relay."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def __call__(self) -> int:
        return now_ms() + self.ahead_ms


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    made = WallClock()
    for module in ("running.clock", "pipeline.pipeline", "outbound.dispatcher"):
        monkeypatch.setattr(f"relay.{module}.now_ms", made)
    return made


def named(bench: Workbench, name: str) -> tuple[Clock, list[str]]:
    rung: list[str] = []
    poller = Poller(bench.database, bench.vault, ApiReader(GuardedClient), rung.append)
    clock = Clock(bench.database, bench.vault, rung.append, poller)
    clock._name = name
    return clock, rung


def test_an_idle_relay_is_left_in_peace(bench: Workbench) -> None:
    clock, rung = named(bench, "a")

    assert clock.tick()
    assert rung == []


def test_it_rings_for_webhooks_that_nobody_took(bench: Workbench) -> None:
    clock, rung = named(bench, "a")
    source = bench.source()

    bench.accept(source, TOLD)
    clock.tick()
    assert rung == [], "its own bell is still on its way"

    bench.accept(source, TOLD, at=now_ms() - 1000)
    clock.tick()
    assert rung == ["fresh"]


def test_it_rings_for_deliveries_that_are_due(bench: Workbench, wall: WallClock) -> None:
    clock, rung = named(bench, "a")
    hook = bench.hook()
    bench.due(hook)

    clock.tick()
    assert rung == []

    wall.ahead_ms = deliveries.LEASE_MS + 1
    clock.tick()
    assert rung == ["late"]


def test_one_works_at_a_time_and_another_takes_over_when_it_dies_or_stops(bench: Workbench, wall: WallClock) -> None:
    first, _ = named(bench, "a")
    second, _ = named(bench, "b")

    assert first.tick()
    assert not second.tick()
    wall.ahead_ms = 5001
    assert second.tick(), "the first has not ticked for longer than its lock"
    assert not first.tick()
    second.release()
    assert first.tick()


def test_bodies_are_forgotten_when_they_are_old_enough(bench: Workbench) -> None:
    clock, _ = named(bench, "a")
    source = bench.source()
    bench.hook()
    bench.accept(source, TOLD, key="old", at=now_ms() - BODIES_KEPT_MS - 1)
    bench.accept(source, TOLD, key="young")
    Belt(bench).process()

    clock.tick()

    with bench.database.read() as connection:
        kept = [inbound.get(connection, place) for place in (1, 2)]
    assert [each is not None and each.sealed is None for each in kept] == [True, False]


def test_a_clock_that_is_set_back_keeps_nothing_waiting(bench: Workbench, wall: WallClock) -> None:
    wall.ahead_ms = HOUR_MS
    hook, source = bench.hook(), bench.source()
    dead, _ = named(bench, "dead")
    dead.tick()
    bench.accept(source, TOLD, key="processed", at=wall())
    Belt(bench).process()
    bench.accept(source, TOLD, key="waiting", at=wall())

    wall.ahead_ms = 0
    clock, rung = named(bench, "alive")
    assert clock.tick(), "a lock from the future does not count"

    belt = Belt(bench)
    belt.process()
    belt.retry()
    assert sorted(belt.dispatcher.native_ids(hook)) == ["processed", "waiting"]
    clock.tick()
    assert rung == [], "and it is all taken"


def test_the_active_clock_itself_may_be_the_one_that_is_set_back(
    bench: Workbench, wall: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "_HOUSEKEEPING_SECONDS", 0)
    clock, rung = named(bench, "a")
    wall.ahead_ms = HOUR_MS
    clock.tick()
    bench.accept(bench.source(), TOLD, at=wall())

    wall.ahead_ms = 0
    assert clock.tick()
    wall.ahead_ms = 1000
    clock.tick()

    assert rung == ["fresh"]


def test_a_clock_that_is_set_ahead_only_repeats(bench: Workbench, wall: WallClock) -> None:
    hook, source = bench.hook(), bench.source()
    bench.accept(source, TOLD, key="once")
    belt = Belt(bench)
    belt.process()

    wall.ahead_ms = HOUR_MS
    belt.retry()

    first, again = belt.dispatcher.parcels
    assert (first.event_id, first.delivery_id, first.body) == (again.event_id, again.delivery_id, again.body)
    assert len(bench.deliveries(hook)) == 1


def config(directory: Path, **more: str) -> Config:
    given = {"RELAY_DATA_DIR": str(directory), "RELAY_SECRET_KEY": SECRET_KEY, "RELAY_REDIS_URL": "redis://127.0.0.1:1"}
    return Config.load(given | more)


def test_it_goes_on_while_the_database_is_away_and_ends_when_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "TICK_SECONDS", 0.001)
    stopped = threading.Event()
    ticks = 0

    def tick(_: Clock) -> bool:
        nonlocal ticks
        ticks += 1
        if ticks == 3:
            stopped.set()
        raise StorageUnavailable("The database did not take it: OperationalError. Try again.")

    monkeypatch.setattr(Clock, "tick", tick)

    run(config(tmp_path, RELAY_DATABASE_URL=f"postgresql://relay@127.0.0.1:{free_port()}/relay"), stopped)

    assert ticks == 3


def test_it_gives_its_lock_up_when_it_ends(bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "TICK_SECONDS", 0.001)
    stopped = threading.Event()
    tick = Clock.tick

    def tick_and_stop(clock: Clock) -> bool:
        stopped.set()
        return tick(clock)

    monkeypatch.setattr(Clock, "tick", tick_and_stop)

    run(config(tmp_path), stopped)

    with bench.database.write() as connection:
        assert locks.hold(connection, "clock", "another", now_ms(), now_ms() + 5000)


def test_which_clock_is_active_and_which_took_over_is_logged(bench: Workbench, wall: WallClock) -> None:
    first, _ = named(bench, "a")
    second, _ = named(bench, "b")

    with capture_logs() as lines:
        first.tick()
        first.tick()
        second.tick()
        second.tick()
        wall.ahead_ms = HOUR_MS
        second.tick()
        first.tick()

    assert [{name: line[name] for name in line if name != "log_level"} for line in lines] == [
        {"stage": "clock", "event": "active", "clock": "a", "took_over_from": None},
        {"stage": "clock", "event": "standing_by", "clock": "b", "active": "a"},
        {"stage": "clock", "event": "active", "clock": "b", "took_over_from": "a"},
        {"stage": "clock", "event": "standing_by", "clock": "a", "active": "b"},
    ]
