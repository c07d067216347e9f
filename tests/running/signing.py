"""Signs samples as their providers would, with secrets of the tests' own."""

from importlib import import_module
from pathlib import Path

from relay.errors import ConfigError
from relay.providers.base import Provider
from relay.verification import Credentials, HmacSignature, Scheme


def signing_scheme(provider: Provider) -> Scheme:
    """A scheme that signs as the provider would and verifies as the relay does."""
    name = f"{provider.name}_authority"
    if (Path(__file__).parents[1] / "providers" / f"{name}.py").exists():
        scheme: Scheme = import_module(f"providers.{name}").SCHEME
        return scheme
    return provider.verification


def credentials(provider: Provider, owner: str = "ours") -> Credentials:
    """What a source of this provider would hold. What proves its owner is another value for another owner."""
    told_apart_by = "ours" if provider.secret != "none" else owner
    settings = {
        each.name: each.default or (each.choices[0] if each.choices else f"x-{each.name}-of-{told_apart_by}")
        for each in provider.settings
    }
    secret = usable_secret(provider, owner)
    return Credentials((secret,) if provider.secret != "none" else (), settings)


def usable_secret(provider: Provider, owner: str) -> str:
    """A secret in a form that the scheme can read: base64 that is text too, or hexadecimal."""
    scheme = signing_scheme(provider)
    keys = scheme.keys if isinstance(scheme, HmacSignature) else ()
    for secret in (f"whsec_secret{owner.ljust(14, 'x')}", owner.encode().hex().ljust(64, "0")):
        try:
            for key in keys:
                key(secret)
        except ConfigError:
            continue
        return secret
    raise AssertionError(f"no secret fits the scheme of {provider.name}")
