"""The Zapier app: its own tests under Node, and that a schema is all that a new trigger needs.

The app's tests start a real relay by themselves; see connectors/zapier/test.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from relay.catalogue.vocabulary import load
from relay.develop.generate import ROOT
from relay.develop.generate.zapier import actions, document
from relay.formats import jsontext

APP = ROOT / "connectors/zapier"
OF_THE_WHOLE = ("--test-name-pattern=finds nothing", "--test-name-pattern=every event type has a trigger")
"""What may become wrong in an app by a trigger or action more; the rest of its tests is about the code."""

pytestmark = pytest.mark.node


def node(app: Path, *words: str, **environment: str) -> None:
    """Run Node's own test runner in an app's folder; show what failed."""
    env = {**os.environ, "NODE_ENV": "test", **environment}
    done = subprocess.run(["node", "--test", *words], cwd=app, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "# fail 0" in done.stdout
    assert "# pass 0" not in done.stdout


@pytest.mark.parametrize("name", ["definition", "errors", "live"])
def test_the_apps_own_tests_pass(name: str) -> None:
    node(APP, f"test/{name}.test.js", RELAY_BIN=str(Path(sys.executable).with_name("relay")))


def test_the_lock_file_holds_hashes_and_no_addresses() -> None:
    lock = json.loads((APP / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}

    assert [name for name, each in packages.items() if "integrity" not in each] == []
    assert [name for name, each in packages.items() if "resolved" in each] == []
    assert lock["packages"][""]["dependencies"] == {"zapier-platform-core": "19.1.0"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the relay and the app, with one more event type: `site.moved`."""
    for name in ("relay", "schemas", "connectors"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "connectors/zapier/node_modules").symlink_to(APP / "node_modules")
    schema = json.loads((tmp_path / "schemas/events/service.updated.json").read_text())
    schema |= {
        "$id": "urn:relay:schema:events/site.moved",
        "title": "Site Moved",
        "description": "Triggers when a website moves to another server.",
        "x-noun": "Site",
        "x-launch": True,
    }
    (tmp_path / "schemas/events/site.moved.json").write_text(json.dumps(schema))
    catalogue = document(load(tmp_path / "schemas"), actions(tmp_path / "schemas"))
    (tmp_path / "connectors/zapier/catalogue.json").write_text(jsontext.pretty(catalogue))
    command = tmp_path / "relay-of-the-copy"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} -m relay "$@"\n')
    command.chmod(0o755)
    return tmp_path


def test_one_more_schema_is_one_more_trigger_that_passes(copy: Path) -> None:
    app = copy / "connectors/zapier"
    known = json.loads((app / "catalogue.json").read_text())
    (trigger,) = [each for each in known["triggers"] if each["event_type"] == "site.moved"]

    assert (trigger["key"], trigger["label"], trigger["hidden"]) == ("site_moved", "Site Moved", False)
    node(app, *OF_THE_WHOLE, "--test-name-pattern=site_moved", "test/definition.test.js")
    node(
        app,
        "--test-name-pattern=site_moved",
        "test/live.test.js",
        RELAY_BIN=str(copy / "relay-of-the-copy"),
    )


ACTION = {
    "title": "Suspend Hosting Service",
    "description": "Suspends a hosting service, so that its website shows nothing until it is restored.",
    "x-noun": "Hosting Service",
    "x-risk": "reversible",
    "x-launch": True,
    "properties": {
        "input": {
            "type": "object",
            "required": ["service"],
            "properties": {
                "reason": {"title": "Reason", "description": "Why, for whoever asks later.", "type": "string"},
                "service": {"title": "Service", "description": "Its user name or domain.", "type": "string"},
                "notify": {"title": "Notify", "description": "Whether its owner is told.", "enum": ["yes", "not_now"]},
            },
        },
        "output": {"type": "object", "properties": {"service": {"title": "Service", "type": "string"}}},
    },
    "examples": [{"input": {"service": "acmeshop"}, "output": {"service": "acmeshop"}}],
}


def test_one_more_action_is_one_more_create_that_passes(copy: Path) -> None:
    (copy / "schemas/actions").mkdir(exist_ok=True)
    (copy / "schemas/actions/service.suspend.json").write_text(json.dumps(ACTION))
    catalogue = document(load(copy / "schemas"), actions(copy / "schemas"))
    app = copy / "connectors/zapier"
    (app / "catalogue.json").write_text(jsontext.pretty(catalogue))

    (action,) = [each for each in catalogue["actions"] if each["name"] == "service.suspend"]

    assert [field["key"] for field in action["fields"]] == ["service", "reason", "notify"]
    assert action["fields"][2]["choices"] == {"yes": "Yes", "not_now": "Not now"}
    node(app, *OF_THE_WHOLE, f"--test-name-pattern={action['key']} ", "test/definition.test.js")
