"""A lease ends with the worker that holds it, and never while that worker lives."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.workbench import Belt, Workbench
from relay.catalogue.action_types import get as get_action
from relay.errors import StorageUnavailable
from relay.model import new_id, now_ms
from relay.queue import presence
from relay.queue.life_signs import Signs
from relay.queue.presence import MISSED_BEATS, Presence
from relay.storage import deliveries, inbound, runs, workers
from relay.storage.runs import Run

Freed = list[tuple[int, int, int]]


@pytest.fixture
def freed() -> Freed:
    return []


@pytest.fixture
def watcher(bench: Workbench, freed: Freed) -> Presence:
    return Presence(bench.database, lambda *counts: freed.append(counts))


@pytest.fixture
def holder(bench: Workbench) -> Presence:
    """A worker that has taken a webhook, a delivery and an action run."""
    made = Presence(bench.database, lambda *_: None)
    bench.accept(bench.source(), {"type": "a.b", "timestamp": "2026-11-22T10:00:00Z", "data": {}})
    hook, now = bench.hook(), now_ms()
    due = deliveries.NewDelivery(new_id("dlv"), bench.workspace_id, "evt_1", 1, hook.id, None, now, now)
    retried = deliveries.NewDelivery(new_id("dlv"), bench.workspace_id, "evt_2", 2, hook.id, None, now, now + 900_000)
    run = Run(
        new_id("run"), bench.workspace_id, "event.note", get_action("event.note").risk, None, runs.QUEUED, "key_1",
        now, now, {}, None, "0",
    )  # fmt: skip
    with bench.database.write() as connection:
        deliveries.store(connection, [due, retried])
        assert runs.add(connection, bench.vault, run)
        name = made.sign(connection)
        assert len(inbound.claim(connection, now_ms(), 10, name)) == 1
        assert len(deliveries.take(connection, hook.id, now_ms(), 10, name)) == 1
        assert len(runs.take(connection, bench.vault, now_ms(), now_ms() + 60_000, 1, name)) == 1
    return made


def waits(bench: Workbench) -> tuple[bool, bool, bool]:
    """Whether a webhook, a delivery and a run want work now."""
    with bench.database.read() as connection:
        now = now_ms()
        return inbound.waiting(connection, now), deliveries.waiting(connection, now), runs.any_due(connection, now)


def beat(watcher: Presence, times: int = MISSED_BEATS + 1) -> None:
    for _ in range(times):
        watcher.beat()


def test_what_a_dead_worker_held_is_due_at_once(
    bench: Workbench, holder: Presence, watcher: Presence, freed: Freed
) -> None:
    beat(watcher, MISSED_BEATS)
    before = waits(bench)

    watcher.beat()

    assert (before, waits(bench)) == ((False, False, False), (True, True, True))
    assert freed == [(1, 1, 1)]
    with bench.database.read() as connection:
        assert workers.beats(connection) == {}


def test_a_worker_that_lives_keeps_what_it_holds(
    bench: Workbench, holder: Presence, watcher: Presence, freed: Freed
) -> None:
    for _ in range(MISSED_BEATS):
        beat(watcher, MISSED_BEATS - 1)
        holder.beat()

    assert (waits(bench), freed) == ((False, False, False), [])


def test_a_watcher_that_could_not_write_has_counted_nothing(
    bench: Workbench, holder: Presence, watcher: Presence, freed: Freed, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher.beat()

    def away() -> Iterator[Any]:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(bench.database, "write", away)
        for _ in range(3 * MISSED_BEATS):
            with pytest.raises(StorageUnavailable):
                watcher.beat()
    beat(watcher, MISSED_BEATS - 1)

    assert (waits(bench), freed) == ((False, False, False), [])


def test_what_waits_for_a_retry_is_nobodys(bench: Workbench, holder: Presence, watcher: Presence) -> None:
    [taken] = [each for each in bench.deliveries() if each.event_id == "evt_1"]
    again = now_ms() + 600_000
    failed = deliveries.Attempt(taken.id, 1, now_ms(), 20, 503, "HTTP 503", deliveries.PENDING, again)
    with bench.database.write() as connection:
        deliveries.record(connection, [failed])

    beat(watcher)

    assert [each.due_at for each in bench.deliveries() if each.id == taken.id] == [again]


def test_a_worker_that_holds_nothing_writes_nothing(
    bench: Workbench, watcher: Presence, holder: Presence, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = time.monotonic() + 10_000
    monkeypatch.setattr(presence.time, "monotonic", lambda: later)
    holder.beat()
    monkeypatch.setattr(bench.database, "write", lambda: pytest.fail("it wrote"))

    holder.beat()
    watcher.beat()

    with bench.database.read() as connection:
        assert workers.beats(connection) == {}


def test_a_worker_that_ends_signs_off(bench: Workbench, holder: Presence) -> None:
    holder.close()

    with bench.database.read() as connection:
        assert workers.beats(connection) == {}


def test_whatever_a_worker_takes_it_signs_for(bench: Workbench) -> None:
    belt = Belt(bench)
    bench.hook()
    bench.accept(bench.source(), {"type": "a.b", "timestamp": "2026-11-22T10:00:00Z", "data": {}})

    belt.process()

    with bench.database.read() as connection:
        assert list(workers.beats(connection)) == [belt.presence.worker_id]


LIVES = """
import sys, time
from pathlib import Path
from relay.queue.life_signs import Signs
Signs(Path(sys.argv[1])).show("wrk_1")
print("shown", flush=True)
time.sleep(600)
"""


def test_of_who_lives_on_this_machine_the_death_is_seen_at_once(tmp_path: Path) -> None:
    signs = Signs(tmp_path / "workers")
    with subprocess.Popen(
        [sys.executable, "-c", LIVES, str(tmp_path / "workers")], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "shown\n"
        before = signs.shows_death("wrk_1")
        process.kill()

    assert (before, signs.shows_death("wrk_1"), signs.shows_death("wrk_2")) == (False, True, False)


def test_another_kernels_worker_is_not_judged_by_its_lock(tmp_path: Path) -> None:
    (tmp_path / "wrk_1").write_text("another boot\n")
    (tmp_path / "wrk_2").write_text("")

    assert [Signs(tmp_path).shows_death(name) for name in ("wrk_1", "wrk_2")] == [False, False]


def test_what_a_dead_worker_of_this_machine_held_is_due_with_the_first_beat(
    bench: Workbench, freed: Freed, tmp_path: Path
) -> None:
    signs = Signs(tmp_path / "workers")
    holder = Presence(bench.database, lambda *_: None, signs)
    watcher = Presence(bench.database, lambda *counts: freed.append(counts), Signs(tmp_path / "workers"))
    bench.accept(bench.source(), {"type": "a.b", "timestamp": "2026-11-22T10:00:00Z", "data": {}})
    with bench.database.write() as connection:
        assert len(inbound.claim(connection, now_ms(), 10, holder.sign(connection))) == 1
    watcher.beat()
    before = list(freed)

    assert signs.file is not None
    os.close(signs.file)  # as the kernel does with what a process leaves
    watcher.beat()

    assert (before, freed) == ([], [(1, 0, 0)])
    assert not list((tmp_path / "workers").iterdir())
