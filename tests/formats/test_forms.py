"""Forms in every charset, of both kinds."""

import pytest

from kit.cases import cases
from relay.errors import Unreadable
from relay.formats import forms


@cases(
    ("body", "charset", "expected"),
    [
        (b"", None, {}),
        (b"a=1&b=&a=2", None, {"a": "2", "b": ""}),
        ("name=Zoë&city=Z%C3%BCrich+1".encode(), None, {"name": "Zoë", "city": "Zürich 1"}),
        (b"name=Zo\xeb&city=Z%FCrich", None, {"name": "Zo\ufffd", "city": "Z\ufffdrich"}),
        (b"name=Zo\xeb&price=%80", "cp1252", {"name": "Zoë", "price": "€"}),
        (b"name=%C4%E3%BA%C3", "gbk", {"name": "你好"}),
        ("name=日本".encode("shift_jis"), "shift_jis", {"name": "日本"}),
        (b"\xef\xbb\xbfname=Zo%C3%AB", None, {"name": "Zoë"}),
        ("name=Zoë".encode("utf-16"), None, {"name": "Zoë"}),
        (b"name=Zo%C3%AB\r\n", None, {"name": "Zoë"}),
    ],
)
def test_a_form_is_read_in_the_charset_named_or_with_replacements(
    body: bytes, charset: str | None, expected: dict[str, str]
) -> None:
    assert forms.loads(body, charset) == expected


def test_a_form_in_parts_is_read_each_in_its_own_charset() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="name"\r\n'
        b"Content-Type: text/plain; charset=ISO-8859-1\r\n\r\nZo\xeb\r\n"
        b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"a":1}\r\n--x--\r\n'
    )

    assert forms.loads(body) == {"name": "Zoë", "data": '{"a":1}'}


def test_what_is_written_is_read_again() -> None:
    fields = {"name": "Zoë & Co", "empty": "", "sum": "1+1=2"}

    assert forms.loads(forms.dumps(fields)) == fields


def test_a_form_of_too_many_fields_is_refused() -> None:
    with pytest.raises(Unreadable, match="at most 1000 fields; it has more"):
        forms.loads(b"a=1&" * 1001)
