"""What follows from the table of settings."""

from pathlib import Path

import pytest

from relay.config.setting import Setting
from relay.develop.generate import settings
from relay.formats.values import SECONDS


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The documents that name settings, with nothing but the places for these."""
    (tmp_path / "docs/how-to").mkdir(parents=True)
    (tmp_path / "docs/how-to/production.md").write_text("# Settings\n\n<!-- settings -->\nold\n<!-- /settings -->\n")
    lines = "# settings: derived by `relay generate`, do not edit\nold\n# /settings\n"
    (tmp_path / ".env.example").write_text(lines)
    (tmp_path / "compose.yaml").write_text("".join(f"    {line}\n" for line in lines.splitlines()))
    return tmp_path


def test_a_setting_stands_in_every_document_by_its_row_alone(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {
        "pause": Setting("RELAY_PAUSE", SECONDS, means="[the pause](#pauses) between `a` and `b`", default="60"),
        "key": Setting("RELAY_KEY", SECONDS, means="a key", without="none", secret=True, in_compose="k", in_example=""),
    }
    monkeypatch.setattr(settings, "SETTINGS", rows)

    written = {str(path.relative_to(checkout)): text for path, text in settings.files(checkout).items()}

    assert written == {
        "docs/how-to/production.md": (
            "# Settings\n\n<!-- settings -->\n"
            "| variable | means | without it |\n|---|---|---|\n"
            "| `RELAY_PAUSE` | [the pause](#pauses) between `a` and `b` | `60` |\n"
            "| `RELAY_KEY` | a key | none |\n\n"
            "What may hold a secret (`RELAY_KEY`) may lie in a file\n"
            "instead, as container runtimes and systemd's credentials hand it over:"
            " `RELAY_SECRET_KEY_FILE=/run/secrets/relay_key`.\n"
            "<!-- /settings -->\n"
        ),
        ".env.example": (
            "# settings: derived by `relay generate`, do not edit\n\n"
            "# The pause between a and b.\nRELAY_PAUSE=60\n\n"
            "# /settings\n"
        ),
        "compose.yaml": (
            "    # settings: derived by `relay generate`, do not edit\n"
            "    RELAY_PAUSE: ${RELAY_PAUSE:-60}\n"
            "    RELAY_KEY: k\n"
            "    # /settings\n"
        ),
    }
