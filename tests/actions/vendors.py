"""Vendors as their documentation has them: `tests/vendor.py` in the folder of each provider that acts.

Each has `Account`, what is there at the vendor and what was done to it; `KEYS`, the settings that it knows a source by;
and `GIVEN`, what its actions are asked to do where that is not their example.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from actions.fake_vendor import Answer, Request
from relay.catalogue.action_types import get as get_action
from relay.providers import folder, package


class Account(Protocol):
    """`effects` are what was changed, in order; what changed nothing is none. `prepare` puts things into the state that
    an action is for."""

    @property
    def effects(self) -> list[str]: ...

    def __call__(self, request: Request) -> Any: ...


@dataclass(frozen=True, slots=True)
class KnownVendor:
    """A provider's API, and how it is asked. `login` is the path of a token, which each run may begin with."""

    account: Callable[[], Account]
    keys: Mapping[str, str]
    given: Mapping[str, Mapping[str, Any]]
    login: str | None

    def prepared(self, action: str) -> Account:
        """An account in the state that the action is for."""
        made = self.account()
        prepare = getattr(made, "prepare", None)
        if prepare is not None:
            prepare(action)
        return made

    def input(self, action: str) -> dict[str, Any]:
        """The action's own example, with what is there at this vendor."""
        example = {name: value for name, value in get_action(action).example["input"].items() if name != "source"}
        return {**example, **self.given.get(action, {})}


def vendor_of(provider: str) -> KnownVendor:
    """Raises `ModuleNotFoundError` for a provider that acts and has no vendor."""
    found = import_module(f"{package(provider)}.tests.vendor")
    return KnownVendor(found.Account, found.KEYS, found.GIVEN, getattr(found, "LOGIN", None))


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a vendor says no: `refusals/CODE.http` in its provider's folder, by the code of what it comes to. `says` are
    words that our message has to have of it."""

    code: str
    answer: Answer
    says: str | None


def refusals_of(provider: str) -> list[Refusal]:
    """In the order of their names."""
    return [_refusal(path) for path in sorted((folder(provider) / "refusals").glob("*.http"))]


def _refusal(path: Path) -> Refusal:
    notes, _, http = path.read_text().partition("HTTP/1.1 ")
    head, _, body = http.partition("\n\n")
    status, *lines = head.split("\n")
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    says = next((note.removeprefix("# Says: ") for note in notes.splitlines() if note.startswith("# Says: ")), None)
    return Refusal(path.stem, Answer(int(status.split()[0]), body.strip().encode(), headers), says)
