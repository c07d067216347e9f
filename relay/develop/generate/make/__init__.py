"""`connectors/make/`: the whole Make app, in the form of Make's local development, from the catalogue.

https://developers.make.com/custom-apps-documentation/create-your-first-app/local-development-for-apps
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from relay.catalogue.vocabulary import Catalogue, catalogue
from relay.develop.generate.make import blueprints, fixed, modules
from relay.develop.generate.make.parts import Component
from relay.formats import jsontext

FOLDER = "connectors/make"


def files(root: Path) -> Mapping[Path, str]:
    app = root / FOLDER
    found = {app / name: jsontext.pretty(content) for name, content in document(catalogue()).items()}
    return found | {app / "blueprints" / name: jsontext.pretty(each) for name, each in blueprints.files().items()}


def document(known: Catalogue, acts: Iterable[Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Every derived file of the app, by its path in the app's folder."""
    parts = [*fixed.components(known), *modules.components(known, acts)]
    written: dict[str, Any] = {
        "general/base.iml.json": fixed.BASE,
        "general/common.json": {},
        "modules/groups.json": modules.groups(parts),
        "makecomapp.json": manifest(parts),
    }
    for part in parts:
        written |= part.files
    return written


def manifest(parts: Iterable[Component]) -> dict[str, Any]:
    """`makecomapp.json`: what the app is made of. Whoever deploys it keeps its own origins elsewhere."""
    components: dict[str, dict[str, Any]] = {
        name: {} for name in ("connection", "webhook", "module", "rpc", "function", "endpoint")
    }
    for part in parts:
        components[part.type][part.id] = part.entry
    return {
        "fileVersion": 1,
        "generalCodeFiles": {
            "base": "general/base.iml.json",
            "common": "general/common.json",
            "readme": "README.md",
            "groups": "modules/groups.json",
        },
        "components": components,
        "origins": [],
    }
