"""What we make of each sample, beside it. Review the difference: this is the behaviour of a provider."""

from collections.abc import Mapping
from pathlib import Path

from relay.develop.samples import all_samples, events_of
from relay.formats import jsontext
from relay.providers import shipped


def files(root: Path) -> Mapping[Path, str]:
    return {sample.golden: jsontext.pretty(events_of(sample)) for name in shipped() for sample in all_samples(name)}
