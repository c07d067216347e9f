"""What is peculiar to HestiaCP: its hooks tell the arguments of a command, in their order."""

from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Inbound, Source
from relay.providers.hestiacp import CERTIFICATE, PROVIDER

ORIGIN = Origin(Source("src_1", "ws_1", "hestiacp", "HestiaCP"), 1, "standard_webhooks")


def test_a_certificate_whose_domain_is_no_name_has_an_empty_list_of_names() -> None:
    inbound = Inbound(jsontext.dumps({"event": CERTIFICATE, "data": ["acme", ""], "sent_at": None}))

    events = normalize(PROVIDER, read(PROVIDER, inbound), ORIGIN)

    assert [(each.type, each.envelope["data"]["certificate"]["names"]) for each in events] == [
        ("certificate.renewed", [])
    ]
