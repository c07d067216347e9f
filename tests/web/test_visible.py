"""Signs that nobody sees are shown, on every page and in every table."""

import pytest
from flask import render_template_string

from relay.cli.context import table
from relay.formats.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Paul\u202egro.live", "Paul[U+202E]gro.live"),
        ("a\u200bb\u2066c\ufeff", "a[U+200B]b[U+2066]c[U+FEFF]"),
        ("pay\u200dpal", "pay[U+200D]pal"),
        ("\U000e0041", "[U+E0041]"),
    ],
)
def test_a_sign_that_nobody_sees_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text",
    ["", "Zo\u00eb M\u00fcller", "\u05e9\u05dc\u05d5\u05dd", "\U0001f468\u200d\U0001f469", "\u0645\u06cc\u200c\u062e"],
)
def test_what_people_write_stays(text: str) -> None:
    assert visible(text) == text


def test_a_page_shows_them(api):
    with api.app.test_request_context("/"):
        page = render_template_string("{{ name|e }} {{ name }}", name="Paul\u202e<b>")

    assert page == "Paul[U+202E]&lt;b&gt; Paul[U+202E]&lt;b&gt;"


def test_a_table_on_the_terminal_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    table([{"name": "Paul\u202e"}], ("name",), as_json=False, nothing="")

    assert "Paul[U+202E]" in capsys.readouterr().out
