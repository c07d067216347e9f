"""Which provider does which action: the table `ACTIONS` of each provider's `actions.py`, where it has one."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from relay.providers import folder, load, package
from relay.sdk.actions import Adapter


@cache
def of(provider: str) -> Mapping[str, Adapter]:
    """What a provider does, by the actions' names. Its module is read when it is first asked for."""
    if provider not in load() or not (folder(provider) / "actions.py").is_file():
        return {}
    found: Mapping[str, Adapter] = import_module(f"{package(provider)}.actions").ACTIONS
    return found


def able(action: str) -> list[str]:
    """The providers that do an action."""
    return [name for name in load() if action in of(name)]
