"""The secrets of a source are hidden wherever they stand, whatever the field is called."""

import base64
from urllib.parse import quote

import pytest

from relay.actions.own_secrets import Hidden
from relay.model import Secret, Source
from relay.security.redaction import REMOVED

WHMCS = Source(
    "src_1",
    "ws_1",
    "whmcs",
    "WHMCS",
    (Secret("whsec_abcdefghijkl"),),
    {
        "api_url": "https://billing.example",
        "api_identifier": "ident-1234567",
        "api_secret": 'p&s "word',
        "admin_user": "jo",
    },
)


def test_credentials_under_any_name_are_hidden_and_nothing_else() -> None:
    noted = [
        {
            "method": "POST",
            "url": f"https://billing.example/api?who=ident-1234567&p={quote(WHMCS.settings['api_secret'], safe='')}",
            "body": {
                "identifier": "ident-1234567",
                "accesskey": 'p&s "word',
                "user": "jo",
                "amount": 5,
                "list": [None],
            },
        }
    ]

    assert Hidden.of(WHMCS).hide(noted) == [
        {
            "method": "POST",
            "url": f"https://billing.example/api?who={REMOVED}&p={REMOVED}",
            "body": {"identifier": REMOVED, "accesskey": REMOVED, "user": "jo", "amount": 5, "list": [None]},
        }
    ]


@pytest.mark.parametrize("user", ["", "a", "ab", "abc", "merchant-7"])
def test_a_login_in_base64_hides_it_too(user: str) -> None:
    login = base64.b64encode(f"{user}:ident-1234567".encode()).decode()

    shown = Hidden(frozenset(["ident-1234567"])).hide(f"Basic {login}")

    kept = shown.removeprefix("Basic ").replace(REMOVED, "")
    assert shown != f"Basic {login}"
    assert len(kept) <= len(base64.b64encode(f"{user}:".encode())) + 3


def test_a_short_secret_is_hidden_where_it_stands_alone() -> None:
    hidden = Hidden(frozenset(["7"]))

    assert hidden.hide({"pin": "7", "number": 7, "text": "page 7 of 70"}) == {
        "pin": REMOVED,
        "number": REMOVED,
        "text": "page 7 of 70",
    }
