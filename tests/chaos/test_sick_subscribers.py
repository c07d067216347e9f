"""Subscribers hang, fail, throttle and vanish; the healthy one beside them notices nothing."""

import threading
import time

import pytest

from chaos.conftest import LONG, ROUNDS, Scenario, World
from kit.sender import Line, post, standard_webhook
from kit.subscriber import HEALTHY, Answer, Subscriber
from kit.waiting import PATIENCE_SECONDS, until

pytestmark = pytest.mark.chaos

REPEATS = 500
AT_ONCE = 25


def has_everything(scenario: Scenario, subscriber: Subscriber) -> bool:
    return set(scenario.accepted) <= set(subscriber.times_taken())


def test_one_is_down_for_a_while(world: World) -> None:
    scenario = world.scenario("down")
    healthy, sick = scenario.subscriber(), scenario.subscriber()

    sick.hang_up()
    with scenario.stream():
        time.sleep(90 if LONG else 1)  # how long it is away, not what is waited for
    until(lambda: has_everything(scenario, healthy), "the healthy one has everything")
    assert scenario.missing() >= set(list(scenario.accepted)[-10:])
    sick.listen()


def test_one_hangs(world: World) -> None:
    scenario = world.scenario("hanging")
    healthy, sick = scenario.subscriber(), scenario.subscriber()
    go_on = threading.Event()

    def hang(_: bytes) -> Answer:
        go_on.wait(PATIENCE_SECONDS)
        return HEALTHY

    sick.answer = hang

    for _ in range(ROUNDS):
        go_on.clear()
        with scenario.stream(more=100):
            until(lambda: sick.waiting, "the sick one hangs")
        until(lambda: has_everything(scenario, healthy), "the healthy one has everything")
        assert not has_everything(scenario, sick)
        go_on.set()


def test_one_takes_two_seconds_for_each(world: World) -> None:
    scenario = world.scenario("slow")
    healthy, sick = scenario.subscriber(), scenario.subscriber()

    def slowly(_: bytes) -> Answer:
        time.sleep(2)
        return HEALTHY

    sick.answer = slowly

    with scenario.stream(more=1000 if LONG else 100):
        until(lambda: sick.waiting, "the sick one is slow")
    until(lambda: has_everything(scenario, healthy), "the healthy one has everything")
    assert not has_everything(scenario, sick)


def test_one_says_too_many_requests(world: World) -> None:
    scenario = world.scenario("throttled")
    healthy, sick = scenario.subscriber(), scenario.subscriber()
    wait = 7  # longer than the relay would wait by itself
    sick.answer = lambda _: (429, {"Retry-After": str(wait)})

    with scenario.stream(more=500 if LONG else 20):
        until(lambda: sick.received, "the sick one throttles")
    until(lambda: has_everything(scenario, healthy), "the healthy one has everything")
    sick.answer = lambda _: HEALTHY

    first = sick.received[0]
    again = until(
        lambda: [each for each in list(sick.received)[1:] if each.event_id == first.event_id], "it is sent again"
    )
    assert again[0].at - first.at >= wait


def test_one_is_gone(world: World) -> None:
    scenario = world.scenario("gone")
    healthy = scenario.subscriber()
    with Subscriber() as gone, Subscriber() as watching:
        world.relay.hook(watching.url, None, event_types=["hook.switched_off"])
        gone.answer = lambda _: (410, {})
        hook = world.relay.hook(gone.url, scenario.source_id)

        with scenario.stream(more=50):
            until(lambda: watching.taken, "who asked for it is told that a hook was switched off")
        until(lambda: has_everything(scenario, healthy), "the healthy one has everything")

        assert [each.event["data"]["hook"]["id"] for each in watching.taken] == [hook]
        before = len(gone.received)
        post(scenario.address, *standard_webhook("after-it-was-gone", {"type": "chaos.told", "data": {}}))
        until(lambda: healthy.times_taken()["after-it-was-gone"], "what came later is delivered")
        assert len(gone.received) == before


def test_one_event_is_repeated_by_a_crowd(world: World) -> None:
    scenario = world.scenario("crowd")
    subscriber = scenario.subscriber()
    body, headers = standard_webhook("crowd-once", {"type": "chaos.repeated", "data": {}})
    answers = []

    def shout() -> None:
        with Line(scenario.address) as line:
            answers.extend(line.post(body, headers) for _ in range(REPEATS // AT_ONCE))

    crowd = [threading.Thread(target=shout) for _ in range(AT_ONCE)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    said = [answer.said for answer in answers if answer is not None]

    assert len(said) == REPEATS
    assert sorted(answer["status"] for answer in said) == ["accepted"] + ["repeat"] * (REPEATS - 1)
    assert len({answer["id"] for answer in said}) == 1

    # What comes after it has passed the same way: whatever a repeat would have caused is there by then.
    post(scenario.address, *standard_webhook("crowd-after", {"type": "chaos.repeated", "data": {}}))
    until(lambda: subscriber.times_taken()["crowd-after"], "what came later is delivered")
    assert subscriber.times_taken() == {"crowd-once": 1, "crowd-after": 1}
