"""WHMCS's sender, installed for real into a made-up WHMCS, whose hooks are run and whose own functions answer."""

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from agents.inbox import IT_WORKS, SECRET, Inbox, Post, said_in_our_words
from kit.processes import is_quiet
from kit.waiting import PATIENCE_SECONDS as PATIENCE
from kit.waiting import until
from relay.agents import files, installer
from relay.providers import get

PHP = shutil.which("php")
pytestmark = pytest.mark.php

BURST = 500
PLANTED = "planted-and-not-to-be-seen"
# As much of WHMCS as a hook meets: https://developers.whmcs.com/hooks/ and https://developers.whmcs.com/api/internal-api/
WHMCS = """<?php
define('WHMCS', true);
$GLOBALS['asked'] = $GLOBALS['hooks'] = array();
function add_hook($name, $priority, $function) { $GLOBALS['hooks'][$name][] = $function; }
function localAPI($command, $values, $user = '') {
    $GLOBALS['asked'][] = $command;
    $given = json_decode(file_get_contents(getenv('WHMCS_ANSWERS')), true);
    $slow = getenv('WHMCS_SECONDS');
    if ($slow) { usleep((int) ($slow * 1000000)); }
    $error = array('result' => 'error', 'message' => 'Not found');
    if (!isset($given[$command])) { return $error; }
    if ($given[$command] === 'throw') { throw new RuntimeException('broken'); }
    foreach (array('invoiceid', 'serviceid', 'domainid', 'clientid', 'ticketid', 'setting') as $name) {
        if (isset($values[$name])) {
            $found = isset($given[$command][$values[$name]]) ? $given[$command][$values[$name]] : null;
            return $found ? array('result' => 'success') + $found : $error;
        }
    }
    $all = isset($given[$command]['all']) ? $given[$command]['all'] : $given[$command];
    if (!isset($values['limitnum'])) { return array('result' => 'success') + $all; }
    $outer = key($all); $inner = key($all[$outer]);
    $rows = array_slice($all[$outer][$inner], $values['limitstart'], min($values['limitnum'], 3));
    return array('result' => 'success', 'totalresults' => (string) count($all[$outer][$inner]),
        'numreturned' => count($rows), $outer => array($inner => $rows));
}
set_error_handler(function ($code, $text) { throw new ErrorException($text); });
(function () {
    $hook = 'the loader has variables of its own';
    foreach (glob(__DIR__ . '/includes/hooks/*.php') as $file) { include $file; }
    if ($hook !== 'the loader has variables of its own') { exit(3); }
})();
$answers = array();
foreach (json_decode(stream_get_contents(STDIN), true) as $call) {
    list($name, $variables) = $call;
    if (isset($variables['date']) && $name === 'AddTransaction') {
        $variables['date'] = new DateTime($variables['date']);
    }
    if ($name === 'InvoicePaid') { $variables['invoice'] = new stdClass(); }
    $said = array();
    foreach (isset($GLOBALS['hooks'][$name]) ? $GLOBALS['hooks'][$name] : array() as $function) {
        $said[] = $function($variables);
    }
    $answers[] = $said;
}
echo json_encode(array('answers' => $answers, 'asked' => $GLOBALS['asked'], 'hooks' => array_keys($GLOBALS['hooks'])));
"""
INVOICE = {
    "invoiceid": 1042,
    "invoicenum": "INV-1042",
    "userid": 2361,
    "date": "2026-11-13",
    "duedate": "2026-11-20",
    "datepaid": "2026-11-22 07:59:57",
    "subtotal": "20.17",
    "credit": "0.00",
    "tax": "3.83",
    "tax2": "0.00",
    "total": "24.00",
    "balance": "0.00",
    "status": "Paid",
    "paymentmethod": "stripe",
    "notes": PLANTED,
    "items": {
        "item": [
            {
                "id": 1901,
                "type": "Hosting",
                "relid": 501,
                "description": "Business Hosting - acme.example",
                "amount": "20.17",
                "taxed": 1,
            }
        ]
    },
    "transactions": "",
}
CLIENT = {
    "client_id": 2361,
    "userid": 2361,
    "id": 2361,
    "firstname": "Zoë",
    "lastname": "Müller",
    "companyname": "Acme GmbH",
    "email": "zoe@acme.example",
    "address1": "Musterstr. 1",
    "city": "Berlin",
    "postcode": "10115",
    "country": "DE",
    "phonenumber": "+49 30 1234567",
    "currency": 2,
    "currency_code": "EUR",
    "notes": PLANTED,
    "securityqans": PLANTED,
    "customfields": [{"id": 1, "value": PLANTED}],
}
SERVICE = {
    "id": "501",
    "clientid": "2361",
    "pid": "3",
    "regdate": "2025-11-20",
    "name": "Business Hosting",
    "domain": "acme.example",
    "username": "acme",
    "password": PLANTED,
    "notes": PLANTED,
    "serverhostname": "web03.host.example",
    "serverip": "192.0.2.20",
    "recurringamount": "24.00",
    "billingcycle": "Monthly",
    "nextduedate": "2026-12-20",
    "status": "Active",
}
DOMAIN = {
    "id": "77",
    "userid": "2361",
    "domainname": "acme.example",
    "registrar": "enom",
    "regperiod": "1",
    "regdate": "2021-12-01",
    "expirydate": "2027-12-01",
    "status": "Active",
    "notes": PLANTED,
}
TICKET = {
    "ticketid": "310",
    "tid": "ABC-482913",
    "c": PLANTED,
    "deptid": "1",
    "deptname": "Support",
    "userid": "2361",
    "subject": "Site is down",
    "status": "Closed",
    "priority": "High",
    "replies": {"reply": [{"message": PLANTED}]},
}
ANSWERS: dict[str, Any] = {
    "GetInvoice": {"1042": INVOICE},
    "GetClientsDetails": {"2361": {"client": CLIENT, **CLIENT}},
    "GetClientsProducts": {"501": {"products": {"product": [SERVICE]}}},
    "GetClientsDomains": {"77": {"domains": {"domain": [DOMAIN]}}},
    "GetTicket": {"310": TICKET},
    "GetConfigurationValue": {"SystemURL": {"setting": "SystemURL", "value": "https://billing.host.example/"}},
    "GetCurrencies": {"currencies": {"currency": [{"id": 1, "code": "USD"}, {"id": 2, "code": "EUR"}]}},
}
PARAMS = {
    "serviceid": 501,
    "userid": 2361,
    "pid": 3,
    "domain": "acme.example",
    "username": "acme",
    "password": PLANTED,
    "producttype": "hostingaccount",
    "moduletype": "cpanel",
    "configoption1": "business",
    "serverip": "192.0.2.20",
    "serverhostname": "web03.host.example",
    "serverusername": PLANTED,
    "serverpassword": PLANTED,
    "serveraccesshash": PLANTED,
    "customfields": {"PIN": PLANTED},
    "configoptions": {"Password": PLANTED},
    "clientsdetails": {**CLIENT, "password": PLANTED, "cardnum": PLANTED},
}
REGISTRAR = {
    "userid": 2361,
    "domainid": 77,
    "sld": "acme",
    "tld": ".example",
    "regperiod": 1,
    "registrar": "enom",
    "eppcode": PLANTED,
    "transfersecret": PLANTED,
    "Password": PLANTED,
}
TRANSFER = {
    "domainId": 77,
    "domain": "acme.example",
    "registrationPeriod": "1",
    "expiryDate": "2027-12-01",
    "registrar": "enom",
}
PROFILE = {
    "client_id": 2361,
    "user_id": 2290,
    "userid": 2361,
    "firstname": "Zoë",
    "lastname": "Müller",
    "email": "zoe@acme.example",
    "password": PLANTED,
    "customFields": {"1": PLANTED},
    "olddata": {"email": PLANTED},
    "authdata": PLANTED,
    "notes": PLANTED,
}
OPENED = {
    "ticketid": 310,
    "ticketmask": "ABC-482913",
    "userid": 2361,
    "deptid": 1,
    "deptname": "Support",
    "subject": "Site is down",
    "message": PLANTED,
    "priority": "High",
}
TRANSACTION = {
    "id": 877,
    "userid": 2361,
    "currency": 2,
    "gateway": "stripe",
    "date": "2026-11-22 07:59:57",
    "description": "Invoice Payment",
    "amountin": 24.61,
    "fees": 0.61,
    "amountout": 0,
    "rate": 1,
    "transid": "ch_1",
    "invocieid": 1042,
    "refundid": 0,
}
CHECKOUT = {"OrderID": 911, "OrderNumber": 7362, "InvoiceID": 1042, "TotalDue": 24.0, "PaymentMethod": "stripe"}
FAILED = {"failureResponseMessage": f"Connection as root:{PLANTED} timed out"}
MODULE, FAILED_MODULE = {"params": PARAMS}, {"params": PARAMS, **FAILED}
ALERT = ["alert.raised"]
TOLD: tuple[tuple[str, Any, list[str]], ...] = (
    ("InvoiceCreated", {"invoiceid": 1042, "status": "Unpaid", "source": "autogen"}, ["invoice.created"]),
    ("InvoicePaid", {"invoiceid": 1042}, ["invoice.paid", "subscription.renewed"]),
    ("InvoiceCancelled", {"invoiceid": 1042}, ["invoice.voided"]),
    ("InvoiceRefunded", {"invoiceid": 1042}, ["invoice.refunded"]),
    ("InvoicePaymentReminder", {"invoiceid": 1042, "type": "firstoverdue"}, ["invoice.overdue"]),
    ("AddTransaction", TRANSACTION, ["payment.succeeded"]),
    ("AddTransaction", {**TRANSACTION, "amountin": 0, "amountout": 5.5, "refundid": 870}, ["refund.succeeded"]),
    ("AfterShoppingCartCheckout", CHECKOUT, ["order.created"]),
    ("OrderPaid", {"orderId": 911, "userId": 2361, "invoiceId": 1042}, ["order.paid"]),
    ("AfterModuleCreate", MODULE, ["service.created"]),
    ("AfterModuleSuspend", MODULE, ["service.suspended"]),
    ("AfterModuleUnsuspend", MODULE, ["service.unsuspended"]),
    ("AfterModuleTerminate", MODULE, ["service.terminated"]),
    ("AfterModuleChangePackage", MODULE, ["service.package_changed"]),
    ("AfterModuleSuspendFailed", FAILED_MODULE, ["service.suspension_failed"]),
    ("AfterModuleCreateFailed", FAILED_MODULE, ALERT),
    ("AfterModuleUnsuspendFailed", FAILED_MODULE, ALERT),
    ("AfterModuleTerminateFailed", FAILED_MODULE, ALERT),
    ("AfterModuleChangePackageFailed", FAILED_MODULE, ALERT),
    ("AfterModuleCustomFailed", FAILED_MODULE, ALERT),
    ("AfterModuleProvisionAddOnFeatureFailed", FAILED_MODULE, ALERT),
    ("AfterModuleSuspendAddOnFeatureFailed", FAILED_MODULE, ALERT),
    ("AfterModuleUnsuspendAddOnFeatureFailed", FAILED_MODULE, ALERT),
    ("AfterModuleDeprovisionAddOnFeatureFailed", FAILED_MODULE, ALERT),
    (
        "CancellationRequest",
        {"userid": 2361, "relid": 501, "reason": "Moving", "type": "End of Billing Period"},
        ["service.cancellation_requested"],
    ),
    ("ServiceRecurringCompleted", {"serviceid": 501, "recurringinvoices": 3}, ["service.updated"]),
    ("AfterRegistrarRegistration", {"params": REGISTRAR}, ["domain.added"]),
    ("AfterRegistrarRenewal", {"params": REGISTRAR}, ["domain.renewed"]),
    ("AfterRegistrarRenewalFailed", {"params": REGISTRAR, "error": f"No: {PLANTED}"}, ["domain.renewal_failed"]),
    ("AfterRegistrarRegistrationFailed", {"params": REGISTRAR, "error": "No"}, ALERT),
    ("AfterRegistrarTransferFailed", {"params": REGISTRAR, "error": "No"}, ALERT),
    ("DomainTransferCompleted", TRANSFER, ["domain.transferred"]),
    ("DomainTransferFailed", TRANSFER, ALERT),
    ("ClientAdd", PROFILE, ["customer.created"]),
    ("ClientEdit", PROFILE, ["customer.updated"]),
    ("TicketOpen", OPENED, ["ticket.opened"]),
    ("TicketOpenAdmin", OPENED, ["ticket.opened"]),
    ("TicketUserReply", {**OPENED, "status": "Customer-Reply"}, ["ticket.updated"]),
    ("TicketAdminReply", {**OPENED, "admin": "Jo", "status": "Answered"}, ["ticket.updated"]),
    ("TicketStatusChange", {"adminid": 1, "status": "On Hold", "ticketid": 310}, ["ticket.updated"]),
    ("TicketPriorityChange", {"ticketid": 310, "priority": "Low"}, ["ticket.updated"]),
    ("TicketDepartmentChange", {"ticketid": 310, "deptid": 2, "deptname": "Sales"}, ["ticket.updated"]),
    ("TicketSubjectChange", {"ticketid": 310, "subject": "Solved"}, ["ticket.updated"]),
    ("TicketClose", {"ticketid": 310}, ["ticket.closed"]),
)


class Server:
    """A server with WHMCS on it, below a directory of its own."""

    def __init__(self, root: Path, inbox: Inbox) -> None:
        self.root, self.inbox = root, inbox
        self.panel = root / "var/www/whmcs"
        self.hooks = self.panel / "includes/hooks"
        self.base = self.hooks / "relay"
        self.starts = root.parent / "starts"
        self.answers = deepcopy(ANSWERS)
        self.numbers = count()
        self.hooks.mkdir(parents=True)
        (self.hooks / "somebody-elses.php").write_text("<?php add_hook('InvoicePaid', 1, function () {});")
        (self.panel / "configuration.php").write_text("<?php $license = 'x';")
        (self.panel / "panel.php").write_text(WHMCS)
        (root.parent / "bin").mkdir()
        (root.parent / "bin/php").write_text(
            f'#!/bin/sh\ncase "$*" in *--deliver*) echo x >>"{self.starts}" ;; esac\nexec "{PHP}" "$@"\n'
        )
        (root.parent / "bin/php").chmod(0o755)

    def run(self, *command: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
        usual = {
            "PATH": f"{self.root.parent / 'bin'}:{os.environ['PATH']}",
            "RELAY_ROOT": str(self.root),
            "no_proxy": "127.0.0.1",
        }
        return subprocess.run(command, input=stdin, env=usual | environment, capture_output=True, timeout=PATIENCE)

    def script(self, url: str | None = None, secret: str = SECRET) -> bytes:
        return installer(get("whmcs"), url or self.inbox.url, secret, "src_test")

    def install(self, *arguments: str, **changed: Any) -> subprocess.CompletedProcess[bytes]:
        return self.run("sh", "-s", "--", *(arguments or ("/var/www/whmcs",)), stdin=self.script(**changed))

    def uninstall(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return self.run("sh", str(self.base / "uninstall.sh"), *arguments)

    def engine(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return self.run("php", str(self.base / "relay-send.php"), *arguments)

    def fire(self, *calls: tuple[str, Any], pauses: str = "0.1 0.1 0.2", seconds: str = "") -> dict[str, Any]:
        """Run hooks; answers what they returned, and what was looked up."""
        answers = self.root.parent / f"answers-{next(self.numbers)}.json"
        answers.write_text(json.dumps(self.answers))
        ended = self.run(
            "php",
            str(self.panel / "panel.php"),
            stdin=json.dumps(calls).encode(),
            RELAY_RETRY_PAUSES=pauses,
            WHMCS_ANSWERS=str(answers),
            WHMCS_SECONDS=seconds,
        )
        assert (ended.returncode, ended.stderr) == (0, b""), ended.stdout.decode()
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    @property
    def spool(self) -> list[str]:
        path = self.base / "state/spool"
        return sorted(each.name for each in path.iterdir()) if path.exists() else []

    def told(self, count: int) -> list[Post]:
        return until(lambda: self.inbox.taken if len(self.inbox.taken) >= count else None, f"{count} events")

    def is_idle(self) -> bool:
        return is_quiet(self.root)

    def tree(self) -> dict[str, tuple[int, bytes]]:
        return {
            str(path.relative_to(self.root)): (
                stat.S_IMODE(path.stat().st_mode),
                path.read_bytes() if path.is_file() else b"",
            )
            for path in self.root.rglob("*")
        }


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as found:
        yield found


@pytest.fixture
def server(tmp_path: Path, inbox: Inbox) -> Iterator[Server]:
    (tmp_path / "root").mkdir()
    found = Server(tmp_path / "root", inbox)
    yield found
    inbox.release()
    until(found.is_idle, "no process stays behind")


@pytest.fixture
def installed(server: Server) -> Server:
    ended = server.install()
    assert ended.returncode == 0, ended.stderr.decode()
    return server


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days)).isoformat()


# What is told


@pytest.mark.parametrize(("hook", "variables", "types"), TOLD, ids=[f"{n}-{each[0]}" for n, each in enumerate(TOLD)])
def test_what_happens_is_told_and_no_secret_with_it(
    installed: Server, hook: str, variables: Any, types: list[str]
) -> None:
    found = installed.fire((hook, variables))

    (post,) = installed.told(1)
    until(installed.is_idle, "nobody delivers")
    made = said_in_our_words("whmcs", post)
    assert {each for said in found["answers"] for each in said} == {None}
    assert (post.event, [each["type"] for each in made]) == (hook, types)
    assert {each["customer"]["id"] for each in made} == {"2361"}
    assert {each["customer"]["name"] for each in made} == {"Zoë Müller"}
    kept = [path.read_bytes() for path in installed.base.rglob("*") if path.is_file()]
    assert PLANTED.encode() not in b"".join([*kept, post.body])


def test_every_hook_that_the_relay_understands_is_registered_and_none_that_must_not_be(installed: Server) -> None:
    hooks = set(installed.fire(("None", {}))["hooks"])

    provider = get("whmcs")
    own = {each for each in provider.events if each.startswith("Relay")}
    assert hooks == set(provider.events) - own | {"DailyCronJob", "AfterCronJob"}
    assert {each for each, _, _ in TOLD} == set(provider.events) - own


def test_an_invoice_comes_with_all_that_is_known_of_it(installed: Server) -> None:
    installed.fire(("InvoicePaid", {"invoiceid": 1042}))

    (post,) = installed.told(1)
    paid, renewed = said_in_our_words("whmcs", post)
    invoice = paid["data"]["invoice"]
    assert (invoice["number"], invoice["amount"], invoice["currency"]) == ("INV-1042", 24, "EUR")
    assert invoice["url"] == "https://billing.host.example/viewinvoice.php?id=1042"
    assert [item["description"] for item in invoice["items"]] == ["Business Hosting - acme.example"]
    assert paid["customer"]["email"] == "zoe@acme.example"
    assert renewed["data"]["subscription"]["domain"] == "acme.example"
    assert renewed["data"]["subscription"]["interval"] == "month"


def test_several_services_of_an_invoice_come_as_a_list(installed: Server) -> None:
    items = installed.answers["GetInvoice"]["1042"]["items"]["item"]
    items.append({**items[0], "id": 1902, "relid": 502})
    installed.answers["GetClientsProducts"]["502"] = {"products": {"product": [{**SERVICE, "id": "502"}]}}

    installed.fire(("InvoicePaid", {"invoiceid": 1042}))

    (post,) = installed.told(1)
    types = [each["type"] for each in said_in_our_words("whmcs", post)]
    assert types == ["invoice.paid", "subscription.renewed", "subscription.renewed"]
    assert [each["id"] for each in post.data["service"]] == ["501", "502"]


def test_a_transactions_number_of_a_currency_becomes_its_code(installed: Server) -> None:
    installed.fire(("AddTransaction", {**TRANSACTION, "userid": 0, "invocieid": 0}))

    (post,) = installed.told(1)
    ((made),) = said_in_our_words("whmcs", post)
    assert (made["data"]["payment"]["amount"], made["data"]["payment"]["currency"]) == (Decimal("24.61"), "EUR")
    assert post.data["date"] == "2026-11-22 07:59:57"


def test_an_older_whmcs_writes_rows_into_the_names_of_fields(installed: Server) -> None:
    flat = {f"domains[domain][0][{name}]": value for name, value in DOMAIN.items()}
    installed.answers["GetClientsDomains"]["77"] = flat
    installed.answers["GetClientsDetails"]["2361"] = CLIENT

    installed.fire(("AfterRegistrarRenewal", {"params": REGISTRAR}))

    (post,) = installed.told(1)
    assert post.data["domain_details"]["expirydate"] == "2027-12-01"
    assert post.data["client"]["email"] == "zoe@acme.example"


def test_what_fits_no_cpanel_package_is_not_told(installed: Server) -> None:
    installed.fire(("AfterModuleCreate", {"params": {**PARAMS, "moduletype": "custom", "configoption1": PLANTED}}))

    (post,) = installed.told(1)
    assert PLANTED.encode() not in post.body
    assert "configoption1" not in post.data["params"]


@pytest.mark.parametrize("broken", ["missing", "throw"])
@pytest.mark.parametrize(("hook", "variables", "types"), [TOLD[1], TOLD[6], TOLD[10], TOLD[27], TOLD[33], TOLD[43]])
def test_where_nothing_can_be_looked_up_it_is_told_with_less(
    installed: Server, hook: str, variables: Any, types: list[str], broken: str
) -> None:
    installed.answers = dict.fromkeys(ANSWERS, "throw") if broken == "throw" else {}

    installed.fire((hook, variables))

    (post,) = installed.told(1)
    assert [each["type"] for each in said_in_our_words("whmcs", post)] == types[:1]


def test_where_looking_up_takes_long_it_is_told_with_less(installed: Server) -> None:
    found = installed.fire(("InvoicePaid", {"invoiceid": 1042}), seconds="3.1")

    (post,) = installed.told(1)
    assert found["asked"] == ["GetInvoice", "GetConfigurationValue"]
    assert set(post.data) == {"invoiceid", "invoice", "url"}


@pytest.mark.parametrize(
    "variables", [None, [], "text", {"invoiceid": None}, {"params": "none"}, {"params": {"a": []}}]
)
def test_odd_variables_are_told_as_far_as_they_go(installed: Server, variables: Any) -> None:
    found = installed.fire(("AfterModuleCreate", variables), ("TicketOpen", variables), ("InvoiceCreated", variables))

    installed.told(3)
    assert found["answers"] == [[None]] * 3


def test_long_texts_are_cut_between_letters(installed: Server) -> None:
    installed.fire(("TicketOpen", {**OPENED, "subject": "ü" * 5000}))

    assert installed.told(1)[0].data["subject"] == "ü" * 1000


# What no hook tells


def swept(installed: Server, **rows: list[dict[str, Any]]) -> None:
    names = {
        "invoices": ("GetInvoices", "invoice"),
        "products": ("GetClientsProducts", "product"),
        "domains": ("GetClientsDomains", "domain"),
    }
    for outer, found in rows.items():
        command, inner = names[outer]
        installed.answers.setdefault(command, {})["all"] = {outer: {inner: found}}


def days_told(installed: Server) -> list[tuple[str, int]]:
    return sorted((post.event, post.data["days"]) for post in installed.inbox.taken)


def look(installed: Server) -> list[tuple[str, int]]:
    installed.inbox.posts.clear()
    installed.fire(("DailyCronJob", []))
    until(installed.is_idle, "nobody delivers")
    return days_told(installed)


def test_once_a_day_it_looks_ahead_page_by_page_and_tells_each_date_once(installed: Server) -> None:
    swept(
        installed,
        invoices=[
            {
                "id": n,
                "userid": 2361,
                "duedate": in_days(days),
                "total": "24.00",
                "currencycode": "EUR",
                "notes": PLANTED,
            }
            for n, days in enumerate((5, 4, 3, 0, -1, -2, -31, -32, -500))
        ],
        products=[
            {**SERVICE, "id": str(n), "nextduedate": in_days(days), **changed}
            for n, (days, changed) in enumerate(
                (
                    (8, {}),
                    (7, {}),
                    (0, {}),
                    (-1, {}),
                    (6, {"status": "Suspended"}),
                    (5, {"billingcycle": "One Time"}),
                    (4, {"billingcycle": "Free Account"}),
                )
            )
        ],
        domains=[
            {**DOMAIN, "id": str(n), "expirydate": in_days(days), **changed}
            for n, (days, changed) in enumerate(
                ((31, {}), (30, {}), (7, {}), (1, {}), (0, {}), (2, {"status": "Expired"}))
            )
        ]
        + [{**DOMAIN, "id": "9", "expirydate": "0000-00-00"}, {"id": "10"}],
    )
    first = look(installed)
    bodies = b"".join(post.body for post in installed.inbox.taken)

    assert first == [
        ("RelayDomainExpiring", 0),
        ("RelayDomainExpiring", 1),
        ("RelayDomainExpiring", 7),
        ("RelayDomainExpiring", 30),
        ("RelayInvoiceDueSoon", 0),
        ("RelayInvoiceDueSoon", 3),
        ("RelayInvoiceOverdue", -31),
        ("RelayInvoiceOverdue", -2),
        ("RelayInvoiceOverdue", -1),
        ("RelayServiceRenewalDue", 0),
        ("RelayServiceRenewalDue", 7),
    ]
    assert PLANTED.encode() not in bodies
    assert look(installed) == []


def test_what_it_finds_becomes_our_events_with_the_client(installed: Server) -> None:
    swept(
        installed,
        invoices=[
            {"id": 1042, "userid": 2361, "duedate": in_days(2), "total": "24.00", "status": "Unpaid"},
            {"id": 1043, "userid": 2361, "duedate": in_days(-1), "total": "9.00", "currencycode": "EUR"},
        ],
        products=[{**SERVICE, "nextduedate": in_days(7)}],
        domains=[{**DOMAIN, "expirydate": in_days(20)}],
    )
    look(installed)

    made = {each["type"]: each for post in installed.inbox.taken for each in said_in_our_words("whmcs", post)}

    assert set(made) == {
        "invoice.due_soon",
        "invoice.overdue",
        "subscription.renewal_upcoming",
        "domain.expiring",
    }
    assert {each["customer"]["email"] for each in made.values()} == {"zoe@acme.example"}
    due, overdue = made["invoice.due_soon"]["data"]["invoice"], made["invoice.overdue"]["data"]["invoice"]
    assert (due["number"], due["days_until_due"], len(due["items"])) == ("INV-1042", 2, 1)
    # This one could not be looked up, so the list's own row tells of it.
    assert (overdue["id"], overdue["amount"], overdue["status"]) == ("1043", 9, "overdue")
    assert made["subscription.renewal_upcoming"]["data"]["subscription"]["days_until_renewal"] == 7
    assert made["domain.expiring"]["data"]["domain"]["days_until_expiry"] == 20


def test_each_chosen_number_of_days_is_told_of_once(installed: Server) -> None:
    (installed.base / "settings.php").write_text(
        "<?php return array('domain_expiry_days' => array(14, 5), 'service_renewal_days' => 2,"
        " 'invoice_due_days' => array(), 'invoice_overdue_days' => array(1, 10));"
    )
    swept(
        installed,
        invoices=[
            {"id": 1, "duedate": in_days(1)},
            {"id": 2, "duedate": in_days(-5)},
            {"id": 3, "duedate": in_days(-12)},
        ],
        products=[{**SERVICE, "nextduedate": in_days(3)}, {**SERVICE, "id": "502", "nextduedate": in_days(2)}],
        domains=[{**DOMAIN, "id": str(days), "expirydate": in_days(days)} for days in (15, 14, 6, 5)],
    )

    assert look(installed) == [
        ("RelayDomainExpiring", 5),
        ("RelayDomainExpiring", 6),
        ("RelayDomainExpiring", 14),
        ("RelayInvoiceOverdue", -12),
        ("RelayInvoiceOverdue", -5),
        ("RelayServiceRenewalDue", 2),
    ]


def test_a_date_that_was_moved_is_told_again(installed: Server) -> None:
    swept(installed, domains=[{**DOMAIN, "expirydate": in_days(20)}])
    first = look(installed)
    swept(installed, domains=[{**DOMAIN, "expirydate": in_days(25)}])

    assert (first, look(installed)) == ([("RelayDomainExpiring", 20)], [("RelayDomainExpiring", 25)])


def test_a_reminder_and_the_daily_look_tell_it_once_between_them(installed: Server) -> None:
    installed.answers["GetInvoice"]["1042"]["duedate"] = in_days(-1)
    swept(installed, invoices=[{"id": 1042, "userid": 2361, "duedate": in_days(-1)}])
    reminder = ("InvoicePaymentReminder", {"invoiceid": 1042, "type": "firstoverdue"})

    installed.fire(reminder, ("DailyCronJob", []), reminder)

    until(installed.is_idle, "nobody delivers")
    assert installed.inbox.events == ["InvoicePaymentReminder"]


def test_a_look_that_fails_does_not_keep_the_others_from_theirs(installed: Server) -> None:
    installed.answers["GetInvoices"] = installed.answers["GetClientsProducts"] = "throw"
    swept(installed, domains=[{**DOMAIN, "expirydate": in_days(3)}])

    assert look(installed) == [("RelayDomainExpiring", 3)]
    assert "the daily look at invoices ended early" in (installed.base / "state/log.php").read_text()


# Whatever the relay does


def test_what_waits_is_delivered_by_whmcss_own_cron(installed: Server) -> None:
    installed.inbox.hang_up()
    installed.fire(("TicketClose", {"ticketid": 310}), pauses="")
    until(installed.is_idle, "nobody delivers")
    (waits,) = installed.spool
    installed.inbox.listen()

    installed.fire(("AfterCronJob", []))

    (post,) = installed.told(1)
    assert f"{post.id}.php" == waits.partition("-")[2]


def test_a_relay_that_hangs_does_not_hold_up_whmcs(installed: Server) -> None:
    installed.inbox.hang()

    installed.fire(("InvoicePaid", {"invoiceid": 1042}), ("AfterCronJob", []))

    until(lambda: installed.inbox.waiting, "the relay holds the post")
    assert installed.inbox.posts == []
    installed.inbox.release()
    installed.told(1)


def test_of_a_burst_none_is_lost_none_comes_twice_and_one_delivers(installed: Server) -> None:
    installed.inbox.hang()
    calls = [("AfterModuleSuspend", {"params": {**PARAMS, "domain": f"s{n}.example"}}) for n in range(BURST)]
    parts = [calls[start::10] for start in range(10)]

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda part: installed.fire(*part), parts))
    starts = installed.starts.read_text().count("x")
    installed.inbox.release()

    posts = installed.told(BURST)
    until(installed.is_idle, "nobody delivers")
    assert starts == 1
    assert {post.data["params"]["domain"] for post in posts} == {f"s{n}.example" for n in range(BURST)}
    assert set(installed.inbox.times_taken().values()) == {1}
    assert installed.spool == []


@pytest.mark.parametrize("broken", ["config.php", "relay-send.php", "state"])
def test_without_a_part_of_the_sender_whmcs_still_works(installed: Server, broken: str) -> None:
    shutil.move(installed.base / broken, installed.root.parent / "moved")
    if broken == "state":
        (installed.base / broken).write_text("a file in the way")

    found = installed.fire(("InvoicePaid", {"invoiceid": 1042}), ("DailyCronJob", []), ("AfterCronJob", []), pauses="")

    assert [each for said in found["answers"] for each in said if each is not None] == []


def test_who_asks_for_the_hook_file_in_a_browser_gets_nothing(installed: Server) -> None:
    ended = installed.run("php", str(installed.hooks / "relay.php"))

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


# Installing


def test_it_is_installed_once_however_often_and_leaves_nothing_behind(server: Server) -> None:
    before = server.tree()

    first = server.install()
    once = server.tree()
    second = server.install()

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert server.tree() == once
    assert SECRET.encode() not in first.stdout + first.stderr
    assert {name for name, (mode, _) in once.items() if mode & 0o077 == 0} - set(before) == {
        "var/www/whmcs/includes/hooks/relay/config.php",
        "var/www/whmcs/includes/hooks/relay/state",
    }

    gone = server.uninstall()

    assert gone.returncode == 0, gone.stderr.decode()
    assert server.tree() == before


def test_a_new_secret_replaces_the_old_one_and_what_waits_and_was_chosen_is_kept(installed: Server) -> None:
    installed.inbox.answer = 500
    installed.fire(("TicketClose", {"ticketid": 310}), pauses="")
    until(installed.is_idle, "nobody delivers")
    installed.inbox.answer, installed.inbox.secret = 202, "whsec_bmV3IHNlY3JldCBvZiBhIHRlc3Q="
    (installed.base / "settings.php").write_text("<?php return array();")

    installed.install(secret=installed.inbox.secret)
    installed.engine("--deliver")

    assert installed.inbox.events == ["TicketClose"]
    assert (installed.base / "settings.php").exists()


@pytest.mark.parametrize("part", [0.3, 0.9, 0.999])
def test_a_download_that_is_cut_does_nothing(server: Server, part: float) -> None:
    before, script = server.tree(), server.script()

    server.run("sh", "-s", "--", "/var/www/whmcs", stdin=script[: int(len(script) * part)])

    assert server.tree() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("/path/to/whmcs",), "There is no WHMCS in"),
        (("whmcs",), "must begin with /"),
        (("",), "Say where WHMCS is"),
        (("/var/www/whmcs", "nobody-of-that-name"), "There is no user nobody-of-that-name."),
    ],
)
def test_where_it_does_not_belong_it_says_so_and_changes_nothing(
    server: Server, arguments: tuple[str, ...], said: str
) -> None:
    before = server.tree()

    ended = server.install(*arguments)

    assert (ended.returncode, server.tree()) == (1, before)
    assert said in ended.stderr.decode()


def test_what_is_somebody_elses_is_left_alone(server: Server) -> None:
    (server.hooks / "relay.php").write_text("<?php // of another")
    before = server.tree()
    file = server.install()
    (server.hooks / "relay.php").rename(server.hooks / "_relay.php")
    (server.hooks / "relay").mkdir()
    directory = server.install()
    (server.hooks / "relay").rmdir()
    (server.hooks / "_relay.php").rename(server.hooks / "relay.php")

    assert (file.returncode, directory.returncode, server.tree()) == (1, 1, before)
    assert b"relay.php that is not ours" in file.stderr
    assert b"hooks/relay that is not ours" in directory.stderr


def test_without_a_php_that_will_do_nothing_is_changed(server: Server) -> None:
    (server.root.parent / "bin/php").write_text("#!/bin/sh\nexit 1\n")
    before = server.tree()

    ended = server.install()

    if Path("/usr/local/bin/php").exists():
        pytest.skip("there is another PHP here")
    assert (ended.returncode, server.tree()) == (1, before)
    assert b"PHP 7.2 or newer" in ended.stderr


def test_an_address_that_others_can_read_along_is_refused(server: Server) -> None:
    before = server.tree()

    ended = server.install(url="http://relay.example/in/src_test")

    assert (ended.returncode, server.tree()) == (1, before)
    assert b"must begin with https://" in ended.stderr


@pytest.mark.parametrize(("answer", "events"), [(202, ["TicketClose"]), (500, [])])
def test_what_waits_is_delivered_before_it_is_taken_away(installed: Server, answer: int, events: list[str]) -> None:
    installed.inbox.answer = 500
    installed.fire(("TicketClose", {"ticketid": 310}), pauses="")
    until(installed.is_idle, "nobody delivers")
    installed.inbox.answer = answer

    ended = installed.uninstall()

    assert installed.inbox.events == events
    assert (b"could not be delivered" in ended.stdout) == (not events)
    assert not installed.base.exists()


def test_what_waits_can_be_left_behind_and_is_found_again(installed: Server) -> None:
    installed.inbox.answer = 500
    installed.fire(("TicketClose", {"ticketid": 310}), pauses="")
    until(installed.is_idle, "nobody delivers")

    installed.uninstall("--keep-spool")
    left = [path.name for path in installed.base.iterdir()]
    installed.inbox.answer = 202
    again = installed.install()
    installed.engine("--deliver")

    assert (left, again.returncode, installed.inbox.events) == (["state"], 0, ["TicketClose"])


# By hand


def test_a_test_says_whether_it_works(installed: Server) -> None:
    good = installed.engine("--test")
    posts = list(installed.inbox.taken)
    installed.inbox.answer = 401
    bad = installed.engine("--test")

    assert (good.returncode, good.stdout) == (0, IT_WORKS.encode())
    assert [said_in_our_words("whmcs", post) for post in posts] == [[]]
    assert (bad.returncode, b"the secret is not the source's" in bad.stdout) == (1, True)


def test_the_installer_holds_what_it_puts_in_place() -> None:
    assert set(files(get("whmcs"))) == {"relay-send.php", "relay.php", "uninstall.sh"}
