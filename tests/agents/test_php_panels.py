"""Agents of ISPConfig, FOSSBilling and Clientexec, installed for real into made-up panels, called as these would."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.inbox import SECRET, Inbox, said_in_our_words
from kit.processes import is_quiet
from kit.waiting import PATIENCE_SECONDS as PATIENCE
from kit.waiting import until
from relay.agents import installer
from relay.providers import get

PHP = shutil.which("php")
pytestmark = pytest.mark.php

PLANTED = "not-a-real-Pw7!"
QUICK = "0.1 0.1 0.2 0.2 0.5"

# As much of each panel as its adapter meets. An event and what it carries come in as JSON on standard input.
ISPCONFIG = """<?php
class Plugins { public $of = array();
  function registerEvent($event, $plugin, $method) { $this->of[$event][] = array($plugin, $method); } }
$app = new stdClass; $app->plugins = new Plugins;
foreach (glob(__DIR__ . '/plugins-enabled/*.inc.php') as $file) {
  require $file; $name = basename($file, '.inc.php'); $loaded[$name] = new $name; $loaded[$name]->onLoad(); }
list($event, $data) = json_decode(stream_get_contents(STDIN), true);
foreach ($app->plugins->of[$event] as $each) { $loaded[$each[0]]->{$each[1]}($event, $data); }
"""
FOSSBILLING = """<?php
namespace Pimple { class Container extends \\ArrayObject {} }
namespace FOSSBilling { interface InjectionAwareInterface {} }
namespace {
class Box_Event { function __construct(public $given, public $di) {}
  function getParameters() { return $this->given; } function getDi() { return $this->di; } }
class Api { function __construct(public $answers) {}
  function __call($name, $arguments) {
    if (!isset($this->answers[$name])) { throw new Exception('Not found'); } return $this->answers[$name]; } }
require __DIR__ . '/modules/Relay/Service.php';
list($event, $given, $answers) = json_decode(stream_get_contents(STDIN), true);
$method = new ReflectionMethod('Box\\\\Mod\\\\Relay\\\\Service', $event);
if ($method->getParameters()[0]->getType()->getName() !== 'Box_Event' || !$method->isStatic()) { exit(3); }
$method->invoke(null, new Box_Event($given, new Pimple\\Container(array('api_system' => new Api($answers)))));
}
"""
CLIENTEXEC = """<?php
chdir(__DIR__);
class Given { function __construct(public $values) {} function getParams() { return $this->values; } }
require 'plugins/snapin/relay/PluginRelay.php';
list($event, $given) = json_decode(stream_get_contents(STDIN), true);
if (isset($given['invoice'])) { $given['invoice'] = (object) $given['invoice']; }
$snapin = new PluginRelay;
foreach ($snapin->listeners as $each) { if ($each[0] === $event) { $snapin->{$each[1]}(new Given($given)); } }
"""


class Panel:
    """A server with a panel on it, below a directory of its own."""

    def __init__(self, name: str, root: Path, inbox: Inbox) -> None:
        self.name, self.root, self.inbox = name, root, inbox
        (root / "etc/cron.d").mkdir(parents=True)
        getattr(self, f"_build_{name}")()

    def _build_ispconfig(self) -> None:
        self.home, self.argument = self.root / "usr/local/ispconfig/server", None
        for each in ("plugins-available", "plugins-enabled"):
            (self.home / each).mkdir(parents=True)
        (self.home / "panel.php").write_text(ISPCONFIG)
        self.base = self.home / "relay"

    def _build_fossbilling(self) -> None:
        self.home, self.argument = self.root / "srv/fossbilling", "/srv/fossbilling"
        (self.home / "modules").mkdir(parents=True)
        (self.home / "config.php").write_text("<?php\n")
        (self.home / "panel.php").write_text(FOSSBILLING)
        self.base = self.home / "modules/Relay/relay"

    def _build_clientexec(self) -> None:
        self.home, self.argument = self.root / "srv/clientexec", "/srv/clientexec"
        (self.home / "plugins/snapin").mkdir(parents=True)
        (self.home / "modules/admin/models").mkdir(parents=True)
        (self.home / "modules/admin/models/SnapinPlugin.php").write_text("<?php\nclass SnapinPlugin {}\n")
        (self.home / "config.php").write_text("<?php\n")
        (self.home / "panel.php").write_text(CLIENTEXEC)
        self.base = self.home / "plugins/snapin/relay/relay"

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "RELAY_ROOT": str(self.root), "RELAY_RETRY_PAUSES": QUICK}

    def install(self, secret: str = SECRET) -> "subprocess.CompletedProcess[bytes]":
        script = installer(get(self.name), self.inbox.url, secret, "src_test")
        words = ["sh", "-s", "--", self.argument] if self.argument else ["sh"]
        return subprocess.run(words, input=script, env=self.environment, capture_output=True, timeout=PATIENCE)

    def uninstall(self) -> None:
        done = subprocess.run(
            ["sh", self.base / "uninstall.sh"], env=self.environment, capture_output=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr

    def send(self, word: str) -> "subprocess.CompletedProcess[str]":
        words = [str(PHP), self.base / "relay-send.php", word]
        return subprocess.run(words, env=self.environment, capture_output=True, timeout=PATIENCE, text=True)

    def fire(self, *said: Any) -> None:
        """Have something happen on the panel."""
        done = subprocess.run(
            [str(PHP), self.home / "panel.php"],
            input=json.dumps(said).encode(),
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stdout) == (0, b""), done.stdout + done.stderr

    def tree(self) -> dict[str, bytes | None]:
        paths = sorted(self.root.rglob("*"))
        return {str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else None for path in paths}


ROW = {"domain_id": "31", "domain": "acme.example", "type": "vhost", "active": "y", "stats_password": PLANTED}
INVOICE = {
    "id": 7,
    "serie_nr": "FB00007",
    "currency": "EUR",
    "total": 23.8,
    "hash": PLANTED,
    "buyer": {"first_name": "Zoë", "email": "zoe@acme.example"},
    "lines": [{"title": "Hosting", "total": 20, "order_id": 88}],
    "client": {"id": 41, "first_name": "Zoë", "email": "zoe@acme.example", "pass": PLANTED, "api_token": PLANTED},
}
ORDER = {"id": 88, "title": "Business", "status": "suspended", "config": {"password": PLANTED}, "client": {"id": 41}}

# For each panel: what happens, and what becomes of it.
HAPPENINGS: dict[str, list[tuple[tuple[Any, ...], str]]] = {
    "ispconfig": [
        (("web_domain_insert", {"new": ROW, "old": {}}), "service.created"),
        (("web_domain_update", {"new": {**ROW, "active": "n"}, "old": ROW}), "service.suspended"),
        (("client_insert", {"new": {"client_id": "7", "password": PLANTED}, "old": {}}), "customer.created"),
    ],
    "fossbilling": [
        (("onAfterAdminInvoicePaymentReceived", {"id": 7}, {"invoice_get": INVOICE}), "invoice.paid"),
        (("onAfterAdminOrderSuspend", {"id": 88}, {"order_get": ORDER}), "service.suspended"),
        (("onAfterClientOpenTicket", {"id": 3}, {}), "ticket.opened"),
    ],
    "clientexec": [
        (
            ("Invoice-Paid", {"invoiceId": 7, "invoice": {"m_SubTotal": 20, "m_UserID": 41, "m_Key": PLANTED}}),
            "invoice.paid",
        ),
        (("Order-NewPackage", {"userid": 41, "password": PLANTED}), "order.created"),
    ],
}
EACH = pytest.mark.parametrize("name", HAPPENINGS)


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as made:
        yield made


@pytest.fixture
def panel(name: str, tmp_path: Path, inbox: Inbox) -> Iterator[Panel]:
    made = Panel(name, tmp_path / "root", inbox)
    yield made
    inbox.release()
    shutil.rmtree(made.base / "state/spool", ignore_errors=True)
    until(lambda: is_quiet(made.base), "nobody delivers any more")


def installed(panel: Panel) -> Panel:
    done = panel.install()
    assert done.returncode == 0, done.stderr
    return panel


@EACH
def test_what_happens_is_told_in_our_words_and_nothing_else_leaves(panel: Panel, inbox: Inbox) -> None:
    installed(panel)

    for count, (said, _) in enumerate(HAPPENINGS[panel.name], start=1):
        panel.fire(*said)
        until(lambda count=count: len(inbox.taken) == count, "it is delivered")

    told = [event["type"] for post in inbox.taken for event in said_in_our_words(panel.name, post)]
    assert told == [expected for _, expected in HAPPENINGS[panel.name]], [post.body for post in inbox.taken]
    assert not any(PLANTED.encode() in post.body for post in inbox.posts)


@EACH
def test_installed_twice_is_once_and_uninstalled_is_as_before(panel: Panel, inbox: Inbox) -> None:
    before = panel.tree()
    installed(panel)
    once = panel.tree()
    installed(panel)
    assert panel.tree() == once

    panel.uninstall()

    assert panel.tree() == before


@EACH
def test_the_relay_is_away_and_comes_back(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    inbox.hang_up()
    panel.fire(*HAPPENINGS[panel.name][0][0])
    until(lambda: is_quiet(panel.base), "the tries are used up")
    inbox.listen()

    panel.send("--deliver")

    assert list(inbox.times_taken().values()) == [1]


@EACH
def test_a_relay_that_hangs_keeps_no_panel_waiting(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    inbox.hang()

    for _ in range(2):
        panel.fire(*HAPPENINGS[panel.name][0][0])

    until(lambda: inbox.waiting, "the relay holds a post")
    assert inbox.posts == []
    inbox.release()
    until(lambda: len(inbox.taken) >= 2, "both are delivered")


@EACH
def test_a_broken_sender_breaks_no_panel(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    (panel.base / "config.php").unlink()
    panel.fire(*HAPPENINGS[panel.name][0][0])


@EACH
def test_a_test_says_whether_it_works_and_what_to_do(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    good = panel.send("--test")
    assert (good.returncode, "It works" in good.stdout) == (0, True), good.stdout
    assert said_in_our_words(panel.name, inbox.taken[0]) == []

    panel.install(secret="whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    bad = panel.send("--test")
    assert (bad.returncode, "401" in bad.stdout) == (1, True)


@pytest.mark.parametrize(("name", "argument"), [("fossbilling", None), ("clientexec", "/srv/nothing")])
def test_an_installer_says_what_it_needs_and_changes_nothing(panel: Panel, argument: str | None) -> None:
    before = panel.tree()
    panel.argument = argument

    done = panel.install()

    assert done.returncode == 1
    assert b"relay: " in done.stderr
    assert panel.tree() == before


@pytest.mark.parametrize("name", ["fossbilling"])
def test_what_comes_for_every_open_invoice_at_each_run_is_told_once(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    answers = {"invoice_get": INVOICE}
    for _ in range(3):
        panel.fire("onEventBeforeInvoiceIsDue", {"id": 7, "days_left": 5, "reminder_intervals": [7, 5]}, answers)
        panel.fire("onEventBeforeInvoiceIsDue", {"id": 7, "days_left": 4, "reminder_intervals": [7, 5]}, answers)
        panel.fire("onEventAfterInvoiceIsDue", {"id": 8, "days_passed": 2, "reminder_intervals": [5]}, answers)
        panel.fire("onEventAfterInvoiceIsDue", {"id": 9, "days_passed": 0, "reminder_intervals": [5]}, answers)

    until(lambda: len(inbox.taken) == 2 and is_quiet(panel.base), "both are delivered")

    told = [event["type"] for post in inbox.taken for event in said_in_our_words(panel.name, post)]
    assert told == ["invoice.due_soon", "invoice.overdue"]


@pytest.mark.parametrize("name", ["fossbilling"])
def test_every_event_that_is_understood_has_its_method(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    source = (panel.home / "modules/Relay/Service.php").read_text()

    assert [event for event in get("fossbilling").events if f"function {event}(" not in source] == []


@pytest.mark.parametrize("name", ["ispconfig"])
def test_rows_that_are_only_written_again_are_not_told(panel: Panel, inbox: Inbox) -> None:
    installed(panel)

    panel.fire("web_domain_update", {"new": ROW, "old": ROW})
    panel.fire("web_domain_update", {"new": {**ROW, "php": "fast"}, "old": ROW})

    until(lambda: inbox.taken and is_quiet(panel.base), "it is delivered")
    assert [event["type"] for post in inbox.taken for event in said_in_our_words("ispconfig", post)] == [
        "service.updated"
    ]
