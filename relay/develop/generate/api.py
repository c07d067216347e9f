"""docs/reference/openapi.json: the API as a document, for those who do not run a relay yet."""

from collections.abc import Mapping
from pathlib import Path

from relay.areas.resources import all_resources
from relay.formats import jsontext
from relay.web.framework import openapi

_EXAMPLE_ADDRESS = "https://relay.example.com"


def files(root: Path) -> Mapping[Path, str]:
    return {root / "docs/reference/openapi.json": jsontext.pretty(openapi.document(all_resources(), _EXAMPLE_ADDRESS))}
