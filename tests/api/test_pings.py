"""Checks: asked as one asks Healthchecks or Uptime Kuma, and what is told of them."""

import pytest

from relay.storage import checks


@pytest.fixture
def check(api):
    return api.call("POST", "/sources", {"provider": "ping", "name": "Nightly backup"}).json


def token(check):
    return check["paste"].rpartition("/")[2]


def ask(api, path, method="GET", **how):
    return api.app.test_client().open(path, method=method, **how)


def told(api):
    api.work()
    events = api.call("GET", "/events").json["items"]
    return [(event["type"], event["data"]) for event in reversed(events)]


def types(api):
    return [each for each, _ in told(api)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_ping_is_a_success_by_every_method(api, check, method):
    answer = ask(api, f"/ping/{token(check)}", method)

    assert (answer.status_code, answer.text) == (200, "" if method == "HEAD" else "OK")
    assert types(api) == ["backup.succeeded"]


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("/start", "backup.started"),
        ("/fail", "backup.failed"),
        ("/0", "backup.succeeded"),
        ("/1", "backup.failed"),
        ("/255", "backup.failed"),
    ],
)
def test_the_ending_says_what_happened(api, check, ending, expected):
    assert ask(api, f"/ping/{token(check)}{ending}", "POST").status_code == 200
    assert types(api) == [expected]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(
    ("ending", "expected"),
    [("/", "backup.succeeded"), ("/start/", "backup.started"), ("/fail/", "backup.failed"), ("/3/", "backup.failed")],
)
def test_a_slash_at_the_end_makes_no_other_address(api, check, method, ending, expected):
    answer = ask(api, f"/ping/{token(check)}{ending}", method)

    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert types(api) == [expected]


def test_a_slash_behind_a_push_address_makes_no_other_one(api, check):
    assert ask(api, f"/api/push/{token(check)}/?status=up").json == {"ok": True}
    assert types(api) == ["backup.succeeded"]


def test_a_job_ran_even_if_its_log_is_too_long(api, check):
    answer = ask(api, f"/ping/{token(check)}/fail", "POST", data="x" * 2_000_000)

    assert answer.status_code == 200
    ((kind, data),) = told(api)
    assert kind == "backup.failed"
    assert data["backup"]["error"] == (
        "(The log is not kept. The body is larger than 1048576 bytes, the most that is taken here.)"
    )


def test_a_log_is_kept_and_not_told(api, check):
    assert ask(api, f"/ping/{token(check)}/log", "POST", data="so far so good").status_code == 200
    assert types(api) == []


@pytest.mark.parametrize("ending", ["/256", "/-1", "/other", "/½", "/" + "9" * 5000])
def test_another_ending_is_refused_with_those_there_are(api, check, ending):
    answer = ask(api, f"/ping/{token(check)}{ending}")

    assert answer.status_code == 422
    assert answer.json["error"]["message"] == (
        "The address of a ping ends with its token, /start, /fail, /log or an exit code up to 255."
    )


def test_a_failure_is_told_with_its_code_and_what_it_printed(api, check):
    ask(api, f"/ping/{token(check)}/3", "POST", data="pg_dump --password=hunter2\n\nserver closed the connection\n\n")

    ((_, data),) = told(api)

    assert data["backup"]["name"] == "Nightly backup"
    assert data["backup"]["error"] == "exit code 3: server closed the connection"


def test_what_is_printed_loses_its_secrets_and_all_but_its_end(api, check):
    ask(api, f"/ping/{token(check)}", "POST", data="x" * 20_000 + " token=hunter2 end")
    api.work()
    (event,) = api.call("GET", "/events").json["items"]

    raw = api.call("GET", f"/events/{event['id']}/raw").json

    assert raw["body"].endswith(" token=[removed] end")
    assert len(raw["body"]) < 10_100
    assert check["secret"] not in str(raw)


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_is_printed_is_read_in_the_charset_that_it_shows(api, check, charset):
    ask(api, f"/ping/{token(check)}/fail", "POST", data="Zürich: Sicherung fehlgeschlagen\r\n".encode(charset))

    ((_, data),) = told(api)

    assert data["backup"]["error"] == "Zürich: Sicherung fehlgeschlagen"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?status=up&msg=OK&ping=12", "backup.succeeded"),
        ("?status=down&msg=Disk+full", "backup.failed"),
        ("", "backup.succeeded"),
    ],
)
def test_uptime_kumas_words_are_understood(api, check, query, expected):
    answer = ask(api, f"/api/push/{token(check)}{query}")

    assert (answer.status_code, answer.json) == (200, {"ok": True})
    ((event_type, data),) = told(api)
    assert event_type == expected
    assert data["backup"]["error"] == ("Disk full" if expected == "backup.failed" else None)


@pytest.mark.parametrize("message", ["start", "START", "started", "Starting..."])
def test_a_push_that_says_that_a_run_begins_is_no_success(api, check, message):
    answer = ask(api, f"/api/push/{token(check)}?status=up&msg={message}")

    assert (answer.status_code, types(api)) == (200, ["backup.started"])


@pytest.mark.parametrize("query", ["?status=up&msg=finish", "?status=up&msg=Start+of+day+is+saved", "?msg=OK"])
def test_any_other_push_is_a_success(api, check, query):
    ask(api, f"/api/push/{token(check)}{query}")

    assert types(api) == ["backup.succeeded"]


@pytest.mark.parametrize("message", ["fail", "Failed", "down", ""])
def test_a_push_that_only_says_that_it_failed_gives_no_reason(api, check, message):
    ask(api, f"/api/push/{token(check)}?status=down&msg={message}")

    ((event_type, data),) = told(api)
    assert (event_type, data["backup"]["error"]) == ("backup.failed", None)


def test_the_reason_of_a_failure_is_the_line_that_matters(api, check):
    printed = "Fatal: unable to open config file: no such file\nIs there a repository at this location?\n/srv/repo"
    ask(api, f"/ping/{token(check)}/1", "POST", data=printed)

    ((_, data),) = told(api)
    assert data["backup"]["error"] == "exit code 1: Fatal: unable to open config file: no such file"


@pytest.mark.parametrize(
    "change", [lambda t: t + "x", lambda t: t.replace(".", ""), lambda t: "src_0." + t, lambda t: "x"]
)
@pytest.mark.parametrize("path", ["/ping/", "/api/push/"])
def test_another_token_finds_nothing_whatever_is_wrong_with_it(api, check, path, change):
    answer = ask(api, path + change(token(check)))

    assert answer.status_code == 404
    assert answer.json["error"]["message"] == (
        "There is no check with this address. Compare it with the one the relay shows."
    )
    assert types(api) == []


def test_a_source_that_is_no_check_takes_no_pings(api):
    other = api.call("POST", "/sources", {"provider": "standard"}).json

    assert ask(api, f"/ping/{other['id']}.{other['secret']}").status_code == 404


def test_two_pings_are_two_events(api, check):
    for _ in range(2):
        ask(api, f"/ping/{token(check)}")

    assert types(api) == ["backup.succeeded"] * 2


def test_a_job_is_told_when_it_fails_and_once_when_it_works_again(api):
    made = api.call("POST", "/sources", {"provider": "ping", "name": "Cron", "settings": {"about": "job"}}).json
    seen = []
    for ending in ("", "/start", "", "/1", "/fail", "", ""):
        ask(api, f"/ping/{token(made)}{ending}")
        seen.append(len(types(api)))

    assert seen == [0, 0, 0, 1, 1, 2, 2]
    assert types(api) == ["alert.raised", "alert.resolved"]


def test_the_next_ping_is_expected_by_its_schedule(api, check):
    with api.database.read() as connection:
        first = checks.get(connection, check["id"])
    ask(api, f"/ping/{token(check)}/start")
    with api.database.read() as connection:
        begun = checks.get(connection, check["id"])
    ask(api, f"/ping/{token(check)}")
    with api.database.read() as connection:
        done = checks.get(connection, check["id"])

    hour = 3600 * 1000
    assert begun.succeeded_at is None
    assert begun.expected_at < first.expected_at
    assert done.expected_at - done.succeeded_at == 25 * hour
