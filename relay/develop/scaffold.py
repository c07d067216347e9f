"""A new provider's folder. It leaves the tests red: each failure says what comes next."""

from pathlib import Path
from typing import get_args

from relay.errors import ConfigError, InvalidRequest
from relay.model import OWN_PROVIDER
from relay.providers import ROOT, load
from relay.sdk.entities import Kind

KINDS = tuple(each for each in get_args(Kind) if each != OWN_PROVIDER)
"""What a provider can be; the relay itself is the one of its kind."""

PROOFS = {
    "hmac": (
        "HmacSignature",
        'HmacSignature(name="{name}_signature", header="x-signature")',
        "theirs",
        "3. Copy the signing secret from there and give it to the relay: `relay source secret {{id}} SECRET`.",
    ),
    "standard": (
        "STANDARD_WEBHOOKS",
        "STANDARD_WEBHOOKS",
        "ours",
        "3. As signing secret give `{{secret}}`.",
    ),
    "token": (
        "SharedToken",
        "SharedToken()",
        "ours",
        "3. Nothing is signed, so the address carries its secret: use `{{url}}?token={{secret}}`.",
    ),
    "basic": (
        "BasicAuth",
        "BasicAuth()",
        "ours",
        "3. As user give `relay`, as password `{{secret}}`.",
    ),
}
"""How a provider can prove itself: what is imported, the scheme, whose secret it is, and its line in setup.md."""

_CODE = '''"""{label}: say in a line what it does.

Their events: {homepage}
"""

from typing import Any

from relay.sdk.entities import Data
from relay.sdk.provider import On, Provider
from relay.security.verification import {imported}


def notice(message: Any) -> Data:
    return {{"notice": {{"title": message.get("title"), "text": message.get("text")}}}}


PROVIDER = Provider(
    name="{name}",
    label="{label}",
    kind="{kind}",
    homepage="{homepage}",
    verification={scheme},
    event_name=lambda inbound: inbound.payload["type"],
    event_id=lambda inbound: inbound.payload["id"],
    events={{
        "TODO": On("notice.received", notice),
    }},
    secret="{secret}",
)
'''
_SETUP = """# {label}

1. TODO: where the owner of an account there finds its webhooks, step by step.
2. As address give `{{{{url}}}}`.
{line}
4. TODO: how to send a test event. Then look: `relay events` shows what came from {{{{name}}}} (`{{{{id}}}}`).
"""
_TESTS = '''"""What is peculiar to {label}; tests/test_every_provider.py has what every provider must do."""

from kit.provider import ProviderUnderTest

{constant} = ProviderUnderTest("{name}")
'''


def write(name: str, label: str, kind: str, homepage: str, proof: str) -> list[Path]:
    """Write the folder; returns its files. Raises `InvalidRequest`, or `ConfigError` outside a checkout."""
    if not (ROOT.parent.parent / "pyproject.toml").exists():
        raise ConfigError("`relay new-provider` works in a checkout of the source, which this is not.")
    if not (name.isascii() and name.isidentifier() and name == name.lower() and name[0] != "_"):
        raise InvalidRequest(f"A provider is named in lower snake case, such as better_stack; it is {name[:60]!r}.")
    taken = {each for provider in load().values() for each in (provider.name, *provider.aliases)}
    if name in taken or (ROOT / name).exists():
        raise InvalidRequest(f"There is a provider {name} already: relay/providers/{name}.")
    if not homepage.startswith("https://"):
        raise InvalidRequest(
            f"homepage is the page where they document their events, with https://; it is {homepage[:80]!r}."
        )
    imported, scheme, secret, line = PROOFS[proof]
    folder = ROOT / name
    (folder / "samples").mkdir(parents=True)
    (folder / "tests").mkdir()
    code = _CODE.format(
        name=name,
        label=label,
        kind=kind,
        homepage=homepage,
        imported=imported,
        scheme=scheme.format(name=name),
        secret=secret,
    )
    written = {
        "__init__.py": code,
        "setup.md": _SETUP.format(label=label, line=line),
        "tests/__init__.py": "",
        f"tests/test_{name}.py": _TESTS.format(label=label, name=name, constant=name.upper()),
    }
    for place, text in written.items():
        (folder / place).write_text(text)
    return [folder / place for place in written]
