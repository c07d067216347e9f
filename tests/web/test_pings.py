"""Checks: asked as one asks Healthchecks or Uptime Kuma, and what is told of them."""

from types import SimpleNamespace

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
        "(The log is not kept. The body is larger than 1048576 bytes, the limit of this address.)"
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


def test_a_message_loses_its_secrets(api, check):
    said = "rsync to https://u:hunter2@host/ failed, password=hunter2"
    ask(api, f"/api/push/{token(check)}", query_string={"status": "down", "msg": said})
    api.work()
    (event,) = api.call("GET", "/events").json["items"]

    assert event["data"]["backup"]["error"] == "rsync to https://host/ failed, password=[removed]"
    assert "hunter2" not in api.call("GET", f"/events/{event['id']}/raw").text


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_is_printed_is_read_in_the_charset_that_it_shows(api, check, charset):
    ask(api, f"/ping/{token(check)}/fail", "POST", data="Zürich: Sicherung fehlgeschlagen\r\n".encode(charset))

    ((_, data),) = told(api)

    assert data["backup"]["error"] == "Zürich: Sicherung fehlgeschlagen"


def test_what_is_printed_loses_the_address_that_is_asked(api, check):
    ask(api, f"/ping/{token(check)}/fail", "POST", data=f"Pushing https://relay/api/push/{token(check)}?status=down")
    api.work()
    (event,) = api.call("GET", "/events").json["items"]

    raw = api.call("GET", f"/events/{event['id']}/raw").json

    assert raw["body"] == f"Pushing https://relay/api/push/{check['id']}.[removed]?status=down"


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
        "No check has this address. Compare it with the address that the relay shows."
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


RUN_A, RUN_B = "8f2a2b1e-6d1a-4a55-9c3e-2a7f1d0c9b11", "0b7e1f2c-1111-4a55-9c3e-2a7f1d0c9b22"
BEGINNING = 1_795_330_800_000
CREATED = "vault: Creating archive\nvault: Pruning archives\nvault: Running consistency checks\n"
CHECKED = "vault: Running consistency checks\nPinging Healthchecks finish\n"
PRUNED = "vault: Pruning archives\nvault: Compacting segments\n"


@pytest.fixture
def clock(monkeypatch):
    """The wall clock, which stands still until a test sets it."""
    now = SimpleNamespace(ms=BEGINNING)
    for module in ("relay.model", "relay.inbound.receive"):
        monkeypatch.setattr(f"{module}.now_ms", lambda: now.ms)
    return now


def times(data):
    backup = data["backup"]
    return (backup["started_at"], backup["finished_at"], backup["duration_seconds"])


def test_a_run_is_told_with_when_it_began_and_ended(api, check, clock):
    ask(api, f"/ping/{token(check)}/start")
    clock.ms += 90_400
    ask(api, f"/ping/{token(check)}")

    assert [(each, times(data)) for each, data in told(api)] == [
        ("backup.started", ("2026-11-22T07:00:00Z", None, None)),
        ("backup.succeeded", ("2026-11-22T07:00:00Z", "2026-11-22T07:01:30.400000Z", 90)),
    ]


def test_runs_at_the_same_time_are_told_apart_by_their_ids(api, check, clock):
    for path in (f"/start?rid={RUN_A}", f"/start?rid={RUN_B}", "/start", f"/1?rid={RUN_A}", "", f"?rid={RUN_B}"):
        ask(api, f"/ping/{token(check)}{path}")
        clock.ms += 60_000

    assert [times(data)[2] for _, data in told(api)] == [None, None, None, 180, 120, 240]


@pytest.mark.parametrize("passed", [0, 73 * 3600 * 1000])
def test_a_run_that_did_not_say_when_it_began_has_no_length(api, check, clock, passed):
    if passed:
        ask(api, f"/ping/{token(check)}/start")
    else:
        ask(api, f"/ping/{token(check)}/start?rid={RUN_A}")
    clock.ms += passed
    ask(api, f"/ping/{token(check)}")

    assert times(told(api)[-1][1])[0::2] == (None, None)


def test_a_run_ends_once(api, check, clock):
    for ending in ("/start", "", ""):
        ask(api, f"/ping/{token(check)}{ending}")
        clock.ms += 1000

    assert [times(data)[2] for _, data in told(api)] == [None, 1, None]


def expected(api, check):
    with api.database.read() as connection:
        found = checks.get(connection, check["id"])
    return (found.expected_at, found.missed)


def borgmatic(api, check, ending, printed=""):
    ask(api, f"/ping/{token(check)}{ending}", "POST", data=printed, headers={"User-Agent": "borgmatic"})


@pytest.mark.parametrize(
    ("ending", "printed", "event"),
    [
        ("", CREATED, ["backup.succeeded"]),
        ("", "", ["backup.succeeded"]),
        ("", CHECKED, ["backup.verified"]),
        ("", PRUNED + CHECKED, ["backup.verified"]),
        ("", PRUNED, []),
        ("", "...\n" + CHECKED, ["backup.succeeded"]),
        ("/fail", "vault: Creating archive\nFailed to do it", ["backup.failed"]),
        ("/fail", CREATED + "Failed to do it", ["backup.verification_failed"]),
        ("/fail", CREATED + "two: Creating archive\nFailed to do it", ["backup.failed"]),
        ("/fail", "Failed to do it", ["backup.failed"]),
        ("/fail", CHECKED + "Failed to do it", ["backup.verification_failed"]),
        ("/fail", PRUNED + "Failed to do it", ["alert.raised"]),
    ],
)
def test_a_run_of_borgmatic_is_what_it_printed(api, check, ending, printed, event):
    borgmatic(api, check, ending, printed)

    assert types(api) == event


@pytest.mark.parametrize(
    ("printed", "event"),
    [
        ("load indexes\ncheck all packs\ncheck snapshots, trees and blobs\nno errors were found\n", "backup.verified"),
        ("Applying Policy: keep 7 daily snapshots\nkeep 7 snapshots:\nremove 1 snapshots:\n", None),
        ("snapshot 1a2b3c4d saved\nApplying Policy: keep 7 daily\ncheck all packs\n", "backup.succeeded"),
        ("Archive consistency check complete, no problems found.", "backup.verified"),
        ("Keeping archive (rule: daily #1): srv1-2026-11-28", None),
        ("sent 19 bytes  received 12 bytes", "backup.succeeded"),
    ],
)
def test_so_is_what_others_print(api, check, printed, event):
    ask(api, f"/ping/{token(check)}", "POST", data=printed)

    assert types(api) == ([event] if event else [])


def test_a_failure_of_others_after_a_backup_is_one_of_the_run(api, check):
    ask(api, f"/ping/{token(check)}/1", "POST", data="snapshot 1a2b3c4d saved\ncheck all packs\nFatal: gone")

    assert types(api) == ["backup.failed"]


def test_a_run_without_a_backup_leaves_the_backup_expected_as_it_was(api, check, clock):
    borgmatic(api, check, "", CREATED)
    due = expected(api, check)
    clock.ms += 3600_000
    borgmatic(api, check, "/start")
    borgmatic(api, check, "/start")
    begun = expected(api, check)
    borgmatic(api, check, "", CHECKED)

    assert begun != due
    assert expected(api, check) == due


def test_a_run_without_a_backup_ends_no_miss(api, check, clock):
    borgmatic(api, check, "", CREATED)
    with api.database.write() as connection:
        checks.miss(connection, check["id"], expected(api, check)[0])
    borgmatic(api, check, "/start")
    borgmatic(api, check, "", CHECKED)

    assert expected(api, check) == (None, True)


def test_a_check_that_is_there_for_checks_is_not_missed(api, check, clock):
    clock.ms += 3600_000
    borgmatic(api, check, "", CHECKED)

    assert expected(api, check) == (clock.ms + 25 * 3600_000, False)


def test_what_others_print_puts_no_backup_into_question(api, check, clock):
    ask(api, f"/ping/{token(check)}")
    clock.ms += 3600_000
    ask(api, f"/ping/{token(check)}", "POST", data="no errors were found")

    assert expected(api, check) == (clock.ms + 25 * 3600_000, False)


def test_a_job_is_a_job_whatever_it_prints(api):
    made = api.call("POST", "/sources", {"provider": "ping", "name": "Check", "settings": {"about": "job"}}).json
    ask(api, f"/ping/{token(made)}/1", "POST", data=CHECKED)

    assert types(api) == ["alert.raised"]
