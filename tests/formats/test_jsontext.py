"""JSON keeps every digit on its way through, and what is not JSON is refused with a word on why."""

from decimal import Decimal
from typing import Any

import pytest

from kit.cases import cases
from relay.errors import Unreadable
from relay.formats import jsontext


@pytest.mark.parametrize(
    "text",
    [
        '{"amount":24.00,"rate":0.10000000000000000000001}',
        '{"z":1,"a":2,"m":[true,false,null]}',
        '{"big":123456789012345678901234567890,"small":-9223372036854775809}',
        '{"name":"Zoë 🚀","control":"\\u0000"}',
        "[]",
        '"text"',
        "0",
    ],
)
def test_a_document_comes_out_as_it_went_in(text: str) -> None:
    assert jsontext.dumps(jsontext.loads(text.encode())).decode() == text


def test_a_fraction_is_a_decimal_and_a_whole_number_an_integer() -> None:
    assert jsontext.loads(b"[24.00, 24]") == [Decimal("24.00"), 24]
    assert [type(each) for each in jsontext.loads(b"[24.00, 24]")] == [Decimal, int]


@cases(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":1,"a":2}',
        b"[NaN]",
        b"[Infinity]",
        b"[1e99999999999999999999]",
        b"[" + b"9" * 5000 + b"]",
        b'"\\ud800"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        b"[" * 5000 + b"]" * 5000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(Unreadable, match="must be one JSON document in UTF-8"):
        jsontext.loads(body)


LENIENTLY: list[tuple[bytes, str | None, Any]] = [
    (b"\xef\xbb\xbf{}", None, {}),
    ('{"a":"Zoë 🚀"}'.encode("utf-16"), None, {"a": "Zoë 🚀"}),
    ('{"a":"Zoë"}'.encode("utf-16-be"), None, {"a": "Zoë"}),
    ('{"a":"Zoë"}'.encode("utf-32-le"), None, {"a": "Zoë"}),
    (b'["Zo\xeb \x80"]', "cp1252", ["Zoë €"]),
    (b'["Zo\xc3\xab"]', "cp1252", ["Zoë"]),
    (b'["Zo\xeb"]', None, ["Zo\ufffd"]),
    (b'{"\\udc00":"\\ud83d cut","whole":"\\ud83d\\ude80"}', None, {"\ufffd": "\ufffd cut", "whole": "🚀"}),
    (b'["\xed\xa0\x80"]', None, ["\ufffd\ufffd\ufffd"]),
    (b"[NaN, Infinity, -Infinity, 24.00]", None, [None, None, None, Decimal("24.00")]),
    (b'["two\nlines"]', None, ["two\nlines"]),
    (b'{"a":[1],"a":[1]}', None, {"a": [1]}),
    (b'{"a":1}\0\0', None, {"a": 1}),
    (b"[" + b"9" * 5000 + b"]", None, [Decimal("9" * 5000)]),
]


@cases(("body", "charset", "expected"), LENIENTLY, ids=lambda value: repr(value)[:40])
def test_what_others_post_is_read_as_leniently_as_is_safe(body: bytes, charset: str | None, expected: Any) -> None:
    found = jsontext.read(body, charset)

    assert found == expected
    assert jsontext.read(jsontext.dumps(found)) == found


@cases(
    ("body", "why"),
    [
        (b"", "it is empty"),
        (b"\xff\xfe", "it is empty"),
        (b"{", "Expecting property name"),
        (b"{} {}", "Extra data"),
        (b"{'a':1}", "Expecting property name"),
        (b'{"a":1,}', "Expecting property name"),
        (b'{"a":1,"a":2}', "the key 'a' stands twice and says two things"),
        (b'{"a":1,"a":1.0}', "the key 'a' stands twice and says two things"),
        (b'{"a":1,"a":true}', "the key 'a' stands twice and says two things"),
        (b"[1e99999999999999999999]", "a number has an exponent that is too large"),
        (b"[" * 250 + b"]" * 250, "it has more than 200 levels"),
        (b"[" * 100_000, "it has more than 200 levels"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_means_nothing_or_two_things_is_refused_by_every_reader(body: bytes, why: str) -> None:
    with pytest.raises(Unreadable, match=f"^The body must be one JSON document: {why}"):
        jsontext.read(body)


def test_deep_documents_that_are_read_can_be_written_inside_of_others() -> None:
    deep = jsontext.loads(b"[" * 200 + b"]" * 200)

    written = jsontext.dumps({"data": {"custom": {"deep": deep}}})

    assert jsontext.floats(deep) == deep
    assert written.count(b"[") == 200


def test_files_are_written_for_people() -> None:
    value: dict[str, Any] = {"b": Decimal("24.00"), "a": ["ü", 2**70]}

    assert jsontext.pretty(value).splitlines() == [
        "{",
        '  "b": 24.00,',
        '  "a": [',
        '    "ü",',
        "    1180591620717411303424",
        "  ]",
        "}",
    ]
    assert jsontext.pretty(value).endswith("}\n")


def test_a_plain_reader_sees_floats() -> None:
    assert jsontext.floats({"amount": Decimal("24.00")}) == {"amount": 24.0}


def test_what_is_not_json_is_not_written() -> None:
    with pytest.raises(TypeError, match=r"not JSON.*set"):
        jsontext.dumps({"a": {1}})
