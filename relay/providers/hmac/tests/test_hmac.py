"""What is peculiar to senders that sign in a way of their own: names and ids are looked for where senders put them."""

from typing import Any

import pytest

from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.accounts.settings import kept
from relay.errors import InvalidRequest
from relay.formats import jsontext
from relay.inbound.identity import native_id, read
from relay.model import Inbound
from relay.security.verification import fingerprint

HMAC = ProviderUnderTest("hmac")


def told(body: Any, **headers: str) -> dict[str, Any]:
    """The envelope of the only event. A name with `_` stands for a header with `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return dict(HMAC.event(body, headers=named).envelope)


def test_what_is_named_like_a_secret_is_not_told() -> None:
    event = told({"type": "x", "data": {"api_key": "k-1", "deep": [{"password": "hunter2"}]}})

    custom = event["data"]["custom"]

    assert custom.get("data", custom) == {"api_key": "[removed]", "deep": [{"password": "[removed]"}]}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"type": "a", "event": "b"}, "a"),
        ({"event": "b", "name": "d"}, "b"),
        ({"event": {"name": "x"}, "event_type": "c"}, "c"),
        ({"name": "d"}, "d"),
        ({"n": 1}, "custom"),
    ],
)
def test_the_name_of_an_event_is_looked_for_where_senders_put_it(body: dict[str, Any], expected: str) -> None:
    event = told(body)

    assert (event["type"], event["provider_event"]["type"]) == ("custom", expected)
    assert event["data"] == {"custom": body}


@cases(
    ("body", "headers", "expected"),
    [
        ({"event_id": "e-1"}, {"x_event_id": "h-1"}, "e-1"),
        ({"event_id": 17}, {}, "17"),
        ({"event_id": ""}, {"x_delivery_id": "h-2"}, "h-2"),
        ({"n": 1}, {"idempotency_key": "h-3"}, "h-3"),
        ({"n": 1}, {"x_github_delivery": "h-4", "x_request_id": "proxy"}, "h-4"),
        ({"n": 1}, {"x_shopify_webhook_id": "h-5", "x_shopify_event_id": "cause"}, "h-5"),
        ({"n": 1}, {"x_webhook_id": "wh"}, "wh:" + fingerprint(b'{"n":1}')[:32]),
        ({"n": 1}, {"x_request_id": "proxy"}, fingerprint(b'{"n":1}')),
        ({"event_id": 0}, {}, "0:" + fingerprint(b'{"event_id":0}')[:32]),
    ],
)
def test_the_id_of_an_event_is_looked_for_where_senders_put_it(
    body: dict[str, Any], headers: dict[str, str], expected: str
) -> None:
    assert told(body, **headers)["provider_event"]["id"] == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"id_header": "X-Job-Run"}, "run-7"),
        ({"id_path": "data.run"}, "7"),
        ({"id_header": "X-Absent"}, fingerprint(b'{"event_id":"e-1","data":{"run":7}}')),
    ],
)
def test_where_the_id_stands_can_be_set(settings: dict[str, str], expected: str) -> None:
    body = jsontext.dumps({"event_id": "e-1", "data": {"run": 7}})
    webhook = Inbound(body=body, headers={"x-job-run": "run-7"}, settings=settings)

    assert native_id(HMAC.provider, read(HMAC.provider, webhook)) == expected


@pytest.mark.parametrize("setting", [{"id_header": "X-Api-Token"}, {"id_path": "data.secret"}, {"id_path": "data..id"}])
def test_an_id_is_no_secret(setting: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        kept(HMAC.provider, {"header": "X-Signature", **setting})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<order><id>1</id></order>", {"order": {"id": "1"}}),
        (b"order=1&city=Z%C3%BCrich", {"order": "1", "city": "Zürich"}),
        (b"payload=%7B%22action%22%3A%22completed%22%7D", {"action": "completed"}),
        (b"payload=text", {"payload": "text"}),
    ],
)
def test_whatever_is_signed_is_told(body: bytes, expected: dict[str, Any]) -> None:
    assert HMAC.event(body).envelope["data"] == {"custom": expected}


@pytest.mark.parametrize("body", [b"", b" ", b"[1]"])
def test_what_is_no_object_is_told_as_unknown(body: bytes) -> None:
    assert read(HMAC.provider, Inbound(body, query={"a": "1"})).unreadable is not None


def test_two_changes_of_one_thing_are_two_events() -> None:
    events = [told({"type": "order.updated", "id": 5512, "status": status}) for status in ("new", "paid")]

    assert events[0]["id"] != events[1]["id"]
    assert events[0]["provider_event"]["id"] == fingerprint(b'{"type":"order.updated","id":5512,"status":"new"}')
