"""What panels and billing systems do, against servers that answer as these document it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from actions.fake_vendor import Answer, FakeVendor, Request
from relay.catalogue.action_types import get as get_action
from relay.providers import get as get_provider
from relay.providers.cpanel.actions import ACTIONS as CPANEL
from relay.providers.hestiacp.actions import ACTIONS as HESTIACP
from relay.providers.whmcs.actions import ACTIONS as WHMCS
from relay.sdk.actions import Adapter
from relay.sdk.outcomes import Declined, Done, Failed, NotReached, Uncertain

KEYS = {
    "api_token": "t0ken",
    "api_access_key": "access",
    "api_secret_key": "s3cret",
    "api_identifier": "ident",
    "api_secret": "s3cret",
    "admin_user": "zoe",
    "department": "1",
}


class Whm:
    """WHM with one account; 200 whatever happens."""

    def __init__(self) -> None:
        self.account = {"user": "acme", "domain": "acme.example", "plan": "starter", "suspended": 0}
        self.account |= {"email": "zoe@acme.example", "diskused": "1830M", "disklimit": "unlimited"}
        self.limits: dict[str, str] = {}
        self.refusal: str | None = None

    def __call__(self, request: Request) -> Any:
        assert request.headers["authorization"] == "whm root:t0ken"
        assert request.query["api.version"] == "1"
        function = request.path.removeprefix("/json-api/")
        if function == "cpanel":
            status = 0 if self.refusal else 1
            return {
                "result": {"status": status, "errors": [self.refusal] if self.refusal else None, "data": {"pid": 9}}
            }
        if function == "servicestatus":
            known = [{"name": "httpd", "running": 1, "enabled": 1, "display_name": "Apache"}]
            return {
                "metadata": {"result": 1},
                "data": {"service": known if request.query["service"] == "httpd" else []},
            }
        if function == "restartservice":
            return {"metadata": {"result": 0 if self.refusal else 1, "reason": self.refusal or "OK"}}
        if request.query.get("user", request.query.get("username")) != "acme":
            return {"metadata": {"result": 0, "reason": "Account does not exist."}}
        if function == "accountsummary":
            return {"metadata": {"result": 1, "reason": "OK"}, "data": {"acct": [self.account]}}
        if self.refusal:
            return {"metadata": {"result": 0, "reason": self.refusal}}
        changes: Mapping[str, dict[str, Any]] = {
            "suspendacct": {"suspended": 1},
            "unsuspendacct": {"suspended": 0},
            "changepackage": {"plan": request.query.get("pkg")},
            "start_autossl_check_for_one_user": {},
            "editquota": {},
            "limitbw": {},
        }
        self.limits |= {name: request.query[name] for name in ("quota", "bwlimit") if name in request.query}
        self.account |= changes[function]
        return {"metadata": {"result": 1, "reason": "OK"}}


class Hestia:
    """HestiaCP with one user; commands are answered by a code."""

    def __init__(self) -> None:
        self.user = {"PACKAGE": "starter", "SUSPENDED": "no", "CONTACT": "zoe@acme.example"}
        self.user |= {"U_DISK": "1830", "DISK_QUOTA": "unlimited"}
        self.code: int | None = None

    def __call__(self, request: Request) -> Any:
        form = request.form
        assert (request.method, request.path, form["hash"]) == ("POST", "/api/", "access:s3cret")
        if form["cmd"] == "v-list-user":
            return {"acme": self.user} if form["arg1"] == "acme" else Answer(200, b"Error: user nobody doesn't exist")
        if self.code is not None:
            return Answer(200, str(self.code).encode())
        match form["cmd"]:
            case "v-suspend-user":
                self.user["SUSPENDED"] = "yes"
            case "v-unsuspend-user":
                self.user["SUSPENDED"] = "no"
            case "v-change-user-package":
                self.user["PACKAGE"] = form["arg2"]
        return Answer(200, b"0")


class Whmcs:
    """WHMCS with an invoice, a service and a domain."""

    def __init__(self) -> None:
        self.invoice: dict[str, Any] = {
            "invoiceid": "1042",
            "invoicenum": "INV-1042",
            "status": "Unpaid",
            "paymentmethod": "stripe",
            "transactions": "",
            "userid": 41,
            "total": "24.00",
            "balance": "4.00",
            "duedate": "2026-12-06",
        }
        self.service = {"id": 88, "domain": "acme.example", "name": "Business", "status": "Active", "pid": 5}
        self.service |= {"diskusage": "1830", "disklimit": "0"}
        self.client = {"userid": 41, "firstname": "Zoë", "lastname": "Müller", "email": "zoe@acme.example"}
        self.client |= {"companyname": "Acme", "currency_code": "EUR"}
        self.credits: list[dict[str, str]] = []
        self.refusal: str | None = None
        self.captured = 0

    def __call__(self, request: Request) -> Any:
        form = request.form
        assert (form["identifier"], form["secret"], form["responsetype"]) == ("ident", "s3cret", "json")
        found = self._read(form)
        if found is not None:
            return found
        if self.refusal:
            return {"result": "error", "message": self.refusal}
        return {"result": "success", **self._change(form)}

    def _read(self, form: Mapping[str, str]) -> Any:
        missing = {"result": "error", "message": "Not Found"}
        match form["action"]:
            case "GetInvoice":
                return {"result": "success", **self.invoice} if form["invoiceid"] == "1042" else missing
            case "GetClientsProducts":
                found = [self.service] if form["serviceid"] == "88" else []
                return {"result": "success", "products": {"product": found}}
            case "GetClientsDetails":
                asked = form.get("clientid", form.get("email"))
                return {"result": "success", "client": self.client} if asked in ("41", "zoe@acme.example") else missing
            case "GetCredits":
                return {"result": "success", "credits": {"credit": self.credits}}
            case "GetClientsDomains":
                return {"result": "success", "domains": {"domain": [{"id": 5, "domainname": "acme.example"}]}}
        return None

    def _change(self, form: Mapping[str, str]) -> dict[str, Any]:
        match form["action"]:
            case "CapturePayment":
                self.captured += 1
                self.invoice["status"] = "Paid"
            case "UpdateInvoice":
                self.invoice |= {name: form[name] for name in ("status", "duedate") if name in form}
            case "AddCredit":
                self.credits.append({"description": form["description"], "amount": form["amount"]})
            case "UpdateClientProduct":
                self.service["pid"] = int(form["pid"])
            case "AddInvoicePayment":
                self.invoice["transactions"] = {"transaction": [{"transid": form["transid"]}]}
            case "ModuleSuspend":
                self.service["status"] = "Suspended"
            case "ModuleUnsuspend":
                self.service["status"] = "Active"
            case "OpenTicket":
                return {"id": 310, "tid": "310-42"}
        return {}


PANELS: dict[str, tuple[type, Mapping[str, Adapter], str]] = {
    "cpanel": (Whm, CPANEL, "acme"),
    "hestiacp": (Hestia, HESTIACP, "acme"),
    "whmcs": (Whmcs, WHMCS, "88"),
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


@EACH
@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after", "babbles"])
def test_an_outcome_that_nobody_knows_is_found_out_by_reading(
    vendor: FakeVendor, panel: Any, name: str, trouble: Any
) -> None:
    methods = {"cpanel": ("GET", "/json-api/suspendacct"), "hestiacp": ("POST", "/api/"), "whmcs": ("POST", "/")}
    method, path = methods[name]
    own_id = PANELS[name][2]
    task = vendor.task({"service_id": own_id}, KEYS)
    run = PANELS[name][1]["service.suspend"].run
    # But for cPanel reading goes the same way, and comes first.
    vendor.next(method, path, trouble, after=0 if name == "cpanel" else 1)

    with pytest.raises(Uncertain):
        run(task)

    assert "already" in run(task).text
    assert len(changes(vendor)) == 1


@EACH
@pytest.mark.parametrize("trouble", ["closes_before", "busy", "fails_before"])
def test_a_read_that_fails_is_tried_again_later(vendor: FakeVendor, name: str, trouble: Any) -> None:
    path = {"cpanel": ("GET", "/json-api/accountsummary"), "hestiacp": ("POST", "/api/"), "whmcs": ("POST", "/")}[name]
    vendor.next(*path, trouble)

    with pytest.raises(NotReached):
        does(vendor, name, "service.suspend", service_id=PANELS[name][2])

    assert changes(vendor) == []


@EACH
def test_a_rehearsal_changes_nothing_and_shows_no_secret(vendor: FakeVendor, name: str) -> None:
    task = vendor.task({"service_id": PANELS[name][2]}, KEYS, dry=True)

    PANELS[name][1]["service.suspend"].run(task)

    assert len(task.vendor.told) == 1
    assert changes(vendor) == []
    assert not any(secret in str(task.vendor.told) for secret in ("s3cret", "t0ken"))


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
def test_an_invoice_is_charged_once(vendor: FakeVendor, panel: Whmcs, name: str) -> None:
    assert does(vendor, name, "invoice.retry_payment", invoice_id="#1042").output["invoice_status"] == "paid"
    assert "already" in does(vendor, name, "invoice.retry_payment", invoice_id="1042").text
    assert panel.captured == 1


@pytest.mark.parametrize("name", ["whmcs"])
def test_a_declined_card_is_a_decline(vendor: FakeVendor, panel: Whmcs, name: str) -> None:
    panel.refusal = "Payment Attempt Failed"

    with pytest.raises(Declined, match="Payment Attempt Failed"):
        does(vendor, name, "invoice.retry_payment", invoice_id="1042")


@pytest.mark.parametrize("name", ["whmcs"])
@pytest.mark.parametrize("trouble", ["hangs", "closes_after", "fails_after", "babbles"])
def test_a_charge_whose_answer_is_lost_is_looked_up(vendor: FakeVendor, panel: Whmcs, name: str, trouble: Any) -> None:
    task, charge = vendor.task({"invoice_id": "1042"}, KEYS), WHMCS["invoice.retry_payment"]
    assert not charge.repeatable
    assert charge.look_up_outcome is not None
    assert charge.look_up_outcome(task) is None
    vendor.next("POST", "/", trouble, after=1)

    with pytest.raises(Uncertain):
        charge.run(task)

    found = charge.look_up_outcome(task)
    assert found is not None
    assert found.output["invoice_status"] == "paid"
    assert panel.captured == 1


@pytest.mark.parametrize("name", ["whmcs"])
def test_a_payment_of_one_reference_is_recorded_once(vendor: FakeVendor, name: str) -> None:
    given = {"invoice_id": "1042", "amount": 24.0, "currency": "EUR", "reference": "SEPA 17"}

    does(vendor, name, "invoice.record_payment", **given)
    assert "already" in does(vendor, name, "invoice.record_payment", **given).text

    (change,) = changes(vendor)
    assert (change.form["gateway"], change.form["amount"]) == ("stripe", "24.0")


@pytest.mark.parametrize("name", ["whmcs"])
def test_what_is_paid_is_not_voided(vendor: FakeVendor, panel: Whmcs, name: str) -> None:
    assert does(vendor, name, "invoice.void", invoice_id="1042").output["invoice_status"] == "void"
    assert "already" in does(vendor, name, "invoice.void", invoice_id="1042").text
    panel.invoice["status"] = "Paid"

    with pytest.raises(Failed, match="refund it instead"):
        does(vendor, name, "invoice.void", invoice_id="1042")


@pytest.mark.parametrize("name", ["whmcs"])
def test_mails_tickets_and_domains(vendor: FakeVendor, name: str) -> None:
    assert "mailed" in does(vendor, name, "invoice.send", invoice_id="1042").text
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

    with pytest.raises(Failed, match="whose ticket"):
        does(vendor, name, "ticket.open", subject="Help", message="It broke.")


@EACH
def test_every_setting_that_an_action_needs_is_one_of_the_provider(name: str) -> None:
    known = {each.name for each in get_provider(name).settings}

    assert {need for each in PANELS[name][1].values() for need in each.needs} <= known


# What is asked, and what else is told


@EACH
def test_a_service_is_read(vendor: FakeVendor, name: str) -> None:
    read = does(vendor, name, "service.fetch", service_id=PANELS[name][2])

    assert read.output["service_status"] == "active"
    assert (read.output["disk_used_mb"], read.output["disk_limit_mb"]) == (1830, None)
    assert read.output.get("email") == (None if name == "whmcs" else "zoe@acme.example")
    assert changes(vendor) == []


@pytest.mark.parametrize("name", ["cpanel"])
def test_an_accounts_limits_are_changed(vendor: FakeVendor, panel: Whm, name: str) -> None:
    does(vendor, name, "service.change_limits", service_id="acme", disk_mb=0)
    does(vendor, name, "service.change_limits", service_id="acme", disk_mb=500, bandwidth_mb=9000)

    assert panel.limits == {"quota": "500", "bwlimit": "9000"}
    assert [each.path.rpartition("/")[2] for each in changes(vendor)] == ["editquota", "editquota", "limitbw"]
    with pytest.raises(Failed, match="or both"):
        does(vendor, name, "service.change_limits", service_id="acme")


@pytest.mark.parametrize("name", ["cpanel"])
def test_daemons_are_seen_to(vendor: FakeVendor, panel: Whm, name: str) -> None:
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
def test_an_invoice_is_due_on_another_day(vendor: FakeVendor, panel: Whmcs, name: str) -> None:
    for _ in range(2):
        done = does(vendor, name, "invoice.change_due_date", invoice_id="1042", due_at="2026-12-20T00:00:00Z")
        assert done.output["due_at"] == "2026-12-20T00:00:00Z"

    assert panel.invoice["duedate"] == "2026-12-20"
    assert len(changes(vendor)) == 1


@pytest.mark.parametrize("name", ["whmcs"])
@pytest.mark.parametrize("trouble", [None, "hangs", "closes_after", "fails_after", "babbles"])
def test_credit_is_added_once_whatever_becomes_of_the_answer(
    vendor: FakeVendor, panel: Whmcs, name: str, trouble: Any
) -> None:
    given = {"customer_id": "41", "amount": 6, "currency": "EUR", "description": "Two days off"}
    task, credit = vendor.task(given, KEYS), WHMCS["customer.add_credit"]
    assert not credit.repeatable
    assert credit.look_up_outcome is not None
    assert credit.look_up_outcome(task) is None
    if trouble is None:
        credit.run(task)
    else:
        vendor.next("POST", "/", trouble, after=1)
        with pytest.raises(Uncertain):
            credit.run(task)

    found = credit.look_up_outcome(task)
    assert found is not None
    assert found.output == {"customer_id": "41", "amount": 6, "currency": "EUR"}
    assert len(panel.credits) == 1


@pytest.mark.parametrize("name", ["whmcs"])
def test_credit_is_in_the_customers_currency(vendor: FakeVendor, panel: Whmcs, name: str) -> None:
    with pytest.raises(Failed, match="is in EUR; 6 USD was asked for"):
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
    with pytest.raises(Failed, match="a subject and a message"):
        does(vendor, name, "customer.send_email", customer_id="41", subject="It is back")


@pytest.mark.parametrize("name", ["whmcs"])
def test_a_service_gets_another_product(vendor: FakeVendor, panel: Whmcs, name: str) -> None:
    for _ in range(2):
        assert does(vendor, name, "service.change_package", service_id="88", package="7").output["plan"] == "7"

    told = [each.form["action"] for each in changes(vendor)]
    assert told == ["UpdateClientProduct", "ModuleChangePackage", "ModuleChangePackage"]
    with pytest.raises(Failed, match="by number"):
        does(vendor, name, "service.change_package", service_id="88", package="Business")
