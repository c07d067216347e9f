"""Links to approve by. Each is for one run and names the way that it reached a person, so that a decision can, too.

No link lies in the database: an event says only which run waits, and gets its link where it is sent or shown to those
who may decide. Nobody who asked for a run gets one for it.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from relay.errors import ConfigError, NotFound
from relay.formats import jsontext
from relay.model import Hook
from relay.security.vault import Vault

EVENT = "action.approval_requested"
_CONTEXT = "approval link"
_OPERATOR = "command line"
_NAMED = f'"{EVENT}"'.encode()


@dataclass(frozen=True, slots=True)
class Link:
    """`way` says how it reached a person, such as `sent to hook hk_1`; `owner` opened that way: an API key's id, or the
    command line."""

    run_id: str
    way: str
    owner: str


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the links of one relay, and reads them."""

    vault: Vault
    public_url: str

    def url(self, link: Link) -> str:
        """A page where whoever has its address decides, once and for a day: what the link says, sealed."""
        sealed = self.vault.seal(jsontext.dumps([link.run_id, link.way, link.owner]), _CONTEXT)
        return f"{self.public_url.rstrip('/')}/approvals/{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"

    def read(self, token: str) -> Link:
        """Raises `NotFound` for what was not made here."""
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            run_id, way, owner = jsontext.loads(self.vault.open(sealed, _CONTEXT))
        except (binascii.Error, ConfigError, ValueError):
            raise NotFound("This link was not issued by this relay.") from None
        return Link(run_id, way, owner)

    def shown_to(self, key_id: str, run_id: str, requested_by: str) -> str | None:
        """The link of a run for a key with the scope `admin`; None for the key that asked."""
        return None if key_id == requested_by else self.url(Link(run_id, f"shown to {key_id}", key_id))

    def for_key(self, key_id: str, body: bytes) -> bytes:
        """An event's body as a key with the scope `admin` sees it."""
        return self._with_link(body, f"shown to {key_id}", key_id)

    def for_hook(self, hook: Hook, body: bytes) -> bytes:
        """An event's body as it is sent to a hook: with the link where an admin marked the hook for that."""
        if hook.approval_links_by is None:
            return body
        return self._with_link(body, f"sent to hook {hook.id}", hook.approval_links_by)

    def over_channel(self, channel: str, envelope: Mapping[str, Any]) -> str | None:
        """The link of the run that an event says waits, for the people behind a channel, which only the command line
        sets up; None for any other event."""
        if envelope["type"] != EVENT:
            return None
        return self.url(Link(str(envelope["data"]["action"]["run_id"]), f"sent over channel {channel}", _OPERATOR))

    def _with_link(self, body: bytes, way: str, owner: str) -> bytes:
        if _NAMED not in body:
            return body
        envelope: dict[str, Any] = jsontext.loads(body)
        action = (envelope.get("data") or {}).get("action")
        if envelope.get("type") != EVENT or not isinstance(action, Mapping) or action.get("requested_by") == owner:
            return body
        linked = dict(action) | {"approve_url": self.url(Link(str(action["run_id"]), way, owner))}
        return jsontext.dumps(envelope | {"data": envelope["data"] | {"action": linked}})
