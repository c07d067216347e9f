"""The actions that are offered, read from `schemas/actions/`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from relay.catalogue.vocabulary import schema_directory
from relay.errors import NotFound
from relay.formats import jsontext
from relay.formats.nearest import did_you_mean

Risk = Literal["read", "reversible", "money", "destructive"]
Schema = Mapping[str, Any]


RESULT: Mapping[str, Schema] = {
    "id": {"title": "Run ID", "description": "Identifier of the run in the relay.", "type": "string"},
    "status": {
        "title": "Run Status",
        "description": "How the run stands, such as succeeded or pending_approval.",
        "type": "string",
    },
    "message": {
        "title": "Message",
        "description": "What came of it, in one readable sentence.",
        "type": ["string", "null"],
    },
    "approval_expires_at": {
        "title": "Approval Expires At",
        "description": "Time until which it can be approved, in UTC; empty where it waits for nobody.",
        "type": ["string", "null"],
        "format": "date-time",
    },
}
"""What every call of an action is answered with, beside the keys of the action's own output."""


@dataclass(frozen=True, slots=True)
class About:
    """The thing that an action is done to: its kind as the registry has it, and the input that names it."""

    kind: str
    field: str


@dataclass(frozen=True, slots=True)
class Action:
    """One action. `outputs` are the keys of its result, in order; `about` is None where it is about nothing kept.

    `own` actions are done by the relay itself, whatever sources there are.
    """

    name: str
    title: str
    description: str
    noun: str
    risk: Risk
    launch: bool
    input: Schema
    output: Schema
    about: About | None
    own: bool
    example: Mapping[str, Any]

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(self.output["properties"])


@cache
def actions() -> Mapping[str, Action]:
    """Every action, by name."""
    paths = sorted((schema_directory() / "actions").glob("*.json"))
    return {path.stem: _read(path.stem, jsontext.loads(path.read_bytes())) for path in paths}


def get(name: str) -> Action:
    """Raises `NotFound` that says where they are listed."""
    found = actions().get(name)
    if found is None:
        hint = did_you_mean(name, actions())
        raise NotFound(
            f"There is no action {name[:80]!r}.{hint} GET /api/v1/actions and `relay action list` list them."
        )
    return found


def _read(name: str, schema: Schema) -> Action:
    into, about = schema["properties"]["input"], schema.get("x-about")
    return Action(
        name=name,
        title=schema["title"],
        description=schema["description"],
        noun=schema["x-noun"],
        risk=schema["x-risk"],
        launch=schema["x-launch"],
        input=into,
        output=schema["properties"]["output"],
        about=About(about["kind"], about["field"]) if about else None,
        own="source" not in into["properties"],
        example=schema["examples"][0],
    )
