"""What a source may be set to: its settings and its secret, as its provider says that they look.

They are checked when they are set. What was kept before there was a check stays, and `misfits` names it.
"""

import base64
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from relay.errors import AddressRefused, ConfigError, InvalidRequest
from relay.formats.nearest import did_you_mean
from relay.formats.values import Form, Unfit
from relay.model import Source
from relay.providers import of_source
from relay.sdk.provider import Provider, Setting
from relay.security.addresses import ALLOW_PRIVATE_SOURCES, check_url, is_at
from relay.security.verification import KEY_FORMS, ConfiguredHmac, FirstOffered, HmacSignature, live_secrets

LONGEST_VALUE = 16 * 1024
_NONE = "none"


def new_secret() -> str:
    """A signing secret in the form of Standard Webhooks: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def kept(
    provider: Provider,
    given: Mapping[str, Any],
    kept_before: Mapping[str, Any] | None = None,
    *,
    allow_private: frozenset[str] = frozenset(),
) -> dict[str, str]:
    """Settings as they are kept: every one that has a value, defaults filled in.

    What is given is checked; what was kept before stays as it is, since it may be older than the check. But for the
    credentials of another address: whoever may name an address must not have them sent there.
    `allow_private` are hosts that an address may be at although they are private, or not the vendor's own.
    """
    known = {each.name: each for each in provider.settings}
    for name in given:
        if name not in known:
            there_are = f"There are: {', '.join(known)}." if known else "It has none."
            hint = did_you_mean(str(name), known)
            raise InvalidRequest(f"settings.{str(name)[:60]} is not a setting of {provider.label}.{hint} {there_are}")
    before = dict(kept_before or {})
    new = {name: _setting_text(provider, known[name], value, allow_private) for name, value in given.items()}
    moved = [
        name for name, setting in known.items() if setting.hosts and name in new and _moves(setting, before, new[name])
    ]
    if moved:
        before = {name: value for name, value in before.items() if name not in known or not known[name].secret}
    found = {}
    for name, setting in known.items():
        value = new[name] if name in new else before.get(name)
        if value is None:
            value = setting.default
        if value is None:
            if setting.required:
                why = f"{moved[0]} changes, and credentials are not sent to a new address" if moved else setting.help
                raise InvalidRequest(f"settings.{name} is required: {why}")
            continue
        found[name] = value
    return found


def _moves(setting: Setting, before: Mapping[str, Any], value: str | None) -> bool:
    """Whether an address leads elsewhere now."""
    old, new = (str(each or setting.default or "").rstrip("/") for each in (before.get(setting.name), value))
    return old != new


def _setting_text(
    provider: Provider, setting: Setting, value: Any, allow_private: frozenset[str] = frozenset()
) -> str | None:
    """A setting's text as it is kept; None for the default. Raises `InvalidRequest`."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    name = f"settings.{setting.name}"
    if not isinstance(value, str) or len(value) > LONGEST_VALUE:
        raise InvalidRequest(f"{name} must be a text of at most {LONGEST_VALUE} characters.")
    text = setting.takes.fit(name, value)
    if wrong := _misplaced(provider, setting, text, allow_private):
        raise InvalidRequest(f"{name} {wrong}")
    return text


def _misplaced(provider: Provider, setting: Setting, text: str, allow_private: frozenset[str]) -> str | None:
    """Why credentials are not sent to an address; None where it is no such address, or a good one."""
    if not setting.hosts:
        return None
    try:
        check_url(text, allow_private)
    except AddressRefused as error:
        return f"cannot be used. {error.message}"
    if is_at(text, setting.hosts, allow_private):
        return None
    return (
        f"must be at {' or '.join(setting.hosts)}, where {provider.label} is; it is {text[:60]!r}."
        f" Another host, such as one for tests, is listed by the operator in {ALLOW_PRIVATE_SOURCES}."
    )


def _key_readers(provider: Provider, settings: Mapping[str, Any]) -> Sequence[Callable[[str], bytes]]:
    """The forms in which the provider's scheme takes a secret; none where any text will do."""
    if isinstance(provider.verification, HmacSignature | FirstOffered):
        return provider.verification.keys
    if isinstance(provider.verification, ConfiguredHmac):
        known = KEY_FORMS.get(str(settings.get("key_form")))
        return (known,) if known else ()
    return ()


def kept_secret(provider: Provider, settings: Mapping[str, Any], given: Any) -> str:
    """A secret as it is kept. Raises `InvalidRequest`, which does not repeat it."""
    if provider.secret == _NONE:
        raise InvalidRequest(f"{provider.label} uses no secret: leave secret out.")
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_VALUE:
        raise InvalidRequest(f"secret must be a text of 1 to {LONGEST_VALUE} characters on one line.")
    secret = provider.secret_form.fit("secret", given)
    check_key(provider, settings, secret)
    return secret


def check_key(provider: Provider, settings: Mapping[str, Any], secret: str) -> None:
    """Whether the provider's scheme can make a key of a secret. Raises `InvalidRequest`."""
    readers = _key_readers(provider, settings)
    reason = ""
    for read in readers:
        try:
            if read(secret):
                return
        except ConfigError as error:
            reason = error.message
    if readers:
        raise InvalidRequest(f"secret cannot be used: {reason or 'it holds no key.'}")


def fitting_secret(provider: Provider, settings: Mapping[str, Any]) -> str:
    """A new secret in a form that the provider's scheme can read."""
    if provider.secret_form.make is not None:
        return provider.secret_form.make()
    if not isinstance(provider.verification, ConfiguredHmac | HmacSignature | FirstOffered):
        # A token or a password goes into addresses and forms, where base64 would have to be escaped.
        return secrets.token_urlsafe(32)
    hexadecimal = KEY_FORMS["hex"] in _key_readers(provider, settings)
    return secrets.token_hex(32) if hexadecimal else new_secret()


def misfits(source: Source, allow_private: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """The settings that are kept although they cannot be right: a setting's name, or `secret`, and what is wrong."""
    provider = of_source(source.provider)
    for setting in provider.settings:
        text = source.settings.get(setting.name)
        if text is None:
            continue
        found = list(_misfit(setting.name, setting.takes, str(text)))
        yield from found
        if not found and (wrong := _misplaced(provider, setting, str(text), allow_private)):
            yield setting.name, f"{setting.name} {wrong}"
    for secret in live_secrets(source.secrets, time.time()):
        found = list(_misfit("secret", provider.secret_form, secret))
        yield from found
        try:
            if not found:
                check_key(provider, source.settings, secret)
        except InvalidRequest as error:
            yield "secret", error.message


def _misfit(name: str, form: Form, text: str) -> Iterator[tuple[str, str]]:
    try:
        form.read(text)
        if text != text.strip():
            yield name, f"{name} has blanks around it"
    except Unfit as unfit:
        yield name, form.complaint(name, unfit)
