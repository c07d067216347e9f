"""XML as plain values, and what is refused of it."""

import pytest

from kit.cases import cases
from relay.errors import Unreadable
from relay.formats import xmltext


def test_a_document_becomes_plain_values() -> None:
    document = b"""<?xml version="1.0" encoding="UTF-8"?>
    <notification>
      <kind>subscription_charged_successfully</kind>
      <next-billing-date type="date">2026-12-01</next-billing-date>
      <failure-count type="integer">0</failure-count>
      <trial type="boolean">false</trial>
      <descriptor nil="true"/>
      <price/>
      <add-ons type="array"><add-on><id>a</id></add-on></add-ons>
      <discounts type="array"/>
      <status>1</status><status>2</status><status>3</status>
    </notification>"""

    assert xmltext.loads(document) == {
        "notification": {
            "kind": "subscription_charged_successfully",
            "next_billing_date": "2026-12-01",
            "failure_count": 0,
            "trial": False,
            "descriptor": None,
            "price": "",
            "add_ons": [{"id": "a"}],
            "discounts": [],
            "status": ["1", "2", "3"],
        }
    }


@cases(
    "text",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"no xml",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname">%x;]><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
        b"<a>&nbsp;</a>",
        b"<a>" * 60 + b"</a>" * 60,
    ],
)
def test_what_is_no_plain_document_is_refused(text: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^The body must be "):
        xmltext.loads(text)


@cases(
    ("body", "charset", "expected"),
    [
        ("<a>Zoë €</a>".encode(), None, "Zoë €"),
        (b"\xef\xbb\xbf<a>1</a>", None, "1"),
        ('<?xml version="1.0" encoding="UTF-16"?><a>Zoë</a>'.encode("utf-16"), None, "Zoë"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>Zo\xeb \x80</a>', None, "Zoë €"),
        ('<?xml version="1.0" encoding="Shift_JIS"?><a>日本</a>'.encode("shift_jis"), None, "日本"),
        (b'<?xml version="1.0"?><a>Zo\xeb</a>', "cp1252", "Zoë"),
        (b'<?xml version="1.0" encoding="unheard-of"?><a>1</a>', None, "1"),
        (b"<a>Zo\xeb</a>", None, "Zo\ufffd"),
        (b"<a>1\x00\x0b2</a>", None, "1\ufffd\ufffd2"),
        (b'<a type="integer">' + b"9" * 5000 + b"</a>", None, "9" * 5000),
    ],
)
def test_it_is_read_in_the_charset_that_it_shows_or_names(body: bytes, charset: str | None, expected: str) -> None:
    assert xmltext.loads(body, charset) == {"a": expected}


@pytest.mark.parametrize(
    "document_type", ['<!DOCTYPE a SYSTEM "file:///etc/hostname">', "<!DOCTYPE a [<!ELEMENT a ANY>]>", "<!DOCTYPE a>"]
)
def test_a_document_type_is_passed_over(document_type: str) -> None:
    assert xmltext.loads(f"{document_type}<a>1</a>".encode()) == {"a": "1"}
