"""The provider table: docs/reference/providers.md and its short form in the README."""

from collections.abc import Mapping
from pathlib import Path

from relay.errors import ConfigError
from relay.generate.marking import MARK
from relay.providers import load
from relay.providers.base import On, Provider
from relay.samples import all_samples, events_of

_BEGIN, _END = "<!-- providers -->", "<!-- /providers -->"


def files(root: Path) -> Mapping[Path, str]:
    shown = [provider for provider in load().values() if provider.kind != "relay"]
    readme = root / "README.md"
    return {
        root / "docs/reference/providers.md": "\n".join([MARK, *_page(shown)]) + "\n",
        readme: _between(readme.read_text(), "\n".join(_table(shown))),
    }


def _between(text: str, table: str) -> str:
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ConfigError(f"README.md must hold {_BEGIN} and {_END}, between which the provider table stands.")
    return f"{before}{_BEGIN}\n{table}\n{_END}{after}"


def _table(shown: list[Provider]) -> list[str]:
    lines = ["| provider | kind | proof | native events mapped |", "|---|---|---|---|"]
    lines += [
        f"| [{each.label}]({each.homepage}) | {each.kind.replace('_', ' ')} | `{each.verification.name}`"
        f" | {len(each.events) or 'by name'} |"
        for each in shown
    ]
    return lines


def _page(shown: list[Provider]) -> list[str]:
    lines = ["# Providers", "", *_table(shown)]
    for each in shown:
        lines += ["", f"## {each.label}", "", f"`relay source add {each.name}`"]
        if each.settings:
            lines += ["", "| setting | needed | meaning |", "|---|---|---|"]
            lines += [
                f"| `{setting.name}` | {'yes' if setting.required else setting.default or 'no'} | {setting.help} |"
                for setting in each.settings
            ]
        if each.events:
            lines += ["", "| native event | becomes |", "|---|---|"]
            seen = _seen(each)
            lines += [f"| `{native}` | {_becomes(route, seen.get(native))} |" for native, route in each.events.items()]
        if each.ignored:
            lines += ["", f"Known and not said: {', '.join(f'`{name}`' for name in sorted(each.ignored))}."]
    return lines


def _becomes(route: object, seen: list[str] | None) -> str:
    if isinstance(route, On):
        return f"`{route.type}`"
    if isinstance(route, list | tuple):
        return ", ".join(f"`{on.type}`" for on in route)
    return "by what it says" + (f", such as {', '.join(f'`{each}`' for each in seen)}" if seen else "")


def _seen(provider: Provider) -> dict[str, list[str]]:
    """What the samples of each native event gave: an illustration where the map is a function."""
    found: dict[str, list[str]] = {}
    for sample in all_samples(provider.name):
        for event in events_of(sample):
            types = found.setdefault(event["provider_event"]["type"], [])
            if event["type"] not in types:
                types.append(event["type"])
    return found
