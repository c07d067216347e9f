"""What is peculiar to HestiaCP: its hooks tell the arguments of a command, in their order."""

import pytest

from actions.fake_vendor import Answer, FakeVendor
from kit.cases import cases
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Inbound, Source
from relay.providers.hestiacp import CERTIFICATE, PROVIDER
from relay.providers.hestiacp.actions import ACTIONS
from relay.providers.hestiacp.tests.vendor import KEYS
from relay.sdk.outcomes import Failed

ORIGIN = Origin(Source("src_1", "ws_1", "hestiacp", "HestiaCP"), 1, "standard_webhooks")


def test_a_certificate_whose_domain_is_no_name_has_an_empty_list_of_names() -> None:
    inbound = Inbound(jsontext.dumps({"event": CERTIFICATE, "data": ["acme", ""], "sent_at": None}))

    events = normalize(PROVIDER, read(PROVIDER, inbound), ORIGIN)

    assert [(each.type, each.envelope["data"]["certificate"]["names"]) for each in events] == [
        ("certificate.renewed", [])
    ]


@cases(
    ("answer", "code"),
    [
        (b"Error: user acme doesn't exist\n", "no_such_thing"),
        (b"3", "no_such_thing"),
        (b"Error: invalid user format :: acme", "refused"),
        (b"17", "refused"),
        (b"<html>The panel is being updated.</html>", "unreadable_answer"),
        (b"99", "unreadable_answer"),
        (b"{}", "unreadable_answer"),
        (b"", "unreadable_answer"),
    ],
)
def test_there_is_no_user_only_where_hestiacp_says_so(answer: bytes, code: str) -> None:
    with FakeVendor(lambda _: Answer(200, answer)) as vendor, pytest.raises(Failed) as error:
        ACTIONS["service.fetch"].run(vendor.task({"service_id": "acme"}, KEYS))

    assert error.value.code == code
