"""The provider table: docs/reference/providers.md and its short form in the README."""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from relay.develop.generate.marking import MARK, filled
from relay.develop.samples import all_samples, events_of
from relay.formats.values import SECRET
from relay.model import OWN_PROVIDER
from relay.providers import shipped
from relay.sdk.entities import Kind
from relay.sdk.provider import On, Provider

_BEGIN, _END = "<!-- providers -->", "<!-- /providers -->"

_COVERS = {
    "fully": "all of it",
    "partly": "part of it",
    "not": "nothing: a secret comes along",
    "fetched": "nothing: it is asked for",
}


def files(root: Path) -> Mapping[Path, str]:
    shown = [provider for provider in shipped().values() if provider.kind != OWN_PROVIDER]
    readme = root / "README.md"
    return {
        root / "docs/reference/providers.md": "\n".join([MARK, *_page(shown)]) + "\n",
        readme: filled(readme, _BEGIN, _summary(shown), _END),
    }


def _summary(shown: list[Provider]) -> list[str]:
    """Returns a line for each kind, with its count and names: short enough for a front page."""
    lines = [
        f"{len(shown)} providers; [the reference](docs/reference/providers.md) has the events and settings of each.",
        "",
    ]
    lines += ["| kind | how many | providers |", "|---|---|---|"]
    for kind in get_args(Kind):
        names = [each.label for each in shown if each.kind == kind]
        if names:
            lines.append(f"| {_plural(kind)} | {len(names)} | {', '.join(names)} |")
    return lines


def _plural(kind: Kind) -> str:
    return "anything else" if kind == "generic" else f"{kind.replace('_', ' ')}s"


def _table(shown: list[Provider]) -> list[str]:
    lines = [
        "| provider | kind | proof | its signature covers | comes by | native events |",
        "|---|---|---|---|---|---|",
    ]
    for each in shown:
        proof = each.verification.name
        cells = (
            f"[{each.label}](#{_anchor(each.label)})",
            each.kind.replace("_", " "),
            f"`{proof}`",
            _COVERS[each.verification.covers(proof)],
            _way(each),
            str(len(each.events) or "by name"),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _anchor(label: str) -> str:
    """What a heading's link is called."""
    return "".join(c for c in label.lower().replace(" ", "-") if c.isalnum() or c in "-_")


def _way(provider: Provider) -> str:
    if provider.agent:
        return "our agent on the panel"
    if provider.poll:
        return "asking its API"
    return "its webhooks, and asking its API" if provider.look_up else "its webhooks"


def _page(shown: list[Provider]) -> list[str]:
    lines = ["# Providers", "", *_table(shown)]
    for each in shown:
        lines += ["", f"## {each.label}", "", f"`relay source add {each.name}`, [{each.homepage}]({each.homepage})"]
        if each.secret != "none" and each.secret_form.expected != SECRET.expected:
            lines += ["", f"Its secret is {each.secret_form.expected}."]
        if each.settings:
            lines += ["", "| setting | needed | is | meaning |", "|---|---|---|---|"]
            lines += [
                f"| `{setting.name}` | {'yes' if setting.required else setting.default or 'no'}"
                f" | {setting.takes.expected} | {setting.help} |"
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
