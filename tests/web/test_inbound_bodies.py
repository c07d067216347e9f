"""A webhook whose sender is proved is taken, whatever its body is: read as far as it can be, kept in any case."""

from urllib.parse import quote

import pytest

from relay.formats import jsontext

BEAT = '{"heartbeat":{"monitorID":3,"status":0,"time":"2026-11-28 10:00:00"},"monitor":{"id":3,"name":"%s"},"msg":"x"}'
FORM = "application/x-www-form-urlencoded"
DOWN = "monitorID=4&monitorURL=https%3A%2F%2Fcafe.example&alertType=1&monitorFriendlyName="


def post(api, source, body, content_type="application/json"):
    address = f"/in/{source['id']}?token={source['secret']}"
    return api.app.test_client().post(address, data=body, headers={"content-type": content_type})


def told(api):
    api.work()
    return list(reversed(api.call("GET", "/events").json["items"]))


def of_kuma(name, encoding="utf-8"):
    return (BEAT % name).encode(encoding)


READABLE = {
    "a byte order mark": ("uptime_kuma", of_kuma("Zoë", "utf-8-sig"), "application/json", "Zoë"),
    "UTF-16": ("uptime_kuma", of_kuma("Zoë", "utf-16"), "application/json", "Zoë"),
    "UTF-32 without a mark": ("uptime_kuma", of_kuma("Zoë", "utf-32-be"), "application/json", "Zoë"),
    "half of a character": ("uptime_kuma", of_kuma("Zoë \\ud83d"), "application/json", "Zoë \ufffd"),
    "a charset named": ("uptime_kuma", of_kuma("Zoë", "latin-1"), "application/json; charset=ISO-8859-1", "Zoë"),
    "bytes of no charset": ("uptime_kuma", of_kuma("Zoë", "latin-1"), "application/json", "Zo\ufffd"),
    "a line break in a text": ("uptime_kuma", of_kuma("two\nlines"), "application/json", "two\nlines"),
    "another content type": ("uptime_kuma", of_kuma("Zoë"), "text/plain", "Zoë"),
    "no number": ("uptime_kuma", of_kuma('Zoë","ping":NaN,"x":"'), "application/json", "Zoë"),
    "a key that says the same twice": ("uptime_kuma", of_kuma('Zoë","name":"Zoë'), "application/json", "Zoë"),
    "a form with a raw byte": ("uptimerobot", (DOWN + "Café").encode("latin-1"), FORM, "Caf\ufffd"),
    "a form in windows-1252": (
        "uptimerobot",
        (DOWN + "Caf%E9+%80").encode(),
        FORM + "; charset=windows-1252",
        "Café €",
    ),
    "a form with a mark": ("uptimerobot", b"\xef\xbb\xbf" + (DOWN + "Café").encode(), FORM, "Café"),
}


@pytest.mark.parametrize("case", READABLE)
def test_what_can_be_read_is_told(api, case):
    provider, body, content_type, name = READABLE[case]
    source = api.source(provider=provider)

    answer = post(api, source, body, content_type)

    assert (answer.status_code, answer.json["status"]) == (202, "accepted")
    ((kind, monitor),) = [(each["type"], each["data"]["monitor"]["name"]) for each in told(api)]
    assert (kind, monitor) == ("monitor.down", name)


UNREADABLE = {
    "nothing": (b"", "The body must be one JSON document: it is empty."),
    "half a document": (b'{"a":', "The body must be one JSON document: Expecting value: line 1 column 6 (char 5)."),
    "a key that says two things": (
        b'{"a":1,"a":2}',
        "The body must be one JSON document: the key 'a' stands twice and says two things.",
    ),
    "too deep": (b"[" * 100_000, "The body must be one JSON document: it has more than 200 levels."),
    "no object": (b"[]", "The body must be a JSON object; it is an array."),
    "XML": (b"<a/>", "The body must be one JSON document: Expecting value: line 1 column 1 (char 0)."),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_cannot_be_read_is_kept_once_and_says_why(api, case):
    body, why = UNREADABLE[case]
    source = api.source(provider="alertmanager")

    first, again = post(api, source, body), post(api, source, body)

    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json == {"id": first.json["id"], "status": "repeat"}
    (event,) = told(api)
    assert (event["type"], event["data"]) == (
        "unknown",
        {"unknown": {"reason": "The body could not be read.", "defect": why}},
    )
    raw = api.call("GET", f"/events/{event['id']}/raw").json
    assert raw["body"].encode() == body


def test_what_cannot_be_read_is_kept_without_its_secrets(api):
    source = api.source(provider="alertmanager")

    post(api, source, '{"user": "jane", "password": "hunter2", "token": "t-1"'.encode("utf-16"))

    (event,) = told(api)
    raw = api.call("GET", f"/events/{event['id']}/raw").json
    assert raw["body"] == '{"user": "jane", "password": [removed], "token": [removed]'


def test_a_form_that_was_written_anew_without_its_secrets_is_read_as_it_came(api):
    source = api.source(provider="uptimerobot")

    post(api, source, (DOWN + "Caf%E9&password=hunter2").encode(), FORM + "; charset=windows-1252")

    (event,) = told(api)
    raw = api.call("GET", f"/events/{event['id']}/raw").json
    assert event["data"]["monitor"]["name"] == "Café"
    assert (raw["headers"]["content-type"], "hunter2" in raw["body"]) == (FORM, False)


def test_what_can_be_read_by_now_is_sent_as_what_it_says(api, monkeypatch):
    hook = api.hook(event_types=["monitor.down"])
    source = api.source(provider="uptime_kuma")
    with monkeypatch.context() as before:
        before.setattr(jsontext, "read", lambda body, _: jsontext.loads(body))
        post(api, source, of_kuma("Zoë", "utf-8-sig"))
        (unknown,) = told(api)

    sent = api.call("POST", f"/events/{unknown['id']}/replay").json

    assert (unknown["type"], sent["hooks"]) == ("unknown", [hook["id"]])
    assert api.call("GET", f"/events/{sent['events'][0]}").json["data"]["monitor"]["name"] == "Zoë"


LOGIN = "https://deploy:hunter2@intranet.example/x?token=hunter2"


@pytest.mark.parametrize(
    ("provider", "body", "content_type"),
    [
        ("uptime_kuma", of_kuma(LOGIN), "application/json"),
        ("uptime_kuma", of_kuma(LOGIN.replace("/", "\\/")), "application/json"),
        ("uptime_kuma", of_kuma(LOGIN, "utf-16"), "application/json"),
        ("uptime_kuma", ("data=" + quote(of_kuma(LOGIN).decode())).encode(), FORM),
        ("uptime_kuma", ("data=" + quote(of_kuma(LOGIN).decode()[:-1])).encode(), FORM),
        ("uptimerobot", (DOWN + quote(LOGIN)).encode(), FORM),
        ("statuscake", f"<test><Name>{LOGIN}</Name></test>".encode(), "text/xml"),
        ("statuscake", f"<test><Name>{LOGIN}</Name><password>hunter2</password></oops>".encode(), "text/xml"),
        ("alertmanager", f'{{"alerts": [{LOGIN!r}'.encode(), "application/json"),
        ("alertmanager", f"instance={quote(LOGIN)}&x".encode(), FORM),
    ],
)
def test_credentials_in_addresses_are_not_kept_however_they_are_written(api, provider, body, content_type):
    source = api.source(provider=provider)
    address = f"/in/{source['id']}?token={source['secret']}&from={quote(LOGIN)}"

    headers = {"content-type": content_type, "referer": LOGIN}
    answer = api.app.test_client().post(address, data=body, headers=headers)

    assert answer.status_code in (200, 202)
    (event,) = told(api)
    raw = api.call("GET", f"/events/{event['id']}/raw").text
    assert "hunter2" not in raw + str(event)
    assert "deploy" not in raw + str(event)
    assert raw.count("intranet.example") >= 3


def test_what_uptime_kuma_posts_of_a_monitor_beside_its_name_is_not_kept(api):
    secrets = {
        "headers": '{"Authorization": "hunter2"}',
        "body": "hunter2",
        "basic_auth_user": "hunter2",
        "databaseConnectionString": "Server=db;User Id=sa;Password=hunter2;",
        "pushToken": "hunter2",
        "mqttPassword": "hunter2",
        "mqttUsername": "hunter2",
    }
    source = api.source(provider="uptime_kuma")
    payload = jsontext.loads(of_kuma("Shop"))

    post(api, source, jsontext.dumps(payload | {"monitor": payload["monitor"] | secrets}))

    (event,) = told(api)
    raw = api.call("GET", f"/events/{event['id']}/raw").json
    assert (event["type"], "hunter2" in str(raw)) == ("monitor.down", False)
    assert jsontext.loads(raw["body"].encode())["monitor"] == payload["monitor"] | dict.fromkeys(secrets, "[removed]")
