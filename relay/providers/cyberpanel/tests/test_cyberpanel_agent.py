"""CyberPanel's sender, installed for real into a made-up panel whose views send signals, and the engine in Python."""

import ast
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from agents.inbox import IT_WORKS, SECRET, Inbox, Post, said_in_our_words
from kit.processes import is_quiet, naming
from kit.waiting import PATIENCE_SECONDS as PATIENCE
from kit.waiting import until
from relay.agents import ENGINES, files, installer
from relay.providers import get

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="there is no sh here")

BURST = 500
SETTINGS = """import os
BASE_DIR = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INSTALLED_APPS = [
    'websiteFunctions',
]"""
# As much of Django as the app meets: https://docs.djangoproject.com/en/stable/topics/signals/
FAKES = {
    "django/__init__.py": "",
    "django/apps.py": "class AppConfig:\n    pass\n",
    "django/dispatch.py": """class Signal:
    def __init__(self):
        self.receivers = {}
    def connect(self, receiver, sender=None, weak=True, dispatch_uid=None):
        self.receivers[dispatch_uid] = receiver
    def send(self, sender, **named):
        return [(each, each(signal=self, sender=sender, **named)) for each in self.receivers.values()]
""",
    "websiteFunctions/__init__.py": "",
    "websiteFunctions/signals.py": "from django.dispatch import Signal\n"
    + "".join(
        f"{name} = Signal()\n"
        for name in (
            "postWebsiteCreation",
            "postWebsiteDeletion",
            "postWebsiteSuspension",
            "postWebsiteModification",
            "postDomainCreation",
        )
    ),
    # An older version, which has no signal of aliases.
    "backup/__init__.py": "",
    "backup/signals.py": "from django.dispatch import Signal\npreSubmitBackupCreation = Signal()\n",
}
# Starts as Django does, and sends signals as plogical/pluginManagerGlobal.py does.
PANEL = """import importlib, json, os, sys
from types import SimpleNamespace
os.chdir(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.getcwd())
from CyberCP import settings
for app in settings.INSTALLED_APPS:
    module, _, name = app.rpartition('.')
    if module:
        getattr(importlib.import_module(module), name)().ready()
answers = []
for event, request, response in json.load(sys.stdin):
    module = importlib.import_module('backup.signals' if 'Backup' in event else 'websiteFunctions.signals')
    named = {'request': SimpleNamespace(body=request.encode())}
    if response is not None:
        named['response'] = SimpleNamespace(content=response.encode())
    got = [answer for _, answer in getattr(module, event).send(sender=None, **named)]
    answers.append(got)
json.dump(answers, sys.stdout)
"""
CREATED = {
    "domainName": "acme.example",
    "adminEmail": "zoe@acme.example",
    "package": "Default",
    "websiteOwner": "admin",
}
DONE = {"status": 1, "createWebSiteStatus": 1, "error_message": "None"}


class Server:
    """A server with CyberPanel on it, below a directory of its own."""

    def __init__(self, root: Path, inbox: Inbox) -> None:
        self.root, self.inbox = root, inbox
        self.panel = root / "usr/local/CyberCP"
        self.base = root / "usr/local/relay-cyberpanel"
        self.calls = root.parent / "calls"
        self.starts = root.parent / "starts"
        for path, text in FAKES.items():
            self._write(self.panel / path, text)
        self._write(self.panel / "panel.py", PANEL)
        self._write(self.panel / "CyberCP/__init__.py", "")
        self._write(self.panel / "CyberCP/settings.py", SETTINGS)
        (self.panel / "CyberCP/settings.py").chmod(0o640)
        self._write(
            self.panel / "bin/python",
            f'#!/bin/sh\ncase "$*" in *--deliver*) echo x >>"{self.starts}" ;; esac\nexec "{sys.executable}" -B "$@"\n',
        )
        self._write(root.parent / "bin/systemctl", f'#!/bin/sh\necho "$*" >>"{self.calls}"\n')
        (self.panel / "bin/python").chmod(0o755)
        (root.parent / "bin/systemctl").chmod(0o755)
        (root / "etc/cron.d").mkdir(parents=True)

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *command: str, stdin: bytes = b"", pauses: str | None = None) -> subprocess.CompletedProcess[bytes]:
        environment = {
            "PATH": f"{self.root.parent / 'bin'}:{os.environ['PATH']}",
            "RELAY_ROOT": str(self.root),
            "PYTHONDONTWRITEBYTECODE": "1",
            "no_proxy": "127.0.0.1",
        }
        if pauses is not None:
            environment["RELAY_RETRY_PAUSES"] = pauses
        return subprocess.run(command, input=stdin, env=environment, capture_output=True, timeout=PATIENCE)

    def script(self, url: str | None = None, secret: str = SECRET) -> bytes:
        return installer(get("cyberpanel"), url or self.inbox.url, secret, "src_test")

    def install(self, **changed: Any) -> subprocess.CompletedProcess[bytes]:
        return self.run("sh", stdin=self.script(**changed))

    def uninstall(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return self.run("sh", str(self.base / "uninstall.sh"), *arguments)

    def engine(self, *arguments: str, pauses: str | None = None) -> subprocess.CompletedProcess[bytes]:
        return self.run(str(self.panel / "bin/python"), str(self.base / "relay-send.py"), *arguments, pauses=pauses)

    def signals(self, *sent: tuple[str, Any, Any], pauses: str = "0.1 0.1 0.2") -> list[list[Any]]:
        """What the receivers answered to each signal."""
        lines = [
            (event, request if isinstance(request, str) else json.dumps(request), answer and json.dumps(answer))
            for event, request, answer in sent
        ]
        ended = self.run(
            str(self.panel / "bin/python"),
            str(self.panel / "panel.py"),
            stdin=json.dumps(lines).encode(),
            pauses=pauses,
        )
        assert ended.returncode == 0, ended.stderr.decode()
        found: list[list[Any]] = json.loads(ended.stdout)
        return found

    @property
    def spool(self) -> list[str]:
        path = self.base / "state/spool"
        return sorted(each.name for each in path.iterdir()) if path.exists() else []

    def told(self, count: int) -> list[Post]:
        return until(lambda: self.inbox.taken if len(self.inbox.taken) >= count else None, f"{count} events")

    def is_idle(self) -> bool:
        return is_quiet(self.root)

    def tree(self) -> dict[str, tuple[int, bytes]]:
        return {
            str(path.relative_to(self.root)): (
                stat.S_IMODE(path.stat().st_mode),
                path.read_bytes() if path.is_file() else b"",
            )
            for path in self.root.rglob("*")
        }


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as found:
        yield found


@pytest.fixture
def server(tmp_path: Path, inbox: Inbox) -> Iterator[Server]:
    (tmp_path / "root").mkdir()
    found = Server(tmp_path / "root", inbox)
    yield found
    inbox.release()
    until(found.is_idle, "no process stays behind")


@pytest.fixture
def installed(server: Server) -> Server:
    ended = server.install()
    assert ended.returncode == 0, ended.stderr.decode()
    return server


@pytest.fixture
def engine(tmp_path: Path, inbox: Inbox) -> ModuleType:
    """The engine itself, in this process; nothing is delivered unless a test does it."""
    shutil.copy(ENGINES / "relay-send.py", tmp_path / "relay-send.py")
    (tmp_path / "config").write_text(f"url={inbox.url}\nsecret={SECRET}\n")
    spec = importlib.util.spec_from_file_location("relay_send", tmp_path / "relay-send.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# What is told


@pytest.mark.parametrize(
    ("event", "request_", "answer", "data", "types"),
    [
        ("postWebsiteCreation", CREATED, DONE, CREATED, ["service.created"]),
        (
            "postWebsiteSuspension",
            {"websiteName": "acme.example", "state": "Suspend"},
            {"websiteStatus": 1},
            {"websiteName": "acme.example", "state": "Suspend"},
            ["service.suspended"],
        ),
        (
            "postWebsiteSuspension",
            {"websiteName": "acme.example", "state": "Unsuspend"},
            {"websiteStatus": 1},
            {"websiteName": "acme.example", "state": "Unsuspend"},
            ["service.unsuspended"],
        ),
        (
            "postWebsiteSuspension",
            {"websiteName": "acme.example", "state": "Suspend"},
            {"websiteStatus": 0, "error_message": "No."},
            {"websiteName": "acme.example", "state": "Suspend", "websiteStatus": 0, "error_message": "No."},
            ["service.suspension_failed"],
        ),
        (
            "postWebsiteDeletion",
            {"websiteName": "acme.example"},
            {"websiteDeleteStatus": 1},
            {"websiteName": "acme.example"},
            ["service.terminated"],
        ),
        (
            "postWebsiteModification",
            {"domain": "acme.example", "packForWeb": "Big"},
            {"saveStatus": 1},
            {"domain": "acme.example", "packForWeb": "Big"},
            ["service.updated"],
        ),
        (
            "preSubmitBackupCreation",
            {"websiteToBeBacked": "acme.example"},
            None,
            {"websiteToBeBacked": "acme.example"},
            ["backup.started"],
        ),
    ],
)
def test_what_was_done_is_told(
    installed: Server, event: str, request_: Any, answer: Any, data: Any, types: list[str]
) -> None:
    answers = installed.signals((event, request_ | {"adminPass": "hunter2"}, answer))

    (post,) = installed.told(1)
    assert answers == [[200]]
    assert (post.event, post.data) == (event, data)
    assert [each["type"] for each in said_in_our_words("cyberpanel", post)] == types


def begun(installed: Server) -> Path:
    """A website that the panel has begun to make; the file says how far it is."""
    status = installed.root / "home/cyberpanel/4711"
    status.parent.mkdir(parents=True)
    status.write_text("Running some checks..,0\n")
    installed.signals(("postWebsiteCreation", CREATED, DONE | {"tempStatusPath": str(status)}))
    until(lambda: naming(installed.base / "relay_follow.py"), "it is waited for")
    assert installed.spool == []
    return status


def test_a_website_is_told_once_it_is_made(installed: Server) -> None:
    status = begun(installed)

    status.write_text("Website successfully created. [200]\n")

    (post,) = installed.told(1)
    assert (post.event, post.data) == ("postWebsiteCreation", CREATED)


def test_a_website_whose_status_the_page_took_away_is_made(installed: Server) -> None:
    begun(installed).unlink()

    assert [post.event for post in installed.told(1)] == ["postWebsiteCreation"]


def test_a_website_that_could_not_be_made_is_not_told(installed: Server) -> None:
    begun(installed).write_text("This website already exists. [404]\n")

    until(lambda: is_quiet(installed.base / "relay_follow.py"), "nobody waits any more")
    assert (installed.spool, installed.inbox.posts) == ([], [])
    assert "failed after all" in (installed.base / "state/log").read_text()


def test_a_website_whose_status_is_gone_already_is_told_at_once(installed: Server) -> None:
    installed.signals(("postWebsiteCreation", CREATED, DONE | {"tempStatusPath": "/nowhere/4711"}))

    assert [post.event for post in installed.told(1)] == ["postWebsiteCreation"]


@pytest.mark.parametrize(
    ("event", "request_", "answer"),
    [
        ("postWebsiteCreation", CREATED, DONE | {"createWebSiteStatus": 0}),
        # Thirty views of WordPress send the signal of a new website, too.
        ("postWebsiteCreation", {"domainName": "acme.example", "title": "Blog"}, {"status": 1, "installStatus": 1}),
        ("postWebsiteCreation", {"WPid": 3}, DONE),
        ("postWebsiteDeletion", {"websiteName": "acme.example"}, {"websiteDeleteStatus": 0}),
        ("postWebsiteDeletion", "no json", {"websiteDeleteStatus": 1}),
        ("postWebsiteDeletion", [], {"websiteDeleteStatus": 1}),
        ("postWebsiteModification", {"domain": "acme.example"}, ["odd"]),
    ],
)
def test_what_was_not_done_is_not_told_and_the_panel_goes_on(
    installed: Server, event: str, request_: Any, answer: Any
) -> None:
    (answers,) = installed.signals((event, request_, answer))

    assert answers == [200]
    assert installed.spool == []
    assert installed.inbox.posts == []


def test_no_secret_of_a_request_is_posted_kept_or_logged(installed: Server) -> None:
    planted = "planted-and-not-to-be-seen"
    names = ("adminPass", "password", "dbPassword", "token", "sslKey", "key_pem", "apiKey", "title")
    installed.inbox.answer = 400

    installed.signals(("postWebsiteCreation", CREATED | dict.fromkeys(names, planted), DONE))

    until(lambda: installed.inbox.posts, "the event comes")
    until(installed.is_idle, "nobody delivers")
    files = [path.read_bytes() for path in installed.base.rglob("*") if path.is_file()]
    assert planted.encode() not in b"".join([*files, *(post.body for post in installed.inbox.posts)])
    assert SECRET.encode() not in (installed.base / "state/log").read_bytes()


def test_what_is_kept_is_the_panels_alone(installed: Server) -> None:
    installed.inbox.hang_up()
    installed.signals(("postWebsiteCreation", CREATED, DONE), pauses="")
    until(installed.is_idle, "nobody delivers")

    modes = {name: oct(mode) for name, (mode, _) in installed.tree().items() if "relay-cyberpanel/" in name}

    assert {modes[f"usr/local/relay-cyberpanel/{name}"] for name in ("state", "state/spool")} == {"0o700"}
    assert modes["usr/local/relay-cyberpanel/config"] == "0o600"
    assert {mode for name, mode in modes.items() if "/state/" in name and not name.endswith("/spool")} == {"0o600"}


# Whatever the relay does


def test_what_waits_is_delivered_once_and_in_order_when_the_relay_is_back(installed: Server) -> None:
    installed.inbox.hang_up()
    sites = [f"site{number}.example" for number in range(5)]
    installed.signals(*[("postWebsiteDeletion", {"websiteName": each}, {"websiteDeleteStatus": 1}) for each in sites])
    until(installed.is_idle, "the tries are used up")
    waited = installed.spool

    installed.inbox.listen()
    ended = installed.engine("--deliver")

    assert ended.returncode == 0
    assert [post.data["websiteName"] for post in installed.inbox.taken] == sites
    assert [post.id for post in installed.inbox.taken] == [name.partition("-")[2] for name in waited]
    assert installed.spool == []


@pytest.mark.parametrize("answer", [301, 401, 403, 404, 408, 425, 429, 500, 503])
def test_what_may_be_mended_is_kept_and_tried_again_with_the_same_id(installed: Server, answer: int) -> None:
    installed.inbox.answer = answer
    installed.signals(("postWebsiteCreation", CREATED, DONE), pauses="0.1")
    until(lambda: len(installed.inbox.posts) == 2, "a second try")
    until(installed.is_idle, "nobody delivers")

    installed.inbox.answer = 202
    installed.engine("--deliver")

    assert len(installed.inbox.taken) == 1
    assert len({post.id for post in installed.inbox.posts}) == 1
    assert installed.spool == []


@pytest.mark.parametrize("answer", [400, 413, 415, 422])
def test_what_is_refused_for_good_is_put_aside(installed: Server, answer: int) -> None:
    installed.inbox.answer = answer

    installed.signals(("postWebsiteCreation", CREATED, DONE))

    until(lambda: installed.inbox.posts and installed.is_idle(), "it was tried")
    assert installed.spool == []
    assert len(list((installed.base / "state/refused").iterdir())) == 1
    assert len(installed.inbox.posts) == 1
    assert b"0 wait to be delivered, 1 were refused for good." in installed.engine("--status").stdout


def test_a_relay_that_hangs_does_not_hold_up_the_panel(installed: Server) -> None:
    installed.inbox.hang()

    (answers,) = installed.signals(("postWebsiteCreation", CREATED, DONE))

    until(lambda: installed.inbox.waiting, "the relay holds the post")
    assert (answers, installed.inbox.posts) == ([200], [])
    installed.inbox.release()
    installed.told(1)


def test_of_a_burst_none_is_lost_none_comes_twice_and_one_delivers(installed: Server) -> None:
    installed.inbox.hang()
    events = [
        ("postWebsiteDeletion", {"websiteName": f"s{n}.example"}, {"websiteDeleteStatus": 1}) for n in range(BURST)
    ]
    parts = [events[start::10] for start in range(10)]

    with ThreadPoolExecutor(10) as pool:
        answers = [each for part in pool.map(lambda part: installed.signals(*part), parts) for each in part]
    starts = installed.starts.read_text().count("x")
    installed.inbox.release()

    posts = installed.told(BURST)
    until(installed.is_idle, "nobody delivers")
    assert answers == [[200]] * BURST
    assert starts == 1
    assert {post.data["websiteName"] for post in posts} == {f"s{n}.example" for n in range(BURST)}
    assert set(installed.inbox.times_taken().values()) == {1}
    assert installed.spool == []


@pytest.mark.parametrize("broken", ["config", "relay-send.py", "state"])
def test_without_a_part_of_the_sender_the_panel_still_works(installed: Server, broken: str) -> None:
    path = installed.base / broken
    shutil.move(path, installed.root.parent / "moved")
    if broken == "state":
        path.write_text("a file in the way")

    (answers,) = installed.signals(("postWebsiteCreation", CREATED, DONE), pauses="")

    assert answers == [200]


def test_what_came_while_the_configuration_was_missing_is_delivered_later(installed: Server) -> None:
    (installed.base / "config").rename(installed.base / "aside")
    installed.signals(("postWebsiteCreation", CREATED, DONE), pauses="")
    until(installed.is_idle, "nobody delivers")
    (installed.base / "aside").rename(installed.base / "config")

    installed.engine("--deliver")

    assert installed.inbox.events == ["postWebsiteCreation"]


# Installing


def test_it_is_installed_once_however_often_and_leaves_nothing_behind(server: Server) -> None:
    before = server.tree()

    first = server.install()
    once = server.tree()
    second = server.install()

    assert (first.returncode, second.returncode) == (0, 0)
    assert server.tree() == once
    assert server.calls.read_text() == "restart lscpd\n"
    assert SECRET.encode() not in first.stdout + first.stderr

    gone = server.uninstall()

    assert gone.returncode == 0, gone.stderr.decode()
    assert server.tree() == before


def test_a_new_secret_replaces_the_old_one_and_what_waits_is_kept(installed: Server) -> None:
    installed.inbox.answer = 500
    installed.signals(("postWebsiteCreation", CREATED, DONE), pauses="")
    until(installed.is_idle, "nobody delivers")
    installed.inbox.answer, installed.inbox.secret = 202, "whsec_bmV3IHNlY3JldCBvZiBhIHRlc3Q="

    installed.install(secret=installed.inbox.secret)
    installed.engine("--deliver")

    assert installed.inbox.events == ["postWebsiteCreation"]


def test_an_update_of_the_panel_is_mended_by_cron(installed: Server) -> None:
    (installed.panel / "CyberCP/settings.py").write_text(SETTINGS)
    (installed.panel / "relay_sender.py").unlink()
    line = next(
        each for each in (installed.root / "etc/cron.d/relay-cyberpanel").read_text().splitlines() if "add" in each
    )
    command = line.split(None, 6)[6].partition(" >")[0]

    for _ in range(2):
        assert installed.run("sh", "-c", command).returncode == 0

    installed.signals(("postWebsiteCreation", CREATED, DONE))
    installed.told(1)
    assert installed.calls.read_text() == "restart lscpd\n" * 2


def test_without_its_file_the_panel_starts_all_the_same(installed: Server) -> None:
    (installed.panel / "relay_sender.py").unlink()

    assert installed.signals(("postWebsiteCreation", CREATED, DONE))[0] == []


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_a_download_that_is_cut_does_nothing(server: Server, part: float) -> None:
    before, script = server.tree(), server.script()

    server.run("sh", stdin=script[: int(len(script) * part)])

    assert server.tree() == before


def test_where_it_does_not_belong_it_says_so_and_changes_nothing(server: Server) -> None:
    (server.panel / "CyberCP/settings.py").unlink()
    before = server.tree()

    ended = server.install()

    assert (ended.returncode, server.tree()) == (1, before)
    assert b"There is no CyberPanel in" in ended.stderr


def test_an_address_that_others_can_read_along_is_refused(server: Server) -> None:
    before = server.tree()

    ended = server.install(url="http://relay.example/in/src_test")

    assert (ended.returncode, server.tree()) == (1, before)
    assert b"must begin with https://" in ended.stderr


@pytest.mark.parametrize(("answer", "events"), [(202, ["postWebsiteCreation"]), (500, [])])
def test_what_waits_is_delivered_before_it_is_taken_away(installed: Server, answer: int, events: list[str]) -> None:
    installed.inbox.answer = 500
    installed.signals(("postWebsiteCreation", CREATED, DONE), pauses="")
    until(installed.is_idle, "nobody delivers")
    installed.inbox.answer = answer

    ended = installed.uninstall()

    assert installed.inbox.events == events
    assert (b"could not be delivered" in ended.stdout) == (not events)
    assert not installed.base.exists()


def test_what_waits_can_be_left_behind(installed: Server) -> None:
    installed.inbox.answer = 500
    installed.signals(("postWebsiteCreation", CREATED, DONE), pauses="")
    until(installed.is_idle, "nobody delivers")

    installed.uninstall("--keep-spool")

    assert len(installed.spool) == 1
    assert [path.name for path in installed.base.iterdir()] == ["state"]


# By hand


def test_a_test_says_that_it_works(installed: Server) -> None:
    ended = installed.engine("--test")

    assert (ended.returncode, ended.stdout) == (0, IT_WORKS.encode())
    assert installed.inbox.events == ["relay_test"]
    assert said_in_our_words("cyberpanel", installed.inbox.taken[0]) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [(401, b"the secret is not the source's"), (404, b"it knows no such source"), (503, b"answered 503")],
)
def test_a_test_says_what_is_wrong(installed: Server, answer: int, said: bytes) -> None:
    installed.inbox.answer = answer

    ended = installed.engine("--test")

    assert ended.returncode == 1
    assert said in ended.stdout


def test_a_test_says_that_nobody_answers_and_what_is_not_configured(installed: Server) -> None:
    installed.inbox.hang_up()
    nobody = installed.engine("--test")
    (installed.base / "config").write_text("url=https://relay.example\nsecret=hunter2\n")
    unusable = installed.engine("--test")

    assert (nobody.returncode, unusable.returncode) == (1, 1)
    assert b"could not be reached" in nobody.stdout
    assert b"must be `whsec_` and base64" in unusable.stdout
    assert b"hunter2" not in unusable.stdout + unusable.stderr


# The engine


def test_it_signs_as_the_official_vector_says(engine: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    class Opener:
        def open(self, request: Any, timeout: float) -> Any:
            sent.append(request)
            raise OSError("far enough")

    monkeypatch.setattr(engine.urllib.request, "build_opener", lambda *_: Opener())
    monkeypatch.setattr(engine.time, "time", lambda: 1614265330.9)

    answer = engine.post(b'{"test": 2432232314}', "msg_p5jXN8AQM9LWM0D4loKWxJek")

    assert answer == (0, "far enough")
    assert sent[0].get_header("Webhook-signature") == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "text", ['"', "\\", "a\nb\r\tc", "\x00\x1f\x7f", "Zoë ☃ 🦊", "\ud800 alone", "'; rm -rf / #", "x" * 100_000]
)
def test_any_text_arrives_as_json_that_every_reader_takes(engine: ModuleType, inbox: Inbox, text: str) -> None:
    assert engine.keep("relay_test", {"text": text, "list": [text], "number": float("nan"), "none": None})

    engine.deliver(engine.take_lock())

    (post,) = inbox.taken
    readable = text.replace("\ud800", "\ufffd")
    assert post.data == {"text": readable, "list": [readable], "number": None, "none": None}


def test_a_full_spool_takes_no_more_and_says_so(
    engine: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_WAITING", 2)
    monkeypatch.setattr(engine, "start_delivery", lambda: None)

    for _ in range(3):
        engine.tell("relay_test", {})

    assert len(engine.waiting()) == 2
    assert "an event was lost: 2 wait already" in (tmp_path / "state/log").read_text()


def test_a_disk_that_is_full_leaves_no_half_file(
    engine: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engine.os, "fsync", full)

    engine.tell("relay_test", {})

    assert list((tmp_path / "state/spool").iterdir()) == []


def test_the_log_stays_small(engine: ModuleType, tmp_path: Path) -> None:
    for _ in range(20_000):
        engine.log("a line that is written again and again")

    assert sum(path.stat().st_size for path in (tmp_path / "state").glob("log*")) < 2 * engine.LONGEST_LOG + 1000


def test_one_event_that_the_relay_cannot_take_does_not_hold_up_the_others(
    engine: ModuleType, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RELAY_RETRY_PAUSES", "0")
    post = engine.post
    monkeypatch.setattr(engine, "post", lambda body, name: (500, "") if b"poison" in body else post(body, name))
    for event in ("poison", "first", "second"):
        engine.keep(event, {})

    left = engine.deliver(engine.take_lock())

    assert (left, inbox.events) == (1, ["first", "second"])


def test_what_is_written_while_the_lock_is_let_go_is_not_left_lying(
    engine: ModuleType, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    drain, passes = engine.drain, []

    def late() -> Any:
        left = drain()
        if not passes:
            engine.keep("late", {})
        passes.append(left)
        return left

    monkeypatch.setattr(engine, "drain", late)
    engine.keep("early", {})

    engine.deliver(engine.take_lock())

    assert inbox.events == ["early", "late"]


def test_only_one_delivers_and_the_lock_of_a_dead_one_is_free(engine: ModuleType) -> None:
    first = engine.take_lock()

    assert engine.take_lock() is None
    os.close(first)
    again = engine.take_lock()
    assert again is not None
    os.close(again)


def test_an_answer_that_never_ends_is_given_up(
    engine: ModuleType, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "TOTAL_SECONDS", 1)
    inbox.hang()

    status, said = engine.post(b"{}", "msg_1")

    assert (status, bool(said), inbox.posts) == (0, True, [])
    inbox.release()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://relay.example/in/src_1", True),
        ("http://127.0.0.1:8080/in/src_1", True),
        ("http://localhost/in/src_1", True),
        ("http://relay.example/in/src_1", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://localhost@evil.example/", False),
        ("ftp://relay.example/", False),
        ("https://[broken", False),
        ("https://", False),
        ("", False),
    ],
)
def test_only_addresses_that_nobody_reads_along_are_used(engine: ModuleType, url: str, expected: bool) -> None:
    assert engine.is_safe(url) is expected


@pytest.mark.parametrize("name", ["relay-send.py", "relay_sender.py", "register.py"])
def test_it_is_written_for_the_oldest_python_of_a_panel(name: str) -> None:
    text = files(get("cyberpanel"))[name].decode()

    ast.parse(text, feature_version=(3, 6))
    assert "from __future__" not in text
