"""The fields and bounds that sources, hooks and keys share. Each raises `InvalidRequest` that names the field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from relay.areas.schemas import whole
from relay.errors import InvalidRequest

LONGEST_NAME = 200
OVERLAP_SECONDS = 24 * 3600
"""How long an old secret still counts beside a new one, where nobody says otherwise."""

OVERLAP = whole(
    "How long the older secret counts beside the new one.",
    minimum=0,
    maximum=30 * 24 * 3600,
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def name_of(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or _CONTROL.search(value):
        raise InvalidRequest(f"name must be a text of 1 to {LONGEST_NAME} characters on one line.")
    return value.strip()


def boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest(f"{name} must be true or false.")
    return value


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{name} must be an object.")
    return value


def known_only(body: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in body:
        if name not in known:
            raise InvalidRequest(f"{str(name)[:60]} is not a field of this request. Known fields: {', '.join(known)}.")
