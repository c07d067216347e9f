"""Signs samples as their providers would, with secrets of the tests' own."""

from importlib import import_module

from relay.errors import ConfigError
from relay.formats.values import CURRENCY, Unfit
from relay.providers import folder, package
from relay.sdk.provider import Provider, Setting
from relay.security.verification import Credentials, FirstOffered, HmacSignature, Scheme


def signing_scheme(provider: Provider) -> Scheme:
    """A scheme that signs as the provider would and verifies as the relay does."""
    if (folder(provider.name) / "tests" / "authority.py").exists():
        scheme: Scheme = import_module(f"{package(provider.name)}.tests.authority").SCHEME
        return scheme
    return provider.verification


def credentials(provider: Provider, owner: str = "ours") -> Credentials:
    """What a source of this provider would hold. What proves its owner is another value for another owner."""
    told_apart_by = "ours" if provider.secret != "none" else owner
    # A currency would fill in what samples leave out.
    chosen = [each for each in provider.settings if each.takes is not CURRENCY and each.name not in _left_out(provider)]
    settings = {each.name: each.default or _value(each, told_apart_by) for each in chosen}
    secret = usable_secret(provider, owner)
    return Credentials((secret,) if provider.secret != "none" else (), settings)


def _left_out(provider: Provider) -> tuple[str, ...]:
    """What its API would be asked with for what a webhook says by itself."""
    return provider.look_up.needs if provider.look_up and provider.look_up.instead else ()


def _value(setting: Setting, owner: str) -> str:
    """One that tells its owner, where the setting's form takes it."""
    try:
        return setting.takes.read(f"x-{setting.name}-of-{owner}")
    except Unfit:
        return setting.takes.example


def usable_secret(provider: Provider, owner: str) -> str:
    """A secret in a form that the provider documents and its scheme can read."""
    scheme = signing_scheme(provider)
    keys = scheme.keys if isinstance(scheme, HmacSignature | FirstOffered) else ()
    example = provider.secret_form.example
    for secret in (f"whsec_secret{owner.ljust(14, 'x')}", owner.encode().hex().ljust(64, "0"), f"{example}_of_{owner}"):
        try:
            provider.secret_form.read(secret)
            for key in keys:
                key(secret)
        except (ConfigError, Unfit):
            continue
        return secret
    raise AssertionError(f"no secret fits {provider.name}")
