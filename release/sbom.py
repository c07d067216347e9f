"""What a release is made of, as CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), from the lock files alone.

`python -m release.sbom DIRECTORY` writes one file for each lock. The same locks give the same bytes.
"""

import base64
import json
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from relay import __version__

ROOT = Path(__file__).parent.parent
_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ ;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_ALGORITHMS = {"sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:hosting-relay:sbom")

Component = Mapping[str, Any]


def python_components(lock: str, needed: str | None = None) -> list[Component]:
    """The packages of a lock with hashes. What is not in `needed`, the lock of what runs, is only for development."""
    runs = {name.lower() for name, _ in _PINNED.findall(lock if needed is None else needed)}
    found = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", lock):
        pinned = _PINNED.match(block)
        if pinned is None:
            continue
        name, version = pinned[1].lower(), pinned[2]
        hashes = [{"alg": "SHA-256", "content": each} for each in _HASH.findall(block)]
        purl = f"pkg:pypi/{name}@{quote(version, safe='.')}"
        found.append(
            _component(name, version, purl, needed=name in runs)
            # One for each file that the package is published as, so they are not the component's own.
            | {"externalReferences": [{"type": "distribution", "url": purl, "hashes": hashes}]}
        )
    return found


def node_components(lock: Mapping[str, Any]) -> list[Component]:
    """The packages of a `package-lock.json` of npm."""
    found = []
    for place, package in lock["packages"].items():
        if not place or package.get("link"):
            continue
        name = str(package.get("name") or place.rpartition("node_modules/")[2])
        purl = f"pkg:npm/{quote(name, safe='/')}@{quote(package['version'], safe='.')}"
        made = _component(name, package["version"], purl, needed=not package.get("dev"))
        licence = package.get("license")
        found.append(
            made
            | {"hashes": list(_integrity(package.get("integrity", "")))}
            | ({"licenses": [{"license": {"name": licence}}]} if isinstance(licence, str) else {})
        )
    return found


def bom(name: str, version: str, components: list[Component]) -> bytes:
    """A whole document. The same package in two places of a lock is one component."""
    once = {each["bom-ref"]: each for each in components}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "pre-build"}],
            "component": {"type": "application", "bom-ref": name, "name": name, "version": version},
        },
        "components": [once[ref] for ref in sorted(once)],
    }
    text = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid.uuid5(_NAMESPACE, text).urn
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()


def documents(root: Path = ROOT) -> dict[str, bytes]:
    """A document for each lock file, by its file's name."""
    runs, develops = (root / "requirements.lock").read_text(), (root / "requirements-dev.lock").read_text()
    found = {"relay.cdx.json": bom("hosting-relay", __version__, python_components(develops, runs))}
    for path in node_locks(root):
        lock = json.loads(path.read_text())
        name = "-".join(path.parent.relative_to(root).parts)
        found[f"{name}.cdx.json"] = bom(lock["name"], lock.get("version", __version__), node_components(lock))
    return found


def node_locks(root: Path = ROOT) -> list[Path]:
    """The locks of npm that belong to the project."""
    return sorted(path for top in ("bench", "connectors", "tests") for path in _below(root / top))


def _below(folder: Path) -> Iterator[Path]:
    if (folder / "package-lock.json").exists():
        yield folder / "package-lock.json"
    for each in folder.iterdir():
        if each.is_dir() and each.name != "node_modules":
            yield from _below(each)


def _component(name: str, version: str, purl: str, *, needed: bool) -> dict[str, Any]:
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "scope": "required" if needed else "excluded",
    }


def _integrity(text: str) -> Iterator[dict[str, str]]:
    for each in text.split():
        algorithm, _, value = each.partition("-")
        if algorithm in _ALGORITHMS:
            yield {"alg": _ALGORITHMS[algorithm], "content": base64.b64decode(value).hex()}


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in documents().items():
        (directory / name).write_bytes(content)
        print(directory / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
