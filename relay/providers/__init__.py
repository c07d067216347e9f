"""Every provider is a folder here; its name is the folder's. Adding one changes nothing outside it.

Others come as packages of their own. One that is installed beside the relay names its providers as entry points:

    [project.entry-points."relay.providers"]
    acme = "relay_acme"

The package is such a folder: it has `PROVIDER`, and beside it `setup.md`, `samples/`, `actions.py` as it needs them.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

from relay.errors import ConfigError, NotFound, ProviderMissing
from relay.formats.nearest import did_you_mean
from relay.sdk.provider import Provider

ROOT = Path(__file__).parent
GROUP = "relay.providers"
"""The group of entry points that other packages name their providers in."""


def setup(name: str) -> str:
    """What the owner of a source does at the sender, with blanks such as `{{url}}` for the source's own values."""
    return (folder(name) / "setup.md").read_text()


@cache
def folder(name: str) -> Path:
    """Where all of a provider lies."""
    return Path(str(import_module(package(name)).__file__)).parent


def package(name: str) -> str:
    """The package that a provider is."""
    return _packages()[of_source(name).name]


@cache
def load() -> Mapping[str, Provider]:
    """All providers by name, in alphabetical order. Raises `ConfigError` for installed ones that cannot be had."""
    found: dict[str, Provider] = dict(shipped())
    for entry in _installed():
        found[entry.name] = _foreign(entry, found)
    return MappingProxyType(dict(sorted(found.items())))


@cache
def shipped() -> Mapping[str, Provider]:
    """The providers that come with the relay, by name."""
    return MappingProxyType({name: import_module(f"relay.providers.{name}").PROVIDER for name in _own()})


@cache
def get(name: str) -> Provider:
    """The provider of this name or label, in any case. Raises `NotFound` that names what is most like it."""
    wanted = name.strip().lower()
    known = {each: provider for provider in load().values() for each in _names(provider)}
    if wanted not in known:
        raise NotFound(
            f"There is no provider {name[:60]!r}.{did_you_mean(name, load())} docs/reference/providers.md has all"
            f" {len(load())}; `hmac` and `standard` take what anybody signs, `slack` what can post to Slack."
        )
    return known[wanted]


def of_source(name: str) -> Provider:
    """The provider that a stored source names. Raises `ProviderMissing` where its package is not there any more."""
    try:
        return load()[name]
    except KeyError:
        raise ProviderMissing(
            f"The provider {name[:60]!r} is not installed here. Install the package that brings it again, or remove the"
            " source."
        ) from None


@cache
def _packages() -> Mapping[str, str]:
    others = {entry.name: entry.module for entry in _installed()}
    return {name: f"relay.providers.{name}" if name in shipped() else others[name] for name in load()}


def _own() -> list[str]:
    return sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))


def _installed() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))


def _foreign(entry: EntryPoint, known: Mapping[str, Provider]) -> Provider:
    """What another package calls a provider. It is refused as a whole unless its names are nobody else's."""
    whose = f"The package {entry.dist.name if entry.dist else entry.module}"
    remedy = "Uninstall it, or ask those who make it."
    try:
        found = getattr(import_module(entry.module), "PROVIDER", None)
    except Exception as error:
        raise ConfigError(
            f"{whose} offers the provider {entry.name}, but its module {entry.module} cannot be imported:"
            f" {type(error).__name__}: {error}. {remedy}"
        ) from error
    if not isinstance(found, Provider) or found.name != entry.name:
        is_named = f"is named {found.name}" if isinstance(found, Provider) else "is none"
        raise ConfigError(
            f"{whose} offers the provider {entry.name}: {entry.module}.PROVIDER must be a relay.sdk.provider.Provider"
            f" of this name, and {is_named}. {remedy}"
        )
    taken = {name: provider for provider in known.values() for name in _names(provider)}
    for name in _names(found):
        if name in taken:
            raise ConfigError(
                f"{whose} offers a provider {name!r}, which is a name of {taken[name].label} already. Two providers"
                f" cannot have one name. {remedy}"
            )
    return found


def _names(provider: Provider) -> Iterator[str]:
    yield provider.name
    yield provider.label.lower()
    yield from provider.aliases
