"""What must hold after everything that the tests before this one did to the relay."""

import pytest

from chaos.conftest import World
from kit.waiting import until

pytestmark = pytest.mark.chaos

SETTLED_WITHIN_SECONDS = 300


def test_every_webhook_that_was_answered_2xx_is_delivered(world: World) -> None:
    assert world.scenarios, "the tests before this one play the scenarios: run the whole of tests/chaos"
    for scenario in world.scenarios:
        until(
            lambda scenario=scenario: not scenario.missing(),  # type: ignore[misc]
            f"everything of the scenario {scenario.name!r} is delivered",
            SETTLED_WITHIN_SECONDS,
        )


def test_every_event_has_one_id(world: World) -> None:
    for scenario in world.scenarios:
        ids: dict[str, set[str]] = {}
        for subscriber in scenario.subscribers:
            for each in subscriber.received:
                ids.setdefault(each.native_id, set()).add(each.event_id)

        assert [native_id for native_id, found in ids.items() if len(found) > 1] == []


def test_who_wanted_order_got_each_customers_events_in_order(world: World) -> None:
    for subscriber in (each for scenario in world.scenarios for each in scenario.ordered):
        sequences: dict[str, dict[int, None]] = {}
        for each in sorted(subscriber.received, key=lambda each: each.at):
            sequences.setdefault(each.event["customer"]["id"], {}).setdefault(each.event["sequence"])

        assert {customer: list(found) for customer, found in sequences.items()} == {
            customer: sorted(found) for customer, found in sequences.items()
        }


def test_nothing_is_stuck(world: World) -> None:
    until(
        lambda: world.relay.left() == {"webhooks": 0, "deliveries": 0},
        "nothing is left to do",
        SETTLED_WITHIN_SECONDS,
    )
    until(lambda: world.relay.complaints() == [], "the doctor is content")
