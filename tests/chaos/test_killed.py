"""Parts are killed as the kernel kills when memory runs out: at once, in the middle of whatever they do."""

import threading
from collections.abc import Sequence

import pytest
from chaos.conftest import ROUNDS, World

from running.processes import kill
from running.relays import CLOCK, FRESH, LATE, WEB
from running.subscriber import HEALTHY
from running.waiting import until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]


def test_a_worker_in_the_middle_of_deliveries(world: World) -> None:
    scenario = world.scenario("worker killed")
    subscriber = scenario.subscriber()
    go_on = threading.Event()
    subscriber.answer = lambda _: (go_on.wait(10), HEALTHY)[1]

    for _ in range(ROUNDS):
        go_on.clear()
        with scenario.stream():
            until(lambda: subscriber.waiting, "the worker delivers")
            world.relay.kill(FRESH)
        go_on.set()
        until(lambda: scenario.arrived_since(), "what came later is delivered")


@pytest.mark.parametrize("part", [LATE, CLOCK], ids="the {0[0]}".format)
def test_another_part(world: World, part: Sequence[str]) -> None:
    scenario = world.scenario(f"{part[0]} killed")
    subscriber = scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: subscriber.taken, "events flow")
            world.relay.kill(part)
