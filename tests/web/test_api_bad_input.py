"""Whatever is sent, the answer is a clear 4xx in the one form, and nothing is done."""

import pytest

from kit.cases import cases
from relay.areas.cursors import write
from web.examples import DISTINCT, PAGES

HOOK = b'{"target_url":"https://hooks.example.com/","event_types":["*"]'
MIB = 1024 * 1024
TAKING_BODIES = [route for route in DISTINCT if route.method in ("POST", "PATCH")]


def refused(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert answer.mimetype == "application/json"
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message"}
    assert answer.json["error"]["message"].endswith((".", "?"))
    return answer.json["error"]


BODIES = {
    "one byte too many": (b'{"data":"' + b"a" * (MIB - 10) + b'"}', 413),
    "nested 100,000 deep": (b"[" * 100_000, 400),
    "nested deep in a field": (b'{"data":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, 400),
    "NaN": (HOOK + b',"rate_limit":NaN}', 400),
    "Infinity": (HOOK + b',"rate_limit":-Infinity}', 400),
    "a number beyond numbers": (HOOK + b',"rate_limit":1e999999999}', 422),
    "a key twice": (HOOK + b',"ordered":true,"ordered":false}', 400),
    "a lone surrogate": (HOOK + b',"platform":"\\ud800"}', 400),
    "a surrogate in raw bytes": (HOOK + b',"platform":"\xed\xa0\x80"}', 400),
    "Latin-1": (HOOK + b',"platform":"\xfc"}', 400),
    "UTF-16": ('{"target_url":"x"}'.encode("utf-16"), 400),
    "a byte order mark": (b"\xef\xbb\xbf{}", 400),
    "a NUL in a text": (HOOK + b',"filters":{"customer":"a\\u0000b"}}', 422),
    "a NUL in a name": (HOOK + b',"a\\u0000b":1}', 422),
    "half a document": (HOOK, 400),
    "two documents": (HOOK + b"}{}", 400),
    "a comma too many": (HOOK + b",}", 400),
    "a comment": (HOOK + b"}//", 400),
    "no JSON at all": (b"target_url=https://hooks.example.com/", 400),
    "a template": (b"{{7*7}}", 400),
    "a list": (b"[]", 422),
    "null": (b"null", 422),
    "a text": (b'"x"', 422),
    "a huge integer": (HOOK + b',"rate_limit":' + b"9" * 4000 + b"}", 422),
    "a huge integer elsewhere": (HOOK + b',"ordered":' + b"9" * 400 + b"}", 422),
}


@cases("route", TAKING_BODIES, ids=lambda route: route.name)
@cases("name", BODIES)
def test_a_body_that_is_no_good_json_is_refused_everywhere(shared_api, route, name):
    body, status = BODIES[name]
    path = route.path.format(**dict.fromkeys(route.path_parameters, "none"))

    refused(shared_api.call(route.method, path, raw=body), status, 422)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Content-Type": "application/json; charset=utf-16"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
    ],
)
def test_a_body_of_another_kind_is_refused(shared_api, headers, status):
    refused(shared_api.call("POST", "/hooks", raw=HOOK + b"}", headers=headers), status)


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", "application/vnd.relay+json"])
def test_json_by_another_name_is_taken(shared_api, kind):
    answer = shared_api.call("POST", "/hooks", raw=HOOK + b"}", headers={"Content-Type": kind})

    assert answer.status_code == 201


def test_a_body_of_just_one_mib_is_read(shared_api):
    start = b'{"data":{"text":"'
    body = start + b"a" * (MIB - len(start) - 3) + b'"}}'
    assert len(body) == MIB

    assert shared_api.call("POST", "/events", raw=body).status_code == 202


@cases(
    ("field", "value", "words"),
    [
        ("target_url", None, "target_url must be an https address"),
        ("target_url", 5, "target_url must be"),
        ("target_url", "", "target_url must be"),
        ("target_url", "https://x.example/" + "a" * 3000, "target_url must be"),
        ("event_types", None, "event_types must be a list"),
        ("event_types", [], "event_types must be a list"),
        ("event_types", "invoice.paid", "event_types must be a list"),
        ("event_types", [["invoice.paid"]], "event_types[0] is no event type"),
        ("event_types", ["invoice.paid", "no.such"], "event_types[1] is no event type"),
        ("event_types", [{"a": 1}], "event_types[0] is no event type"),
        ("event_types", ["' OR 1=1 --"], "event_types[0] is no event type"),
        ("filters", [], "filters must be an object or null"),
        ("filters", {"colour": "red"}, "filters.colour is not a field of this request"),
        ("filters", {"source": []}, "filters.source must be"),
        ("filters", {"source": [1]}, "filters.source must be"),
        ("filters", {"customer": {"id": 1}}, "filters.customer must be"),
        ("filters", {"min_amount": "a lot"}, "filters.min_amount must be a number"),
        ("filters", {"min_amount": True}, "filters.min_amount must be a number"),
        ("filters", {"currency": "Euro"}, "filters.currency must be"),
        ("filters", {"severity": "bad"}, "filters.severity must be one of info, warning, critical"),
        ("filters", {"livemode": "true"}, "filters.livemode must be true or false"),
        ("platform", "Za pier", "platform must be a lower-case word"),
        ("platform", 1, "platform must be a lower-case word"),
        ("ordered", "yes", "ordered must be true or false"),
        ("ordered", None, "ordered must be true or false"),
        ("rate_limit", 0, "rate_limit must be a number from 0.1 to 1000"),
        ("rate_limit", -1, "rate_limit must be"),
        ("rate_limit", 10**30, "rate_limit must be"),
        ("rate_limit", "5", "rate_limit must be"),
        ("rate_limit", True, "rate_limit must be"),
        ("secret", "whsec_mine", "secret is not a field of this request"),
        ("id", "hk_mine", "id is not a field of this request"),
        ("workspace_id", "ws_other", "workspace_id is not a field of this request"),
        ("__proto__", {}, "__proto__ is not a field of this request"),
    ],
)
def test_a_wrong_field_of_a_hook_is_named(shared_api, field, value, words):
    body = {"target_url": "https://hooks.example.com/", "event_types": ["*"]} | {field: value}

    error = refused(shared_api.call("POST", "/hooks", body), 422)

    assert words in error["message"]


@cases(
    ("method", "path", "body", "words"),
    [
        ("POST", "/hooks", {}, "is required"),
        ("POST", "/hooks", {"target_url": "https://hooks.example.com/"}, "event_types is required"),
        ("PATCH", "/hooks/hk_1", {"status": "switched_off"}, "status can only be set to"),
        ("POST", "/hooks/hk_1/test", {"event_type": "no.such"}, "event_type is no event type"),
        ("POST", "/hooks/hk_1/rotate-secret", {"overlap_seconds": -1}, "overlap_seconds must lie between"),
        (
            "POST",
            "/hooks/hk_1/rotate-secret",
            {"overlap_seconds": 1.5},
            "overlap_seconds must be a whole number",
        ),
        (
            "POST",
            "/hooks/hk_1/rotate-secret",
            {"overlap_seconds": 10**40},
            "overlap_seconds must lie between",
        ),
        ("POST", "/sources", {}, "provider is required"),
        ("POST", "/sources", {"provider": "relay"}, "provider must be one of"),
        ("POST", "/sources", {"provider": 1}, "provider must be"),
        ("POST", "/sources", {"provider": "stripe", "name": ""}, "name must be a text of 1 to 200"),
        ("POST", "/sources", {"provider": "stripe", "name": "   "}, "name must be a text of 1 to 200"),
        ("POST", "/sources", {"provider": "stripe", "name": "a\nb"}, "name must be a text of 1 to 200"),
        ("POST", "/sources", {"provider": "stripe", "name": "n" * 201}, "name must be a text of 1 to 200"),
        ("POST", "/sources", {"provider": "stripe", "secret": "a\r\nb"}, "cannot be seen (U+000D)"),
        ("POST", "/sources", {"provider": "stripe", "secret": ""}, "secret must be a text"),
        ("POST", "/sources", {"provider": "stripe", "settings": "x"}, "settings must be an object"),
        ("POST", "/sources", {"provider": "stripe", "settings": {"a": {}}}, "settings.a must be"),
        ("POST", "/sources", {"provider": "stripe", "monitor": 1}, "monitor must be true or false"),
        ("PATCH", "/sources/src_1", {"provider": "whmcs"}, "provider is not a field of this request"),
        ("POST", "/sources/src_1/secrets", {"old_until": "soon"}, "old_until must be ISO 8601"),
        ("POST", "/events", {}, "data is required"),
        ("POST", "/events", {"data": {}}, "data must be an object with at least one field"),
        ("POST", "/events", {"data": []}, "data must be an object"),
        ("POST", "/events", {"data": {"a": 1}, "customer": {"phone": "1"}}, "customer.phone is not a field"),
        ("POST", "/events", {"data": {"a": 1}, "customer": {"id": 7}}, "customer.id must be"),
        ("POST", "/events", {"data": {"a": 1}, "type": "invoice.paid"}, "type is not a field of this request"),
        ("POST", "/events/evt_1/replay", {"hook_id": ""}, "hook_id must be an id"),
        ("POST", "/events/evt_1/replay", {"hook_id": "hk'; DROP TABLE hooks"}, "hook_id must be an id"),
        ("POST", "/replays", {}, "since is required"),
        ("POST", "/replays", {"since": "yesterday"}, "since must be ISO 8601"),
        ("POST", "/replays", {"since": 5}, "since must be a text"),
        ("POST", "/replays", {"since": "1700000000"}, "since must be ISO 8601"),
        ("POST", "/replays", {"since": "2026-11-22T07:00:00"}, "since must be ISO 8601"),
        ("POST", "/replays", {"since": "2026-11-22", "types": []}, "types must be a list of 1 to 500"),
        ("POST", "/replays", {"since": "2026-11-22", "dry_run": "true"}, "dry_run must be true or false"),
    ],
)
def test_a_wrong_field_is_named(shared_api, method, path, body, words):
    error = refused(shared_api.call(method, path, body), 422)

    assert words in error["message"]


@cases("path", [route.path for route in PAGES if not route.path_parameters])
@cases("limit", ["0", "-1", "101", "1.5", "ten", "1e2", "٣", "1_0", " 5", "9" * 400, "0x10", "+5", "null"])
def test_a_limit_is_a_whole_number_from_1_to_100(shared_api, path, limit):
    error = refused(shared_api.call("GET", path, limit=limit), 422)

    assert error["message"] == "limit must be a whole number from 1 to 100."


@cases("path", [route.path for route in PAGES if not route.path_parameters])
@cases(
    "cursor",
    [
        "x",
        "!!!",
        "e30",
        "W10",
        "bnVsbA",
        write("events", 5)[:-1],
        write("somewhere", 5),
        write("events", -5),
        write("events", 2**70),
        write("events", "a\0b"),
        write("hooks", "a' OR 1=1"),
        write("hooks", 5),
        write("deliveries", "x" * 100),
        "a" * 201,
        "\u00fc",
        "a b",
    ],
)
def test_a_broken_cursor_is_told_so(shared_api, path, cursor):
    answer = shared_api.call("GET", path, cursor=cursor)

    error = refused(answer, 400, 422)
    assert error["code"] == ("bad_cursor" if answer.status_code == 400 else "invalid_request")
    assert "cursor" in error["message"]


def test_a_cursor_of_another_list_is_refused(shared_api):
    refused(shared_api.call("GET", "/hooks", cursor=write("sources", "src_1")), 400)
    refused(shared_api.call("POST", "/replays", {"since": "2026-11-22", "after": write("events", 1)}), 400)


@cases(
    ("query", "words"),
    [
        ({"type": "no.such"}, "type is no event type"),
        ({"type": "invoice.paid,no.such"}, "type is no event type"),
        ({"type": "*,no.such"}, "type is no event type"),
        ({"type": ",".join(["invoice.paid"] * 501)}, "type must be a list of at most 500 entries"),
        ({"type": "invoice\0.paid"}, "type must be a text without"),
        ({"created_after": "soon"}, "created_after must be ISO 8601"),
        ({"created_after": "2026-13-45"}, "created_after must be ISO 8601"),
        ({"created_after": "2026-11-22T25:00:00Z"}, "created_after must be ISO 8601"),
        ({"created_after": "1700000000"}, "created_after must be ISO 8601"),
        ({"created_after": "9" * 300}, "created_after must be ISO 8601"),
        ({"defects": "yes"}, "defects must be true or false"),
        ({"customer": "a\0b"}, "customer must be a text"),
        ({"customer": "c" * 321}, "customer must be a text"),
        ({"source": "s" * 65}, "source must be a text"),
        ({"source": ["a", "b"]}, "source may be given only once"),
        ({"limit": ["1", "2"]}, "limit may be given only once"),
    ],
)
def test_a_wrong_parameter_is_named(shared_api, query, words):
    error = refused(shared_api.call("GET", "/events", **query), 422)

    assert words in error["message"]


@cases(
    "query",
    [
        {"unknown": "x"},
        {"limit": ""},
        {"type": ""},
        {"type": ","},
        {"customer": "' OR 1=1 --"},
        {"customer": "{{7*7}}%s%n\U0001f600"},
        {"created_after": "0001-01-01T00:00:00Z"},
        {"created_after": "9999-12-31T23:59:59Z"},
    ],
)
def test_what_is_odd_but_harmless_is_answered(shared_api, query):
    assert shared_api.call("GET", "/events", **query).status_code == 200


@cases(
    "path",
    [
        "/hooks/a%00b",
        "/hooks/%ff%fe",
        "/hooks/..%2f..%2fetc",
        "/hooks/hk_\u00fc",
        "/hooks/%F0%9F%98%80",
        "/hooks/" + "h" * 65,
        "/hooks/" + "h" * 8000,
        "/hooks/' OR 1=1 --",
        "/hooks/{{7*7}}",
        "/hooks/",
        "//hooks",
        "/hooks//",
        "/events/%00/raw",
        "/event-types/%00",
        "/event-types/../me",
        "/no-such-thing",
        "/",
    ],
)
@cases("method", ["GET", "POST", "PATCH", "DELETE"])
def test_an_odd_path_is_not_found(shared_api, method, path):
    refused(shared_api.call(method, path, {} if method in ("POST", "PATCH") else None), 404, 405)


@cases("method", ["PUT", "OPTIONS", "TRACE", "PROPFIND", "GETT"])
@cases("path", ["/hooks", "/events/evt_1", "/me"])
def test_a_method_that_is_not_taken_is_told_so(shared_api, method, path):
    answer = shared_api.call(method, path)

    refused(answer, 405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("name", ["X-Long", "Cookie", "Idempotency-Key", "Accept", "Content-Type", "Host"])
def test_headers_of_64_kib_break_nothing(shared_api, name):
    answer = shared_api.call("POST", "/hooks", raw=HOOK + b"}", headers={name: "h" * 65_000})

    assert answer.status_code in (201, 400, 415, 422)


def test_a_fault_of_ours_is_logged_without_what_was_sent(api, monkeypatch, capsys):
    def broken(*_, **__):
        raise ValueError("whsec_in_a_message")

    monkeypatch.setattr("relay.accounts.hooks.create", broken)

    answer = api.call("POST", "/hooks", raw=HOOK + b"}")

    assert refused(answer, 500)["code"] == "internal_error"
    logged = capsys.readouterr()
    assert "ValueError" in logged.out + logged.err
    assert "whsec_in_a_message" not in logged.out + logged.err + answer.text


def test_a_database_that_is_away_is_told_so(api, monkeypatch):
    from contextlib import contextmanager

    from relay.errors import StorageUnavailable

    @contextmanager
    def away(*_):
        raise StorageUnavailable("The database did not take it: OperationalError. Try again.")
        yield

    api.call("GET", "/me")
    monkeypatch.setattr("relay.storage.Database.read", away)
    monkeypatch.setattr("relay.storage.Database.write", away)

    for answer in (api.call("GET", "/events"), api.call("POST", "/hooks", raw=HOOK + b"}")):
        assert refused(answer, 503)["code"] == "storage_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
