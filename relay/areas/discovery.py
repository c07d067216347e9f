"""Finds what the areas hand out, as providers are found: by a constant at the top level of a module."""

import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
_PLACES = ("*/*.py", "*/*/*.py", "*/*/*/__init__.py")


@cache
def handed_out(name: str) -> tuple[Any, ...]:
    """The values of the constant `name`, in the order of the modules that have it.

    Only those modules are imported: which they are, their text tells.
    """
    return tuple(getattr(import_module(module), name) for module in modules_with(name))


def modules_with(name: str) -> list[str]:
    """The modules in which the constant `name` stands, in alphabetical order."""
    stands = re.compile(rf"^{name}\b.* = ".encode(), re.MULTILINE)
    places = {path for pattern in _PLACES for path in ROOT.glob(pattern)}
    return [_module(path) for path in sorted(places) if stands.search(path.read_bytes())]


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")
