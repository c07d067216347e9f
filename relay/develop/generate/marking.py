"""How a derived file says that it is one, and where in another the derived part stands."""

from pathlib import Path

from relay.errors import ConfigError

MARK = "<!-- Derived by `relay generate`; do not edit. -->"


def filled(path: Path, begin: str, lines: list[str], end: str) -> str:
    """Returns a file's text with `lines` between the two that mark their place. Raises `ConfigError` without these."""
    before, began, rest = path.read_text().partition(f"{begin}\n")
    _, ended, after = rest.partition(f"{end}\n")
    if not began or not ended:
        raise ConfigError(f"{path.name} must hold {begin.strip()} and {end.strip()}, each on its own line.")
    return "".join([before, began, *(f"{line}\n" for line in lines), ended, after])
