"""Sources over the API: made, looked at, changed, given secrets, deleted."""

import base64
import re
from dataclasses import replace

import pytest
from sqlalchemy import select

from relay.accounts.sources import creatable_providers
from relay.model import Secret
from relay.storage import sources
from relay.storage.tables import audit


def kept(api, source_id):
    with api.database.read() as connection:
        return sources.get(connection, api.vault, source_id)


def test_a_source_whose_secret_is_ours_shows_it_this_once(api):
    answer = api.call("POST", "/sources", {"provider": "whmcs", "name": "WHMCS Berlin"})

    assert answer.status_code == 201
    made = answer.json
    secret, paste = made.pop("secret"), made.pop("paste")
    assert re.fullmatch(r"curl -fsS https://relay\.example\.com/install/[\w-]{32} \| sh.*", paste)
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert made == {
        "id": made["id"],
        "provider": "whmcs",
        "name": "WHMCS Berlin",
        "url": f"https://relay.example.com/in/{made['id']}",
        "settings": {},
        "monitor": False,
        "secrets": [{"not_after": None}],
        "last_received_at": None,
    }
    assert api.call("GET", f"/sources/{made['id']}").json == made
    assert api.call("GET", "/sources").json == {"items": [made], "next_cursor": None}
    assert kept(api, made["id"]).secrets[0].value == secret


def test_a_source_that_signs_nothing_shows_its_address_with_its_token_this_once(api):
    made = api.call("POST", "/sources", {"provider": "uptimerobot"}).json

    assert made["paste"] == f"{made['url']}?token={made['secret']}"
    assert "paste" not in api.call("GET", f"/sources/{made['id']}").json


def test_a_check_shows_the_address_to_ping(api):
    made = api.call("POST", "/sources", {"provider": "ping", "settings": {"every": "15m"}}).json

    assert made["paste"] == f"https://relay.example.com/ping/{made['id']}.{made['secret']}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"every": "sometimes"},
            "settings.every must be a duration such as 15m, 6h or 1d, or a cron expression such as `30 2 * * *`;"
            " it is 'sometimes'.",
        ),
        (
            {"grace": "0m"},
            "settings.grace must be a duration of at most 400 days, such as 15m, 6h or 1d; it is '0m'.",
        ),
        (
            {"every": "0 3 * * *", "timezone": "Mars/Olympus"},
            "settings.timezone must be a time zone, such as Europe/Berlin or UTC; it is 'Mars/Olympus'.",
        ),
    ],
)
def test_a_check_whose_schedule_says_nothing_is_refused(api, settings, message):
    answer = api.call("POST", "/sources", {"provider": "ping", "settings": settings})

    assert (answer.status_code, answer.json["error"]["message"]) == (422, message)


def test_a_source_whose_secret_is_theirs_waits_for_it(api):
    made = api.call("POST", "/sources", {"provider": "stripe"}).json

    assert (made["name"], made["secret"], made["secrets"]) == ("Stripe", None, [])
    added = api.call("POST", f"/sources/{made['id']}/secrets", {"secret": "whsec_theirs"})
    assert added.status_code == 201
    assert added.json["secrets"] == [{"not_after": None}]
    assert kept(api, made["id"]).secrets[0].value == "whsec_theirs"


def test_where_they_make_the_secret_one_must_be_given(api):
    made = api.call("POST", "/sources", {"provider": "stripe"}).json

    answer = api.call("POST", f"/sources/{made['id']}/secrets", {})

    assert answer.status_code == 422
    assert answer.json["error"]["message"] == "secret is required: copy it from Stripe."


def test_an_older_secret_counts_until_the_time_said(api):
    made = api.source()

    added = api.call("POST", f"/sources/{made['id']}/secrets", {"old_until": "2099-01-01T00:00:00Z"}).json

    assert added["secrets"] == [{"not_after": None}, {"not_after": "2099-01-01T00:00:00Z"}]
    assert [each.value for each in kept(api, made["id"]).secrets] == [added["secret"], made["secret"]]


def test_an_older_secret_that_ends_at_once_is_forgotten(api):
    made = api.source()

    added = api.call("POST", f"/sources/{made['id']}/secrets", {"overlap_seconds": 0}).json

    assert [each.value for each in kept(api, made["id"]).secrets] == [added["secret"]]


def test_both_ways_of_ending_an_old_secret_at_once_are_one_too_many(api):
    made = api.source()

    answer = api.call(
        "POST",
        f"/sources/{made['id']}/secrets",
        {"overlap_seconds": 5, "old_until": "2099-01-01T00:00:00Z"},
    )

    assert answer.status_code == 422
    assert "old_until and overlap_seconds" in answer.json["error"]["message"]


def test_the_settings_of_a_provider_are_checked_and_filled_in(api):
    made = api.call(
        "POST", "/sources", {"provider": "hmac", "settings": {"header": "X-Signature", "encoding": "base64"}}
    )

    assert made.status_code == 201
    assert made.json["settings"]["header"] == "X-Signature"
    assert made.json["settings"]["encoding"] == "base64"
    assert made.json["settings"]["algorithm"] == "sha256"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "settings.header is required"),
        ({"header": "x", "algorithm": "md4"}, "settings.algorithm must be one of"),
        ({"header": "x", "colour": "red"}, "settings.colour is not a setting"),
        ({"header": ["x"]}, "settings.header must be"),
    ],
)
def test_a_wrong_setting_is_named(shared_api, settings, field):
    answer = shared_api.call("POST", "/sources", {"provider": "hmac", "settings": settings})

    assert answer.status_code == 422
    assert field in answer.json["error"]["message"]


def test_a_secret_that_cannot_be_a_key_is_refused(shared_api):
    answer = shared_api.call("POST", "/sources", {"provider": "standard", "secret": "not base64 at all"})

    assert answer.status_code == 422
    assert answer.json["error"]["message"].startswith("secret cannot be used: ")
    assert "not base64 at all" not in answer.text


def test_what_came_along_by_copying_is_left_out(api):
    made = api.source(provider="stripe", secret=" whsec_theirs\n", settings={"api_url": "\thttps://api.stripe.com/ "})

    assert [each.value for each in kept(api, made["id"]).secrets] == ["whsec_theirs"]
    assert made["settings"] == {"api_url": "https://api.stripe.com/"}


def test_a_setting_that_cannot_be_right_is_refused_when_it_is_changed_too(api):
    made = api.source(provider="zabbix", settings={"timezone": "Europe/Berlin"})

    answer = api.call("PATCH", f"/sources/{made['id']}", {"settings": {"timezone": "Europe/Berln"}})

    assert answer.status_code == 422
    assert answer.json["error"]["message"] == (
        "settings.timezone must be a time zone, such as Europe/Berlin or UTC; it is 'Europe/Berln'."
        " Did you mean Europe/Berlin?"
    )


def test_a_value_from_before_there_was_a_check_does_not_keep_others_from_being_set(api):
    made = api.source(provider="stripe", secret="whsec_theirs")
    old = replace(kept(api, made["id"]), settings={"api_url": "stripe.example"}, secrets=(Secret("sk_live_1"),))
    with api.database.write() as connection:
        sources.save(connection, api.vault, old)

    answer = api.call("PATCH", f"/sources/{made['id']}", {"settings": {"api_key": "rk_live_1"}})

    assert answer.status_code == 200
    assert kept(api, made["id"]).settings == {"api_url": "stripe.example", "api_key": "rk_live_1"}


def test_a_key_cannot_have_the_credentials_of_a_source_sent_to_an_address_of_its_own(api):
    stripe = api.source(provider="stripe", secret="whsec_theirs", settings={"api_key": "rk_live_1"})
    whmcs = api.source(
        provider="whmcs",
        settings={"api_url": "https://billing.example", "api_identifier": "who", "api_secret": "s3cret"},
    )

    refused = api.call("PATCH", f"/sources/{stripe['id']}", {"settings": {"api_url": "https://mine.example"}})
    moved = api.call(
        "PATCH", f"/sources/{whmcs['id']}", {"settings": {"api_url": "https://mine.example", "api_identifier": "me"}}
    )

    assert refused.status_code == 422
    assert refused.json["error"]["message"] == (
        "settings.api_url must be at api.stripe.com, where Stripe is; it is 'https://mine.example'."
        " Another host, such as one for tests, is listed by the operator in RELAY_ALLOW_PRIVATE_SOURCES."
    )
    assert kept(api, stripe["id"]).settings == {"api_url": "https://api.stripe.com", "api_key": "rk_live_1"}
    assert moved.json["dropped_settings"] == ["api_secret"]
    assert kept(api, whmcs["id"]).settings == {"api_url": "https://mine.example", "api_identifier": "me"}
    with api.database.read() as connection:
        done = connection.execute(select(audit.c.action).where(audit.c.object == whmcs["id"])).scalars().all()
    assert done == ["source.created", "source.updated", "source.credentials_dropped"]


def test_a_host_that_is_open_to_sources_is_not_open_to_hooks(api_of):
    api = api_of(RELAY_ALLOW_PRIVATE_SOURCES="panel.internal:8443")

    source = api.call("POST", "/sources", {"provider": "plesk", "settings": {"api_url": "https://panel.internal:8443"}})
    hook = api.call("POST", "/hooks", {"target_url": "https://panel.internal:8443", "event_types": ["*"]})

    assert source.status_code == 201
    assert hook.status_code == 422
    assert hook.json["error"]["code"] == "address_refused"


def test_the_relays_own_source_is_neither_made_shown_nor_changed(api):
    api.call("POST", "/events", {"data": {"a": 1}})
    with api.database.read() as connection:
        own = sources.search(connection, api.vault, api.mine.id)[0]

    assert own.provider == "relay"
    assert api.call("POST", "/sources", {"provider": "relay"}).status_code == 422
    assert api.call("GET", "/sources").json["items"] == []
    assert api.call("GET", f"/sources/{own.id}").status_code == 404
    assert api.call("PATCH", f"/sources/{own.id}", {"name": "x"}).status_code == 404
    assert api.call("POST", f"/sources/{own.id}/secrets", {}).status_code == 404
    assert api.call("DELETE", f"/sources/{own.id}").status_code == 204
    assert kept(api, own.id) is not None


def test_a_patch_changes_name_monitor_and_settings(api):
    made = api.source(provider="hmac", settings={"header": "x-a", "encoding": "base64"})

    changed = api.call(
        "PATCH",
        f"/sources/{made['id']}",
        {"name": "  Backups ", "monitor": True, "settings": {"header": "x-b", "encoding": None}},
    ).json

    assert (changed["name"], changed["monitor"]) == ("Backups", True)
    assert (changed["settings"]["header"], changed["settings"]["encoding"]) == ("x-b", "hex")


def test_a_deleted_source_is_gone(api):
    made = api.source()

    assert api.call("DELETE", f"/sources/{made['id']}").status_code == 204
    assert api.call("DELETE", f"/sources/{made['id']}").status_code == 204
    assert api.call("GET", f"/sources/{made['id']}").status_code == 404
    assert api.call("GET", "/sources").json["items"] == []


def test_sources_are_listed_in_pages_and_the_own_one_is_no_hole(api):
    api.call("POST", "/events", {"data": {"a": 1}})
    made = [api.source()["id"] for _ in range(3)]

    first = api.call("GET", "/sources", limit=2).json
    second = api.call("GET", "/sources", limit=2, cursor=first["next_cursor"]).json

    assert [each["id"] for each in first["items"]] == [made[2], made[1]]
    assert [each["id"] for each in second["items"]] == [made[0]]
    assert second["next_cursor"] is None


def test_every_provider_but_our_own_can_become_a_source():
    names = [each.name for each in creatable_providers()]

    assert "relay" not in names
    assert names == sorted(names)
