"""Every provider is a folder here; its name is the folder's. Adding one changes nothing outside it."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from relay.errors import NotFound
from relay.providers.base import Provider

ROOT = Path(__file__).parent


@cache
def load() -> Mapping[str, Provider]:
    """All providers by name, in alphabetical order."""
    names = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
    return MappingProxyType({name: import_module(f"relay.providers.{name}").PROVIDER for name in names})


@cache
def get(name: str) -> Provider:
    """The provider of this name. Raises `NotFound` that lists those there are."""
    for provider in load().values():
        if name == provider.name or name in provider.aliases:
            return provider
    raise NotFound(f"There is no provider {name[:60]!r}. There are: {', '.join(load())}.")
