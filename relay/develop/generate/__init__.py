"""The derived files: written from schemas, providers and commands, and checked by the same function."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from relay.develop.generate import (
    action_page,
    api,
    commands,
    entities,
    event_types,
    goldens,
    make,
    providers,
    settings,
    zapier,
)
from relay.errors import ConfigError

ROOT = Path(__file__).parents[3]
GENERATORS: Sequence[Callable[[Path], Mapping[Path, str]]] = (
    entities.files,
    event_types.files,
    action_page.files,
    providers.files,
    settings.files,
    api.files,
    goldens.files,
    zapier.files,
    make.files,
)
_OWNED = ("docs/reference/*", "relay/providers/*/samples/*.event.json", "connectors/make/[!.]*/**/*.json")
"""Places where every file is derived, so that one left over from before is removed."""


@dataclass(frozen=True, slots=True)
class Drift:
    """A derived file that is not as it should be: missing, changed or left over."""

    state: str
    path: str


def run(main: click.Command, *, write: bool) -> list[Drift]:
    """Compare every derived file with what it should be, and with `write` mend it. Returns what differed.

    `main` is the `relay` command, with all that is below it.

    Raises `ConfigError` outside a checkout, where there are no derived files.
    """
    if not (ROOT / "pyproject.toml").exists():
        raise ConfigError("`relay generate` works in a checkout of the source, which this is not.")
    wanted = dict(commands.files(ROOT, main))
    for generator in GENERATORS:
        wanted |= generator(ROOT)
    drift = []
    for path, text in sorted(wanted.items()):
        if not path.exists():
            drift.append(Drift("missing", _name(path)))
        elif path.read_text() != text:
            drift.append(Drift("changed", _name(path)))
        else:
            continue
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for pattern in _OWNED:
        for path in sorted(ROOT.glob(pattern)):
            if path not in wanted:
                drift.append(Drift("left over", _name(path)))
                if write:
                    path.unlink()
    return drift


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))
