"""Text comes out of bytes, whatever they are."""

import pytest

from kit.cases import cases
from relay.formats import charsets


@cases(
    ("content_type", "expected"),
    [
        ("", None),
        ("application/json", None),
        ("application/json; charset=UTF-8", None),
        ("text/plain; charset=utf8", None),
        ('application/x-www-form-urlencoded; charset="windows-1252"', "cp1252"),
        ("text/xml;CHARSET = ISO-8859-1", "cp1252"),
        ("text/plain; charset=us-ascii", "cp1252"),
        ("text/plain; charset=KOI8-R; format=flowed", "koi8-r"),
        ("text/plain; charset=Shift_JIS", "shift_jis"),
        ("text/plain; charset=unheard-of", None),
        ("text/plain; charset=zip", None),
        ("text/plain; charset=utf-7", None),
        ("text/plain; charset=unicode_escape", None),
    ],
)
def test_a_content_type_names_a_charset_that_there_is(content_type: str, expected: str | None) -> None:
    assert charsets.named(content_type) == expected


@pytest.mark.parametrize("charset", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_goes_before_any_name(charset: str) -> None:
    assert charsets.text("Zoë 🚀".encode(charset), "cp1252") == "Zoë 🚀"


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_zero_bytes_tell_a_charset_without_a_mark(charset: str) -> None:
    assert charsets.plain('{"name": "Zoë"}'.encode(charset)) == '{"name": "Zoë"}'.encode()


@pytest.mark.parametrize(
    ("body", "order", "expected"),
    [
        (b"Zo\xc3\xab", ("utf-8", "cp1252"), "Zoë"),
        (b"Zo\xc3\xab", ("cp1252",), "ZoÃ«"),
        (b"Zo\xeb", ("utf-8", "cp1252"), "Zoë"),
        (b"Zo\xeb", (None,), "Zo\ufffd"),
        (b"\xd8\x00", ("utf-16-be",), "\ufffd"),
    ],
)
def test_the_first_charset_that_fits_is_taken(body: bytes, order: tuple[str | None, ...], expected: str) -> None:
    assert charsets.text(body, *order) == expected


def test_plain_bytes_stay_the_bytes_they_are() -> None:
    body = b'{"name": "Zo\xeb"}'

    assert charsets.plain(body) is body
