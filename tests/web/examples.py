"""The examples that resources make of themselves, for the tests of all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from relay.areas.resources import Resource, Route, all_resources, all_routes
from web.conftest import Api, Workspace

WITH_ROUTES = [resource for resource in all_resources() if resource.routes]
PAGES = [route for route in all_routes() if any(each.name == "cursor" for each in route.parameters)]
"""The routes that answer a page of a list."""

_ACTIONS = ("/actions/alert.raise", "/actions/payment.refund", "/actions/service.suspend")
DISTINCT = [route for route in all_routes() if not route.keeps_key or route.path in _ACTIONS]
"""The routes that are worth trying one by one: every action is a route, and all of them are the same code."""


@dataclass(frozen=True)
class Sandbox:
    """`relay.areas.resources.Sandbox`, in a workspace of the application under test."""

    api: Api
    workspace: Workspace

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, scope: str = "admin") -> Any:
        answer = self.api.call(method, path, body, key=scope, workspace=self.workspace)
        assert answer.status_code < 300, answer.text
        return answer.json

    def tell(self, event_type: str) -> Mapping[str, Any]:
        (event,) = self.api.events(1, event_type, workspace=self.workspace)
        self.api.learn(self.workspace.id, event)
        return event

    def example_of(self, resource: Resource) -> Mapping[str, str]:
        assert resource.example_of is not None, f"{resource.tag} does not say how an example of it is made"
        return resource.example_of(self)

    def examples(self) -> dict[str, str]:
        """One of each resource: what path parameters and fields of bodies are then."""
        return {name: value for resource in WITH_ROUTES for name, value in self.example_of(resource).items()}


def body_of(route: Route, values: Mapping[str, str]) -> Any:
    """The example of a route's body, about the examples that there are."""
    if route.body is None:
        return None
    return {name: values.get(name, value) for name, value in (route.body_example or {}).items()}


def own_ids(resources: list[Resource]) -> set[str]:
    """The path parameters that name something of a workspace: those whose values are not listed."""
    return {
        name for resource in resources for name, each in resource.path_parameters.items() if "enum" not in each.schema
    }


def secrets_in(schema: Mapping[str, Any], content: Any) -> Iterator[str]:
    """What an answer of this shape shows this once."""
    if schema.get("x-secret") and content is not None:
        yield content
    for name, each in schema.get("properties", {}).items():
        if isinstance(content, Mapping) and name in content:
            yield from secrets_in(each, content[name])
