"""Our samples of providers' deliveries: `.http` files in each provider's folder, unsigned.

`#` lines say whence the sample comes, then request line, headers, a blank line and the exact body. Beside
`NAME.http` stands `NAME.event.json`: the list of events that we make of it. Where a provider's API is asked for more,
`NAME.looked_up.json` holds its answers by the names of the questions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from relay.errors import NotFound, Unreadable
from relay.formats import jsontext
from relay.formats.nearest import did_you_mean
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Inbound, Source
from relay.providers import folder, get, load

RECEIVED_AT = datetime(2026, 11, 22, 7, 0, 1, tzinfo=UTC)
"""When samples are said to have come in, so that their events are the same at every run."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One delivery. `id` is `provider:name`; `origin` is the text of the `#` lines."""

    provider: str
    name: str
    path: Path
    origin: str
    inbound: Inbound

    @property
    def id(self) -> str:
        return f"{self.provider}:{self.name}"

    @property
    def answers(self) -> Path:
        return self.path.with_name(f"{self.name}.looked_up.json")

    @property
    def golden(self) -> Path:
        return self.path.with_name(f"{self.name}.event.json")


def all_samples(provider: str | None = None) -> list[Sample]:
    """The samples of one provider or of all, by provider and name."""
    names = [get(provider).name] if provider else list(load())
    return [sample for name in names for sample in _samples_of(name)]


def find(text: str) -> Sample:
    """A sample by `provider:name`. Raises `NotFound` that says how to list them."""
    provider, _, name = text.partition(":")
    known = {sample.name: sample for sample in all_samples(provider)}
    if name not in known:
        hint = did_you_mean(name, known)
        raise NotFound(f"There is no sample {text[:80]!r}.{hint} `relay samples {provider[:40]}` lists them.")
    return known[name]


def events_of(sample: Sample) -> list[dict[str, Any]]:
    """The events that a sample gives, from a source with made-up names. The times are the sample's."""
    provider = get(sample.provider)
    source = Source(f"src_{provider.name}_sample", "ws_sample", provider.name, f"{provider.label} sample")
    origin = Origin(source, place=1, verified_by=provider.verification.name)
    return [dict(event.envelope) for event in normalize(provider, read(provider, sample.inbound), origin)]


def read_http(path: Path) -> tuple[str, Inbound]:
    """The comment and the inbound of a `.http` file. Raises `Unreadable` with the file's name."""
    head, blank, body = path.read_bytes().partition(b"\n\n")
    lines = head.decode().splitlines()
    comment = [line[1:].strip() for line in lines if line.startswith("#")]
    request = [line for line in lines if not line.startswith("#")]
    if not blank or not request or not comment:
        raise Unreadable(f"{path.name} must be `#` lines, a request line, headers, a blank line and a body.")
    method, target, *_ = request[0].split()
    headers = dict(line.split(": ", 1) for line in request[1:])
    return " ".join(comment), Inbound(
        body=body,
        headers={name.lower(): value for name, value in headers.items()},
        method=method,
        query=dict(parse_qsl(urlsplit(target).query, keep_blank_values=True)),
        received_at=RECEIVED_AT,
    )


def _samples_of(provider: str) -> Iterator[Sample]:
    for path in sorted((folder(provider) / "samples").glob("*.http")):
        origin, inbound = read_http(path)
        sample = Sample(provider, path.stem, path, origin, replace(inbound, settings=get(provider).usual_settings))
        if sample.answers.exists():
            told = jsontext.loads(sample.answers.read_bytes())
            sample = replace(sample, inbound=replace(sample.inbound, looked_up=told))
        yield sample
