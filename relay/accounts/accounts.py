"""What an operator sets up: sources, hooks and API keys. The API and the command line both come here.

Every change is checked, written and noted in the audit log in one transaction. Errors are `InvalidRequest`
that names the field, or `NotFound`. A secret is in the answer of the call that made it and in no other.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from relay.accounts.settings import check_key, fitting_secret, kept, kept_secret, new_secret
from relay.errors import AddressRefused, ConfigError, Conflict, Forbidden, InvalidRequest, NotFound
from relay.http import check_url, is_below
from relay.model import OWN_PROVIDER, OWN_SOURCES, Hook, Secret, Source, inbound_url, iso, new_id, now_ms
from relay.outbound import match
from relay.providers import get as get_provider
from relay.providers import load as load_providers
from relay.providers import setup
from relay.sdk.provider import Provider
from relay.security.vault import Vault
from relay.security.verification import TOKEN
from relay.storage import Database, alerts, audit, checks, deliveries, hooks, installers, polls, sources, workspaces
from relay.storage.workspaces import ApiKey

_OURS = "ours"
LONGEST_NAME = 200
LONGEST_URL = 2048
LOWEST_RATE, HIGHEST_RATE = 0.1, 1000
OVERLAP_SECONDS = 24 * 3600
LONGEST_OVERLAP_SECONDS = 30 * 24 * 3600
INSTALLER_MS = 3600 * 1000
"""How long a link to an installer works, unless it is used before."""
_MOST_SECRETS = 5
_URL = "{{url}}"
_WITH_TOKEN = f"{_URL}?{TOKEN}={{{{secret}}}}"
_PLATFORM = re.compile(r"[a-z0-9_-]{1,32}")
_APPROVAL_LINKS = "approval_links"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


# Sources


def ping_parts(token: str) -> tuple[str, str]:
    """Source id and secret of a check's address."""
    source_id, _, secret = token.partition(".")
    return source_id, secret


def to_paste(source: Source, secret: str | None, public_url: str, link: str | None = None) -> str | None:
    """What a source's owner pastes at the sender: a command that installs ours, or an address with its token."""
    provider, base = _provider(source.provider), public_url.rstrip("/")
    if link is not None:
        argument = f" -s -- {provider.sender_argument}" if provider.sender_argument else ""
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


def new_installer(
    database: Database, vault: Vault, workspace_id: str, source_id: str, *, actor: str, public_url: str
) -> dict[str, Any]:
    """Another one-time link to the installer of a source's sender: `{"paste", "expires_at"}`."""
    now, link = now_ms(), secrets.token_urlsafe(24)
    with database.write() as connection:
        source = get_source(connection, vault, workspace_id, source_id)
        provider = _provider(source.provider)
        if not provider.sender:
            raise Conflict(f"{provider.label} needs no sender of ours: it posts by itself.", code="no_sender")
        installers.add(connection, link, source.id, now + INSTALLER_MS)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "source.installer_made", source.id))
    paste = to_paste(source, None, public_url, link)
    return {"paste": paste, "expires_at": iso(now + INSTALLER_MS)}


def creatable_providers() -> list[Provider]:
    """The providers that a source can be made of, by name."""
    return [each for each in load_providers().values() if each.name != OWN_PROVIDER]


def create_source(
    database: Database,
    vault: Vault,
    workspace_id: str,
    provider_name: str,
    *,
    name: str | None = None,
    secret: str | None = None,
    settings: Mapping[str, Any] | None = None,
    monitor: bool = False,
    actor: str,
    public_url: str,
    allow_private: frozenset[str] = frozenset(),
) -> tuple[Source, dict[str, Any]]:
    """A new source, and what its owner is shown once: `shown_source`, its `secret`, and what to `paste` at the sender.

    Where the provider lets the relay choose the secret, one is made if none is given. Without a secret of
    theirs the source is made but accepts nothing until `add_source_secret` brings one.
    """
    provider = _provider(provider_name)
    kept_settings = kept(provider, settings or {}, allow_private=allow_private)
    if secret is None and provider.secret == _OURS:
        secret = fitting_secret(provider, kept_settings)
    if secret is not None:
        secret = kept_secret(provider, kept_settings, secret)
    source = Source(
        id=new_id("src"),
        workspace_id=workspace_id,
        provider=provider.name,
        name=_name(name if name is not None else provider.label),
        secrets=(Secret(secret),) if secret is not None else (),
        settings=kept_settings,
        monitor=monitor,
    )
    now, link = now_ms(), secrets.token_urlsafe(24) if provider.sender else None
    with database.write() as connection:
        sources.add(connection, vault, source, now)
        if link is not None:
            installers.add(connection, link, source.id, now + INSTALLER_MS)
        if provider.poll is not None:
            polls.add(connection, source.id, now)
        if provider.check is not None:
            by = _expected_by(provider, kept_settings)
            checks.expect(connection, source.id, int(by.timestamp() * 1000))
            alerts.close(connection, source.id, source.id, now)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "source.created", source.id))
    paste = to_paste(source, secret, public_url, link)
    return source, shown_source(source, public_url) | {"secret": secret, "paste": paste}


def change_source(
    database: Database,
    vault: Vault,
    workspace_id: str,
    source_id: str,
    changes: Mapping[str, Any],
    *,
    actor: str,
    allow_private: frozenset[str] = frozenset(),
) -> tuple[Source, list[str]]:
    """Change `name`, `monitor` or `settings` (those given; null brings a setting's default back).

    Answers the source, and the names of the credentials that it lost: those that were given for another address.
    """
    _known_only(changes, ("name", "monitor", "settings"))
    now, lost = now_ms(), list[str]()
    with database.write() as connection:
        source = get_source(connection, vault, workspace_id, source_id)
        if "name" in changes:
            source = replace(source, name=_name(changes["name"]))
        if "monitor" in changes:
            source = replace(source, monitor=_boolean("monitor", changes["monitor"]))
        if "settings" in changes:
            provider = _provider(source.provider)
            given = _mapping("settings", changes["settings"])
            settings = kept(provider, given, source.settings, allow_private=allow_private)
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
        sources.save(connection, vault, source)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "source.updated", source.id))
        if lost:
            audit.append(connection, audit.Entry(workspace_id, now, actor, "source.credentials_dropped", source.id))
    return source, lost


def add_source_secret(
    database: Database,
    vault: Vault,
    workspace_id: str,
    source_id: str,
    secret: str | None = None,
    *,
    old_until: float | None = None,
    actor: str,
) -> tuple[Source, str]:
    """The source with a new secret in front, and that secret.

    The older ones count until `old_until` (Unix seconds), without it for another day. Without `secret` one is
    made, where the relay may choose it.
    """
    now = now_ms()
    until = time.time() + OVERLAP_SECONDS if old_until is None else old_until
    with database.write() as connection:
        source = get_source(connection, vault, workspace_id, source_id)
        provider = _provider(source.provider)
        if secret is None:
            if provider.secret != _OURS:
                raise InvalidRequest(f"secret is required: copy it from {provider.label}, which made it.")
            secret = fitting_secret(provider, source.settings)
        secret = kept_secret(provider, source.settings, secret)
        older = [
            Secret(each.value, until if each.not_after is None else min(each.not_after, until))
            for each in source.secrets
            if each.value != secret
        ]
        alive = [each for each in older if each.not_after is not None and each.not_after > time.time()]
        source = replace(source, secrets=(Secret(secret), *alive[: _MOST_SECRETS - 1]))
        sources.save(connection, vault, source)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "source.secret_rotated", source.id))
    return source, secret


def delete_source(database: Database, workspace_id: str, source_id: str, *, actor: str) -> bool:
    """Whether there was one to delete. Its events stay."""
    now = now_ms()
    with database.write() as connection:
        if source_id.startswith(OWN_SOURCES):
            return False
        gone = sources.delete(connection, workspace_id, source_id, now)
        if gone:
            audit.append(connection, audit.Entry(workspace_id, now, actor, "source.deleted", source_id))
    return gone


def get_source(connection: Any, vault: Vault, workspace_id: str, source_id: str) -> Source:
    """A source of this workspace that somebody set up. Raises `NotFound`."""
    found = sources.get(connection, vault, source_id)
    if found is None or found.workspace_id != workspace_id or found.provider == OWN_PROVIDER:
        raise NotFound(f"There is no source {source_id[:64]!r} in this workspace.")
    return found


def shown_source(source: Source, public_url: str) -> dict[str, Any]:
    """A source as it may be shown at any time: no secrets, no secret settings."""
    provider = _provider(source.provider)
    hidden = {each.name for each in provider.settings if each.secret}
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


# Hooks


def create_hook(
    database: Database,
    vault: Vault,
    workspace_id: str,
    body: Mapping[str, Any],
    *,
    actor: str,
    admin: bool = False,
    allow_private: frozenset[str] = frozenset(),
    public_url: str = "",
) -> tuple[Hook, dict[str, Any]]:
    """A new hook, and what its owner is shown once: `shown_hook`, its `secret` and its `token`.

    `body` holds `target_url`, `event_types` and, if wanted, `filters`, `platform`, `ordered`, `rate_limit`,
    `approval_links`. Raises `AddressRefused` for a target that the relay must not connect to, which is itself, too, at
    `public_url`; `Forbidden` where links to approve by are wanted by who is no `admin`.
    """
    _known_only(body, (*_HOOK_FIELDS, _APPROVAL_LINKS))
    for name in ("target_url", "event_types"):
        if name not in body:
            raise InvalidRequest(f"{name} is required.")
    secret = new_secret()
    hook = Hook(
        id=new_id("hk"),
        workspace_id=workspace_id,
        secrets=(Secret(secret),),
        token=_new_token(),
        **_hook_fields(body, allow_private, public_url),
    )
    hook = _with_approval_links(hook, body, actor=actor, admin=admin)
    now = now_ms()
    with database.write() as connection:
        hooks.add(connection, vault, hook, now)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "hook.created", hook.id))
    return hook, shown_hook(hook) | {"secret": secret, "token": hook.token}


def change_hook(
    database: Database,
    vault: Vault,
    workspace_id: str,
    hook_id: str,
    changes: Mapping[str, Any],
    *,
    actor: str,
    admin: bool = False,
    allow_private: frozenset[str] = frozenset(),
    public_url: str = "",
) -> tuple[Hook, str | None]:
    """The hook as it is changed, and its new token, if it gets one. `status: active` switches a hook on again; a new
    target ends its pause too. With it comes a new token: the old one is what the old target knows its deliveries by.

    Raises `Forbidden` where who is no `admin` would change who gets links to approve by.
    """
    _known_only(changes, (*_HOOK_FIELDS, _APPROVAL_LINKS, "status"))
    if "status" in changes and changes["status"] != hooks.ACTIVE:
        raise InvalidRequest('status can only be set to "active". To stop a hook, delete it.')
    given = {name: value for name, value in changes.items() if name != "status"}
    fields = _hook_fields(given, allow_private, public_url)
    now = now_ms()
    with database.write() as connection:
        before = hooks.require(connection, vault, workspace_id, hook_id)
        hook = replace(before, **fields)
        token = _new_token() if hook.target_url != before.target_url else None
        hook = replace(hook, token=token or before.token)
        hook = _with_approval_links(hook, changes, actor=actor, admin=admin)
        if "status" in changes:
            hook = replace(hook, status=hooks.ACTIVE)
        hooks.save(connection, vault, hook, now)
        if "status" in changes:
            hooks.set_status(connection, hook.id, hooks.SWITCHED_OFF, None, now)
            hooks.set_status(connection, hook.id, hooks.ACTIVE, None, now)
        if "status" in changes or "target_url" in changes:
            hooks.count_failures(connection, {hook.id: (0, 0)})
        audit.append(connection, audit.Entry(workspace_id, now, actor, "hook.updated", hook.id))
        return hooks.require(connection, vault, workspace_id, hook_id), token


def _new_token() -> str:
    return secrets.token_urlsafe(24)


def rotate_hook_secret(
    database: Database,
    vault: Vault,
    workspace_id: str,
    hook_id: str,
    *,
    overlap_seconds: int = OVERLAP_SECONDS,
    actor: str,
) -> tuple[Hook, str]:
    """The hook with a new secret, and that secret. For the overlap the old one signs deliveries too."""
    now = now_ms()
    secret = new_secret()
    with database.write() as connection:
        hook = hooks.require(connection, vault, workspace_id, hook_id)
        hook = hooks.with_new_secret(hook, secret, old_until=now / 1000 + overlap_seconds)
        hooks.save(connection, vault, hook, now)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "hook.secret_rotated", hook.id))
    return hook, secret


def delete_hook(database: Database, vault: Vault, workspace_id: str, hook_id: str, *, actor: str) -> bool:
    """Whether there was one to delete. What was still to be sent to it is canceled."""
    now = now_ms()
    with database.write() as connection:
        if not hooks.there_is(connection, workspace_id, hook_id):
            return False
        hooks.set_status(connection, hook_id, hooks.DELETED, "Deleted by its owner.", now)
        deliveries.cancel_of_hook(connection, hook_id, now, "The hook was deleted.")
        audit.append(connection, audit.Entry(workspace_id, now, actor, "hook.deleted", hook_id))
    return True


def shown_hook(hook: Hook, status_reason: str | None = None) -> dict[str, Any]:
    """A hook as it may be shown at any time: neither secret nor token."""
    return {
        "id": hook.id,
        "target_url": hook.target_url,
        "event_types": list(hook.event_types),
        "filters": dict(hook.filters),
        "platform": hook.platform,
        "ordered": hook.ordered,
        "rate_limit": hook.rate_limit,
        "approval_links": hook.approval_links_by is not None,
        "status": hook.status,
        "status_reason": status_reason if hook.opens else "Its secret does not open with RELAY_SECRET_KEY.",
        "paused_until": iso(hook.open_until) if hook.open_until > now_ms() else None,
    }


# API keys


def create_key(
    database: Database, workspace_id: str, name: str, scopes: Sequence[str], *, actor: str
) -> tuple[ApiKey, str]:
    """A new API key and its text, which is not kept."""
    for scope in scopes:
        if scope not in workspaces.SCOPES:
            known = ", ".join(workspaces.SCOPES)
            raise InvalidRequest(f"scopes holds {scope[:60]!r}, which is no scope. There are: {known}.")
    if not scopes:
        raise InvalidRequest(f"scopes must name at least one of {', '.join(workspaces.SCOPES)}.")
    now = now_ms()
    with database.write() as connection:
        key, text = workspaces.add_key(connection, workspace_id, _name(name), tuple(dict.fromkeys(scopes)), now)
        audit.append(connection, audit.Entry(workspace_id, now, actor, "key.created", key.id))
    return key, text


def revoke_key(database: Database, workspace_id: str, key_id: str, *, actor: str) -> bool:
    """Whether there was one to revoke."""
    now = now_ms()
    with database.write() as connection:
        gone = workspaces.revoke_key(connection, workspace_id, key_id, now)
        if gone:
            audit.append(connection, audit.Entry(workspace_id, now, actor, "key.revoked", key_id))
    return gone


# Fields


def _provider(name: str) -> Provider:
    try:
        found = get_provider(name)
    except NotFound as error:
        raise InvalidRequest(error.message) from None
    if found.name == OWN_PROVIDER:
        raise InvalidRequest("provider: the relay has a source of its own already, which nobody posts to.")
    return found


def _expected_by(provider: Provider, settings: Mapping[str, Any]) -> datetime:
    assert provider.check is not None
    try:
        return provider.check.expected_by(settings, datetime.now(UTC))
    except ConfigError as error:
        raise InvalidRequest(error.message) from None


def _hook_fields(body: Mapping[str, Any], allow_private: frozenset[str], public_url: str) -> dict[str, Any]:
    fields = {name: _HOOK_FIELDS[name](value) for name, value in body.items() if name in _HOOK_FIELDS}
    if "target_url" in fields:
        check_url(fields["target_url"], allow_private)
        if public_url and is_below(fields["target_url"], public_url):
            raise AddressRefused(
                "target_url is an address of this relay itself, whose events would go in a circle. Name another one:"
                " where events are to be received, such as the address that Zapier or Make shows."
            )
    return fields


def _with_approval_links(hook: Hook, body: Mapping[str, Any], *, actor: str, admin: bool) -> Hook:
    """Links go to a hook for who marked it, or chose its target, last: for what he asked for there are none."""
    marked = hook.approval_links_by is not None
    wanted = _boolean(_APPROVAL_LINKS, body.get(_APPROVAL_LINKS, marked))
    if not admin and (wanted is not marked or (marked and "target_url" in body)):
        raise Forbidden(
            "Whether a hook gets links to approve by, and the target of one that does, are changed by a key with the"
            " scope admin, or by: relay hook set"
        )
    if wanted and (not marked or "target_url" in body or _APPROVAL_LINKS in body):
        return replace(hook, approval_links_by=actor)
    return hook if wanted else replace(hook, approval_links_by=None)


def _target_url(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST_URL:
        raise InvalidRequest(f"target_url must be an https address of at most {LONGEST_URL} characters.")
    return value.strip()


def _filters(value: Any) -> dict[str, Any]:
    return match.read_filters(_mapping("filters", {} if value is None else value))


def _platform(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _PLATFORM.fullmatch(value):
        raise InvalidRequest('platform must be a lower-case word such as "zapier" or "make".')
    return value


def _rate_limit(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidRequest("rate_limit must be a number of requests per second, or null for none.")
    if not LOWEST_RATE <= value <= HIGHEST_RATE:
        raise InvalidRequest(f"rate_limit must lie between {LOWEST_RATE} and {HIGHEST_RATE} per second.")
    return float(value)


_HOOK_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "target_url": _target_url,
    "event_types": match.read_event_types,
    "filters": _filters,
    "platform": _platform,
    "ordered": lambda value: _boolean("ordered", value),
    "rate_limit": _rate_limit,
}


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NAME or _CONTROL.search(value):
        raise InvalidRequest(f"name must be a text of 1 to {LONGEST_NAME} characters on one line.")
    return value.strip()


def _boolean(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest(f"{name} must be true or false.")
    return value


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{name} must be an object.")
    return value


def _known_only(body: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in body:
        if name not in known:
            raise InvalidRequest(f"{str(name)[:60]} is not a field here. There are: {', '.join(known)}.")
