"""What a command is told to work on: a source, a hook or a key by its id, its name or a beginning of either.

What is not there is an error that names what is most like it; a beginning of several is refused, and they are named.
"""

from collections.abc import Iterable, Sequence

from relay.catalogue.vocabulary import catalogue
from relay.context import Workspace
from relay.errors import InvalidRequest, NotFound
from relay.formats.nearest import did_you_mean
from relay.model import OWN_PROVIDER, Hook, Source
from relay.storage import Connection, events, hooks, sources, workspaces
from relay.storage.workspaces import ApiKey

_MOST = 1000
_MOST_NAMED = 5
_LONGEST = 64


def source_named(workspace: Workspace, connection: Connection, text: str, *, own_too: bool = False) -> Source:
    """A source of the workspace; with `own_too` also the one by which the relay tells of itself."""
    found = sources.search(connection, workspace.vault, workspace.id, limit=_MOST)
    offered = [each for each in found if own_too or each.provider != OWN_PROVIDER]
    chosen = _chosen("source", text, [(each.id, each.name) for each in offered], "relay source list")
    return next(each for each in offered if each.id == chosen)


def hook_named(workspace: Workspace, connection: Connection, text: str) -> Hook:
    """A hook of the workspace that was not removed. Raises `RelayError`."""
    found = hooks.search(connection, workspace.vault, workspace.id, limit=_MOST)
    chosen = _chosen("hook", text, [(each.id, each.target_url) for each in found], "relay hook list")
    return next(each for each in found if each.id == chosen)


def key_named(workspace: Workspace, connection: Connection, text: str) -> ApiKey:
    """A live API key of the workspace. Raises `RelayError`."""
    found = workspaces.keys(connection, workspace.id)
    chosen = _chosen("key", text, [(each.id, each.name) for each in found], "relay key list")
    return next(each for each in found if each.id == chosen)


def event_named(workspace: Workspace, connection: Connection, text: str) -> str:
    """The id of an event that there is. Raises `NotFound`."""
    if events.get(connection, workspace.id, text) is None:
        raise NotFound(f"There is no event {text[:_LONGEST]!r}. `relay events` shows the newest.")
    return text


def check_types(types: Iterable[str]) -> None:
    """Raises `NotFound` for what is no event type."""
    for each in types:
        if each not in catalogue().types:
            hint = did_you_mean(each, catalogue().types)
            raise NotFound(f"{each[:_LONGEST]!r} is no event type.{hint} docs/reference/events.md has them all.")


def _chosen(noun: str, text: str, offered: Sequence[tuple[str, str]], listed_by: str) -> str:
    """The id of the one that is meant."""
    wanted, shown = text.strip().lower(), repr(text[:_LONGEST])
    known = [(own_id, (own_id, name.lower())) for own_id, name in offered]
    for matches in (
        [own_id for own_id, _ in known if own_id == wanted],
        [own_id for own_id, forms in known if wanted in forms],
        [own_id for own_id, forms in known if wanted and any(each.startswith(wanted) for each in forms)],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise InvalidRequest(f"{shown} is not one {noun} but {len(matches)}: {_listed(matches, offered)}.")
    hint = did_you_mean(text, [form for own_id, name in offered for form in (own_id, name)])
    raise NotFound(f"There is no {noun} {shown}.{hint} `{listed_by}` shows them.")


def _listed(matches: Sequence[str], offered: Sequence[tuple[str, str]]) -> str:
    names = dict(offered)
    shown = [f"{own_id} ({names[own_id][:40]})" for own_id in matches[:_MOST_NAMED]]
    more = len(matches) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
