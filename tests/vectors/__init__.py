"""Signature vectors that the project made itself: a webhook, its secrets and its clock, with verdict and reason.

A provider's file, `tests/signature_vectors.json` in its folder, holds a group for each proof. A group's `common`
is what its vectors share; what a vector says itself counts more. Vectors are frozen: when one is judged otherwise than
it says, proof has changed, and that is for a person to decide. `make vectors ONLY=NAME` freezes the usual ones of a
provider that has none; those that only one provider can have are written by hand.
"""

import json
from pathlib import Path
from typing import Any

from relay.providers import folder


def path_of(provider: str) -> Path:
    return folder(provider) / "tests" / "signature_vectors.json"


def load(path: Path) -> list[dict[str, Any]]:
    """Every vector of a file, whole. Its `id` says the proof too."""
    groups = json.loads(path.read_text())
    return [
        group["common"] | vector | {"id": f"{group['proof']}-{vector['id']}"}
        for group in groups
        for vector in group["vectors"]
    ]
