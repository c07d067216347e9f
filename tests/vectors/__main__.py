"""Freezes the usual vectors of a provider that has none: what its scheme says of them now, to be read with care."""

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from kit.signing import credentials, signing_scheme
from relay.develop.samples import RECEIVED_AT, all_samples
from relay.develop.signature_vectors import judge
from relay.errors import RelayError
from relay.model import Inbound
from relay.providers import get
from relay.providers.paypal.tests.authority import AUTHORITY
from relay.sdk.provider import Provider
from relay.security.verification import Credentials
from vectors import path_of

NOW = int(RECEIVED_AT.timestamp())
LONG = 30 * 24 * 3600
"""Longer than any window, in seconds."""


@dataclass(frozen=True)
class Case:
    """A webhook that comes in `later` seconds after it was signed, at a source that holds `secrets`."""

    inbound: Inbound
    secrets: tuple[str, ...]
    later: int = 0


class Signer:
    """Signs a sample as its provider would, and judges what becomes of it."""

    def __init__(self, provider: Provider, sample: Inbound) -> None:
        self.provider = provider
        self.scheme = signing_scheme(provider)
        self.sample = sample
        self.ours, self.theirs = credentials(provider), credentials(provider, "theirs")
        self.case = Case(self.signed(self.ours), self.ours.secrets)
        self.proof = self.scheme.verify(self.case.inbound, self.ours, NOW)
        self.settings = dict(self.ours.settings)
        if provider.name == "paypal":
            self.settings |= {
                "served_certificates_pem": AUTHORITY.pem.decode(),
                "trust_roots_pem": [AUTHORITY.root.public_bytes(Encoding.PEM).decode()],
            }
        self.settings = {name: value for name, value in self.settings.items() if self._hangs_on(name)}

    def signed(self, who: Credentials, **changes: Any) -> Inbound:
        return self.scheme.sign(replace(self.sample, **changes), who, NOW)

    def judged(self, case: Case) -> tuple[str, str]:
        return judge(self.provider, self.settings | vector(case))

    def cases(self) -> Iterator[tuple[str, Case]]:
        inbound, ours = self.case.inbound, self.ours.secrets
        yield "signed", self.case
        yield "other-secret", Case(self.signed(self.theirs), ours)
        yield "changed-body", Case(replace(inbound, body=inbound.body + b" "), ours)
        yield "missing", Case(self.sample, ours)
        yield "empty", Case(self._emptied(), ours)
        with suppress(RelayError):  # what signs inside the body cannot sign this one
            yield "not-utf-8", Case(self.signed(self.ours, body=b'{"name": "\xff"}'), ours)
        if ours:
            yield "older-secret", Case(inbound, (*self.theirs.secrets, *ours))
            yield "no-secret", Case(inbound, ())
        for name, beyond, sign in (("oldest", "stale", 1), ("newest", "future", -1)):
            if self._counts(sign * LONG):
                continue
            edge = self._edge(lambda seconds, sign=sign: self._counts(sign * seconds))  # type: ignore[misc]
            yield name, replace(self.case, later=sign * edge)
            yield beyond, replace(self.case, later=sign * (edge + 1))

    def _emptied(self) -> Inbound:
        """Everything that signing has added is there, and empty."""
        headers = dict.fromkeys(self.case.inbound.headers.keys() - self.sample.headers.keys(), "")
        query = dict.fromkeys(self.case.inbound.query.keys() - self.sample.query.keys(), "")
        return replace(self.sample, headers={**self.sample.headers, **headers}, query={**self.sample.query, **query})

    def _counts(self, later: int) -> bool:
        return self.judged(replace(self.case, later=later)) == self.judged(self.case)

    def _edge(self, counts: Callable[[int], bool]) -> int:
        """The most seconds that count."""
        good, bad = 0, LONG
        while bad - good > 1:
            middle = (good + bad) // 2
            good, bad = (middle, bad) if counts(middle) else (good, middle)
        return good

    def _hangs_on(self, name: str) -> bool:
        """Whether the verdict would be another without a setting."""
        less = {key: value for key, value in self.settings.items() if key != name}
        try:
            return judge(self.provider, less | vector(self.case)) != self.judged(self.case)
        except RelayError:
            return True


def vector(case: Case) -> dict[str, Any]:
    body = case.inbound.body
    try:
        written = {"body": body.decode()}
    except UnicodeDecodeError:
        written = {"body_base64": base64.b64encode(body).decode()}
    return {
        "now": NOW + case.later,
        "method": case.inbound.method,
        "headers": dict(case.inbound.headers),
        "query": dict(case.inbound.query),
        "secrets": list(case.secrets),
        **written,
    }


def signers(provider: Provider) -> Mapping[str, Signer]:
    """For each proof that a provider gives, one of its shortest sample."""
    made: dict[str, Signer] = {}
    for sample in sorted(all_samples(provider.name), key=lambda sample: len(sample.inbound.body)):
        signer = Signer(provider, sample.inbound)
        made.setdefault(signer.proof, signer)
    return made


def group(signer: Signer) -> dict[str, Any]:
    common = {"provider": signer.provider.name, **signer.settings, **vector(signer.case)}
    vectors = []
    for name, case in signer.cases():
        expected, reason = signer.judged(case)
        own = {key: value for key, value in vector(case).items() if common.get(key) != value}
        vectors.append({"id": name, "expected": expected, "reason": reason, **own})
    return {"proof": signer.proof, "common": common, "vectors": vectors}


def main(names: list[str]) -> None:
    for name in names:
        path = path_of(name)
        if path.exists():
            raise SystemExit(f"{path} is there already. Frozen vectors stay as they are; add others by hand.")
        groups = [group(each) for _, each in sorted(signers(get(name)).items())]
        path.write_text(json.dumps(groups, indent=1, ensure_ascii=False) + "\n")
        print(f"Wrote {path}. Read what it says of each:")
        for each in groups:
            for made in each["vectors"]:
                print(f"  {each['proof']:24} {made['id']:14} {made['expected']:9} {made['reason']}")


main(sys.argv[1:])
