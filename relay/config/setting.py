"""What a setting is: one row, from which its reading, its refusals and its documentation follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from relay.errors import ConfigError
from relay.formats.values import Unfit


class Readable(Protocol):
    """How a text becomes a value."""

    @property
    def expected(self) -> str:
        """Ends the sentence "it must be ..."."""

    def read(self, text: str) -> Any:
        """Returns the value. Raises `Unfit`."""


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    """The variable."""
    form: Readable
    means: str
    """For its owner, in Markdown."""
    default: str | Callable[[Path], str] = ""
    """The text that is read where none is set, perhaps by the data directory."""
    without: str = ""
    """What holds where none is set, in words; empty where the default says it."""
    secret: bool = False
    """Whether it may hold a secret: then it may lie in a file named by `..._FILE`, and is never printed."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Texts that are refused, and what is said of each."""
    in_compose: str | None = None
    """Its value in `compose.yaml`; None where `.env` may set it."""
    in_example: str | None = None
    """Its value in `.env.example`; None for its default."""

    @property
    def variables(self) -> tuple[str, ...]:
        return (self.name, f"{self.name}_FILE") if self.secret else (self.name,)

    def text(self, environ: Mapping[str, str]) -> str:
        """What the variable says, or the file that `..._FILE` names; empty if neither is set. Raises `ConfigError`."""
        said = environ.get(self.name, "").strip()
        path = environ.get(f"{self.name}_FILE", "").strip() if self.secret else ""
        if not path:
            return said
        if said:
            raise ConfigError(f"{self.name} and {self.name}_FILE are both set: keep one of them.")
        try:
            kept = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise ConfigError(f"{self.name}_FILE names {path}, which cannot be read: {why}.") from None
        if not kept:
            raise ConfigError(f"{self.name}_FILE names {path}, which holds nothing.")
        return kept

    def read(self, text: str) -> Any:
        """The value that a text stands for. Raises `ConfigError`, which repeats nothing that may be secret."""
        try:
            return self.form.read(text)
        except Unfit as unfit:
            raise ConfigError(f"{self.name} must be {self.form.expected}; {unfit.came}.{unfit.hint}") from None

    def usual(self, data_dir: Path) -> Any:
        """The value where none is set."""
        return self.read(self.default if isinstance(self.default, str) else self.default(data_dir))
