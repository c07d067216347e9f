"""The clock rings for what nobody announced; one works at a time, and a clock that was set back does no harm."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kit.processes import free_port
from kit.workbench import SECRET_KEY, Belt, Workbench, relay_of, sqlite_url
from relay.areas.rules import Rule, all_rules, each_turn
from relay.config import Config
from relay.context import Relay
from relay.errors import StorageUnavailable
from relay.model import now_ms
from relay.running import clock as clock_module
from relay.running.clock import Clock, run
from relay.storage import deliveries, inbound, locks
from relay.storage.inbound import BODIES_KEPT_MS

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
    for module in ("pipeline.commit", "pipeline.dispatch", "pipeline.late_lane", "outbound.dispatcher"):
        monkeypatch.setattr(f"relay.{module}.now_ms", made)
    return made


class Clocks:
    """Clocks on one database, each with what it rang; by all rules, or by those given."""

    def __init__(self, bench: Workbench, data_dir: Path) -> None:
        self._bench, self._data_dir = bench, data_dir
        self._open = ExitStack()

    def named(self, name: str, rules: Sequence[Rule] | None = None) -> tuple[Clock, list[str]]:
        woken: list[str] = []
        relay = relay_of(self._bench.database, self._bench.vault, woken.append, RELAY_DATA_DIR=str(self._data_dir))
        return self._open.enter_context(Clock(relay, all_rules() if rules is None else rules, name)), woken

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def clocks(bench: Workbench, tmp_path: Path) -> Iterator[Clocks]:
    made = Clocks(bench, tmp_path)
    yield made
    made.close()


def test_an_idle_relay_is_left_in_peace(clocks: Clocks, wall: WallClock) -> None:
    clock, woken = clocks.named("a")

    assert clock.tick(wall())
    assert woken == []


def test_it_rings_for_webhooks_that_nobody_took(bench: Workbench, clocks: Clocks, wall: WallClock) -> None:
    clock, woken = clocks.named("a")
    source = bench.source()

    bench.accept(source, TOLD)
    clock.tick(wall())
    assert woken == [], "its own bell is still on its way"

    bench.accept(source, TOLD, at=now_ms() - 1000)
    clock.tick(wall())
    assert woken == ["fresh"]


def test_it_rings_for_deliveries_that_are_due(bench: Workbench, clocks: Clocks, wall: WallClock) -> None:
    clock, woken = clocks.named("a")
    hook = bench.hook()
    bench.due(hook)

    clock.tick(wall())
    assert woken == []

    wall.ahead_ms = deliveries.LEASE_MS + 1
    clock.tick(wall())
    assert woken == ["late"]


def test_one_works_at_a_time_and_another_takes_over_when_it_dies_or_stops(clocks: Clocks, wall: WallClock) -> None:
    first, _ = clocks.named("a")
    second, _ = clocks.named("b")

    assert first.tick(wall())
    assert not second.tick(wall())
    wall.ahead_ms = 5001
    assert second.tick(wall()), "the first has not ticked for longer than its lock"
    assert not first.tick(wall())
    second.release()
    assert first.tick(wall())


def test_bodies_are_forgotten_when_they_are_old_enough(bench: Workbench, clocks: Clocks, wall: WallClock) -> None:
    clock, _ = clocks.named("a")
    source = bench.source()
    bench.hook()
    bench.accept(source, TOLD, key="old", at=now_ms() - BODIES_KEPT_MS - 1)
    bench.accept(source, TOLD, key="young")
    Belt(bench).process()

    clock.tick(wall())

    with bench.database.read() as connection:
        kept = [inbound.get(connection, place) for place in (1, 2)]
    assert [each is not None and each.sealed is None for each in kept] == [True, False]


def test_a_clock_that_is_set_back_keeps_nothing_waiting(bench: Workbench, clocks: Clocks, wall: WallClock) -> None:
    wall.ahead_ms = HOUR_MS
    hook, source = bench.hook(), bench.source()
    dead, _ = clocks.named("dead")
    dead.tick(wall())
    bench.accept(source, TOLD, key="processed", at=wall())
    Belt(bench).process()
    bench.accept(source, TOLD, key="waiting", at=wall())

    wall.ahead_ms = 0
    clock, woken = clocks.named("alive")
    assert clock.tick(wall()), "a lock from the future does not count"

    belt = Belt(bench)
    belt.process()
    belt.retry()
    assert sorted(belt.dispatcher.native_ids(hook)) == ["processed", "waiting"]
    clock.tick(wall())
    assert woken == [], "and it is all taken"


def test_the_active_clock_itself_may_be_the_one_that_is_set_back(
    bench: Workbench, clocks: Clocks, wall: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, woken = clocks.named("a", [replace(rule, seconds=0) for rule in all_rules()])
    wall.ahead_ms = HOUR_MS
    clock.tick(wall())
    bench.accept(bench.source(), TOLD, at=wall())

    wall.ahead_ms = 0
    assert clock.tick(wall())
    wall.ahead_ms = 1000
    clock.tick(wall())

    assert woken == ["fresh"]


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

    def tick(_: Clock, now: int) -> bool:
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

    def tick_and_stop(clock: Clock, now: int) -> bool:
        stopped.set()
        return tick(clock, now)

    monkeypatch.setattr(Clock, "tick", tick_and_stop)

    run(config(tmp_path), stopped)

    with bench.database.write() as connection:
        assert locks.hold(connection, "clock", "another", now_ms(), now_ms() + 5000)


def test_which_clock_is_active_and_which_took_over_is_logged(clocks: Clocks, wall: WallClock) -> None:
    first, _ = clocks.named("a")
    second, _ = clocks.named("b")

    with capture_logs() as lines:
        first.tick(wall())
        first.tick(wall())
        second.tick(wall())
        second.tick(wall())
        wall.ahead_ms = HOUR_MS
        second.tick(wall())
        first.tick(wall())

    assert [{name: line[name] for name in line if name != "log_level"} for line in lines] == [
        {"stage": "clock", "event": "active", "clock": "a", "took_over_from": None},
        {"stage": "clock", "event": "standing_by", "clock": "b", "active": "a"},
        {"stage": "clock", "event": "active", "clock": "b", "took_over_from": "a"},
        {"stage": "clock", "event": "standing_by", "clock": "a", "active": "b"},
    ]


def test_a_rule_that_breaks_keeps_no_other_from_its_turn(clocks: Clocks) -> None:
    turns: list[str] = []

    def breaks(_: Relay, now: int) -> None:
        turns.append(f"broken {now}")
        raise ValueError("no such thing")

    def works(_: Relay, now: int) -> None:
        turns.append(f"working {now}")

    clock, _ = clocks.named("a", [Rule("broken", 0, each_turn(breaks)), Rule("working", 0, each_turn(works))])

    with capture_logs() as lines:
        assert clock.tick(1)
        assert clock.tick(2)

    assert turns == ["broken 1", "working 1", "broken 2", "working 2"]
    assert [line["rule"] for line in lines if line["event"] == "rule_failed"] == ["broken", "broken"]


def test_a_rule_has_its_turn_when_it_is_due_or_at_once_when_there_is_more_to_do(clocks: Clocks) -> None:
    turns: list[int] = []

    def has_more_once(_: Relay, now: int) -> bool:
        turns.append(now)
        return now == 1

    clock, _ = clocks.named("a", [Rule("seldom", 3600, each_turn(has_more_once))])

    for now in (1, 2, 3):
        clock.tick(now)

    assert turns == [1, 2]


def test_each_rule_has_a_name_of_its_own() -> None:
    names = [rule.name for rule in all_rules()]

    assert {"records", "overdue", "set_back", "audit_anchor", "housekeeping", "missed", "polling"} <= set(names)
    assert len(names) == len(set(names))
