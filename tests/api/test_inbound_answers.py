"""What a provider is answered: the relay's own words, or those that the provider needs."""

import time

import pytest

from relay.providers import get
from relay.samples import all_samples
from relay.verification import Credentials
from running.signing import credentials, signing_scheme


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
