"""What a release is made of is what the locks say."""

import json
import re
from typing import Any

import pytest

from release.sbom import ROOT, bom, documents, node_components, node_locks, python_components

DIGEST = "a" * 64
LOCK = f"""\
idna==3.20 \\
    --hash=sha256:{DIGEST} \\
    --hash=sha256:{"b" * 64}
uvloop==0.21.0+local ; sys_platform != 'win32' \\
    --hash=sha256:{"c" * 64}
"""
NODE_LOCK: dict[str, Any] = {
    "name": "app",
    "packages": {
        "": {"name": "app"},
        "node_modules/@scope/a": {"version": "1.0.0", "integrity": "sha512-AAEC", "license": "MIT"},
        "node_modules/b/node_modules/c": {"version": "2.0.0-rc.1", "dev": True},
        "node_modules/linked": {"link": True},
    },
}


def test_a_python_lock_is_its_packages_with_every_file() -> None:
    idna, uvloop = python_components(LOCK, "idna==3.20 \\\n")

    assert idna == {
        "type": "library",
        "bom-ref": "pkg:pypi/idna@3.20",
        "name": "idna",
        "version": "3.20",
        "purl": "pkg:pypi/idna@3.20",
        "scope": "required",
        "externalReferences": [
            {
                "type": "distribution",
                "url": "pkg:pypi/idna@3.20",
                "hashes": [{"alg": "SHA-256", "content": DIGEST}, {"alg": "SHA-256", "content": "b" * 64}],
            }
        ],
    }
    assert (uvloop["purl"], uvloop["scope"]) == ("pkg:pypi/uvloop@0.21.0%2Blocal", "excluded")


def test_a_node_lock_is_its_packages_without_itself_and_without_links() -> None:
    first, second = node_components(NODE_LOCK)

    assert first == {
        "type": "library",
        "bom-ref": "pkg:npm/%40scope/a@1.0.0",
        "name": "@scope/a",
        "version": "1.0.0",
        "purl": "pkg:npm/%40scope/a@1.0.0",
        "scope": "required",
        "hashes": [{"alg": "SHA-512", "content": "000102"}],
        "licenses": [{"license": {"name": "MIT"}}],
    }
    assert (second["name"], second["version"], second["scope"]) == ("c", "2.0.0-rc.1", "excluded")


def test_the_same_lock_gives_the_same_bytes_and_another_one_another_number() -> None:
    one, other = (bom("app", "1", python_components(LOCK.replace("3.20", version))) for version in ("3.20", "3.21"))

    assert one == bom("app", "1", python_components(LOCK))
    numbers = {json.loads(each)["serialNumber"] for each in (one, other)}
    assert len(numbers) == 2
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", each) for each in numbers)


@pytest.mark.parametrize("name", sorted(documents()))
def test_every_lock_of_the_project_has_a_document(name: str) -> None:
    document = json.loads(documents()[name])

    references = [each["bom-ref"] for each in document["components"]]
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert len(references) == len(set(references)) > 5
    assert references == sorted(references)


def test_all_that_is_pinned_is_in_it() -> None:
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)
    components = json.loads(documents()["relay.cdx.json"])["components"]

    assert sorted(each["name"] for each in components) == sorted(pinned)
    assert len(documents()) == 1 + len(node_locks())
