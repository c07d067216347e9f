"""Sources: who may post to the relay.

Every change is checked, written and noted in the audit log in one transaction. Errors are `InvalidRequest` that names
the field, or `NotFound`. A secret is in the answer of the call that made it and in no other.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from relay.accounts import fields
from relay.accounts.settings import check_key, fitting_secret, kept, kept_secret
from relay.context import Workspace
from relay.errors import ConfigError, Conflict, InvalidRequest, NotFound
from relay.model import OWN_PROVIDER, OWN_SOURCES, Secret, Source, inbound_url, iso, new_id, now_ms
from relay.providers import get as get_provider
from relay.providers import load as load_providers
from relay.providers import of_source, setup
from relay.sdk.provider import Provider
from relay.security.verification import TOKEN
from relay.storage import Connection, alerts, checks, installers, polls
from relay.storage import sources as rows

_OURS = "ours"
INSTALLER_MS = 3600 * 1000
"""How long a link to an installer works, unless it is used before."""
_MOST_SECRETS = 5
_URL = "{{url}}"
_WITH_TOKEN = f"{_URL}?{TOKEN}={{{{secret}}}}"


def ping_parts(token: str) -> tuple[str, str]:
    """Source id and secret of a check's address."""
    source_id, _, secret = token.partition(".")
    return source_id, secret


def to_paste(source: Source, secret: str | None, public_url: str, link: str | None = None) -> str | None:
    """What a source's owner pastes at the sender: a command that installs ours, or an address with its token."""
    provider, base = of_source(source.provider), public_url.rstrip("/")
    if link is not None:
        argument = f" -s -- {provider.agent_argument}" if provider.agent_argument else ""
        return f"curl -fsS {base}/install/{link} | sh{argument}"
    if secret is None:
        return None
    if provider.check is not None:
        return f"{base}/ping/{source.id}.{quote(secret, safe='')}"
    # Only where the steps say so: elsewhere a header carries the token, which then ends in no log of a proxy.
    steps = setup(provider.name)
    if _WITH_TOKEN in steps and _URL not in steps.replace(_WITH_TOKEN, ""):
        return f"{inbound_url(base, source.id)}?{urlencode({TOKEN: secret})}"
    return None


def new_installer(workspace: Workspace, source_id: str) -> dict[str, Any]:
    """Another one-time link to the installer of a source's agent: `{"paste", "expires_at"}`."""
    now, link = now_ms(), secrets.token_urlsafe(24)
    with workspace.database.write() as connection:
        source = get(workspace, connection, source_id)
        provider = of_source(source.provider)
        if not provider.agent:
            raise Conflict(f"{provider.label} needs no agent of ours: it posts by itself.", code="no_sender")
        installers.add(connection, link, source.id, now + INSTALLER_MS)
        workspace.note(connection, now, "source.installer_made", source.id)
    paste = to_paste(source, None, workspace.config.public_url, link)
    return {"paste": paste, "expires_at": iso(now + INSTALLER_MS)}


def creatable_providers() -> list[Provider]:
    """The providers that a source can be made of, by name."""
    return [each for each in load_providers().values() if each.name != OWN_PROVIDER]


def create(
    workspace: Workspace,
    provider_name: str,
    *,
    name: str | None = None,
    secret: str | None = None,
    settings: Mapping[str, Any] | None = None,
    monitor: bool = False,
) -> tuple[Source, dict[str, Any]]:
    """A new source, and what its owner is shown once: `shown`, its `secret`, and what to `paste` at the sender.

    Where the provider lets the relay choose the secret, one is made if none is given. Without a secret of
    theirs the source is made but accepts nothing until `add_secret` brings one.
    """
    provider = _provider(provider_name)
    kept_settings = kept(provider, settings or {}, allow_private=workspace.config.allow_private_sources)
    if secret is None and provider.secret == _OURS:
        secret = fitting_secret(provider, kept_settings)
    if secret is not None:
        secret = kept_secret(provider, kept_settings, secret)
    source = Source(
        id=new_id("src"),
        workspace_id=workspace.id,
        provider=provider.name,
        name=fields.name_of(name if name is not None else provider.label),
        secrets=(Secret(secret),) if secret is not None else (),
        settings=kept_settings,
        monitor=monitor,
    )
    now, link = now_ms(), secrets.token_urlsafe(24) if provider.agent else None
    with workspace.database.write() as connection:
        rows.add(connection, workspace.vault, source, now)
        if link is not None:
            installers.add(connection, link, source.id, now + INSTALLER_MS)
        if provider.poll is not None:
            polls.add(connection, source.id, now)
        if provider.check is not None:
            by = _expected_by(provider, kept_settings)
            checks.expect(connection, source.id, int(by.timestamp() * 1000))
            alerts.close(connection, source.id, source.id, now)
        workspace.note(connection, now, "source.created", source.id)
    public_url = workspace.config.public_url
    paste = to_paste(source, secret, public_url, link)
    return source, shown(source, public_url) | {"secret": secret, "paste": paste}


def change(workspace: Workspace, source_id: str, changes: Mapping[str, Any]) -> tuple[Source, list[str]]:
    """Change `name`, `monitor` or `settings` (those given; null brings a setting's default back).

    Answers the source, and the names of the credentials that it lost: those that were given for another address.
    """
    fields.known_only(changes, ("name", "monitor", "settings"))
    now, lost = now_ms(), list[str]()
    with workspace.database.write() as connection:
        source = get(workspace, connection, source_id)
        if "name" in changes:
            source = replace(source, name=fields.name_of(changes["name"]))
        if "monitor" in changes:
            source = replace(source, monitor=fields.boolean("monitor", changes["monitor"]))
        if "settings" in changes:
            provider = of_source(source.provider)
            given = fields.mapping("settings", changes["settings"])
            settings = kept(provider, given, source.settings, allow_private=workspace.config.allow_private_sources)
            lost = [
                each.name
                for each in provider.settings
                if each.secret and each.name in source.settings and each.name not in {*settings, *given}
            ]
            source = replace(source, settings=settings)
            if provider.check is not None:
                by = _expected_by(provider, source.settings)
                checks.expect(connection, source.id, int(by.timestamp() * 1000))
            if provider.poll is not None:
                polls.settle(connection, source.id, now, 0)
            for each in source.secrets:
                check_key(provider, source.settings, each.value)
        rows.save(connection, workspace.vault, source)
        workspace.note(connection, now, "source.updated", source.id)
        if lost:
            workspace.note(connection, now, "source.credentials_dropped", source.id)
    return source, lost


def add_secret(
    workspace: Workspace,
    source_id: str,
    secret: str | None = None,
    *,
    old_until: float | None = None,
) -> tuple[Source, str]:
    """The source with a new secret in front, and that secret.

    The older ones count until `old_until` (Unix seconds), without it for another day. Without `secret` one is
    made, where the relay may choose it.
    """
    now = now_ms()
    until = time.time() + fields.OVERLAP_SECONDS if old_until is None else old_until
    with workspace.database.write() as connection:
        source = get(workspace, connection, source_id)
        provider = of_source(source.provider)
        if secret is None:
            if provider.secret != _OURS:
                raise InvalidRequest(f"secret is required: copy it from {provider.label}.")
            secret = fitting_secret(provider, source.settings)
        secret = kept_secret(provider, source.settings, secret)
        older = [
            Secret(each.value, until if each.not_after is None else min(each.not_after, until))
            for each in source.secrets
            if each.value != secret
        ]
        alive = [each for each in older if each.not_after is not None and each.not_after > time.time()]
        source = replace(source, secrets=(Secret(secret), *alive[: _MOST_SECRETS - 1]))
        rows.save(connection, workspace.vault, source)
        workspace.note(connection, now, "source.secret_rotated", source.id)
    return source, secret


def delete(workspace: Workspace, source_id: str) -> bool:
    """Whether there was one to delete. Its events stay."""
    now = now_ms()
    with workspace.database.write() as connection:
        if source_id.startswith(OWN_SOURCES):
            return False
        gone = rows.delete(connection, workspace.id, source_id, now)
        if gone:
            workspace.note(connection, now, "source.deleted", source_id)
    return gone


def get(workspace: Workspace, connection: Connection, source_id: str) -> Source:
    """A source of this workspace that somebody set up. Raises `NotFound`."""
    found = rows.get(connection, workspace.vault, source_id)
    if found is None or found.workspace_id != workspace.id or found.provider == OWN_PROVIDER:
        raise NotFound(f"There is no source {source_id[:64]!r} in this workspace.")
    return found


def shown(source: Source, public_url: str) -> dict[str, Any]:
    """A source as it may be shown at any time: no secrets, no secret settings."""
    provider = load_providers().get(source.provider)
    # What is secret of a provider that is not installed here, nobody can say.
    hidden = {each.name for each in provider.settings if each.secret} if provider else source.settings.keys()
    now = time.time()
    live = [each for each in source.secrets if each.not_after is None or each.not_after > now]
    return {
        "id": source.id,
        "provider": source.provider,
        "name": source.name,
        "url": inbound_url(public_url, source.id),
        "settings": {name: value for name, value in source.settings.items() if name not in hidden},
        "monitor": source.monitor,
        "secrets": [{"not_after": iso(int(each.not_after * 1000)) if each.not_after else None} for each in live],
    }


def _provider(name: str) -> Provider:
    try:
        found = get_provider(name)
    except NotFound as error:
        raise InvalidRequest(error.message) from None
    if found.name == OWN_PROVIDER:
        raise InvalidRequest("provider: the relay already has its own source, which takes no webhooks.")
    return found


def _expected_by(provider: Provider, settings: Mapping[str, Any]) -> datetime:
    try:
        return provider.expected_by(settings, datetime.now(UTC))
    except ConfigError as error:
        raise InvalidRequest(error.message) from None
