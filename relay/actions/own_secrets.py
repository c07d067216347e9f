"""The secrets of one source, hidden wherever they stand: names do not tell where a vendor wants its credentials."""

import base64
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from relay.model import Source
from relay.providers import of_source
from relay.security.credentials import REMOVED

_SHORTEST_WITHIN = 8
"""Anything shorter is hidden where it is all that a field holds; within a text it may be a part of any word."""


class Hidden:
    """Hides some secrets, as they are, and written for an address, in JSON, or in base64."""

    def __init__(self, secrets: frozenset[str] = frozenset()) -> None:
        self._whole = frozenset(each for secret in secrets for each in _spelled(secret))
        # The longest first: one secret may begin as another does.
        within = sorted((each for each in self._whole if len(each) >= _SHORTEST_WITHIN), key=len, reverse=True)
        self._within = re.compile("|".join(map(re.escape, within))) if within else None

    @classmethod
    def of(cls, source: Source) -> "Hidden":
        """Those that a source proves itself with, and those that its vendor knows it by."""
        secret_settings = {each.name for each in of_source(source.provider).settings if each.secret}
        values = {str(value) for name, value in source.settings.items() if name in secret_settings and value}
        return cls(frozenset(values | {each.value for each in source.secrets if each.value}))

    def hide(self, value: Any) -> Any:
        """The same value without them."""
        if isinstance(value, dict):
            return {self.hide(name): self.hide(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.hide(item) for item in value]
        if isinstance(value, bool) or not isinstance(value, str | int):
            return value
        if str(value) in self._whole:
            return REMOVED
        return self._within.sub(REMOVED, value) if self._within and isinstance(value, str) else value


def _spelled(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret))
    yield secret.replace("\\", "\\\\").replace('"', '\\"')
    # Behind a user's name, base64 begins at any of three places; what does not depend on the neighbours is the same.
    raw = secret.encode()
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        start, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        yield encoded[start:end]
