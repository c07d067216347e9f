"""Whoever has something sent wakes the workers for it, once it is committed; a dry run wakes nobody."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kit.workbench import Belt, Workbench, sqlite_url
from relay.accounts import hooks
from relay.errors import NotFound
from relay.outbound import replay
from relay.queue.lanes import LATE

Work = Callable[[Workbench, str, str], Any]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench(sqlite_url(tmp_path)) as made:
        yield made


def an_event(bench: Workbench) -> str:
    bench.accept(bench.source(), {"type": "something.happened", "data": {"it": "did"}})
    Belt(bench).process()
    (event,) = bench.events()
    return str(event["id"])


QUEUES: dict[str, Work] = {
    "one event": lambda bench, event_id, _: replay.one(bench.working_in(), event_id),
    "all since": lambda bench, _, __: replay.since(bench.working_in(), replay.Selection(0)),
    "a test": lambda bench, _, hook_id: replay.send_test(bench.working_in(), hook_id),
    "a hook that is switched on": lambda bench, _, hook_id: hooks.change(
        bench.working_in(), hook_id, {"status": "active"}
    ),
    "a hook with another target": lambda bench, _, hook_id: hooks.change(
        bench.working_in(), hook_id, {"target_url": "https://hooks.example.com/other"}
    ),
}

QUEUES_NOTHING: dict[str, Work] = {
    "a dry run of one event": lambda bench, event_id, _: replay.one(bench.working_in(), event_id, dry_run=True),
    "a dry run of all since": lambda bench, _, __: replay.since(bench.working_in(), replay.Selection(0), dry_run=True),
    "a hook with another rate": lambda bench, _, hook_id: hooks.change(bench.working_in(), hook_id, {"rate_limit": 5}),
}

IS_REFUSED: dict[str, tuple[type[Exception], Work]] = {
    "an event that is not there": (NotFound, lambda bench, _, __: replay.one(bench.working_in(), "evt_none")),
    "a hook that is not there": (
        NotFound,
        lambda bench, _, __: replay.since(bench.working_in(), replay.Selection(0, hook_id="hk_none")),
    ),
    "a hook of others": (
        NotFound,
        lambda bench, _, hook_id: replay.send_test(bench.working_in(bench.workspace("Theirs")), hook_id),
    ),
    "a hook that is deleted": (
        NotFound,
        lambda bench, _, hook_id: (
            hooks.delete(bench.working_in(), hook_id),
            replay.send_test(bench.working_in(), hook_id),
        ),
    ),
}


@pytest.mark.parametrize("work", QUEUES.values(), ids=QUEUES)
def test_what_is_queued_wakes_the_late_lane_once(bench: Workbench, work: Work) -> None:
    hook, event_id = bench.hook(), an_event(bench)
    bench.woken.clear()

    work(bench, event_id, hook.id)

    assert bench.woken == [LATE]


@pytest.mark.parametrize("work", QUEUES_NOTHING.values(), ids=QUEUES_NOTHING)
def test_where_nothing_is_queued_nobody_is_woken(bench: Workbench, work: Work) -> None:
    hook, event_id = bench.hook(), an_event(bench)
    bench.woken.clear()

    work(bench, event_id, hook.id)

    assert bench.woken == []


@pytest.mark.parametrize(("error", "work"), IS_REFUSED.values(), ids=IS_REFUSED)
def test_what_is_refused_wakes_nobody(bench: Workbench, error: type[Exception], work: Work) -> None:
    hook, event_id = bench.hook(), an_event(bench)
    bench.woken.clear()

    with pytest.raises(error):
        work(bench, event_id, hook.id)

    assert bench.woken == []


def test_the_lane_is_woken_after_the_delivery_is_there(bench: Workbench) -> None:
    """A worker that is woken before the commit finds nothing, and sleeps again."""
    bench.hook()
    event_id = an_event(bench)
    before = {each.id for each in bench.deliveries()}
    there: list[set[str]] = []
    watched = replace(bench.relay, wake=lambda _: there.append({each.id for each in bench.deliveries()}))

    made = replay.one(watched.workspace(bench.workspace_id, "tests"), event_id)["deliveries"]

    assert there == [before | set(made)]
