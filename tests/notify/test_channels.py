"""A channel's address is checked when it is given, kept sealed, and never seen again."""

import ast
import inspect
import logging
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from kit.cases import cases
from notify.office import SID, TOKEN, TWILIO, Office
from notify.post_office import LOCAL, MailServer, Service
from relay.cli import main
from relay.errors import AddressRefused, InvalidRequest, NotFound
from relay.notify import channel_urls, channels, mail, requests_shim, sending
from relay.notify.message import own
from relay.sdk.outcomes import Failed
from relay.storage import audit
from relay.storage.tables import audit as audit_table
from relay.storage.tables import channels as channel_table

SCHEMES = sorted(channel_urls.SCHEMES)
PASSWORD = "correct-horse-battery"


@cases("scheme", [each for each in SCHEMES if each not in channel_urls.SMTP])
def test_every_service_that_is_taken_sends_through_our_door(scheme: str) -> None:
    plugin = channel_urls._plugin_class(channel_urls.SCHEMES[scheme][1], scheme)
    module = sys.modules[plugin.__module__]

    source = inspect.getsource(module)
    tree = ast.walk(ast.parse(source))
    used, imported = set(), set()
    for node in tree:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "requests":
            used.add(node.attr)
        elif isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imported.add((node.module or "").partition(".")[0])

    assert isinstance(vars(module)["requests"], requests_shim._Requests)
    assert used <= requests_shim.OFFERED
    assert imported & {"socket", "ssl", "http", "smtplib", "subprocess", "aiohttp", "requests_oauthlib"} == set()


@cases(
    "url",
    [
        "syslog://localhost",
        "dbus://",
        "file:///etc/passwd",
        "https://example.com",
        "mqtt://example.com",
        "apprise://example.com/token",
        "nothing",
        "",
    ],
)
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest, match="begins with one of these"):
        channel_urls.read(url)


@cases(
    "url",
    [
        "jsons://127.0.0.1/in",
        "jsons://localhost/in",
        "jsons://169.254.169.254/latest/meta-data",
        "jsons://[::1]/in",
        "jsons://2130706433/in",
        "gotifys://10.0.0.1/0123456789abcdef",
        "mmosts://192.168.1.1/0123456789abcdef0123456789",
        "json://chat.example.com/in",
        "mailtos://a:b@example.com?smtp=127.0.0.1",
        "mailtos://a:b@example.com?smtp=localhost",
        "mailto://a:b@example.com?smtp=mail.example.com",
        "mailto://mail.example.com?from=a@example.com",
    ],
)
def test_private_targets_and_plain_text_over_the_network_are_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        channel_urls.check(url, frozenset())


@cases("option", ["verify=no", "retry=5", "redirect=yes", "pgp=sign", "template=/etc/passwd"])
@cases("before", ["?", "/?", "#?", "/#?", "/#x?", "?a=1;", "?a=1&", "/?a#&", "?#&"])
def test_options_that_loosen_what_holds_are_refused(option: str, before: str) -> None:
    with pytest.raises(InvalidRequest, match="is not allowed"):
        channel_urls.read(f"{TWILIO}{before}{option}")


@pytest.mark.parametrize("option", ["Verify=no", "VERIFY=no", "%76erify=no", "+verify=no&verify%20=no", "verify"])
def test_an_option_is_known_however_it_is_written(option: str) -> None:
    with pytest.raises(InvalidRequest, match="option verify is not allowed"):
        channel_urls.read(f"discord://{'4' * 18}/{'a' * 60}/#?{option}")


@cases("bad", ["%0A", "%0d%0aX-Other:%201", "%00", "%0a"])
@cases("where", ["mailtos://relay:sec{}ret@mail.example.com", "json://example.com/?+X-Token=a{}b"])
def test_a_credential_with_a_line_break_is_refused(where: str, bad: str) -> None:
    with pytest.raises(InvalidRequest, match="line break"):
        channel_urls.read(where.format(bad))


def test_the_secrets_of_an_address_are_found_wherever_it_takes_them() -> None:
    url = "slack://token-one/token-two/#channel-x?token=token-three;key=token%2Dfour&user=token-five"

    found = channel_urls.secrets_of(url)

    assert {"token-two", "token-three", "token%2Dfour", "token-four", "token-five"} <= set(found)


@cases(
    ("url", "kind"),
    [
        (TWILIO, "sms"),
        ("mailtos://relay:secret@mail.example.com?from=billing@example.com", "mail"),
        (f"slack://T1JJ3T3L2/A1BRTD4JD/{'x' * 24}/#ops", "chat"),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", "chat"),
        (f"discord://{'4' * 18}/{'a' * 60}", "chat"),
        ("ntfy://our-topic", "chat"),
        ("ntfys://ntfy.example.com/our-topic", "chat"),
        ("vonage://abcd1234:secret12345@33900000000", "sms"),
        ("mailgun://billing@example.com/abcdefghijklmnop", "mail"),
    ],
)
def test_usual_addresses_are_taken(url: str, kind: str) -> None:
    assert channel_urls.check(url, frozenset()).kind == kind


def test_an_address_that_cannot_be_read_is_refused_without_being_repeated() -> None:
    with pytest.raises(InvalidRequest) as refused:
        channel_urls.read(f"twilio://{SID}:not/a/token!@x")

    assert "Its form is twilio://{account_sid}:{auth_token}@{from_phone}" in refused.value.message
    assert SID not in refused.value.message


@pytest.mark.parametrize(
    "settings",
    [
        {"language": "de"},
        {"per_hour": 0},
        {"quiet": "all day"},
        {"zone": "Mars"},
        {"signature": "one\ntwo"},
    ],
)
def test_settings_that_make_no_sense_are_refused(office: Office, settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        office.channel("sms", TWILIO, **settings)


@pytest.mark.parametrize("name", ["", "a,b", "twilio://x", "../x", "a" * 64])
def test_names_are_plain(office: Office, name: str) -> None:
    with pytest.raises(InvalidRequest):
        office.channel(name, TWILIO)


def test_a_channel_is_sealed_and_noted(office: Office) -> None:
    office.channel("sms", TWILIO, quiet="22:00-07:00", zone="Europe/Paris", language="fr")
    office.channel("sms", TWILIO, language="fr")
    channels.remove(office.working_in(), "sms")

    with office.database.read() as connection:
        rows = list(connection.execute(select(channel_table)))
        noted = list(connection.execute(select(audit_table.c.action, audit_table.c.object)))
        sound = audit.verify(connection)
    assert rows == []
    assert [tuple(each) for each in noted] == [
        ("channel.saved", "sms"),
        ("channel.saved", "sms"),
        ("channel.removed", "sms"),
    ]
    assert sound == audit.Verdict(3)
    with pytest.raises(NotFound):
        channels.remove(office.working_in(), "sms")


def test_what_is_kept_and_shown_holds_no_secret(office: Office) -> None:
    channel = office.channel("sms", TWILIO)

    with office.database.read() as connection:
        (row,) = connection.execute(select(channel_table))
    assert TOKEN.encode() not in row.sealed
    assert TOKEN not in repr(channel) + str(channels.shown(channel)) + repr(channel_urls.read(TWILIO))
    assert channels.shown(channel)["service"] == "Twilio"


def test_each_kind_takes_its_kind_of_recipient(office: Office) -> None:
    sms = office.channel("sms", TWILIO)
    post = office.channel("mail", "mailtos://relay:secret@mail.example.com?from=billing@example.com")
    own_mail = office.channel("own", "mailtos://relay:secret@mail.example.com/ops@example.com?from=a@example.com")

    with pytest.raises(Failed, match="to must be a phone number"):
        sending.way_of(sms, "zoe@acme-shop.example")
    with pytest.raises(Failed, match="to must be an e-mail address"):
        sending.way_of(post, "+33612345678")
    with pytest.raises(Failed, match="to is required"):
        sending.way_of(post, None)
    with pytest.raises(Failed, match="to is required"):
        sending.way_of(sms, None)
    assert sending.way_of(own_mail, None).plugin.targets == [(False, "ops@example.com")]
    assert sending.way_of(sms, "+33 6 12 34 56 78").plugin.targets == [("T", "+33612345678")]


def test_a_name_that_leads_to_this_network_is_found_out_when_sending(
    office: Office, mail_server: MailServer, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = office.channel("mail", f"mailtos://relay:secret@mail.example.com:{mail_server.port}?from=a@example.com")
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", mail_server.port))]
    monkeypatch.setattr(mail.socket, "getaddrinfo", lambda *_, **__: here)
    chat = office.channel("chat", "jsons://chat.example.com/in")

    for channel, to in ((post, "zoe@acme-shop.example"), (chat, None)):
        with pytest.raises(Failed) as refused:
            sending.send(channel, sending.way_of(channel, to), own(None, "x"), sending.Post("run_1"))
        assert refused.value.code == "address_refused"
    assert mail_server.box.mails == []


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("RELAY_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("RELAY_ALLOW_PRIVATE_TARGETS", ",".join(LOCAL))
    return CliRunner()


def test_an_operator_adds_tries_lists_and_removes_a_channel(relay: CliRunner, mail_server: MailServer) -> None:
    url = f"mailto://127.0.0.1:{mail_server.port}/?smtp=127.0.0.1&from=billing@northlight.example"

    added = relay.invoke(main, ["channel", "add", "mail", "-", "--language", "fr", "--quiet", "22:00-07:00"], input=url)
    tried = relay.invoke(main, ["channel", "test", "mail", "--to", "zoe@acme-shop.example"])
    listed = relay.invoke(main, ["channel", "list"])
    removed = relay.invoke(main, ["channel", "remove", "mail"])
    gone = relay.invoke(main, ["channel", "test", "mail"])

    assert added.output == "The channel is kept (E-Mail). Try it: relay channel test 'mail'\n"
    assert tried.output == "E-Mail accepted the message.\n"
    assert str(mail_server.box.mails[0]["Subject"]) == "Message de test"
    assert listed.output.splitlines()[1].split() == ["mail", "E-Mail", "mail", "fr", "22:00-07:00", "UTC", "20", "200"]
    assert removed.output == "The channel was removed.\n"
    assert (gone.exit_code, gone.output) == (1, "relay: There is no channel 'mail'. `relay channel list` shows them.\n")


def test_no_password_is_printed_or_logged(
    relay: CliRunner, mail_server: MailServer, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    url = f"mailto://relay:{PASSWORD}@127.0.0.1:1/?smtp=127.0.0.1&from=billing@northlight.example"
    bad = f"twilio://{SID}:{TOKEN}!!@nowhere"

    results = [
        relay.invoke(main, ["channel", "add", "mail", url]),
        relay.invoke(main, ["channel", "add", "sms", bad]),
        relay.invoke(main, ["channel", "add", "chat", f"jsons://u:{PASSWORD}@127.0.0.2/in"]),
        relay.invoke(main, ["channel", "list", "--json"]),
        relay.invoke(main, ["channel", "test", "mail", "--to", "zoe@acme-shop.example"]),
    ]

    shown = "".join(each.output for each in results) + "".join(capfd.readouterr()) + caplog.text
    assert [each.exit_code for each in results] == [0, 1, 1, 0, 1]
    assert PASSWORD not in shown
    assert TOKEN not in shown
    assert SID not in shown


def test_a_preview_needs_no_channel(relay: CliRunner) -> None:
    shown = relay.invoke(main, ["channel", "preview", "suspended", "--language", "fr", "--zone", "Europe/Paris"])

    assert shown.output.startswith("acme-shop.example a été suspendu\n\nBonjour Zoë Müller,\n\nVotre hébergement")
    assert "As an SMS: Votre hébergement de acme-shop.example a été suspendu." in shown.output


def test_a_preview_of_an_event_that_is_not_there_says_so(relay: CliRunner) -> None:
    shown = relay.invoke(main, ["channel", "preview", "suspended", "--event", "evt_1"])

    assert (shown.exit_code, shown.output) == (
        1,
        "relay: There is no event 'evt_1'. `relay events` shows the newest.\n",
    )
