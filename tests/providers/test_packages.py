"""A provider that another package brings: found by its entry point, whole, and refused where it cannot be had."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = '''"""Acme: a panel that is nobody's."""

from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider
from relay.security.verification import STANDARD_WEBHOOKS


def name(inbound: Inbound) -> str:
    return str(inbound.payload["type"])


PROVIDER = Provider(
    name="{name}",
    label="{label}",
    kind="hosting_panel",
    homepage="https://acme.example/webhooks",
    verification=STANDARD_WEBHOOKS,
    event_name=name,
    events={{"went": On("notice.received", lambda said: {{"notice": {{"title": said["title"]}}}})}},
    aliases={aliases},
)
'''
ACTIONS = """from relay.sdk.actions import Adapter, Task
from relay.sdk.outcomes import Done

ACTIONS = {"service.fetch": Adapter(lambda task: Done("It is there."), repeatable=True)}
"""
SAMPLE = '# made\nPOST /hook HTTP/1.1\ncontent-type: application/json\n\n{"type": "went", "title": "It went well"}'


class Site:
    """A directory of installed packages, as an installer leaves it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def install(
        self, distribution: str, name: str, *, label: str = "Acme", aliases: str = "()", code: str = CODE
    ) -> None:
        package = distribution.replace("-", "_")
        (self.root / package / "samples").mkdir(parents=True)
        (self.root / package / "__init__.py").write_text(code.format(name=name, label=label, aliases=aliases))
        (self.root / package / "actions.py").write_text(ACTIONS)
        (self.root / package / "setup.md").write_text("# Acme\n\n1. As address give `{{url}}`.\n")
        (self.root / package / "samples" / "went.http").write_text(SAMPLE)
        about = self.root / f"{package}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[relay.providers]\nacme = {package}\n")

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(self.root)}
        return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environ, check=False)

    def refusal(self) -> str:
        """What any command says of a package that cannot be had."""
        ended = self.python("-m", "relay", "samples", "acme")
        assert ended.returncode == 1, ended.stdout
        return " ".join(ended.stderr.split())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_package_brings_a_provider(site: Site) -> None:
    site.install("relay-acme", "acme")

    listed = site.python("-m", "relay", "samples", "acme")
    (site.root / "body.json").write_text('{"type": "went", "title": "It went well"}')
    said = site.python("-m", "relay", "normalize", "acme", str(site.root / "body.json"))
    known = site.python(
        "-c",
        "from relay import providers; from relay.actions import adapters\n"
        "print(providers.get('Acme').name, list(adapters.of('acme')), 'acme' in adapters.able('service.fetch'))\n"
        "print(providers.setup('acme'), 'acme' in providers.shipped())",
    )

    assert "acme:went" in listed.stdout, listed.stderr
    (event,) = json.loads(said.stdout)
    assert (event["type"], event["data"]["notice"]["title"]) == ("notice.received", "It went well")
    assert known.stdout == "acme ['service.fetch'] True\n# Acme\n\n1. As address give `{{url}}`.\n False\n"


def test_two_packages_of_one_name_are_refused(site: Site) -> None:
    site.install("relay-acme", "acme")
    site.install("other-acme", "acme")

    assert "package relay-acme offers a provider 'acme', which is a name of Acme already" in site.refusal()


@pytest.mark.parametrize(("label", "aliases"), [("Stripe", "()"), ("Acme", "('whmcs',)")])
def test_a_package_takes_no_name_of_ours(site: Site, label: str, aliases: str) -> None:
    site.install("relay-acme", "acme", label=label, aliases=aliases)

    said = site.refusal()

    assert "package relay-acme" in said
    assert f"which is a name of {'Stripe' if label == 'Stripe' else 'WHMCS'} already" in said


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("another", CODE, "must be a relay.sdk.provider.Provider of this name, and is named another"),
        ("acme", "PROVIDER = 1\n", "must be a relay.sdk.provider.Provider of this name, and is none"),
        ("acme", "import no_such_thing\n", "cannot be imported: ModuleNotFoundError: No module named 'no_such_thing'"),
    ],
)
def test_a_package_without_its_provider_is_refused(site: Site, name: str, code: str, words: str) -> None:
    site.install("relay-acme", name, code=code)

    said = site.refusal()

    assert words in said
    assert said.endswith("Uninstall it, or ask those who make it.")
