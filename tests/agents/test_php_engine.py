"""The engine in PHP, run by a real PHP: on the command line, and in pages of PHP's own web server."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from agents.inbox import IT_WORKS, SECRET, Inbox, Post
from kit.processes import is_quiet
from kit.waiting import PATIENCE_SECONDS as PATIENCE
from kit.waiting import until
from relay.agents import ENGINES

PHP = shutil.which("php")
pytestmark = pytest.mark.php

BURST = 500
BARE = {"curl": "", "sockets": "curl_init"}
"""The functions that a host has switched off, so that the engine posts by curl or without it."""


class Panel:
    """A directory with the engine in it, as an installer leaves it, and a PHP that counts what it delivers."""

    def __init__(self, path: Path, inbox: Inbox) -> None:
        self.base, self.inbox = path / "engine", inbox
        self.starts = path / "starts"
        self.php = path / "php"
        self.php.write_text(
            f'#!/bin/sh\ncase "$*" in *--deliver*) echo x >>"{self.starts}" ;; esac\nexec "{PHP}" "$@"\n'
        )
        self.php.chmod(0o755)
        self.base.mkdir()
        shutil.copy(ENGINES / "relay-send.php", self.base)
        assert self.configure(url=inbox.url).returncode == 0

    def configure(self, **changed: str) -> subprocess.CompletedProcess[str]:
        lines = {"url": self.inbox.url, "secret": SECRET, "php": str(self.php)} | changed
        return self.engine("--configure", stdin="".join(f"{name}={value}\n" for name, value in lines.items()))

    def with_constant(self, name: str, value: int) -> None:
        path = self.base / "relay-send.php"
        text, changed = re.subn(rf"^const {name} = .*;$", f"const {name} = {value};", path.read_text(), flags=re.M)
        assert changed == 1
        path.write_text(text)

    def run(
        self, *arguments: str, stdin: str = "", pauses: str = "0.1 0.1 0.2", off: str = ""
    ) -> subprocess.CompletedProcess[str]:
        switched_off = ("-d", f"disable_functions={off}") if off else ()
        return subprocess.run(
            (str(PHP), *switched_off, *arguments),
            input=stdin,
            env={"PATH": os.environ["PATH"], "RELAY_RETRY_PAUSES": pauses, "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def engine(self, *arguments: str, **named: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.base / "relay-send.php"), *arguments, **named)

    def code(self, code: str, before: str = "", **named: str) -> Any:
        """Run code as an adapter would; answers what it printed as JSON. `before` stands in the engine's namespace."""
        begin = f"namespace RelaySend {{ {before} }} namespace {{ require '{self.base}/relay-send.php'; "
        ended = self.run("-r", begin + code + " }", **named)
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
        return json.loads(ended.stdout) if ended.stdout else None

    @property
    def spool(self) -> list[str]:
        path = self.base / "state/spool"
        return sorted(each.name for each in path.iterdir()) if path.exists() else []

    @property
    def log(self) -> str:
        path = self.base / "state/log.php"
        return path.read_text() if path.exists() else ""

    def told(self, count: int) -> list[Post]:
        return until(lambda: self.inbox.taken if len(self.inbox.taken) >= count else None, f"{count} events")

    def is_idle(self) -> bool:
        """Whether nothing delivers or serves pages."""
        return is_quiet(self.base.parent)


class Pages:
    """PHP's own web server, whose document root is the directory that the engine lies in."""

    def __init__(self, panel: Panel, off: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        switched_off = ("-d", f"disable_functions={off}") if off else ()
        self._process = subprocess.Popen(
            (str(PHP), *switched_off, "-S", f"127.0.0.1:{self.port}", "-t", str(panel.base.parent)),
            env={"PATH": os.environ["PATH"], "RELAY_RETRY_PAUSES": "0.1 0.1", "no_proxy": "*"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._listens, "the server of pages listens")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def __enter__(self) -> "Pages":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as found:
        yield found


@pytest.fixture
def panel(tmp_path: Path, inbox: Inbox) -> Iterator[Panel]:
    found = Panel(tmp_path, inbox)
    yield found
    inbox.release()
    until(found.is_idle, "no process stays behind")


# What is posted


@pytest.mark.parametrize("off", BARE.values(), ids=BARE)
def test_it_signs_as_the_official_vector_says(panel: Panel, off: str) -> None:
    panel.code(
        """\\RelaySend\\post('{"test": 2432232314}', 'msg_p5jXN8AQM9LWM0D4loKWxJek');""",
        before="function time() { return 1614265330; }",
        off=off,
    )

    (post,) = panel.inbox.posts
    assert post.body == b'{"test": 2432232314}'
    assert post.headers["webhook-timestamp"] == "1614265330"
    assert post.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("off", BARE.values(), ids=BARE)
@pytest.mark.parametrize(
    "text",
    ['"', "\\", "a\nb\r\tc", "\x00\x1f\x7f", "Zoë ☃ 🦊", "'; rm -rf / #", "<?php phpinfo(); ?>", "x" * 100_000],
    ids=["quote", "backslash", "white", "control", "utf-8", "shell", "php", "long"],
)
def test_any_text_arrives_as_it_was(panel: Panel, text: str, off: str) -> None:
    panel.code(
        "$it = json_decode(stream_get_contents(STDIN), true); \\RelaySend\\tell('relay_test', $it);",
        stdin=json.dumps({"text": text, "list": [text], "of " + text: {"a": None, "b": False, "c": 24.61, "d": 7}}),
        off=off,
    )

    (post,) = panel.told(1)
    assert post.data == {"text": text, "list": [text], "of " + text: {"a": None, "b": False, "c": 24.61, "d": 7}}
    assert re.fullmatch(r"msg_[0-9a-f]{32}", post.id)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", post.sent_at)


def test_what_is_no_json_becomes_json(panel: Panel) -> None:
    panel.code(
        "ini_set('serialize_precision', 17);"
        "\\RelaySend\\tell('relay_test', array('text' => \"Zo\\xeb\", 'nan' => NAN, 'object' => new stdClass,"
        " 'price' => 0.1, 'empty' => array()));"
        "\\RelaySend\\tell('relay_test', array());"
    )

    first, second = panel.told(2)
    assert first.data == {"text": "Zo\ufffd", "nan": None, "object": None, "price": 0.1, "empty": []}
    assert b'"price":0.1,' in first.body
    assert second.data == {}


# Whatever the relay does


def test_what_waits_is_delivered_once_and_in_order_when_the_relay_is_back(panel: Panel) -> None:
    panel.inbox.hang_up()
    panel.code("foreach (range(1, 5) as $n) { \\RelaySend\\tell('relay_test', array('n' => $n)); }")
    until(panel.is_idle, "the tries are used up")
    waited = panel.spool

    panel.inbox.listen()
    ended = panel.engine("--deliver")

    assert ended.returncode == 0
    assert [post.data["n"] for post in panel.inbox.taken] == [1, 2, 3, 4, 5]
    assert [f"{post.id}.php" for post in panel.inbox.taken] == [name.partition("-")[2] for name in waited]
    assert panel.spool == []


@pytest.mark.parametrize("off", BARE.values(), ids=BARE)
@pytest.mark.parametrize("answer", [301, 401, 403, 404, 408, 425, 429, 500, 503])
def test_what_may_be_mended_is_kept_and_tried_again_with_the_same_id(panel: Panel, answer: int, off: str) -> None:
    panel.inbox.answer = answer
    panel.code("\\RelaySend\\keep('relay_test', array());")
    assert panel.engine("--deliver", pauses="0", off=off).returncode == 1

    panel.inbox.answer = 202
    panel.engine("--deliver", off=off)

    assert [post.status for post in panel.inbox.posts] == [answer, answer, 202]
    assert len({post.id for post in panel.inbox.posts}) == 1
    assert panel.spool == []


@pytest.mark.parametrize("answer", [400, 413, 415, 422])
def test_what_is_refused_for_good_is_put_aside(panel: Panel, answer: int) -> None:
    panel.inbox.answer = answer

    panel.code("\\RelaySend\\tell('relay_test', array());")

    until(lambda: panel.inbox.posts and panel.is_idle(), "it was tried")
    assert panel.spool == []
    assert len(list((panel.base / "state/refused").iterdir())) == 1
    assert len(panel.inbox.posts) == 1
    assert panel.engine("--status").stdout == "0 wait to be delivered, 1 were refused for good.\n"


def test_what_was_refused_is_kept_up_to_a_number(panel: Panel) -> None:
    panel.with_constant("MOST_REFUSED", 2)
    panel.inbox.answer = 400

    panel.code("foreach (range(1, 4) as $n) { \\RelaySend\\keep('relay_test', array('n' => $n)); }")
    panel.engine("--deliver")

    kept = [path.read_text() for path in sorted((panel.base / "state/refused").iterdir())]
    assert [json.loads(text.partition("\n")[2])["data"]["n"] for text in kept] == [3, 4]


def test_one_event_that_the_relay_cannot_take_does_not_hold_up_the_others(panel: Panel) -> None:
    panel.with_constant("MOST_REFUSED", 10)
    path = panel.base / "relay-send.php"
    path.write_text(
        path.read_text().replace(
            "list($status) = post(", "list($status) = strpos($text, 'poison') ? array(500) : post("
        )
    )
    panel.code("foreach (array('poison', 'first', 'second') as $each) { \\RelaySend\\keep($each, array()); }")

    ended = panel.engine("--deliver", pauses="0")

    assert (ended.returncode, panel.inbox.events, len(panel.spool)) == (1, ["first", "second"], 1)


@pytest.mark.parametrize("off", BARE.values(), ids=BARE)
def test_an_answer_that_never_ends_is_given_up(panel: Panel, off: str) -> None:
    panel.with_constant("TOTAL_SECONDS", 1)
    panel.inbox.hang()

    status, said = panel.code("echo json_encode(\\RelaySend\\post('{}', 'msg_1'));", off=off)

    assert (status, bool(said), panel.inbox.posts) == (0, True, [])


def test_a_burst_loses_nothing_and_starts_one_delivery(panel: Panel) -> None:
    panel.inbox.hang()
    code = "foreach (range({0}, {1}) as $n) {{ \\RelaySend\\tell('relay_test', array('n' => $n)); }}"

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: panel.code(code.format(n, n + BURST // 10 - 1)), range(0, BURST, BURST // 10)))
    starts = panel.starts.read_text().count("x")
    panel.inbox.release()

    posts = panel.told(BURST)
    until(panel.is_idle, "nobody delivers")
    assert starts == 1
    assert sorted(post.data["n"] for post in posts) == list(range(BURST))
    assert set(panel.inbox.times_taken().values()) == {1}
    assert panel.spool == []


def test_what_is_written_while_the_lock_is_let_go_is_not_left_lying(panel: Panel) -> None:
    late = """
        function flock($file, $how) {
            static $was = false;
            if ($how === LOCK_UN && !$was) { $was = true; keep('late', array()); }
            return \\flock($file, $how);
        }"""

    panel.code("\\RelaySend\\keep('early', array()); \\RelaySend\\deliver_all(\\RelaySend\\take_lock());", before=late)

    assert panel.inbox.events == ["early", "late"]


def test_only_one_delivers_and_the_lock_of_a_dead_one_is_free(panel: Panel) -> None:
    found = panel.code(
        "$first = \\RelaySend\\take_lock(); $second = \\RelaySend\\take_lock(); fclose($first);"
        "echo json_encode(array($second === null, \\RelaySend\\take_lock() !== null));"
    )

    assert found == [True, True]


def test_it_says_it_within_milliseconds_and_whatever_happens(panel: Panel) -> None:
    panel.inbox.hang()

    seconds = panel.code(
        "$began = microtime(true); \\RelaySend\\tell('relay_test', array()); echo microtime(true) - $began;"
    )

    assert seconds < 1
    until(lambda: panel.inbox.waiting, "the relay holds the post")


@pytest.mark.parametrize("broken", ["state", "config.php", "php", "disk"])
def test_the_panel_goes_on_without_a_word_whatever_is_broken(panel: Panel, broken: str) -> None:
    before = "function fwrite($file, $text) { return 3; }" if broken == "disk" else ""
    if broken == "state":
        shutil.rmtree(panel.base / "state")
        (panel.base / "state").write_text("a file in the way")
    elif broken == "config.php":
        (panel.base / "config.php").write_text("<?php this is no php")
    elif broken == "php":
        panel.configure(php="/nowhere/php")

    said = panel.code(
        "set_error_handler(function ($code, $text) { throw new Exception($text); });"
        "\\RelaySend\\tell('relay_test', array()); \\RelaySend\\deliver(1); \\RelaySend\\once('a', time() + 9);"
        "\\RelaySend\\setting('a', 1); echo json_encode(array(1));",
        before=before,
        pauses="",
    )

    assert said == [1]
    until(panel.is_idle, "nobody delivers")
    assert len(panel.spool) == {"state": 0, "config.php": 1, "php": 0, "disk": 0}[broken]
    if broken == "php":
        panel.told(1)


def test_a_full_spool_takes_no_more_and_says_so(panel: Panel) -> None:
    panel.with_constant("MOST_WAITING", 2)

    panel.code("foreach (range(1, 3) as $n) { \\RelaySend\\keep('relay_test', array()); }")

    assert len(panel.spool) == 2
    assert "an event was lost: 2 wait already" in panel.log


def test_the_log_stays_small(panel: Panel) -> None:
    panel.with_constant("LONGEST_LOG", 2000)

    panel.code("foreach (range(1, 200) as $n) { \\RelaySend\\note('a line that is written again and again'); }")

    assert sum(path.stat().st_size for path in (panel.base / "state").glob("log*")) < 2 * 2000 + 200


def test_what_is_kept_is_the_panels_alone(panel: Panel) -> None:
    panel.inbox.answer = 500
    panel.code("\\RelaySend\\tell('relay_test', array()); \\RelaySend\\once('a', time() + 9);", pauses="")
    until(panel.is_idle, "nobody delivers")

    kept = [panel.base / "config.php", *(panel.base / "state").rglob("*")]

    assert {oct(path.stat().st_mode & 0o777) for path in kept if path.is_file()} == {"0o600"}
    assert {oct(path.stat().st_mode & 0o777) for path in kept if path.is_dir()} == {"0o700"}
    assert SECRET not in panel.log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_roots_cron_tells_stays_the_panels(tmp_path: Path, panel: Panel) -> None:
    nobody = 65534
    os.chown(panel.base / "state", nobody, nobody)
    os.chown(panel.base / "config.php", nobody, nobody)
    panel.inbox.hang_up()

    panel.code("\\RelaySend\\tell('relay_test', array()); \\RelaySend\\once('a', time() + 9);", pauses="")

    until(panel.is_idle, "nobody delivers")
    assert len(panel.spool) == 1
    assert {path.stat().st_uid for path in (panel.base / "state").rglob("*")} == {nobody}


# Where nothing may be started


@pytest.mark.parametrize("off", ["proc_open", "proc_open,curl_init"])
def test_it_is_delivered_at_the_end_where_nothing_may_be_started(panel: Panel, off: str) -> None:
    waited = panel.code(
        "\\RelaySend\\tell('relay_test', array('n' => 1)); \\RelaySend\\tell('relay_test', array('n' => 2));"
        "echo count(\\RelaySend\\waiting());",
        off=off,
    )

    assert waited == 2
    assert [post.data["n"] for post in panel.inbox.taken] == [1, 2]
    assert not panel.starts.exists()


def test_at_the_end_nobody_waits_long_and_the_next_does_not_wait_at_all(panel: Panel) -> None:
    panel.with_constant("VISITOR_SECONDS", 1)
    panel.inbox.hang()

    for _ in range(2):
        panel.code("\\RelaySend\\tell('relay_test', array());", off="proc_open")

    assert panel.inbox.waiting == 1, "the second did not even try"
    assert len(panel.spool) == 2


def test_cron_delivers_what_the_visitors_did_not(panel: Panel) -> None:
    panel.inbox.hang_up()
    panel.code("\\RelaySend\\tell('relay_test', array());", off="proc_open")
    panel.inbox.listen()

    panel.code("\\RelaySend\\deliver();", off="proc_open")

    assert panel.inbox.events == ["relay_test"]


def test_cron_starts_a_delivery_only_where_something_waits(panel: Panel) -> None:
    panel.code("\\RelaySend\\deliver();")
    assert not panel.starts.exists()

    panel.code("\\RelaySend\\keep('relay_test', array()); \\RelaySend\\deliver();")
    panel.told(1)


# In a web server


PAGE = "<?php require __DIR__ . '/engine/relay-send.php'; \\RelaySend\\tell('relay_test', $_GET); echo 'done';"


@pytest.mark.parametrize("off", ["", "proc_open"])
def test_a_page_tells(panel: Panel, tmp_path: Path, off: str) -> None:
    (tmp_path / "page.php").write_text(PAGE)

    with Pages(panel, off) as pages:
        answers = [pages.get(f"page.php?n={n}") for n in range(3)]
        posts = panel.told(3)

    assert answers == [(200, "done")] * 3
    assert [post.data for post in posts] == [{"n": "0"}, {"n": "1"}, {"n": "2"}]


def test_a_page_does_not_wait_for_a_relay_that_hangs(panel: Panel, tmp_path: Path) -> None:
    (tmp_path / "page.php").write_text(PAGE)
    panel.inbox.hang()

    with Pages(panel) as pages:
        answer = pages.get("page.php")
        until(lambda: panel.inbox.waiting, "the relay holds the post")

    assert (answer, panel.inbox.posts) == ((200, "done"), [])


def test_who_asks_for_its_files_sees_nothing(panel: Panel) -> None:
    planted = "planted-and-not-to-be-seen"
    panel.inbox.answer = 400
    panel.code(f"\\RelaySend\\tell('relay_test', array('name' => '{planted} <?php echo 1;'));", pauses="")
    until(panel.is_idle, "nobody delivers")
    panel.inbox.answer = 500
    panel.code(f"\\RelaySend\\tell('relay_test', array('name' => '{planted}')); \\RelaySend\\once('a', time());")
    until(panel.is_idle, "nobody delivers")
    posts = len(panel.inbox.posts)
    (panel.base / "settings.php").write_text("<?php return array('days' => 3);")
    served = [path.relative_to(panel.base.parent) for path in panel.base.rglob("*") if path.is_file()]

    with Pages(panel) as pages:
        answers = {str(path): pages.get(str(path)) for path in served if path.name != ".htaccess"}
        answers["by argument"] = pages.get("engine/relay-send.php?--test")

    assert {path.split("/")[-1].split("-")[0] for path in answers} >= {"log.php", "config.php", "lock", "relay"}
    assert {text for _, text in answers.values()} == {""}
    assert len(panel.inbox.posts) == posts
    assert "denied" in (panel.base / ".htaccess").read_text()


# What adapters ask


def test_a_thing_is_news_once(panel: Panel) -> None:
    code = "echo json_encode(array_map(function ($what) {{ return \\RelaySend\\once($what, time() + {0}); }}, {1}));"

    first = panel.code(code.format(60, "array('a', 'b', 'a')"))
    again = panel.code(code.format(-5, "array('a', 'c')"))
    later = panel.code(code.format(60, "array('a', 'c')"))

    assert (first, again, later) == ([True, True, False], [False, True], [False, True])


def test_what_the_owner_chose_wins(panel: Panel) -> None:
    code = "echo json_encode(array(\\RelaySend\\setting('days', 7), \\RelaySend\\setting('other', 1)));"
    usual = panel.code(code)
    (panel.base / "settings.php").write_text("<?php return array('days' => array(30, 7));")
    chosen = panel.code(code)
    (panel.base / "settings.php").write_text("<?php return array(")
    broken = panel.code(code)

    assert (usual, chosen, broken) == ([7, 1], [[30, 7], 1], [7, 1])


# By hand


def test_a_test_says_that_it_works(panel: Panel) -> None:
    ended = panel.engine("--test")

    assert (ended.returncode, ended.stdout) == (0, IT_WORKS)
    assert panel.inbox.events == ["relay_test"]
    assert panel.inbox.taken[0].data == {"host": socket.gethostname()}


@pytest.mark.parametrize(
    ("answer", "said"),
    [(401, "the secret is not the source's"), (404, "it knows no such source"), (503, "answered 503")],
)
def test_a_test_says_what_is_wrong(panel: Panel, answer: int, said: str) -> None:
    panel.inbox.answer = answer

    ended = panel.engine("--test")

    assert ended.returncode == 1
    assert said in ended.stdout


@pytest.mark.parametrize("off", BARE.values(), ids=BARE)
def test_a_test_says_that_nobody_answers(panel: Panel, off: str) -> None:
    panel.inbox.hang_up()

    ended = panel.engine("--test", off=off)

    assert ended.returncode == 1
    assert "could not be reached" in ended.stdout


def test_a_test_says_what_is_not_configured(panel: Panel) -> None:
    (panel.base / "config.php").write_text(
        "<?php return array('url' => 'https://relay.example', 'secret' => 'hunter2');"
    )
    unusable = panel.engine("--test")
    (panel.base / "config.php").unlink()
    missing = panel.engine("--test")

    assert (unusable.returncode, missing.returncode) == (1, 1)
    assert "must be `whsec_` and base64" in unusable.stdout
    assert "hunter2" not in unusable.stdout + unusable.stderr
    assert "config.php cannot be read. Install again." in missing.stdout


def test_a_configuration_that_cannot_work_is_refused_and_the_old_one_stays(panel: Panel) -> None:
    before = (panel.base / "config.php").read_text()

    address = panel.configure(url="http://relay.example/in/src_1")
    secret = panel.configure(secret="hunter2")

    assert (address.returncode, secret.returncode) == (1, 1)
    assert "must begin with https://" in address.stderr
    assert "hunter2" not in secret.stdout + secret.stderr
    assert (panel.base / "config.php").read_text() == before


def test_a_configuration_holds_any_text(panel: Panel) -> None:
    odd = "https://relay.example/in/src_1?a='; system('touch /tmp/x'); //"

    assert panel.configure(url=odd.replace(" ", "")).returncode == 0

    assert panel.code("echo json_encode(\\RelaySend\\config());")["url"] == odd.replace(" ", "")


def test_other_words_are_answered_with_those_that_it_knows(panel: Panel) -> None:
    ended = panel.engine("--frobnicate")

    assert (ended.returncode, ended.stderr.startswith("Usage: ")) == (2, True)


# Whom it talks to


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://relay.example/in/src_1", True),
        ("http://127.0.0.1:8080/in/src_1", True),
        ("http://localhost/in/src_1", True),
        ("http://relay.example/in/src_1", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://localhost@evil.example/", False),
        ("http://localhost\\@evil.example/", False),
        ("ftp://relay.example/", False),
        ("https://[broken", False),
        ("https://", False),
        ("https://relay.example/ HTTP/1.1\r\nX: y", False),
        ("", False),
    ],
)
def test_only_addresses_that_nobody_reads_along_are_used(panel: Panel, url: str, expected: bool) -> None:
    found = panel.code(
        "echo json_encode(\\RelaySend\\is_safe(json_decode(stream_get_contents(STDIN))));", stdin=json.dumps(url)
    )

    assert found is expected


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("off", BARE.values(), ids=BARE)
def test_a_certificate_that_nobody_vouches_for_is_refused(panel: Panel, tmp_path: Path, off: str) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run((*made.split(), "-keyout", key, "-out", certificate), check=True, capture_output=True)
    server = HTTPServer(("127.0.0.1", 0), Taker)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    trust = ("-d", f"curl.cainfo={certificate}", "-d", f"openssl.cafile={certificate}")
    test = (str(panel.base / "relay-send.php"), "--test")
    panel.configure(url=f"https://localhost:{server.server_port}/in/src_1")

    refused = panel.run(*test, off=off)
    trusted = panel.run(*trust, *test, off=off)
    panel.configure(url=f"https://127.0.0.1:{server.server_port}/in/src_1")
    misnamed = panel.run(*trust, *test, off=off)
    server.shutdown()
    server.server_close()

    assert "could not be reached" in refused.stdout
    assert trusted.stdout == IT_WORKS
    assert "could not be reached" in misnamed.stdout


class Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The test looks at the answer."""


@pytest.mark.parametrize(
    "newer",
    [
        r"\?->",
        r"\?\?=",
        r"\bfn\s*\(",
        r"\bmatch\s*\(",
        r"\b(str_contains|str_starts_with|str_ends_with|array_key_first|array_key_last|array_is_list|is_countable)\(",
        r"^\s*(public|private|protected|static)\s+\??\w+\s+\$",
        r"\.\.\.",
        r"\): (static|mixed|never)\b",
        r"\w\|\w+ \$",
    ],
)
def test_it_is_written_for_the_oldest_php_of_a_panel(newer: str) -> None:
    code = (ENGINES / "relay-send.php").read_text().partition("*/")[2]
    lines = [line for line in code.splitlines() if not line.lstrip().startswith(("//", "*", "/*"))]

    assert [line for line in lines if re.search(newer, line)] == []
