"""XML as plain values, and what is refused of it."""

import pytest

from relay import xmltext
from relay.errors import Unreadable


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


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"no xml",
        b"<a>\xff\xfe</a>",
        b'<?xml version="1.0" encoding="unheard-of"?><a/>',
        b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>',
        b"<a>" * 60 + b"</a>" * 60,
    ],
)
def test_what_is_no_plain_document_is_refused(text: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^The body must be "):
        xmltext.loads(text)
