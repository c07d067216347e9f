"""The application against its own description, with inputs that fit it and inputs that don't."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from relay.areas.resources import PREFIX
from web.distinct import DISTINCT

BEYOND_SCHEMA = frozenset(
    (
        "create_hook",  # the target must be an address that the relay may reach
        "change_hook",
        "replay_event",  # the hook must be there
        "replay_events",  # `until` must not lie before `since`
        "create_source",  # a provider's own settings, and the form of its secret
        "change_source",
        "create_event",  # no name at any depth may hold U+0000
        "add_source_secret",
        "set_action_policy",  # an amount goes with one mode only
    )
)
"""Operations with rules that no schema can say: a request that fits it may still be refused."""


def excluded(route: Any) -> list[Any]:
    names = []
    # An action needs a source that can do it; a run is decided once.
    beyond = route.name in BEYOND_SCHEMA or route.keeps_key or route.path.startswith("/action-runs")
    if beyond or any(each.name == "cursor" for each in route.parameters):
        names.append("positive_data_acceptance")
    if route.method == "GET":
        names.append("negative_data_rejection")  # parameters that nobody knows are passed over, on purpose
    return CHECKS.get_by_names(names)


@pytest.fixture(scope="module")
def described(shared_api) -> Any:
    return schemathesis.openapi.from_wsgi(f"{PREFIX}/openapi.json", shared_api.app)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("route", DISTINCT, ids=lambda route: route.name)
def test_the_application_does_what_its_description_says(shared_api, described, route, mode):
    operation = described[PREFIX + route.path][route.method]
    headers = {"Authorization": f"Bearer {shared_api.mine.keys['admin']}"}
    there = {
        "hook_id": shared_api.hook()["id"],
        "source_id": shared_api.source()["id"],
        "event_id": shared_api.event()["id"],
        "record_id": shared_api.customer(),
        "run_id": shared_api.run()["id"],
        "type": "invoice.paid",
    }

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=8,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def check(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            case.path_parameters = {name: there[name] for name in route.path_parameters}
        case.call_and_validate(headers=headers, excluded_checks=excluded(route))

    check()
