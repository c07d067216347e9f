"""A Make app as its files say it is: the manifest, and what it names."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Block = Mapping[str, Any]


@dataclass(frozen=True)
class Component:
    """`code` holds the files' contents, by the manifest's keys."""

    id: str
    entry: Block
    code: Mapping[str, Any]


@dataclass(frozen=True)
class App:
    base: Block
    connections: Mapping[str, Component]
    webhooks: Mapping[str, Component]
    modules: Mapping[str, Component]
    rpcs: Mapping[str, Component]

    @classmethod
    def read(cls, folder: Path) -> "App":
        manifest = json.loads((folder / "makecomapp.json").read_text())

        def component(own_id: str, entry: Block) -> Component:
            files = {key: path for key, path in entry["codeFiles"].items() if path}
            return Component(
                own_id, entry, {key: json.loads((folder / path).read_text()) for key, path in files.items()}
            )

        def all_of(kind: str) -> dict[str, Component]:
            return {own_id: component(own_id, entry) for own_id, entry in manifest["components"][kind].items()}

        return cls(
            base=json.loads((folder / manifest["generalCodeFiles"]["base"]).read_text()),
            connections=all_of("connection"),
            webhooks=all_of("webhook"),
            modules=all_of("module"),
            rpcs=all_of("rpc"),
        )
