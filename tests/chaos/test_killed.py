"""Parts are killed as the kernel kills when memory runs out: at once, in the middle of whatever they do."""

import threading

import pytest

from chaos.conftest import ROUNDS, World
from kit.processes import kill
from kit.relays import CLOCK, FRESH, LATE, WEB
from kit.subscriber import HEALTHY, Answer
from kit.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.chaos


def test_a_worker_of_the_late_lane(world: World) -> None:
    scenario = world.scenario("late worker killed")
    # An ordered hook gets everything by the late lane. Its next waits until what was killed is free again.
    healthy, ordered = scenario.subscriber(), scenario.subscriber(ordered=True)

    for _ in range(ROUNDS):
        with scenario.stream(senders=1):
            until(lambda: healthy.taken and ordered.taken, "both lanes deliver")
            world.relay.kill(LATE)
        scenario.goes_on(healthy)


def test_a_worker_in_the_middle_of_deliveries(world: World) -> None:
    scenario = world.scenario("worker killed")
    subscriber = scenario.subscriber()
    go_on = threading.Event()

    def answer(_: bytes) -> Answer:
        go_on.wait(PATIENCE_SECONDS)
        return HEALTHY

    subscriber.answer = answer

    for _ in range(ROUNDS):
        go_on.clear()
        with scenario.stream():
            until(lambda: subscriber.waiting >= 2, "the worker is delivering")
            world.relay.kill(FRESH)
            go_on.set()
        scenario.goes_on()


@pytest.mark.parametrize("whole", [False, True], ids=["one of its processes", "all of it"])
def test_the_web(world: World, *, whole: bool) -> None:
    scenario = world.scenario(f"web killed {whole}")
    scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: stream.accepted, "webhooks come in")
            first, *others = world.relay.processes(WEB)
            kill([first, *others] if whole else others[:1])
            before = len(stream.accepted)
            until(lambda: len(stream.accepted) > before + 5, "webhooks are accepted again")
        scenario.goes_on()


def test_the_web_while_many_post_at_once(world: World) -> None:
    """Rounds of the loop hold many webhooks then, and are cut off between their commit and their answers."""
    scenario = world.scenario("web killed under load")
    scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream(senders=32, more=100) as stream:
            for _ in range(3):
                before = len(stream.accepted)
                until(lambda before=before: len(stream.accepted) > before + 64, "webhooks are accepted")  # type: ignore[misc]
                kill(world.relay.processes(WEB)[1:])
        assert set(stream.accepted.values()) <= world.relay.kept(scenario.source_id)
        scenario.goes_on()


def test_the_master_of_the_web_alone(world: World) -> None:
    scenario = world.scenario("web orphaned")
    scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: stream.accepted, "webhooks come in")
            orphans = world.relay.processes(WEB)
            kill(orphans[:1])
            until(lambda: set(orphans).isdisjoint(world.relay.processes(WEB)), "its orphans end")
        scenario.goes_on()


def test_the_clock(world: World) -> None:
    scenario = world.scenario("clock killed")
    scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream():
            world.relay.kill(CLOCK)
            # What nobody rings for waits for the clock: a bell lost with Redis is one.
            world.relay.lose_redis()
        scenario.goes_on()


def test_everything_at_once(world: World) -> None:
    scenario = world.scenario("everything killed")
    subscriber = scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream():
            until(lambda: subscriber.taken, "events flow")
            world.relay.kill_everything()
            world.relay.start()
        scenario.goes_on()


def test_only_the_one_that_starts_all_others(world: World) -> None:
    scenario = world.scenario("supervisor killed")
    subscriber = scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream():
            until(lambda: subscriber.taken, "events flow")
            world.relay.kill_supervisor()
        scenario.goes_on()
