"""The application against its own description, with inputs that fit it and inputs that don't."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from relay.areas.resources import PREFIX
from web.examples import DISTINCT, Sandbox


def excluded(route: Any) -> list[Any]:
    names = []
    # Rules that no schema can say are told with the errors: a request that fits the schema may still be refused.
    if {404, 409, 422} & set(route.errors) or any(each.name == "cursor" for each in route.parameters):
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
    there = Sandbox(shared_api, shared_api.mine).examples()

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
