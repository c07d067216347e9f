"""The entities as types: mypy finds a key that an entity does not have, in what readers return."""

from pathlib import Path

from mypy import api

from relay.develop.generate import ROOT

READERS = """
from relay.formats.money import from_decimal
from relay.sdk.entities import Data, Invoice, named


def invoice(told: dict[str, str]) -> Invoice:
    return {"id": told["id"], **named("tax", from_decimal(told["vat"], "EUR")), "paid_on": told["day"]}


def paid(told: dict[str, str]) -> Data:
    return {"invoice": invoice(told) | {"number": told["number"]}, "invoices": None}


def renamed(told: dict[str, str]) -> Data:
    return {"domain": {"name": told["new"], "previous_name": told["old"]}}
"""


def test_mypy_finds_a_misspelt_key_of_an_entity(tmp_path: Path) -> None:
    module = tmp_path / "readers.py"
    module.write_text(READERS)
    settings = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache"), "--no-pretty"]

    said, _, _ = api.run([*settings, str(module)])

    assert [line.partition("readers.py:")[2] for line in said.splitlines() if ": error: " in line] == [
        '7: error: Extra key "paid_on" for TypedDict "Invoice"  [typeddict-unknown-key]',
        '11: error: Extra key "invoices" for TypedDict "Data"  [typeddict-unknown-key]',
    ]
