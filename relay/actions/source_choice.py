"""Which source carries an action out: the one that is named, the one that owns the thing, or the only one that can."""

from collections.abc import Mapping
from typing import Any

from relay.actions import adapters
from relay.catalogue.action_types import Action
from relay.catalogue.record_kinds import record_kinds
from relay.errors import InvalidRequest
from relay.model import Source
from relay.providers import get as get_provider
from relay.providers import load, of_source
from relay.security.vault import Vault
from relay.storage import Connection, records, sources
from relay.storage.records import RecordQuery

_MOST_RECORDS = 20


def choose(
    connection: Connection, vault: Vault, workspace_id: str, action: Action, given: Mapping[str, Any]
) -> Source | None:
    """The source for a call; None for what the relay itself does. Raises `InvalidRequest` that says what to name."""
    if action.own:
        return None
    named = given.get("source")
    if named is not None:
        return fit(sources.named(connection, vault, workspace_id, str(named)), action, str(named))
    # Only the one that is chosen is opened.
    able = [each for each in sources.outlines(connection, workspace_id) if action.name in adapters.of(each.provider)]
    owners = _owners(connection, workspace_id, action, given) if action.about else set()
    owning = [each for each in able if each.id in owners]
    candidates = owning or able
    if len(candidates) == 1:
        return fit(sources.get(connection, vault, candidates[0].id), action, candidates[0].name)
    if not candidates:
        can = ", ".join(get_provider(name).label for name in adapters.able(action.name)) or "no provider yet"
        raise InvalidRequest(f"No source of this workspace supports {action.name}. Providers that support it: {can}.")
    choices = ", ".join(f"{each.id} ({each.name})" for each in candidates[:5])
    raise InvalidRequest(f"source is required: {len(candidates)} sources support {action.name}, such as {choices}.")


def fit(source: Source | None, action: Action, named: str, *, field: str = "source") -> Source:
    """A source if it can do the action, with all the settings that this needs. Raises `InvalidRequest`."""
    if source is None:
        raise InvalidRequest(f"{field} must be the id of a source of this workspace; there is no {named[:64]!r}.")
    does = adapters.of(source.provider).get(action.name)
    label = of_source(source.provider).label
    if does is None:
        can = ", ".join(get_provider(name).label for name in adapters.able(action.name)) or "no provider yet"
        raise InvalidRequest(f"{label} does not support {action.name}. Providers that support it: {can}.")
    missing = [name for name in does.needs if not source.settings.get(name)]
    if missing:
        settings = " ".join(f"{name}=..." for name in missing)
        raise InvalidRequest(
            f"The source {source.name!r} has no {' and no '.join(missing)}, which {action.name} needs. "
            f"Set it: relay source set {source.id} {settings}",
            code="source_not_ready",
        )
    return source


def label_of(source_id: str | None, connection: Connection, vault: Vault) -> str:
    """What a source is called, for a person."""
    if source_id is None:
        return "the relay itself"
    source = sources.get_any(connection, vault, source_id, even_shut=True)
    if source is None:
        return source_id
    provider = load().get(source.provider)
    return f"{source.name} ({provider.label if provider else source.provider})"


def _owners(connection: Connection, workspace_id: str, action: Action, given: Mapping[str, Any]) -> set[str]:
    assert action.about is not None
    name = given.get(action.about.field)
    if not isinstance(name, str) or action.about.kind not in record_kinds():
        return set()
    query = RecordQuery(kind=action.about.kind, name=name, limit=_MOST_RECORDS)
    return set(records.owners(connection, workspace_id, query))
