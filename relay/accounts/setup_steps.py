"""What the owner of a source does at the sender: its provider's setup.md with the source's own values filled in."""

import re

from relay.model import Source, inbound_url
from relay.providers import setup

HIDDEN = "(the secret that was shown when the source was created)"
_BLANK = re.compile(r"\{\{(url|id|secret|name)\}\}")


def steps(source: Source, public_url: str, *, reveal: bool = False) -> str:
    """Markdown. The newest secret is in it only if it is to be revealed."""
    secret = source.secrets[0].value if reveal and source.secrets else HIDDEN
    values = {"url": inbound_url(public_url, source.id), "id": source.id, "secret": secret, "name": source.name}
    return _BLANK.sub(lambda blank: values[blank[1]], setup(source.provider))
