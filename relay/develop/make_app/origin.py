"""What is known here of the app at Make: its id there, the names of its parts, and what was sent last.

Kept beside the app in a file that git ignores: each operator has an app of their own.
"""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from relay.errors import ConfigError, Unreadable
from relay.formats import jsontext

FILE = ".origin.json"


@dataclass(slots=True)
class Origin:
    """One app at Make. `names` are what Make calls connections and webhooks; modules and RPCs keep their ids.

    `sent` holds a checksum of each part that was sent, for parts of which Make tells none. `creating` is set while
    the app is being made: the apps that there were before, by which one whose making was cut short is found.
    """

    base_url: str
    app: str = ""
    version: int = 1
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)
    creating: list[str] | None = None

    def name_of(self, kind: str, own_id: str) -> str | None:
        """What Make calls a component; null for one that it does not have yet."""
        return own_id if kind in ("module", "rpc") else self.names.get(kind, {}).get(own_id)

    def call(self, kind: str, own_id: str, name: str) -> None:
        if kind not in ("module", "rpc"):
            self.names.setdefault(kind, {})[own_id] = name

    def forget(self, kind: str, own_id: str) -> None:
        """The component is not at Make any more, so that nothing holds that was ever sent."""
        self.names.get(kind, {}).pop(own_id, None)
        prefix = f"{kind}.{own_id}."
        self.sent = {part: mark for part, mark in self.sent.items() if not part.startswith(prefix)}


class Origins:
    """All origins of one folder. Every change is on the disk before the next request goes out."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._all = self._read()

    def get(self, base_url: str, app: str | None) -> Origin:
        """The one for a zone, or for one app in it; a new one where there is none yet.

        Raises `ConfigError` where a zone has several and none is named.
        """
        found = [each for each in self._all if each.base_url == base_url and app in (None, each.app)]
        if len(found) > 1:
            names = ", ".join(each.app for each in found)
            raise ConfigError(f"There are several apps in this zone: name one with --app. Known are {names}.")
        if found:
            return found[0]
        origin = Origin(base_url, app or "")
        self._all.append(origin)
        return origin

    def save(self) -> None:
        text = jsontext.pretty({"origins": [asdict(each) for each in self._all]})
        beside = self.path.with_suffix(".json.new")
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)

    def _read(self) -> list[Origin]:
        if not self.path.exists():
            return []
        try:
            return [Origin(**each) for each in jsontext.loads(self.path.read_bytes())["origins"]]
        except (Unreadable, KeyError, TypeError):
            raise ConfigError(
                f"{self.path} cannot be read. Mend it, or remove it and name the app with --app."
            ) from None
