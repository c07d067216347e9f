"""What an area hands out is found by its name alone; a new area edits no file of others."""

from pathlib import Path

import pytest

from relay.areas import discovery

FILES = {
    "weather/forecast.py": 'RULES = ("forecast",)',
    "weather/reports/monthly.py": 'RULES: tuple[str, ...] = ("monthly",)',
    "tides/__init__.py": 'RULES = ("tides",)',
    "weather/uses.py": "from weather.forecast import RULES\n\nprint(RULES)",
    "weather/within.py": 'def f() -> None:\n    RULES = ("not at the top level",)',
    "weather/other.py": 'RULES_OF_THUMB = ("another name",)',
}


def test_the_modules_that_have_a_constant_are_found_by_their_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "relay"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    monkeypatch.setattr(discovery, "ROOT", root)

    assert discovery.modules_with("RULES") == [
        "relay.tides",
        "relay.weather.forecast",
        "relay.weather.reports.monthly",
    ]
