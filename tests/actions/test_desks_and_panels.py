"""What further panels and the help desks do, against servers that answer as these document it."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from actions.fake_vendor import FakeVendor
from kit.cases import cases
from relay.catalogue.action_types import get as get_action
from relay.providers import get as get_provider
from relay.providers.directadmin.actions import ACTIONS as DIRECTADMIN
from relay.providers.directadmin.tests import vendor as directadmin
from relay.providers.fossbilling.actions import ACTIONS as FOSSBILLING
from relay.providers.fossbilling.tests import vendor as fossbilling
from relay.providers.freshdesk.actions import ACTIONS as FRESHDESK
from relay.providers.freshdesk.tests import vendor as freshdesk
from relay.providers.hostinger.actions import ACTIONS as HOSTINGER
from relay.providers.hostinger.tests import vendor as hostinger
from relay.providers.plesk.actions import ACTIONS as PLESK
from relay.providers.plesk.tests import vendor as plesk
from relay.providers.virtualmin.actions import ACTIONS as VIRTUALMIN
from relay.providers.virtualmin.tests import vendor as virtualmin
from relay.providers.zendesk.actions import ACTIONS as ZENDESK
from relay.providers.zendesk.tests import vendor as zendesk
from relay.sdk.actions import Adapter
from relay.sdk.outcomes import Done, Failed
from relay.sdk.sizes import megabytes

KEYS = {
    "api_key": "k3y",
    "api_user": "relay",
    "api_password": "s3cret",
    "api_email": "zoe@acme.example",
    "api_token": "t0ken",
    "helpdesk": "1",
    "contact_email": "ops@host.example",
}


THERE: dict[str, tuple[type, Mapping[str, Adapter], str]] = {
    "fossbilling": (fossbilling.Account, FOSSBILLING, "88"),
    "virtualmin": (virtualmin.Account, VIRTUALMIN, "acme.example"),
    "plesk": (plesk.Account, PLESK, "acme.example"),
    "directadmin": (directadmin.Account, DIRECTADMIN, "acme"),
    "zendesk": (zendesk.Account, ZENDESK, ""),
    "freshdesk": (freshdesk.Account, FRESHDESK, ""),
}
HOSTING = pytest.mark.parametrize("name", ["fossbilling", "virtualmin", "plesk", "directadmin"])


@pytest.fixture
def panel(name: str) -> Any:
    return THERE[name][0]()


@pytest.fixture
def vendor(panel: Any) -> Iterator[FakeVendor]:
    with FakeVendor(panel) as made:
        yield made


def does(vendor: FakeVendor, name: str, action: str, **given: Any) -> Done:
    done = THERE[name][1][action].run(vendor.task(given, KEYS))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


@HOSTING
def test_a_service_is_suspended_and_restored_once(vendor: FakeVendor, panel: Any, name: str) -> None:
    own_id = THERE[name][2]

    for _ in range(2):
        assert does(vendor, name, "service.suspend", service_id=own_id).output["service_status"] == "suspended"
    assert len(panel.effects) == 1
    for _ in range(2):
        assert does(vendor, name, "service.unsuspend", service_id=own_id).output["service_status"] == "active"
    assert len(panel.effects) == 2


@HOSTING
def test_what_is_not_there_is_said(vendor: FakeVendor, panel: Any, name: str) -> None:
    with pytest.raises(Failed) as error:
        does(vendor, name, "service.suspend", service_id="99" if name == "fossbilling" else "nobody.example")

    assert error.value.code == "no_such_thing"
    assert panel.effects == []


@HOSTING
def test_a_refusal_is_told_in_the_panels_words(vendor: FakeVendor, panel: Any, name: str) -> None:
    panel.refusal = "License expired"

    with pytest.raises(Failed, match="License expired") as error:
        does(vendor, name, "service.suspend", service_id=THERE[name][2])

    assert error.value.code == "refused"


@pytest.mark.parametrize("name", ["virtualmin", "plesk", "directadmin"])
def test_a_plan_is_changed_once(vendor: FakeVendor, panel: Any, name: str) -> None:
    own_id = "acme" if name == "directadmin" else "ACME.example"
    for _ in range(2):
        done = does(vendor, name, "service.change_package", service_id=own_id, package="Gold")
        assert done.output["plan"] == "Gold"

    assert len(panel.effects) == 1


@pytest.mark.parametrize("name", ["fossbilling"])
def test_orders_invoices_and_tickets_of_fossbilling(vendor: FakeVendor, panel: Any, name: str) -> None:
    assert does(vendor, name, "subscription.renew", subscription_id="88").output["subscription_status"] == "active"
    for _ in range(2):
        assert (
            does(vendor, name, "subscription.cancel", subscription_id="88").output["subscription_status"] == "canceled"
        )
    assert does(vendor, name, "invoice.send", invoice_id="7").output["invoice_number"] == "FB7"
    opened = does(vendor, name, "ticket.open", subject="Help", message="It broke.", customer_id="41")
    assert opened.output["ticket_number"] == "310"
    does(vendor, name, "ticket.reply", ticket_id="310", message="It works.")
    does(vendor, name, "ticket.reply", ticket_id="310", message="For us.", internal=True)

    with pytest.raises(Failed, match="only an active order"):
        does(vendor, name, "subscription.renew", subscription_id="88")
    assert panel.effects == [
        "order/renew",
        "order/cancel",
        "invoice/send_reminder",
        "support/ticket_create",
        "support/ticket_reply",
        "support/note_create",
    ]


@pytest.mark.parametrize("name", ["zendesk"])
def test_zendesk_tickets_are_answered(vendor: FakeVendor, name: str) -> None:
    assert does(vendor, name, "ticket.reply", ticket_id="310", message="Hi").output["ticket_status"] == "open"
    with pytest.raises(Failed) as error:
        does(vendor, name, "ticket.reply", ticket_id="999", message="Hi")
    assert error.value.code == "no_such_thing"


@pytest.mark.parametrize("name", ["freshdesk"])
def test_freshdesk_tickets_are_opened_and_answered(vendor: FakeVendor, panel: freshdesk.Account, name: str) -> None:
    given = {"subject": "Help", "message": "1 < 2\nreally", "email": "zoe@acme.example", "priority": "urgent"}
    assert does(vendor, name, "ticket.open", **given).output["ticket_number"] == "310"
    does(vendor, name, "ticket.reply", ticket_id="310", message="Hi")
    does(vendor, name, "ticket.reply", ticket_id="310", message="For us.", internal=True)

    (_, ticket), (reply, _), (note, private) = panel.posts
    assert (ticket["description"], ticket["priority"], ticket["status"]) == ("1 &lt; 2<br>really", 4, 2)
    assert (reply, note) == ("/api/v2/tickets/310/reply", "/api/v2/tickets/310/notes")
    assert private["private"] is True
    with pytest.raises(Failed, match="email It should be a valid"):
        does(vendor, name, "ticket.open", subject="Help", message="x", email="not-one")
    with pytest.raises(Failed, match="e-mail address"):
        does(vendor, name, "ticket.open", subject="Help", message="x")


@pytest.mark.parametrize("name", ["directadmin"])
def test_a_user_of_directadmin_is_read(vendor: FakeVendor, name: str) -> None:
    assert does(vendor, name, "service.fetch", service_id="acme").output == {
        "service_id": "acme",
        "service_status": "active",
        "domain": "acme.example",
        "plan": "starter",
        "email": "zoe@acme.example",
        "disk_used_mb": Decimal("1830.4"),
        "disk_limit_mb": 10000,
    }
    with pytest.raises(Failed) as error:
        does(vendor, name, "service.suspend", service_id="Admin")
    assert error.value.code == "not_permitted"


@pytest.mark.parametrize("name", ["virtualmin"])
def test_a_virtual_server_is_read_and_limited(vendor: FakeVendor, panel: virtualmin.Account, name: str) -> None:
    panel.values |= {
        "contact_email": ["zoe@acme.example"],
        "server_byte_quota_used": ["1048576"],
        "server_block_quota": ["Unlimited"],
    }

    read = does(vendor, name, "service.fetch", service_id="acme.example").output
    does(vendor, name, "service.change_limits", service_id="acme.example", disk_mb=500, bandwidth_mb=0)

    assert (read["email"], read["disk_used_mb"], read["disk_limit_mb"]) == ("zoe@acme.example", 1, None)
    limits = vendor.told("POST", "/virtual-server/remote.cgi")[-1].form
    assert (limits["quota"], limits["bw"]) == ("512000", "NONE")
    with pytest.raises(Failed, match="disk_mb or bandwidth_mb"):
        does(vendor, name, "service.change_limits", service_id="acme.example")


@pytest.mark.parametrize("name", ["plesk"])
def test_limits_and_certificates_of_plesk(vendor: FakeVendor, panel: plesk.Account, name: str) -> None:
    does(vendor, name, "service.change_limits", service_id="acme.example", disk_mb=500, bandwidth_mb=0)
    done = does(vendor, name, "certificate.renew", service_id="acme.example", domain="Shop.acme.example")

    assert done.output["domain"] == "shop.acme.example"
    assert panel.effects == [
        "subscription_settings --update acme.example -disk_space 500M -max_traffic -1",
        "extension --exec letsencrypt cli.php -d shop.acme.example -m ops@host.example",
    ]
    with pytest.raises(Failed, match="disk_mb or bandwidth_mb"):
        does(vendor, name, "service.change_limits", service_id="acme.example")
    with pytest.raises(Failed, match="must be a domain name"):
        does(vendor, name, "certificate.renew", service_id="acme.example", domain="--help")
    assert not PLESK["certificate.renew"].repeatable


# Hostinger


def at_hostinger(panel: hostinger.Account, action: str, **given: Any) -> Done:
    with FakeVendor(panel) as vendor:
        done = HOSTINGER[action].run(vendor.task({"subscription_id": "sub_1", **given}, KEYS))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


def test_a_subscription_of_hostinger_ends_and_goes_on_once() -> None:
    panel = hostinger.Account()

    for _ in range(2):
        assert at_hostinger(panel, "subscription.cancel", at_period_end=True).output["renews_at"] is None
    for _ in range(2):
        assert at_hostinger(panel, "subscription.resume").output["renews_at"] == "2026-12-22T07:00:00Z"

    assert panel.effects == ["DELETE /sub_1/auto-renewal/disable", "PATCH /sub_1/auto-renewal/enable"]
    with pytest.raises(Failed, match="At Period End"):
        at_hostinger(panel, "subscription.cancel")
    with pytest.raises(Failed) as error:
        at_hostinger(panel, "subscription.resume", subscription_id="sub_2")
    assert error.value.code == "no_such_thing"


def test_a_renewal_is_ordered_and_never_twice() -> None:
    panel, renew = hostinger.Account(), HOSTINGER["subscription.renew"]

    assert "was ordered" in at_hostinger(panel, "subscription.renew").text
    panel.order = {"status": "failed"}
    with pytest.raises(Failed, match="Hostinger could not renew"):
        at_hostinger(panel, "subscription.renew")

    assert (renew.repeatable, renew.look_up_outcome) == (False, None)
    assert {need for each in HOSTINGER.values() for need in each.needs} <= {
        each.name for each in get_provider("hostinger").settings
    }


@cases(
    ("written", "of", "read"),
    [
        ("1830M", 1, 1830),
        (" 500 ", 1, 500),
        (1536, 1024, Decimal("1.5")),
        (Decimal("12.345"), 1, Decimal("12.34")),
        ("unlimited", 1, None),
        ("*", 1, None),
        (None, 1, None),
        (True, 1, None),
        ("-5", 1, None),
        ("NaN", 1, None),
        ("1e400", 1, None),
        ("", 1, None),
    ],
)
def test_space_is_read_as_panels_write_it(written: Any, of: int, read: Any) -> None:
    assert megabytes(written, of=of) == read
