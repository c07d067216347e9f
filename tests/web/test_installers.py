"""The link to a sender's installer: it works once, for an hour, and serves what is ready to run."""

import pytest

from relay.accounts import sources


def link(made):
    return made["paste"].split()[2].removeprefix("https://relay.example.com")


@pytest.fixture
def whmcs(api):
    return api.source()


def test_it_serves_the_installer_with_the_sources_address_and_secret(api, whmcs):
    answer = api.app.test_client().get(link(whmcs))

    assert answer.status_code == 200
    assert answer.mimetype == "text/x-shellscript"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.startswith("#!/bin/sh\n")
    assert f"RELAY_URL={whmcs['url']}\n" in answer.text
    assert whmcs["secret"] in answer.text
    assert answer.text.endswith('\nmain "$@"\n')


def test_it_works_once(api, whmcs):
    api.app.test_client().get(link(whmcs))

    again = api.app.test_client().get(link(whmcs))

    assert again.status_code == 404
    assert again.json["error"]["message"] == (
        "This link was used, or it is older than an hour. Create a new link: relay source install SOURCE_ID"
    )


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST"])
def test_who_only_looks_does_not_use_it_up(api, whmcs, method):
    looked = api.app.test_client().open(link(whmcs), method=method)

    assert looked.status_code == (200 if method == "OPTIONS" else 405)
    assert whmcs["secret"] not in looked.text
    assert api.app.test_client().get(link(whmcs)).status_code == 200


def test_it_works_for_an_hour(api, monkeypatch):
    monkeypatch.setattr(sources, "INSTALLER_MS", 0)

    assert api.app.test_client().get(link(api.source())).status_code == 404


def test_another_can_be_made(api, whmcs):
    made = api.call("POST", f"/sources/{whmcs['id']}/installers")

    assert made.status_code == 201
    assert api.app.test_client().get(link(made.json)).status_code == 200
    assert api.app.test_client().get(link(whmcs)).status_code == 200


def test_a_deleted_source_has_no_installer(api, whmcs):
    api.call("DELETE", f"/sources/{whmcs['id']}")

    assert api.app.test_client().get(link(whmcs)).status_code == 404


def test_where_no_sender_is_needed_there_is_no_link(api):
    made = api.source(provider="standard")

    answer = api.call("POST", f"/sources/{made['id']}/installers")

    assert made["paste"] is None
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "no_sender")
