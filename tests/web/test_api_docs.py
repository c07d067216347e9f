"""What is described is what there is: OpenAPI, the page for people, the vocabulary."""

import re

import jsonschema
import pytest
import referencing
import referencing.jsonschema

from relay.areas.resources import all_routes
from relay.catalogue.vocabulary import catalogue
from relay.formats import jsontext


@pytest.fixture(scope="module")
def document(shared_api):
    answer = shared_api.call("GET", "/openapi.json", key=None)
    assert answer.status_code == 200
    return answer.json


@pytest.fixture(scope="module")
def page(shared_api):
    return shared_api.app.test_client().get("/docs").text


def operations(document):
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_every_address_of_the_application_is_described(shared_api, document):
    described = operations(document)

    routed = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in shared_api.app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    pages = {("GET", "/"), ("GET", "/docs")}
    inbound = {("POST", "/in/{source_id}")}  # served by an application of its own
    assert set(described) == (routed - pages) | inbound


def test_the_contract_of_the_design_is_there(document):
    contract = """
        GET /me, GET /hooks, POST /hooks, GET /hooks/{hook_id}, PATCH /hooks/{hook_id}, DELETE /hooks/{hook_id},
        POST /hooks/{hook_id}/test, GET /events, GET /events/{event_id}, GET /events/{event_id}/raw, POST /events,
        POST /events/{event_id}/replay, POST /replays, GET /event-types, GET /event-types/{type},
        GET /event-types/{type}/sample, GET /event-types/fields, GET /deliveries, GET /sources, POST /sources,
        DELETE /sources/{source_id}
    """
    named = {tuple(each.split()) for each in contract.split(",")}

    assert {(method, f"/api/v1{path}") for method, path in named} <= set(operations(document))


def test_every_operation_has_its_own_name_and_words(document):
    found = list(operations(document).values())

    assert len({each["operationId"] for each in found}) == len(found)
    for each in found:
        assert each["summary"]
        assert each["tags"][0] in {tag["name"] for tag in document["tags"]}


def test_every_reference_leads_somewhere(document):
    names = set(re.findall(r'"\$ref":"([^"]+)"', jsontext.dumps(document).decode()))

    assert names
    for name in names:
        node = document
        assert name.startswith("#/")
        for part in name[2:].split("/"):
            node = node[part]


def test_every_schema_is_a_schema(document):
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def validator(document, schema):
    resource = referencing.Resource.from_contents(document, default_specification=referencing.jsonschema.DRAFT202012)
    registry = referencing.Registry().with_resource("urn:api", resource)
    whole = {"$ref": "urn:api" + schema["$ref"]} if "$ref" in schema else schema
    return jsonschema.Draft202012Validator(whole, registry=registry)


def test_every_example_fits_its_schema(document):
    checked = 0
    for operation in [
        *operations(document).values(),
        *(item["post"] for item in document["webhooks"].values()),
    ]:
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in contents:
            media = content.get("content", {}).get("application/json", {})
            if "example" in media:
                validator(document, media["schema"]).validate(media["example"])
                checked += 1
    assert checked > 100


def test_every_event_type_is_a_described_webhook(document):
    assert list(document["webhooks"]) == list(catalogue().types)


def test_the_document_says_it_is_openapi_3_1(document):
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://relay.example.com"}]
    for route in all_routes():
        described = document["paths"][f"/api/v1{route.path}"][route.method.lower()]
        assert described["x-scope"] == (route.scope or "any")


def test_the_page_lists_every_operation_and_event_type(document, page):
    for (method, path), operation in operations(document).items():
        assert f'id="{operation["operationId"]}"' in page
        assert f"{method}</span>{path}" in page
    for name in catalogue().types:
        assert f'id="{name}"' in page


def test_the_page_loads_nothing_and_runs_nothing(shared_api, page):
    answer = shared_api.app.test_client().get("/docs")

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "<script" not in page
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert not re.search(r' style="| on\w+="', page)


def test_the_pages_style_is_the_one_that_its_policy_allows(shared_api, page):
    import base64
    import hashlib

    for path in ("/", "/docs"):
        answer = shared_api.app.test_client().get(path)
        style = re.search(r"<style>(.*?)</style>", answer.text, re.S)[1]
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_every_link_of_the_page_leads_to_something_on_it(page):
    anchors = set(re.findall(r'id="([^"]+)"', page))

    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in anchors


def test_the_page_holds_no_unfilled_words(page):
    assert "Undefined" not in page
    assert "{{" not in page
    assert "{%" not in page
    assert ">None<" not in page
