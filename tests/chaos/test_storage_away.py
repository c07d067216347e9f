"""The disk is full, PostgreSQL restarts, Redis loses everything."""

import signal

import pytest

from chaos.conftest import APART, EMBEDDED, ROUNDS, World
from kit.relays import Apart, Embedded
from kit.waiting import until

pytestmark = pytest.mark.chaos


def test_redis_loses_everything(world: World) -> None:
    scenario = world.scenario("Redis lost")
    subscriber = scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: subscriber.taken, "events flow")
            world.relay.lose_redis()
        scenario.goes_on()

        assert not stream.refused


def test_redis_is_away_for_a_while(world: World) -> None:
    scenario = world.scenario("Redis away")
    subscriber = scenario.subscriber()
    paced = scenario.subscriber(platform="zapier")

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: subscriber.taken and paced.taken, "events flow")
            with world.relay.redis_frozen():
                before = len(stream.accepted)
                until(lambda: len(stream.accepted) > before + 50, "webhooks are accepted without Redis")
        scenario.goes_on()

        assert not stream.refused


@pytest.mark.parametrize("world", [EMBEDDED], indirect=True, scope="session")
def test_redis_cannot_read_what_it_kept(world: World) -> None:
    assert isinstance(world.relay, Embedded)
    scenario = world.scenario("Redis damaged")
    subscriber = scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: subscriber.taken, "events flow")
            world.relay.damage_redis()
        scenario.goes_on()

        assert not stream.refused


@pytest.mark.parametrize("world", [EMBEDDED], indirect=True, scope="session")
def test_the_disk_is_full(world: World) -> None:
    scenario = world.scenario("disk full")
    scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: stream.accepted, "webhooks come in")
            with world.relay.disk_full():
                until(lambda: len(stream.refused) > 5, "webhooks are refused")
        scenario.goes_on()

        assert {answer.status for answer in stream.refused} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in stream.refused)


@pytest.mark.parametrize("world", [APART], indirect=True, scope="session")
def test_postgresql_restarts(world: World) -> None:
    assert isinstance(world.relay, Apart)
    scenario = world.scenario("PostgreSQL restarted")
    subscriber = scenario.subscriber()

    for _ in range(ROUNDS):
        with scenario.stream() as stream:
            until(lambda: subscriber.taken, "events flow")
            world.relay.postgres.stop(signal.SIGQUIT)
            until(lambda: stream.refused, "webhooks are refused")
            world.relay.postgres.start()
        scenario.goes_on()

        assert {answer.status for answer in stream.refused} == {503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in stream.refused)
