"""What every API resource must do, found as the application finds them: scopes, isolation, secrets, answers as said."""

import jsonschema
import pytest
import referencing
import referencing.jsonschema

from kit.cases import cases
from relay.areas.resources import PREFIX, all_resources, all_routes
from relay.storage.workspaces import SCOPES
from web.conftest import close, make_api
from web.examples import PAGES, WITH_ROUTES, Sandbox, body_of, own_ids, secrets_in

ROUTES = all_routes()
OWN_IDS = own_ids(WITH_ROUTES)
NAMED = {route.name: resource for resource in WITH_ROUTES for route in resource.routes}


def by_name(route):
    return route.name


# Declared


@cases("resource", WITH_ROUTES, ids=lambda resource: resource.tag)
def test_a_resource_says_how_an_example_of_it_is_made(shared_api, resource):
    made = Sandbox(shared_api, shared_api.mine).example_of(resource)

    assert set(resource.path_parameters) <= set(made)


def test_no_two_resources_give_the_same_name_to_two_things():
    for names in (
        [resource.tag for resource in all_resources()],
        [route.name for route in ROUTES],
        [(route.method, route.path) for route in ROUTES],
        [name for resource in all_resources() for name in resource.schemas],
        [name for resource in all_resources() for name in resource.path_parameters],
    ):
        assert sorted(names) == sorted(set(names))


# Scopes


@cases("route", ROUTES, ids=by_name)
def test_without_a_key_nothing_is_done(shared_api, route):
    path = route.path.format(**dict.fromkeys(route.path_parameters, "none"))

    answer = shared_api.call(route.method, path, body_of(route, {}), key=None)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="relay"'
    assert answer.json["error"]["code"] == "unauthorized"


@cases("route", ROUTES, ids=by_name)
@cases("scope", SCOPES)
def test_a_key_may_do_what_its_scope_says(shared_api, route, scope):
    path = route.path.format(**dict.fromkeys(route.path_parameters, "none"))

    answer = shared_api.call(route.method, path, body_of(route, {}), key=scope)

    if route.scope in (None, scope) or scope == "admin":
        # No source of this workspace can do an action.
        assert answer.status_code in (route.status, *route.also, 404, *([422] if route.keeps_key else []))
    else:
        assert answer.status_code == 403
        assert answer.json["error"]["code"] == "forbidden"
        assert route.scope in answer.json["error"]["message"]


# Isolation


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """An application in which one workspace has nothing, and the other one of everything."""
    made = make_api(tmp_path_factory.mktemp("two"), calls_per_minute=100_000)
    yield made
    close(made)


@pytest.fixture(scope="module")
def theirs(two):
    return Sandbox(two, two.other).examples()


@pytest.fixture(scope="module")
def as_it_was(two, theirs):
    return everything(two, theirs)


def everything(api, values):
    """All that the other workspace reads, by keys that get no links to approve by: those are new each time."""
    return {
        route.name: api.call("GET", route.path.format(**values), key=route.scope or SCOPES[0], workspace=api.other).data
        for route in ROUTES
        if route.method == "GET"
    }


@pytest.mark.parametrize("route", [each for each in ROUTES if OWN_IDS & set(each.path_parameters)], ids=by_name)
def test_an_id_of_another_workspace_is_not_found(two, theirs, as_it_was, route):
    answer = two.call(route.method, route.path.format(**theirs), body_of(route, theirs))

    assert answer.status_code == (204 if route.method == "DELETE" else 404)


@pytest.mark.parametrize("route", [each for each in PAGES if not each.path_parameters], ids=by_name)
def test_a_list_holds_nothing_of_another_workspace(two, theirs, route):
    assert two.call("GET", route.path).json["items"] == []
    assert two.call("GET", route.path, workspace=two.other).json["items"] != []


def test_after_all_that_the_others_things_are_as_they_were(two, theirs, as_it_was):
    for route in ROUTES:
        if OWN_IDS & set(route.path_parameters):
            two.call(route.method, route.path.format(**theirs), body_of(route, theirs))

    assert everything(two, theirs) == as_it_was


# Secrets


def test_a_secret_is_in_the_answer_that_it_was_made_for_and_in_no_other(api):
    sandbox, secrets, shown = Sandbox(api, api.mine), set(), set()
    values = sandbox.examples()
    for route in ROUTES:
        if route.method in ("POST", "PATCH") and route.answer:
            schema = NAMED[route.name].schemas.get(route.answer, {})
            answer = api.call(route.method, route.path.format(**values), body_of(route, values))
            found = set(secrets_in(schema, answer.json))
            secrets |= found
            shown |= {route.name} if found else set()
    promising = {
        route.name
        for route in ROUTES
        if route.answer and required_secret(NAMED[route.name].schemas.get(route.answer, {}))
    }
    assert promising
    assert promising <= shown

    pages = [("GET", path, None) for path in ("/", "/docs", "/metrics", "/readyz", f"{PREFIX}/openapi.json")]
    calls = pages + [
        (route.method, PREFIX + route.path.format(**values), {} if route.method == "PATCH" else None)
        for route in ROUTES
        if route.method in ("GET", "PATCH")
    ]
    for method, path, body in calls:
        headers = {"Authorization": f"Bearer {api.mine.keys['admin']}"}
        answer = api.app.test_client().open(path, method=method, json=body, headers=headers)
        assert answer.status_code == 200, path
        for secret in (*secrets, *api.mine.keys.values()):
            assert secret not in answer.text, path


def required_secret(schema):
    required = [schema["properties"][name] for name in schema.get("required", ())]
    return any(each.get("x-secret") and "null" not in each["type"] for each in required)


# Answers


@pytest.fixture(scope="module")
def document(shared_api):
    return shared_api.call("GET", "/openapi.json", key=None).json


def test_every_answer_that_is_really_given_fits_its_schema(api, document):
    contents = referencing.Resource.from_contents(document, default_specification=referencing.jsonschema.DRAFT202012)
    registry = referencing.Registry().with_resource("urn:api", contents)
    sandbox = Sandbox(api, api.mine)
    values = sandbox.examples()

    for route in ROUTES:
        if route.path_parameters and route.method != "GET":
            values |= sandbox.example_of(NAMED[route.name])
        answer = api.call(route.method, route.path.format(**values), body_of(route, values))
        if route.keeps_key and answer.status_code == 422:
            assert "source" in answer.json["error"]["message"]  # none here can do it
            continue
        assert answer.status_code in (route.status, *route.also), (route.name, answer.text)
        if route.answer:
            schema = {"$ref": f"urn:api#/components/schemas/{route.answer}"}
            jsonschema.Draft202012Validator(schema, registry=registry).validate(answer.json)
