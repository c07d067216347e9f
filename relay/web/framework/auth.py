"""Who calls: the API key of a request, looked up once and remembered for a moment."""

import hashlib
import re

from flask import request

from relay.errors import Forbidden, Unauthorized
from relay.storage import Database, workspaces
from relay.storage.fresh import Fresh
from relay.storage.workspaces import ApiKey

_FRESH_SECONDS = 1.0
_MOST_KEPT = 1000
_BEARER = re.compile(r"bearer[ ]+([\x21-\x7e]{1,200})[ ]*", re.IGNORECASE)


class Keys:
    """Finds keys. One that is revoked counts for a second longer at most."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: Fresh[bytes, ApiKey] = Fresh(_FRESH_SECONDS, most=_MOST_KEPT)

    def of_request(self) -> ApiKey:
        """The key that the request carries. Raises `Unauthorized`, or `StorageUnavailable`."""
        header = request.headers.get("Authorization")
        if header is None:
            raise Unauthorized("An API key is required: send the header `Authorization: Bearer KEY`.")
        match = _BEARER.fullmatch(header)
        if match is None:
            raise Unauthorized("The Authorization header must be `Bearer`, a blank and an API key.")
        found = self._find(match[1])
        if found is None:
            raise Unauthorized("This API key is not valid: it was mistyped, or it has been revoked.")
        return found

    def _find(self, text: str) -> ApiKey | None:
        def read(_: bytes) -> ApiKey | None:
            with self._database.read() as connection:
                return workspaces.find_key(connection, text)

        return self._known.get(hashlib.sha256(text.encode()).digest(), read)


def require(key: ApiKey, scope: str | None) -> None:
    """Raises `Forbidden` that names the scope, unless the key has it. None is any key."""
    if scope is not None and not key.allows(scope):
        raise Forbidden(
            f"This API key lacks the scope {scope}. It has: {', '.join(key.scopes) or 'none'}."
            f" Use a key that was made with --scopes {scope}."
        )
