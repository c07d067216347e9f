"""Resources: what the API offers. An area hands out each as `RESOURCE`; it is routed, described and documented by that.

`relay/web/api/hooks.py` is an example. The schemas' words are in `relay/areas/schemas.py`, pages of lists in
`relay/areas/paging.py`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from relay.areas.discovery import handed_out
from relay.areas.schemas import ID, Schema
from relay.context import Workspace
from relay.errors import NotFound
from relay.formats import jsontext
from relay.storage.workspaces import ApiKey

PREFIX = "/api/v1"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter. With an array schema it may be repeated or hold several values between commas."""

    name: str
    description: str
    schema: Schema
    example: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class PathParameter:
    """A parameter in a path: the id of something, unless its schema says otherwise."""

    description: str
    example: str
    schema: Schema = field(default_factory=lambda: ID)


@dataclass(frozen=True, slots=True)
class Call:
    """A call: who makes it, in whose name and workspace, and what it says."""

    workspace: Workspace
    key: ApiKey
    note_seen: Callable[[str, str], None]
    """Notes in the audit log that the caller was shown something sealed: action and id. Raises `StorageUnavailable`."""

    path: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a call: `content` is written as JSON, `raw` is sent as it is."""

    content: Any = None
    status: int = 200
    raw: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.status == 204 else jsontext.dumps(self.content) + b"\n"


class Forgotten(NotFound):
    """It was here and has been forgotten on purpose."""

    code = "gone"
    status = 410


@dataclass(frozen=True, slots=True)
class Route:
    """An operation."""

    method: str
    path: str
    """Below `/api/v1`, with path parameters in braces."""

    name: str
    """Its own in the whole API."""

    summary: str
    work: Callable[[Call], Answer]
    scope: str | None
    """What the caller's key needs; None for any key."""

    description: str = ""
    parameters: Sequence[Parameter] = ()
    body: Schema | None = None
    body_example: Any = None
    status: int = 200
    also: tuple[int, ...] = ()
    """Further successes."""

    answer: str | None = None
    """The name of the answer's schema; None for no content."""

    example: Any = None
    """An answer."""

    errors: Mapping[int, str] = field(default_factory=dict)
    """Why it may be refused, by status, beside the usual: the rules that no schema can say are told here."""

    keeps_key: bool = False
    """Whether it looks after `Idempotency-Key` itself. Of any other POST the answer is kept."""

    blank_is_absent: bool = False
    """Whether a field of the body that is null or an empty text counts as not given."""

    @property
    def path_parameters(self) -> list[str]:
        return placeholders(self.path)


class Sandbox(Protocol):
    """A workspace in which examples are made, as users would: by calls, and by what their providers say."""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, scope: str = "admin") -> Any:
        """Returns the content of the answer. `scope` is what the key of the call has. Refusals are raised."""

    def tell(self, event_type: str) -> Mapping[str, Any]:
        """An event of this type comes in, and the records learn from it. Returns the event."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A part of the API: its operations, and the shapes of what they take and answer."""

    tag: str
    """Its title in the documentation."""

    about: str
    place: int = 100
    """Where it stands in the documentation: the lower the earlier, then by title."""

    routes: Sequence[Route] = ()
    schemas: Mapping[str, Schema] = field(default_factory=dict)
    """Shapes by the name that answers and other shapes refer to them by."""

    path_parameters: Mapping[str, PathParameter] = field(default_factory=dict)
    """The parameters in paths that mean something of this resource; others' paths may have them, too."""

    example_of: Callable[[Sandbox], Mapping[str, str]] | None = None
    """Makes an example. Returns the values of its path parameters, and of fields that bodies have for it.

    The tests of all resources need it: `tests/web/test_every_resource.py`.
    """

    outside: Mapping[str, Mapping[str, Schema]] = field(default_factory=dict)
    """What is described but not routed with the API: by whole path and method, operations as OpenAPI has them."""


def placeholders(path: str) -> list[str]:
    """The names of a path's parameters, in its order."""
    return _PLACEHOLDER.findall(path)


@cache
def all_resources() -> tuple[Resource, ...]:
    """Those of every area, in the order of the documentation."""
    return tuple(sorted(handed_out("RESOURCE"), key=lambda each: (each.place, each.tag)))


def all_routes() -> tuple[Route, ...]:
    return tuple(route for resource in all_resources() for route in resource.routes)
