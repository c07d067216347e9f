"""The settings, from their table: in `docs/how-to/production.md`, `.env.example` and `compose.yaml`."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import wrap

from relay.config import SETTINGS
from relay.config.setting import Setting
from relay.develop.generate.marking import filled

_PAGE = ("<!-- settings -->", "<!-- /settings -->")
_LINES = ("# settings: derived by `relay generate`, do not edit", "# /settings")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
_WIDTH = 120
_FILE = (
    "instead, as container runtimes and systemd's credentials hand it over:"
    " `RELAY_SECRET_KEY_FILE=/run/secrets/relay_key`."
)
_INDENTED = ("    # settings: derived by `relay generate`, do not edit", "    # /settings")


def files(root: Path) -> Mapping[Path, str]:
    page, example, compose = root / "docs/how-to/production.md", root / ".env.example", root / "compose.yaml"
    return {
        page: filled(page, _PAGE[0], list(_table()), _PAGE[1]),
        example: filled(example, _LINES[0], list(_example()), _LINES[1]),
        compose: filled(compose, _INDENTED[0], list(_environment()), _INDENTED[1]),
    }


def _table() -> Iterator[str]:
    yield from ("| variable | means | without it |", "|---|---|---|")
    for setting in SETTINGS.values():
        yield f"| `{setting.name}` | {setting.means} | {setting.without or f'`{setting.default}`'} |"
    secret = [f"`{setting.name}`" for setting in SETTINGS.values() if setting.secret]
    yield from ("", f"What may hold a secret ({', '.join(secret)}) may lie in a file", _FILE)


def _example() -> Iterator[str]:
    """What `.env` says: whatever compose.yaml leaves open."""
    for setting in SETTINGS.values():
        if f"${{{setting.name}:" in _value(setting):
            usual = setting.default if isinstance(setting.default, str) else ""
            value = usual if setting.in_example is None else setting.in_example
            yield from ("", *_comment(setting.means), f"{setting.name}={value}")
    yield ""


def _comment(markdown: str) -> list[str]:
    plain = _LINK.sub(r"\1", markdown).replace("`", "")
    return wrap(f"{plain[0].upper()}{plain[1:]}.", _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _environment() -> Iterator[str]:
    for setting in SETTINGS.values():
        if value := _value(setting):
            yield f"    {setting.name}: {value}"


def _value(setting: Setting) -> str:
    usual = setting.default if isinstance(setting.default, str) else ""
    return f"${{{setting.name}:-{usual}}}" if setting.in_compose is None else setting.in_compose
