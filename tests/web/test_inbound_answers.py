"""What a provider is answered: the relay's own words, or those that the provider needs."""

import time

import pytest

from kit.signing import credentials, signing_scheme
from relay.develop.samples import all_samples
from relay.inbound import unproved
from relay.model import EVENTS_PER_WEBHOOK, now_ms
from relay.providers import get
from relay.security.verification import Credentials
from relay.storage import inbound
from relay.storage.tables import events


def post(api, name, sample):
    """One of our samples, signed and posted to a new source of its provider."""
    provider = get(name)
    held = credentials(provider)
    settings = {**held.settings, **sample.inbound.settings}
    secret = held.secrets[0] if held.secrets else None
    made = api.source(provider=name, secret=secret, settings=settings)
    signed = signing_scheme(provider).sign(sample.inbound, Credentials(held.secrets, settings), time.time())
    return api.app.test_client().open(
        f"/in/{made['id']}",
        method=signed.method,
        data=signed.body,
        headers=dict(signed.headers),
        query_string=signed.query,
    )


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [("lemonsqueezy", 200, "ok"), ("adyen", 200, "[accepted]"), ("razorpay", 202, None)],
)
def test_a_provider_is_answered_as_it_needs(api, name, status, text):
    answer = post(api, name, all_samples(name)[0])

    assert answer.status_code == status
    if text is None:
        assert answer.json["status"] == "accepted"
    else:
        assert answer.text == text


@pytest.mark.parametrize(
    ("registered", "settings", "status"),
    [
        ("{given}", {}, 202),
        ("{given}/", {}, 401),
        ("https://hooks.example.com/square", {"notification_url": "https://hooks.example.com/square"}, 202),
        ("{given}", {"notification_url": "https://hooks.example.com/square"}, 401),
    ],
)
def test_square_signs_the_address_that_the_relay_gave_unless_another_is_set(api, registered, settings, status):
    made = api.source(provider="square", secret="the signature key of Square", settings=settings)
    [sample, *_] = all_samples("square")
    known = Credentials((made["secret"],), {"notification_url": registered.format(given=made["url"])})
    signed = get("square").verification.sign(sample.inbound, known, time.time())

    answer = api.app.test_client().post(f"/in/{made['id']}", data=signed.body, headers=dict(signed.headers))

    assert answer.status_code == status


def test_braintree_checks_a_new_address(api):
    keys = {"public_key": "integration_public_key", "private_key": "integration_private_key"}
    made = api.source(provider="braintree", settings=keys)
    ask = api.app.test_client().get

    good = ask(f"/in/{made['id']}", query_string={"bt_challenge": "20f9f8ed05f77439fe955c977e4c8a53"})
    bad = ask(f"/in/{made['id']}", query_string={"bt_challenge": "<script>"})

    assert (good.status_code, good.mimetype) == (200, "text/plain")
    assert good.text == "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4"
    assert (bad.status_code, bad.json["error"]["code"]) == (401, "bad_challenge")
    assert "script" not in bad.text


@pytest.mark.parametrize(
    ("method", "query", "body"),
    [("POST", {}, b"testByMollie=1"), ("POST", {"testByMollie": "1"}, b""), ("GET", {"testByMollie": ""}, None)],
)
def test_mollie_tries_an_address(api, method, query, body):
    made = api.source(provider="mollie", settings={"api_key": "test_key"})

    answer = api.app.test_client().open(f"/in/{made['id']}", method=method, query_string=query, data=body)

    assert (answer.status_code, answer.text) == (200, "ok")
    api.work()
    assert api.call("GET", "/events").json["items"] == []


@pytest.mark.parametrize("body", [b"testByMollie=1&id=tr_1", b'{"testByMollie":1}', b"note=testByMollie"])
def test_what_only_looks_like_mollies_trial_has_to_be_proved(api, body):
    made = api.source(provider="mollie", settings={"api_key": "test_key"})

    assert api.app.test_client().post(f"/in/{made['id']}", data=body).status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_slash_at_the_end_makes_no_other_address(api, method):
    made = api.source(provider="slack")
    client = api.app.test_client()

    with_slash = client.open(f"/in/{made['id']}/?token={made['secret']}", method=method, json={"text": "Hello"})
    without = client.open(f"/in/{made['id']}?token={made['secret']}", method=method, json={"text": "Hello"})

    assert [with_slash.status_code, without.status_code] == [200, 200]
    api.work()
    assert [event["type"] for event in api.call("GET", "/events").json["items"]] != []


@pytest.mark.parametrize("path", ["/in/{}//", "/in/{}/x", "/in/", "/in"])
def test_other_addresses_are_not_there_and_lead_nowhere(api, path):
    made = api.source(provider="slack")

    answer = api.app.test_client().post(f"{path.format(made['id'])}?token={made['secret']}", json={"text": "Hello"})

    assert (answer.status_code, "Location" in answer.headers) == (404, False)


@pytest.mark.parametrize("named", ["UTF-8", "utf8", "", " ", "identity", "Identity, UTF-8", "none", "aws-chunked"])
def test_what_names_no_compression_is_none(api, named):
    made = api.source(provider="slack")

    answer = api.app.test_client().post(
        f"/in/{made['id']}?token={made['secret']}", json={"text": "Hello"}, headers={"Content-Encoding": named}
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("named", ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "identity, gzip"])
def test_what_is_compressed_is_refused(api, named):
    made = api.source(provider="slack")

    answer = api.app.test_client().post(
        f"/in/{made['id']}?token={made['secret']}", json={"text": "Hello"}, headers={"Content-Encoding": named}
    )

    assert (answer.status_code, answer.json["error"]) == (
        415,
        {
            "code": "unsupported_encoding",
            "message": "The body is compressed; signatures cover the plain bytes. Send it without Content-Encoding.",
        },
    )


def test_a_body_that_broke_off_is_not_taken_for_a_whole_one(api):
    made = api.source(provider="slack")

    answer = api.app.test_client().post(
        f"/in/{made['id']}?token={made['secret']}",
        data=b'{"text": "He',
        headers={"Content-Type": "application/json"},
        environ_overrides={"CONTENT_LENGTH": "100"},
    )

    assert (answer.status_code, answer.json["error"]) == (
        400,
        {"code": "bad_request", "message": "The body is incomplete: 12 of 100 bytes arrived. Send it again."},
    )


def test_a_token_in_the_address_is_compared_and_never_shown_again(api):
    made = api.source(provider="slack")
    client = api.app.test_client()

    taken = client.post(f"/in/{made['id']}?token={made['secret']}", json={"text": "Hello"})
    refused = client.post(f"/in/{made['id']}?token=other", json={"text": "Hello"})

    assert (taken.status_code, refused.status_code) == (200, 401)
    api.work()
    (event,) = api.call("GET", "/events").json["items"]
    assert event["source"]["signed"] == "not"
    assert made["secret"] not in api.call("GET", f"/events/{event['id']}/raw").text


@pytest.mark.parametrize("path", ["/in/src_1", "/ping/src_1.x", "/api/push/src_1.x"])
def test_what_came_through_too_many_relays_is_refused(shared_api, path):
    answers = [shared_api.app.test_client().post(path, headers={"relay-hops": count}) for count in ("3", "4")]

    assert [(each.status_code, each.json["error"]["code"]) for each in answers] == [(404, "not_found"), (422, "loop")]


def older(api, source, own_id):
    return api.app.test_client().post(f"/in/{source['id']}", data=f"id={own_id}")


def test_mollies_older_webhooks_are_refused_without_the_key_that_asks(api):
    nothing = api.source(provider="mollie")
    secret = api.source(provider="mollie", secret="secret_1")
    key = api.source(provider="mollie", settings={"api_key": "test_key"})

    answers = [older(api, each, "tr_1") for each in (nothing, secret, key)]

    assert [each.status_code for each in answers] == [401, 401, 200]
    assert {each.json["error"]["code"] for each in answers[:2]} == {"no_api_key"}


def test_so_many_webhooks_that_prove_nothing_are_taken_in_a_minute_unless_something_came_of_them(api, monkeypatch):
    monkeypatch.setattr(unproved, "PER_MINUTE", 3)
    made = api.source(provider="mollie", settings={"api_key": "test_key"})
    other = api.source(provider="mollie", settings={"api_key": "test_key"})

    taken = [older(api, made, f"tr_{number}").status_code for number in range(3)]
    refused = older(api, made, "tr_3")
    untouched = older(api, other, "tr_4").status_code
    monkeypatch.setattr(unproved, "_FRESH_SECONDS", -1.0)
    still_refused = older(api, made, "tr_5").status_code
    with api.database.write() as connection:
        place = min(each.place for each in inbound.claim(connection, now_ms(), 100, "tests"))
        row = {"sequence": place * EVENTS_PER_WEBHOOK, "id": "evt_1", "workspace_id": api.mine.id, "place": place}
        told = {"source_id": made["id"], "type": "payment.succeeded", "received_at": now_ms(), "body": b"{}"}
        connection.execute(events.insert().values(**row, **told))
    room_again = [older(api, made, f"tr_{number}").status_code for number in (6, 7)]

    assert taken == [200, 200, 200]
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    assert refused.json["error"]["code"] == "too_many_requests"
    assert untouched == 200
    assert still_refused == 429
    assert room_again == [200, 429]
