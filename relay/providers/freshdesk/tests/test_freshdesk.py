"""What is peculiar to Freshdesk: what happened stands in a text that looks like JSON and is none."""

from pathlib import Path
from typing import Any

import pytest

from corpus import of_every_file
from kit.cases import cases
from kit.provider import ProviderUnderTest
from relay.formats import jsontext
from relay.model import Event, Inbound
from relay.providers.freshdesk import PROVIDER
from relay.security.verification import Credentials

FRESHDESK = ProviderUnderTest("freshdesk")
EXPECTED = {"ticket_created.json": "ticket.opened", "status_changed.json": "ticket.updated"}


def posted(**fields: Any) -> Event:
    return FRESHDESK.event({"freshdesk_webhook": fields})


@cases(
    ("triggered", "expected", "name"),
    [
        ("{ticket_action:created}", "ticket.opened", "ticket_action:created"),
        ("{ticket_action:deleted}", "ticket.updated", "ticket_action:deleted"),
        ("{status:{from:2,to:5}}", "ticket.closed", "status"),
        ('{"status":{"from":"2","to":"5"}}', "ticket.closed", "status"),
        ("{status:{from:2,to:Closed}}", "ticket.closed", "status"),
        ("{ status : { from : 3 , to : 4 } }", "ticket.closed", "status"),
        ("{status:{from:4,to:5}}", "ticket.updated", "status"),
        ("{status:{from:5,to:2}}", "ticket.updated", "status"),
        ("{status:{from:4,to:6}}", "ticket.updated", "status"),
        ("{priority:{from:1,to:4},status:{from:2,to:5}}", "ticket.closed", "priority,status"),
        ("{note_type:public}", "ticket.updated", "note_type"),
        ("{}", "ticket.updated", "ticket"),
        ("", "ticket.updated", "ticket"),
        (None, "ticket.updated", "ticket"),
        ({"status": 5}, "ticket.updated", "ticket"),
        ("{" * 5000, "ticket.updated", "ticket"),
    ],
)
def test_what_happened_is_read_from_the_text(triggered: Any, expected: str, name: str) -> None:
    event = posted(ticket_id=7, triggered_event=triggered)

    assert (event.type, event.envelope["provider_event"]["type"]) == (expected, name)


def test_the_state_is_that_of_the_change_where_no_other_is_posted() -> None:
    assert posted(triggered_event="{status:{from:2,to:5}}").envelope["data"]["ticket"]["status"] == "Closed"
    assert posted(ticket_id=7, ticket_status=3).envelope["data"]["ticket"]["status"] == "Pending"


def test_fields_are_found_under_all_their_names() -> None:
    body = {"id": 7, "subject": "Help", "ticket_contact_name": "Zoë", "contact_email": "zoe@acme.example"}

    event = FRESHDESK.event(jsontext.dumps(body))

    assert event.envelope["data"]["ticket"]["number"] == "7"
    assert event.envelope["customer"] == {"id": None, "name": "Zoë", "email": "zoe@acme.example", "company": None}


def test_the_password_of_the_rule_is_the_token() -> None:
    inbound = Inbound(b"{}", headers={"authorization": "Basic cmVsYXk6czNjcmV0"})

    assert PROVIDER.verification.verify(inbound, Credentials(("s3cret",)), 0) == "shared_token"


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"freshdesk_webhook": []}', b'{"freshdesk_webhook": {"ticket_id": {}}}']
)
def test_a_body_of_another_shape_is_kept_as_unknown(body: bytes) -> None:
    assert FRESHDESK.event(body).type == "unknown"


@of_every_file("panels/freshdesk/*.json")
def test_a_published_payload_is_told_without_a_defect(path: Path) -> None:
    event = FRESHDESK.event(path.read_bytes())

    assert event.type == EXPECTED[path.name]
    assert event.customer_email == "requester-bob@example.com"
