"""What panels and billing systems do, against servers that answer as these document it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from actions.fake_vendor import FakeVendor, Request
from relay.catalogue.action_types import get as get_action
from relay.providers.cpanel.actions import ACTIONS as CPANEL
from relay.providers.cpanel.tests import vendor as cpanel
from relay.providers.hestiacp.actions import ACTIONS as HESTIACP
from relay.providers.hestiacp.tests import vendor as hestiacp
from relay.providers.whmcs.actions import ACTIONS as WHMCS
from relay.providers.whmcs.tests import vendor as whmcs
from relay.sdk.actions import Adapter
from relay.sdk.outcomes import Declined, Done, Failed

KEYS = {
    "api_token": "t0ken",
    "api_access_key": "access",
    "api_secret_key": "s3cret",
    "api_identifier": "ident",
    "api_secret": "s3cret",
    "admin_user": "zoe",
    "department": "1",
}


PANELS: dict[str, tuple[type, Mapping[str, Adapter], str]] = {
    "cpanel": (cpanel.Account, CPANEL, "acme"),
    "hestiacp": (hestiacp.Account, HESTIACP, "acme"),
    "whmcs": (whmcs.Account, WHMCS, "88"),
}
EACH = pytest.mark.parametrize("name", PANELS)


@pytest.fixture
def panel(name: str) -> Any:
    return PANELS[name][0]()


@pytest.fixture
def vendor(panel: Any) -> Iterator[FakeVendor]:
    with FakeVendor(panel) as made:
        yield made


def does(vendor: FakeVendor, name: str, action: str, *, dry: bool = False, **given: Any) -> Done:
    """What an action comes to; its output has keys of its schema only."""
    done = PANELS[name][1][action].run(vendor.task(given, KEYS, dry=dry))
    assert set(done.output) <= set(get_action(action).outputs)
    return done


def changes(vendor: FakeVendor) -> list[Request]:
    """The requests that were not only reading."""
    reading = re.compile("accountsummary|servicestatus|v-list-user|GetInvoice|GetC")
    return [each for each in vendor.done if not reading.search(each.path + str(each.form))]


@EACH
def test_a_service_is_suspended_and_restored_once(vendor: FakeVendor, name: str) -> None:
    own_id = PANELS[name][2]

    assert (
        does(vendor, name, "service.suspend", service_id=own_id, reason="unpaid").output["service_status"]
        == "suspended"
    )
    assert "already" in does(vendor, name, "service.suspend", service_id=own_id).text
    assert len(changes(vendor)) == 1
    assert does(vendor, name, "service.unsuspend", service_id=own_id).output["service_status"] == "active"
    assert "not suspended" in does(vendor, name, "service.unsuspend", service_id=own_id).text
    assert len(changes(vendor)) == 2


@EACH
def test_what_is_not_there_is_said(vendor: FakeVendor, name: str) -> None:
    with pytest.raises(Failed, match=r"77|nobody") as error:
        does(vendor, name, "service.suspend", service_id="77" if name == "whmcs" else "nobody1")

    assert error.value.code == "no_such_thing"
    assert changes(vendor) == []


@pytest.mark.parametrize(("name", "own_id"), [("cpanel", "root"), ("cpanel", "Nobody"), ("hestiacp", "admin")])
def test_the_servers_own_accounts_are_left_alone(vendor: FakeVendor, name: str, own_id: str) -> None:
    with pytest.raises(Failed) as error:
        does(vendor, name, "service.suspend", service_id=own_id)

    assert error.value.code == "not_permitted"
    assert vendor.requests == []


@EACH
def test_a_refusal_is_told_in_the_panels_words(vendor: FakeVendor, panel: Any, name: str) -> None:
    panel.refusal, panel.code = "License expired", 11
    with pytest.raises(Failed, match=r"License expired|disabled") as error:
        does(vendor, name, "service.suspend", service_id=PANELS[name][2])

    assert error.value.code == "refused"
    assert "s3cret" not in error.value.message
    assert "t0ken" not in error.value.message


@pytest.mark.parametrize("name", ["cpanel", "hestiacp"])
def test_a_package_is_changed_once(vendor: FakeVendor, name: str) -> None:
    assert does(vendor, name, "service.change_package", service_id="acme", package="gold").output["plan"] == "gold"
    assert "already" in does(vendor, name, "service.change_package", service_id="acme", package="gold").text
    assert len(changes(vendor)) == 1


@pytest.mark.parametrize("name", ["cpanel", "hestiacp"])
def test_certificates_and_backups_are_started(vendor: FakeVendor, panel: Any, name: str) -> None:
    assert (
        does(vendor, name, "certificate.renew", service_id="acme", domain="acme.example").output["domain"]
        == "acme.example"
    )
    assert does(vendor, name, "backup.start", service_id="acme").output["service_id"] == "acme"
    panel.refusal, panel.code = "Quota exceeded", 8

    with pytest.raises(Failed, match=r"Quota exceeded|limit"):
        does(vendor, name, "backup.start", service_id="acme")


# WHMCS's money


@pytest.mark.parametrize("name", ["whmcs"])
def test_an_invoice_is_charged_once(vendor: FakeVendor, panel: whmcs.Account, name: str) -> None:
    assert does(vendor, name, "invoice.retry_payment", invoice_id="#1042").output["invoice_status"] == "paid"
    assert "already" in does(vendor, name, "invoice.retry_payment", invoice_id="1042").text
    assert panel.captured == 1


@pytest.mark.parametrize("name", ["whmcs"])
def test_a_declined_card_is_a_decline(vendor: FakeVendor, panel: whmcs.Account, name: str) -> None:
    panel.refusal = "Payment Attempt Failed"

    with pytest.raises(Declined, match="Payment Attempt Failed"):
        does(vendor, name, "invoice.retry_payment", invoice_id="1042")


@pytest.mark.parametrize("name", ["whmcs"])
def test_a_payment_of_one_reference_is_recorded_once(vendor: FakeVendor, name: str) -> None:
    given = {"invoice_id": "1042", "amount": 24.0, "currency": "EUR", "reference": "SEPA 17"}

    does(vendor, name, "invoice.record_payment", **given)
    assert "already" in does(vendor, name, "invoice.record_payment", **given).text

    (change,) = changes(vendor)
    assert (change.form["gateway"], change.form["amount"]) == ("stripe", "24.0")


@pytest.mark.parametrize("name", ["whmcs"])
def test_what_is_paid_is_not_voided(vendor: FakeVendor, panel: whmcs.Account, name: str) -> None:
    assert does(vendor, name, "invoice.void", invoice_id="1042").output["invoice_status"] == "void"
    assert "already" in does(vendor, name, "invoice.void", invoice_id="1042").text
    panel.invoice["status"] = "Paid"

    with pytest.raises(Failed, match="refund it instead"):
        does(vendor, name, "invoice.void", invoice_id="1042")


@pytest.mark.parametrize("name", ["whmcs"])
def test_mails_tickets_and_domains(vendor: FakeVendor, name: str) -> None:
    assert "was sent" in does(vendor, name, "invoice.send", invoice_id="1042").text
    opened = does(vendor, name, "ticket.open", subject="Help", message="It broke.", email="zoe@acme.example")
    assert opened.output["ticket_number"] == "310-42"
    assert does(vendor, name, "ticket.reply", ticket_id="310", message="It works.").output["ticket_id"] == "310"
    assert does(vendor, name, "domain.renew", domain="ACME.example", years=2).output["domain"] == "acme.example"
    assert [each.form["action"] for each in changes(vendor)] == [
        "SendEmail",
        "OpenTicket",
        "AddTicketReply",
        "DomainRenew",
    ]

    with pytest.raises(Failed, match="customer_id or email"):
        does(vendor, name, "ticket.open", subject="Help", message="It broke.")


# What is asked, and what else is told


@EACH
def test_a_service_is_read(vendor: FakeVendor, name: str) -> None:
    read = does(vendor, name, "service.fetch", service_id=PANELS[name][2])

    assert read.output["service_status"] == "active"
    assert (read.output["disk_used_mb"], read.output["disk_limit_mb"]) == (1830, None)
    assert read.output.get("email") == (None if name == "whmcs" else "zoe@acme.example")
    assert changes(vendor) == []


@pytest.mark.parametrize("name", ["cpanel"])
def test_an_accounts_limits_are_changed(vendor: FakeVendor, panel: cpanel.Account, name: str) -> None:
    does(vendor, name, "service.change_limits", service_id="acme", disk_mb=0)
    does(vendor, name, "service.change_limits", service_id="acme", disk_mb=500, bandwidth_mb=9000)

    assert panel.limits == {"quota": "500", "bwlimit": "9000"}
    assert [each.path.rpartition("/")[2] for each in changes(vendor)] == ["editquota", "editquota", "limitbw"]
    with pytest.raises(Failed, match="disk_mb or bandwidth_mb"):
        does(vendor, name, "service.change_limits", service_id="acme")


@pytest.mark.parametrize("name", ["cpanel"])
def test_daemons_are_seen_to(vendor: FakeVendor, panel: cpanel.Account, name: str) -> None:
    assert does(vendor, name, "server.service_status", daemon="httpd").output == {
        "daemon": "httpd",
        "running": True,
        "enabled": True,
    }
    assert does(vendor, name, "server.restart_service", daemon="httpd").output == {"daemon": "httpd"}
    with pytest.raises(Failed) as error:
        does(vendor, name, "server.service_status", daemon="nothing")
    assert error.value.code == "no_such_thing"
    panel.refusal = "The service is not known."
    with pytest.raises(Failed, match="not known"):
        does(vendor, name, "server.restart_service", daemon="nothing")


@pytest.mark.parametrize("name", ["whmcs"])
def test_whmcs_invoices_and_customers_are_read(vendor: FakeVendor, name: str) -> None:
    invoice = does(vendor, name, "invoice.fetch", invoice_id="#1042").output
    assert (invoice["amount"], invoice["amount_due"], invoice["due_at"]) == (24, 4, "2026-12-06T00:00:00Z")
    assert (invoice["customer_id"], invoice["invoice_status"]) == ("41", "unpaid")
    for given in ({"customer_id": "41"}, {"email": "zoe@acme.example"}):
        assert does(vendor, name, "customer.fetch", **given).output == {
            "customer_id": "41",
            "name": "Zoë Müller",
            "email": "zoe@acme.example",
            "company": "Acme",
        }
    with pytest.raises(Failed) as error:
        does(vendor, name, "customer.fetch", email="nobody@acme.example")
    assert error.value.code == "no_such_thing"
    assert changes(vendor) == []


@pytest.mark.parametrize("name", ["whmcs"])
def test_an_invoice_is_due_on_another_day(vendor: FakeVendor, panel: whmcs.Account, name: str) -> None:
    for _ in range(2):
        done = does(vendor, name, "invoice.change_due_date", invoice_id="1042", due_at="2026-12-20T00:00:00Z")
        assert done.output["due_at"] == "2026-12-20T00:00:00Z"

    assert panel.invoice["duedate"] == "2026-12-20"
    assert len(changes(vendor)) == 1


@pytest.mark.parametrize("name", ["whmcs"])
def test_credit_is_in_the_customers_currency(vendor: FakeVendor, panel: whmcs.Account, name: str) -> None:
    with pytest.raises(Failed, match="is in EUR; 6 USD was requested"):
        does(vendor, name, "customer.add_credit", customer_id="41", amount=6, currency="USD", description="x")

    assert panel.credits == []


@pytest.mark.parametrize("name", ["whmcs"])
def test_customers_are_mailed_by_template_or_in_words(vendor: FakeVendor, name: str) -> None:
    does(vendor, name, "customer.send_email", customer_id="41", template="Service Restored")
    does(vendor, name, "customer.send_email", customer_id="41", subject="It is back", message="All works.")

    template, words = (each.form for each in changes(vendor))
    assert (template["messagename"], template["id"]) == ("Service Restored", "41")
    assert (words["customtype"], words["customsubject"], words["custommessage"]) == (
        "general",
        "It is back",
        "All works.",
    )
    with pytest.raises(Failed, match="subject and message"):
        does(vendor, name, "customer.send_email", customer_id="41", subject="It is back")


@pytest.mark.parametrize("name", ["whmcs"])
def test_a_service_gets_another_product(vendor: FakeVendor, panel: whmcs.Account, name: str) -> None:
    for _ in range(2):
        assert does(vendor, name, "service.change_package", service_id="88", package="7").output["plan"] == "7"

    told = [each.form["action"] for each in changes(vendor)]
    assert told == ["UpdateClientProduct", "ModuleChangePackage", "ModuleChangePackage"]
    with pytest.raises(Failed, match="the number of a WHMCS product"):
        does(vendor, name, "service.change_package", service_id="88", package="Business")
