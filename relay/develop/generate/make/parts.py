"""What a Make app is made of: components, each with its entry in the manifest and its code files."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CONNECTION = "relayKey"
_CODE_SUFFIX = {
    "communication": "communication",
    "params": "params",
    "attach": "attach",
    "detach": "detach",
    "update": "update",
    "staticParams": "static-params",
    "mappableParams": "mappable-params",
    "interface": "interface",
    "samples": "samples",
    "epoch": "epoch",
}
SANITIZED = {"sanitize": ["request.headers.authorization"]}


@dataclass(frozen=True, slots=True)
class Component:
    """One connection, webhook, module or RPC. `code` holds its files' contents by the manifest's keys."""

    type: str
    id: str
    label: str
    code: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""

    @property
    def files(self) -> dict[str, Any]:
        return {self._path(key): content for key, content in self.code.items() if content is not None}

    @property
    def entry(self) -> dict[str, Any]:
        paths = {key: None if content is None else self._path(key) for key, content in self.code.items()}
        return {"label": self.label, **self.settings, "codeFiles": paths}

    def _path(self, key: str) -> str:
        name = kebab(self.id)
        extension = "json" if key == "common" else "iml.json"
        return f"{self.type}s/{name}/{name}.{_CODE_SUFFIX.get(key, key)}.{extension}"


def kebab(own_id: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", own_id).lower()


def camel(*words: str) -> str:
    """`watch`, `new invoices` becomes `watchNewInvoices`."""
    parts = [part for word in words for part in re.split(r"[^A-Za-z0-9]+", word) if part]
    return parts[0][:1].lower() + parts[0][1:] + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def sentence(label: str) -> str:
    """`Hosting Service URL` becomes `Hosting service URL`: one capital, and words that are all capitals."""
    first, *rest = label.split()
    return " ".join([first, *(word.lower() if word == word.capitalize() else word for word in rest)])


def with_article(label: str) -> str:
    """`Reply to ticket` becomes `Reply to a ticket`."""
    words = label.split()
    at = 2 if words[1] in ("on", "to") else 1
    return " ".join([*words[:at], "an" if words[at][0] in "aeiou" else "a", *words[at:]])


def example_marked(hint: str) -> str:
    """`such as EUR.` becomes ``such as `EUR`.``; what is described, such as a server, is no example to copy."""
    return re.sub(
        r"(?<=such as )(?!an? )(\S+?)( or \S+?)?(?=[.,;]?(?:\s|$))",
        lambda found: f"`{found[1]}`" + (f" or `{found[2][4:]}`" if found[2] else ""),
        hint,
    )


def parameter(name: str, kind: str, label: str, help_text: str, **more: Any) -> dict[str, Any]:
    """One input field."""
    return {"name": name, "type": kind, "label": label, "help": help_text, **more}


def limit(most: str = "records") -> dict[str, Any]:
    return parameter("limit", "uinteger", "Limit", f"The maximum number of {most} to return.", default=10)
