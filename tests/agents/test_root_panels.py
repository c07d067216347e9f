"""The agents of panels whose hooks run as root: installed for real into made-up panels, and called as these would."""

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from agents.inbox import SECRET, Inbox, said_in_our_words
from kit.processes import is_quiet
from kit.waiting import PATIENCE_SECONDS as PATIENCE
from kit.waiting import until
from relay.agents import installer
from relay.providers import get

BURST = 64
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")

PLANTED = "not-a-real-Pw7!"
QUICK = "0.1 0.1 0.2 0.2 0.5"

# As much of Plesk's and cPanel's own programs as the installers meet. A line of `handlers` is number, event, command.
PLESK = """#!/bin/sh
[ "$1 $2" = "bin event_handler" ] || exit 2
list={root}/handlers
touch "$list"
case "$3" in
  --list)
    echo "Id  Event  Priority  User  Command"
    while IFS='|' read -r id event command; do echo "$id  $event  50  root  $command"; done <"$list" ;;
  --create)
    [ "${{11}}" = service_stop ] && {{ echo "Unknown event"; exit 1; }}
    id=$(($(wc -l <"$list") + 7))
    echo "$id|${{11}}|$5" >>"$list" ;;
  --remove) grep -v "^$4|" "$list" >"$list.new"; mv "$list.new" "$list" ;;
esac
"""
MANAGE_HOOKS = """#!/bin/sh
list={root}/hooks
touch "$list"
verb=$1; shift 2
case "$verb" in
  add) grep -qxF "$*" "$list" && exit 1; echo "$*" >>"$list" ;;
  delete) grep -vxF "$*" "$list" >"$list.new"; mv "$list.new" "$list" ;;
esac
"""


class Panel:
    """A server with a panel on it, below a directory of its own."""

    def __init__(self, name: str, root: Path, inbox: Inbox) -> None:
        self.name, self.root, self.inbox = name, root, inbox
        self.base = root / f"usr/local/relay-{name}"
        self.programs = root.parent / "bin"
        for each in ("etc/cron.d", "etc/hestiacp/hooks", "usr/local"):
            (root / each).mkdir(parents=True)
        self.programs.mkdir()
        getattr(self, f"_build_{name}")()

    def _build_plesk(self) -> None:
        self._program(self.programs / "plesk", PLESK.format(root=self.root.parent))
        (self.root.parent / "handlers").write_text("3|domain_create|/opt/other/notify.sh\n")

    def _build_cpanel(self) -> None:
        self._program(self.root / "usr/local/cpanel/bin/manage_hooks", MANAGE_HOOKS.format(root=self.root.parent))
        (self.root / "usr/local/cpanel/3rdparty/bin").mkdir(parents=True)

    def _build_directadmin(self) -> None:
        custom = self.root / "usr/local/directadmin/scripts/custom"
        self._program(custom / "user_create_post/other.sh", "#!/bin/sh\nexit 0\n")
        self._program(custom / "dns_create_post.sh", "#!/bin/sh\nexit 0\n")
        (custom / "dns_create_post").mkdir()

    def _build_hestiacp(self) -> None:
        packages = self.root / "usr/local/hestia/data/packages"
        self._write(packages / "default.pkg", "WEB_TEMPLATE='default'\n")
        self._write(packages / "business.pkg", "WEB_TEMPLATE='default'\n")
        self._program(packages / "business.sh", "#!/bin/bash\necho hello >/dev/null\nexit 0\n")

    def _build_virtualmin(self) -> None:
        config = self.root / "etc/webmin/virtual-server"
        self._write(config / "config", "mail=1\npost_command=/opt/other/notify.sh\nwebalizer=0\n")
        self._write(config / "backups/1700000000", "id=1700000000\ndest=/backup\nafter=\n")
        self._write(config / "backups/1700000001", "id=1700000001\ndest=/backup2\n")

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def _program(self, path: Path, text: str) -> None:
        self._write(path, text)
        path.chmod(0o755)

    @property
    def environment(self) -> dict[str, str]:
        path = f"{self.programs}:{os.environ['PATH']}"
        return {"PATH": path, "RELAY_ROOT": str(self.root), "RELAY_RETRY_PAUSES": QUICK, "LC_ALL": "C.UTF-8"}

    def install(self, url: str | None = None, secret: str = SECRET) -> "subprocess.CompletedProcess[str]":
        script = installer(get(self.name), url or self.inbox.url, secret, "src_test")
        return subprocess.run(
            ["sh"], input=script, env=self.environment, capture_output=True, timeout=PATIENCE, text=False
        )  # type: ignore[return-value]

    def uninstall(self, *words: str) -> str:
        done = subprocess.run(
            ["sh", self.base / "uninstall.sh", *words],
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def send(self, word: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["python3", self.base / "relay-send.py", word],
            env=self.environment,
            capture_output=True,
            timeout=PATIENCE,
            text=True,
        )

    def fire(self, event: str, values: Any) -> None:
        """Have something happen on the panel. Its hooks must say yes."""
        getattr(self, f"_fire_{self.name}")(event, values)

    def _run(self, command: Any, values: Mapping[str, str], **more: Any) -> "subprocess.CompletedProcess[bytes]":
        done = subprocess.run(
            command, env={**self.environment, **values}, capture_output=True, timeout=PATIENCE, **more
        )
        assert done.returncode == 0, done.stderr
        return done

    def _fire_plesk(self, event: str, values: Mapping[str, str]) -> None:
        for line in (self.root.parent / "handlers").read_text().splitlines():
            _, of, command = line.split("|", 2)
            if of == event and "other" not in command:
                self._run(["sh", "-c", command], values)

    def _fire_directadmin(self, event: str, values: Mapping[str, str]) -> None:
        for path in sorted((self.root / "usr/local/directadmin/scripts/custom" / event).glob("*.sh")):
            self._run([path], values)

    def _fire_hestiacp(self, event: str, values: list[str]) -> None:
        packages = self.root / "usr/local/hestia/data/packages"
        path = packages / "business.sh" if event.endswith("PACKAGE.sh") else self.root / "etc/hestiacp/hooks/le_post.sh"
        self._run(["bash", path, *values], {})

    def _fire_virtualmin(self, event: str, values: Mapping[str, str]) -> None:
        config = self.root / "etc/webmin/virtual-server"
        file, key = ("backups/1700000000", "after") if event == "SCHEDULED_BACKUP" else ("config", "post_command")
        lines = (config / file).read_text().splitlines()
        (command,) = [line.partition("=")[2] for line in lines if line.startswith(f"{key}=")]
        self._run(["sh", "-c", command.removeprefix("/opt/other/notify.sh; ")], values)

    def _fire_cpanel(self, event: str, document: Mapping[str, Any]) -> None:
        category, _, name = event.partition("::")
        program = self.root / "usr/local/cpanel/3rdparty/bin/relay-cpanel-hook"
        hooks = (self.root.parent / "hooks").read_text()
        assert f"{program} --manual --category {category} --event {name} --stage" in hooks
        done = self._run([program], {}, input=json.dumps(document).encode())
        assert done.stdout.startswith(b"1")

    def tree(self) -> dict[str, bytes | None]:
        """All that lies on the server, and what the panel's own programs keep."""
        found: dict[str, bytes | None] = {
            str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.root.rglob("*"))
        }
        for kept in ("handlers", "hooks"):
            path = self.root.parent / kept
            found[kept] = path.read_bytes() if path.exists() else b""
        return found


def _cpanel(event: str, **data: Any) -> dict[str, Any]:
    category, _, name = event.partition("::")
    return {"context": {"category": category, "event": name, "stage": "post"}, "data": data, "hook": {"id": "x"}}


# For each panel: an event, what the panel hands over with it, and what becomes of it.
HAPPENINGS: dict[str, list[tuple[str, Any, str]]] = {
    "plesk": [
        ("domain_create", {"NEW_DOMAIN_NAME": "acme.example", "NEW_PASSWORD": PLANTED}, "service.created"),
        (
            "client_create",
            {"NEW_LOGIN_NAME": "zoe", "NEW_CONTACT_NAME": 'Zoë "Z"\n Müller \\', "NEW_PASSWORD": PLANTED},
            "customer.created",
        ),
    ],
    "directadmin": [
        (
            "user_create_post",
            {"username": "acme", "domain": "acme.example", "usertype": "user", "passwd": PLANTED},
            "service.created",
        ),
        ("user_destroy_post", {"username": "acme"}, "service.terminated"),
        ("domain_create_post", {"domain": "shop.example", "username": "acme", "user_creation": "0"}, "domain.added"),
        (
            "all_backups_post",
            {"type": "admin", "owner": "admin", "where": "ftp", "ftp_password": PLANTED, "success": "1"},
            "backup.succeeded",
        ),
    ],
    "hestiacp": [
        ("data/packages/PACKAGE.sh", ["acme", "zoe@acme.example", "Zoë; $(id) 'M'"], "service.created"),
        ("/etc/hestiacp/hooks/le_post.sh", ["acme", "acme.example", "www.acme.example", ""], "certificate.renewed"),
    ],
    "virtualmin": [
        (
            "DISABLE_DOMAIN",
            {
                "VIRTUALSERVER_ACTION": "DISABLE_DOMAIN",
                "VIRTUALSERVER_DOM": "acme.example",
                "VIRTUALSERVER_PASS": PLANTED,
            },
            "service.suspended",
        ),
        (
            "SCHEDULED_BACKUP",
            {"BACKUP_STATUS": "0", "BACKUP_DOMAIN_NAMES": "a.example", "BACKUP_ERROR_NAMES": "a.example"},
            "backup.failed",
        ),
    ],
    "cpanel": [
        (
            "Whostmgr::Accounts::Create",
            _cpanel("Whostmgr::Accounts::Create", user="acme", domain="acme.example", **{"pass": PLANTED}),
            "service.created",
        ),
        (
            "Whostmgr::Accounts::suspendacct",
            _cpanel("Whostmgr::Accounts::suspendacct", args={"user": "acme", "reason": "unpaid", "password": PLANTED}),
            "service.suspended",
        ),
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
    # Whoever still delivers ends when nothing is left to deliver.
    inbox.release()
    shutil.rmtree(made.base / "state/spool", ignore_errors=True)
    until(lambda: is_quiet(made.base, "--deliver"), "nobody delivers any more")


def installed(panel: Panel) -> Panel:
    done = panel.install()
    assert done.returncode == 0, done.stderr
    return panel


@EACH
def test_what_happens_is_told_in_our_words_and_nothing_else_leaves(panel: Panel, inbox: Inbox) -> None:
    installed(panel)

    for event, values, _ in HAPPENINGS[panel.name]:
        panel.fire(event, values)
        count = [each[0] for each in HAPPENINGS[panel.name]].index(event) + 1
        until(lambda count=count: len(inbox.taken) == count, "it is delivered")

    told = [event["type"] for post in inbox.taken for event in said_in_our_words(panel.name, post)]
    assert told == [expected for _, _, expected in HAPPENINGS[panel.name]]
    assert [post.error for post in inbox.posts] == [None] * len(told)
    assert not any(PLANTED.encode() in post.body for post in inbox.posts)
    assert PLANTED not in "".join(path.read_text(errors="replace") for path in panel.base.rglob("*") if path.is_file())


@EACH
def test_installed_twice_is_once_and_uninstalled_is_as_before(panel: Panel, inbox: Inbox) -> None:
    before = panel.tree()

    installed(panel)
    once = panel.tree()
    installed(panel)
    assert panel.tree() == once
    assert stat.S_IMODE((panel.base / "config").stat().st_mode) == 0o600
    assert stat.S_IMODE((panel.base / "state").stat().st_mode) == 0o700
    panel.uninstall()

    assert panel.tree() == before


@EACH
def test_the_relay_is_away_and_comes_back(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    inbox.hang_up()
    event, values, _ = HAPPENINGS[panel.name][0]
    panel.fire(event, values)
    until(lambda: is_quiet(panel.base, "--deliver"), "the tries are used up")
    inbox.listen()

    panel.send("--deliver")

    assert list(inbox.times_taken().values()) == [1]


@EACH
def test_a_relay_that_hangs_keeps_no_panel_waiting(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    inbox.hang()
    event, values, _ = HAPPENINGS[panel.name][0]

    for _ in range(2):
        panel.fire(event, values)

    until(lambda: inbox.waiting, "the relay holds a post")
    assert inbox.posts == []
    inbox.release()
    until(lambda: len(inbox.taken) >= 2, "both are delivered")


@EACH
def test_a_broken_sender_breaks_no_panel(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    event, values, _ = HAPPENINGS[panel.name][0]
    (panel.base / "config").unlink()
    panel.fire(event, values)
    (panel.base / "relay-send.py").write_text("this is no Python")

    panel.fire(event, values)


@pytest.mark.parametrize("name", ["directadmin"])
def test_all_of_a_burst_are_told_each_once(panel: Panel, inbox: Inbox) -> None:
    installed(panel)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: panel.fire("user_destroy_post", {"username": f"acme{n}"}), range(BURST)))

    until(lambda: len(inbox.taken) >= BURST, "all are delivered")
    assert sorted(post.data["username"] for post in inbox.taken) == sorted(f"acme{n}" for n in range(BURST))
    assert set(inbox.times_taken().values()) == {1}


@EACH
def test_a_test_says_whether_it_works_and_what_to_do(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    good = panel.send("--test")
    assert (good.returncode, "It works" in good.stdout) == (0, True)
    assert said_in_our_words(panel.name, inbox.taken[0]) == []

    panel.install(secret="whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    bad = panel.send("--test")
    assert (bad.returncode, "401" in bad.stdout) == (1, True)


@EACH
def test_an_installer_says_what_is_missing_and_changes_nothing(panel: Panel, inbox: Inbox) -> None:
    (panel.root / "etc/cron.d").rmdir()
    before = panel.tree()

    done = panel.install()

    assert done.returncode == 1
    assert b"Install cron" in done.stderr  # type: ignore[operator]
    assert panel.tree() == before


@pytest.mark.parametrize("name", ["virtualmin", "hestiacp"])
def test_what_others_have_there_stays(panel: Panel, inbox: Inbox) -> None:
    installed(panel)

    if panel.name == "virtualmin":
        assert "post_command=/opt/other/notify.sh; " in (panel.root / "etc/webmin/virtual-server/config").read_text()
    else:
        text = (panel.root / "usr/local/hestia/data/packages/business.sh").read_text()
        assert text.startswith("#!/bin/bash\n")
        assert text.endswith("exit 0\n")


@pytest.mark.parametrize("name", ["directadmin"])
def test_a_panel_that_had_no_hooks_has_none_again(panel: Panel, inbox: Inbox) -> None:
    shutil.rmtree(panel.root / "usr/local/directadmin/scripts/custom")
    before = panel.tree()

    installed(panel)
    installed(panel)
    panel.uninstall()

    assert panel.tree() == before


@pytest.mark.parametrize("name", ["directadmin"])
def test_one_domain_is_told_once_by_both_of_its_hooks(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    domain = {"domain": "shop.example", "username": "acme"}

    panel.fire("domain_create_post", domain)
    panel.fire("dns_create_post", domain | {"caller": "create:domain"})
    panel.fire("dns_create_post", {"domain": "parked.example", "username": "acme", "caller": "create:pointer"})
    until(lambda: len(inbox.taken) == 3, "all three are delivered")

    told = [event for post in inbox.taken for event in said_in_our_words(panel.name, post)]
    assert [event["type"] for event in told] == ["domain.added", "domain.added"]
    assert len({event["id"] for event in told}) == 1


@pytest.mark.parametrize("name", ["plesk"])
def test_an_event_that_this_plesk_does_not_know_is_named(panel: Panel, inbox: Inbox) -> None:
    done = panel.install()

    assert b"has no event service_stop" in done.stdout  # type: ignore[operator]
