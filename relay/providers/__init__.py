"""Every provider is a folder here; its name is the folder's. Adding one changes nothing outside it."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from relay.errors import NotFound
from relay.formats.nearest import did_you_mean
from relay.sdk.provider import Provider

ROOT = Path(__file__).parent


def setup(name: str) -> str:
    """What the owner of a source does at the sender, with blanks such as `{{url}}` for the source's own values."""
    return (ROOT / name / "setup.md").read_text()


@cache
def load() -> Mapping[str, Provider]:
    """All providers by name, in alphabetical order."""
    names = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
    return MappingProxyType({name: import_module(f"relay.providers.{name}").PROVIDER for name in names})


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


def _names(provider: Provider) -> Iterator[str]:
    yield provider.name
    yield provider.label.lower()
    yield from provider.aliases
