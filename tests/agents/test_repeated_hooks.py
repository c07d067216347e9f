"""Panels run their hooks more often than the thing happens: what the agents make of it, among the panels' commands."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agents.inbox import Inbox, said_in_our_words
from agents.test_root_panels import Panel, installed
from kit.processes import is_quiet
from kit.waiting import PATIENCE_SECONDS as PATIENCE
from kit.waiting import until

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")

# As much of HestiaCP's commands as matters here: who runs a package's script, and as whose child.
RUN_SCRIPT = '"$HESTIA/data/packages/business.sh" "$1" zoe@acme.example "Zoë Müller"'
HESTIA = {
    "v-add-user": RUN_SCRIPT,
    "v-change-user-package": RUN_SCRIPT,
    "v-rebuild-user": RUN_SCRIPT,
    "v-restore-user": RUN_SCRIPT,
    "v-rebuild-users": '"$HESTIA/bin/v-rebuild-user" "$1"',
    "v-update-user-package": '"$HESTIA/bin/v-change-user-package" "$1" business yes',
    "v-rename-user-package": 'PATH="$HESTIA/bin:$PATH"; v-change-user-package "$1" business',
}


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as made:
        yield made


@pytest.fixture
def panel(request: pytest.FixtureRequest, tmp_path: Path, inbox: Inbox) -> Iterator[Panel]:
    made = Panel(request.param, tmp_path / "root", inbox)
    yield made
    inbox.release()
    shutil.rmtree(made.base / "state/spool", ignore_errors=True)
    until(lambda: is_quiet(made.base, "--deliver"), "nobody delivers any more")


def told(panel: Panel, inbox: Inbox) -> list[tuple[str, Any]]:
    """All that came, once nothing waits any more."""
    until(
        lambda: not list((panel.base / "state").glob("spool/*-msg_*")) and is_quiet(panel.base, "--deliver"),
        "all is delivered",
    )
    events = [event for post in inbox.taken for event in said_in_our_words(panel.name, post)]
    return list({event["id"]: (event["type"], event["data"]) for event in events}.values())


class Hestia:
    """The panel's commands, on a panel that has our agent."""

    def __init__(self, panel: Panel) -> None:
        self.home = panel.root / "usr/local/hestia"
        self.environment = {**panel.environment, "HESTIA": str(self.home)}
        (self.home / "bin").mkdir()
        for name, text in HESTIA.items():
            (self.home / "bin" / name).write_text(f"#!/bin/bash\n{text}\n")
            (self.home / "bin" / name).chmod(0o755)

    def run(self, *command: str) -> None:
        done = subprocess.run(command, env=self.environment, capture_output=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr

    def path(self, name: str) -> str:
        return str(self.home / "bin" / name)


@pytest.mark.parametrize("panel", ["hestiacp"], indirect=True)
@pytest.mark.parametrize(
    "how",
    [
        lambda hestia, name: hestia.run(hestia.path(name), "acme", "not-a-real-Pw7!"),
        lambda hestia, name: hestia.run("bash", "-e", hestia.path(name), "acme"),
        lambda hestia, name: hestia.run("bash", "-c", f"{hestia.path(name)} acme; true"),
        lambda hestia, name: hestia.run("env", "python3", "-c", f"import os; os.system('{hestia.path(name)} acme')"),
    ],
    ids=["itself", "by bash", "in a line of bash", "by another program"],
)
def test_a_user_is_made_by_the_command_that_makes_one_and_by_no_other(panel: Panel, inbox: Inbox, how: Any) -> None:
    hestia = Hestia(installed(panel))

    for name in ("v-add-user", "v-rebuild-user", "v-rebuild-users", "v-restore-user", "v-update-user-package"):
        how(hestia, name)
    how(hestia, "v-change-user-package")
    how(hestia, "v-rename-user-package")

    assert [(each, data["service"]["username"], data["service"]["plan"]) for each, data in told(panel, inbox)] == [
        ("service.created", "acme", "business"),
        ("service.package_changed", "acme", "business"),
    ]
    assert not any(b"not-a-real-Pw7!" in post.body for post in inbox.posts)


@pytest.mark.parametrize("panel", ["hestiacp"], indirect=True)
def test_a_script_that_no_command_runs_makes_a_user_once(panel: Panel, inbox: Inbox) -> None:
    installed(panel)

    for _ in range(3):
        panel.fire("data/packages/PACKAGE.sh", ["acme", "zoe@acme.example", "Zoë"])

    assert [each for each, _ in told(panel, inbox)] == ["service.created"]


class Server:
    """A virtual server and its certificate."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.certificate = panel.root / "home/acme/ssl.cert"
        self.certificate.parent.mkdir(parents=True)
        self.renew()
        domains = panel.root / "etc/webmin/virtual-server/domains"
        domains.mkdir()
        (domains / "17000001").write_text(f"dom=acme.example\nid=17000001\nssl_cert={self.certificate}\n")

    def renew(self) -> str:
        """Another certificate; answers until when it is valid."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "acme.example")])
        begin = datetime.now(UTC).replace(microsecond=0)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=90))
            .sign(key, hashes.SHA256())
        )
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM) * 2)
        return f"{begin + timedelta(days=90):%Y-%m-%dT%H:%M:%SZ}"

    def fire(self, action: str, **more: str) -> None:
        variables = {
            "VIRTUALSERVER_ACTION": action,
            "VIRTUALSERVER_ID": "17000001",
            "VIRTUALSERVER_DOM": "acme.example",
            "VIRTUALSERVER_SSL_CERT": str(self.certificate),
        }
        self.panel.fire(action, variables | more)


@pytest.mark.parametrize("panel", ["virtualmin"], indirect=True)
def test_a_certificate_is_renewed_where_it_is_another_one(panel: Panel, inbox: Inbox) -> None:
    server = Server(panel)
    installed(panel)

    server.fire("SSL_DOMAIN")  # a request, as `generate-cert --csr` makes it
    expires_at = server.renew()
    server.fire("SSL_DOMAIN")
    server.fire("SSL_DOMAIN")
    server.certificate.unlink()
    server.fire("SSL_DOMAIN")

    ((event_type, data),) = told(panel, inbox)
    assert (event_type, data["certificate"]["domain"]) == ("certificate.renewed", "acme.example")
    assert data["certificate"]["expires_at"] == (expires_at if shutil.which("openssl") else None)


@pytest.mark.parametrize("panel", ["virtualmin"], indirect=True)
def test_a_first_certificate_is_told_of_a_virtual_server_that_is_known(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    server = Server(panel)
    server.certificate.unlink()

    server.fire("CREATE_DOMAIN")
    server.renew()
    server.fire("SSL_DOMAIN")

    assert [each for each, _ in told(panel, inbox)] == ["service.created", "certificate.renewed"]


@pytest.mark.parametrize("panel", ["virtualmin"], indirect=True)
def test_a_certificate_that_two_virtual_servers_share_is_renewed_once(panel: Panel, inbox: Inbox) -> None:
    server = Server(panel)
    installed(panel)
    other = {"VIRTUALSERVER_ID": "17000002", "VIRTUALSERVER_DOM": "shop.acme.example"}
    server.fire("CREATE_DOMAIN", VIRTUALSERVER_PARENT="17000001", **other)
    server.renew()

    server.fire("SSL_DOMAIN")
    server.fire("SSL_DOMAIN", **other)

    assert [each for each, _ in told(panel, inbox)] == ["domain.added", "certificate.renewed"]


@pytest.mark.parametrize("panel", ["virtualmin"], indirect=True)
def test_of_a_virtual_server_that_nobody_knows_no_certificate_is_called_new(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    server = Server(panel)

    server.fire("SSL_DOMAIN")
    server.renew()
    server.fire("SSL_DOMAIN")
    server.fire("DELETE_DOMAIN")
    server.fire("SSL_DOMAIN")

    assert [each for each, _ in told(panel, inbox)] == ["certificate.renewed", "service.terminated"]


@pytest.mark.parametrize("panel", ["virtualmin"], indirect=True)
def test_each_schedule_of_backups_has_its_own_name(panel: Panel, inbox: Inbox) -> None:
    installed(panel)
    run = {"BACKUP_STATUS": "1", "BACKUP_DOMAIN_NAMES": "acme.example", "BACKUP_DEST": "ssh://me:secret@vault"}

    panel.fire("SCHEDULED_BACKUP", run | {"BACKUP_ID": "1", "BACKUP_DESC": "Nightly"})
    panel.fire("SCHEDULED_BACKUP", run | {"BACKUP_ID": "1700000001"})

    assert [(data["backup"]["id"], data["backup"]["name"]) for _, data in told(panel, inbox)] == [
        ("1", "Nightly"),
        ("1700000001", "Scheduled backup"),
    ]


@pytest.mark.parametrize("panel", ["virtualmin"], indirect=True)
def test_what_cannot_be_judged_is_told_as_it_is(panel: Panel, inbox: Inbox) -> None:
    server = Server(panel)
    installed(panel)
    (panel.base / "state/certificates").unlink()
    (panel.base / "state/certificates").mkdir()

    server.fire("DISABLE_DOMAIN")
    server.fire("SSL_DOMAIN")

    assert [each for each, _ in told(panel, inbox)] == ["service.suspended"]
    assert "told unjudged" in (panel.base / "state/log").read_text()
