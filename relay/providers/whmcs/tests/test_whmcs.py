"""What is peculiar to WHMCS: rows of PHP, where nothing has many forms, and invoices that renew services."""

from decimal import Decimal
from typing import Any

import pytest

from corpus import of_every_row, published
from kit.provider import ProviderUnderTest, only, types_of

WHMCS = ProviderUnderTest("whmcs")
PUBLISHED = {
    "add_transaction.json": ["payment.succeeded"],
    "after_module_create.json": ["service.created"],
    "after_module_suspend.json": ["service.suspended"],
    "after_registrar_renewal.json": ["domain.renewed"],
    "api_error.json": ["unknown"],
    "api_get_clients_products.json": ["unknown"],
    "api_get_invoice.json": ["unknown"],
    "cancellation_request.json": ["service.cancellation_requested"],
    "cc_update.json": [],
    "daily_cron_job.json": [],
    "domain_transfer_completed.json": ["domain.transferred"],
    "invoice_cancelled.json": ["invoice.voided"],
    "invoice_created.json": ["invoice.created"],
    "invoice_paid.json": ["invoice.paid"],
    "invoice_payment_reminder.json": ["invoice.overdue"],
    "order_paid.json": ["order.paid"],
    "ticket_open.json": ["ticket.opened"],
}
"""The events of each published payload. What is no event, as the answer to a poll, stays unknown."""


def item(kind: str, relid: int, amount: str = "10.00") -> dict[str, Any]:
    return {"id": relid + 1000, "type": kind, "relid": relid, "description": f"{kind} {relid}", "amount": amount}


def bill(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"invoiceid": 7, "userid": 5, "date": "2026-11-01", "total": "10.00", "items": {"item": list(items)}} | more


def test_each_service_on_a_paid_invoice_has_renewed() -> None:
    items = [item("Hosting", 1), item("DomainRenew", 2), item("Hosting", 3), item("Hosting", 1), item("Addon", 4)]

    events = WHMCS.sent("InvoicePaid", {"invoiceid": 7, "invoice": bill(*items), "currency": "EUR"})

    assert types_of(events) == ["invoice.paid", "subscription.renewed", "subscription.renewed"]
    assert [event.envelope["data"]["subscription"]["id"] for event in events[1:]] == ["service-1", "service-3"]
    assert len({event.id for event in events}) == 3


@pytest.mark.parametrize(
    ("regdate", "expected"),
    [
        ("2026-11-01", "subscription.activated"),
        ("2026-11-02", "subscription.activated"),
        ("2026-10-31", "subscription.renewed"),
        ("0000-00-00", "subscription.renewed"),
        (None, "subscription.renewed"),
    ],
)
def test_the_first_invoice_of_a_service_renews_nothing(regdate: str | None, expected: str) -> None:
    data = {"invoiceid": 7, "invoice": bill(item("Hosting", 1)), "service": {"id": 1, "regdate": regdate}}

    assert types_of(WHMCS.sent("InvoicePaid", data)) == ["invoice.paid", expected]


def test_a_subscription_is_read_from_the_row_of_its_own_service() -> None:
    services = [
        {"id": "2", "name": "Other", "recurringamount": "99.00", "billingcycle": "Monthly"},
        {
            "id": "1",
            "name": "Business",
            "pid": "3",
            "recurringamount": "120.00",
            "billingcycle": "Semi-Annually",
            "regdate": "2020-05-01",
            "nextduedate": "2027-05-01",
            "domain": "Acme.Example",
            "status": "Active",
        },
    ]
    data = {"invoiceid": 7, "invoice": bill(item("Hosting", 1)), "service": services, "currency": "EUR"}

    _, renewed = WHMCS.sent("InvoicePaid", data)

    assert only([renewed], "subscription") == {
        "id": "service-1",
        "status": "active",
        "plan": "Business",
        "product_id": "3",
        "description": "Hosting 1",
        "amount": Decimal("120.00"),
        "amount_minor": 12000,
        "currency": "EUR",
        "interval": "month",
        "interval_count": 6,
        "started_at": "2020-05-01T00:00:00Z",
        "current_period_end": "2027-05-01T00:00:00Z",
        "renews_at": "2027-05-01T00:00:00Z",
        "domain": "acme.example",
    }


@pytest.mark.parametrize("cycle", ["One Time", "Free Account", "", None])
def test_what_is_paid_once_does_not_renew(cycle: str | None) -> None:
    service = {"id": "1", "billingcycle": cycle, "nextduedate": "2027-05-01"}

    found = only(WHMCS.sent("RelayServiceRenewalDue", {"days": 7, "service": service}), "subscription")

    assert found == {"id": "service-1", "days_until_renewal": 7}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("reminder", "invoice.due_soon"),
        ("firstoverdue", "invoice.overdue"),
        ("Second Overdue", "invoice.overdue"),
        ("thirdoverdue", "invoice.overdue"),
        ("something new", "invoice.due_soon"),
        (None, "invoice.due_soon"),
    ],
)
def test_a_reminder_is_told_by_its_kind(kind: str | None, expected: str) -> None:
    assert types_of(WHMCS.sent("InvoicePaymentReminder", {"invoiceid": 7, "type": kind})) == [expected]


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ({"amountin": 15.95, "amountout": 0.0}, ["payment.succeeded"]),
        ({"amountin": "0.00", "amountout": "15.95"}, ["refund.succeeded"]),
        ({"amountin": "1", "amountout": "1"}, ["payment.succeeded", "refund.succeeded"]),
        ({"amountin": "0.00", "amountout": 0}, []),
        ({"amountin": "-5", "amountout": ""}, []),
        ({}, []),
    ],
)
def test_a_transaction_is_what_its_money_does(amounts: dict[str, Any], expected: list[str]) -> None:
    assert types_of(WHMCS.sent("AddTransaction", {"id": 1, "transid": "ch_1"} | amounts)) == expected


def test_without_the_code_of_its_currency_an_amount_is_not_told() -> None:
    data = {"id": 877, "currency": 1, "amountin": 15.95, "transid": "ch_1", "invocieid": 1042, "refundid": 0}

    assert only(WHMCS.sent("AddTransaction", data), "payment") == {
        "id": "877",
        "status": "succeeded",
        "reference": "ch_1",
        "invoice_id": "1042",
    }


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-11-20 23:59:59", "2026-11-20T00:00:00Z"),
        ({"date": "2026-11-20 09:14:00.000000", "timezone_type": 3, "timezone": "UTC"}, "2026-11-20T00:00:00Z"),
        ("0000-00-00 00:00:00", None),
        ("20/11/2026", None),
    ],
)
def test_of_a_local_time_only_the_day_is_told(date: Any, expected: str | None) -> None:
    found = only(WHMCS.sent("AddTransaction", {"amountin": 1, "date": date}), "payment")

    assert found.get("paid_at") == expected


@pytest.mark.parametrize("nothing", ["", [], {}, None, 0, "0", False])
def test_where_php_has_nothing_there_is_nothing(nothing: Any) -> None:
    data = dict.fromkeys(("invoice", "client", "service", "currency", "url", "domain_details", "params"), nothing)

    (event,) = WHMCS.sent("InvoicePaid", {"invoiceid": 7} | data)

    assert only([event], "invoice") == {"id": "7", "status": "paid"}
    assert event.envelope["customer"] is None


def test_an_invoice_is_read_with_all_its_sums() -> None:
    found = bill(
        item("Hosting", 1, "20.00"),
        item("PromoHosting", 1, "-2.00"),
        item("LateFee", 0, "5.00"),
        invoicenum="",
        total="27.37",
        balance="7.37",
        tax="4.00",
        tax2="0.37",
        duedate="2026-11-15",
        datepaid="0000-00-00 00:00:00",
        status="Unpaid",
    )

    data = {"invoiceid": 7, "invoice": found, "client": {"currency_code": "usd"}, "url": "javascript:alert(1)"}
    told = only(WHMCS.sent("RelayInvoiceOverdue", data | {"days": "-3"}), "invoice")

    lines = [(line["kind"], str(line["amount"]), line["service_id"]) for line in told.pop("items")]
    assert lines == [("hosting", "20.00", "1"), ("discount", "-2.00", None), ("other", "5.00", None)]
    assert told == {
        "id": "7",
        "number": "7",
        "status": "overdue",
        "amount": Decimal("27.37"),
        "amount_minor": 2737,
        "currency": "USD",
        "amount_due": Decimal("7.37"),
        "amount_due_minor": 737,
        "amount_paid": Decimal("20.00"),
        "amount_paid_minor": 2000,
        "tax": Decimal("4.37"),
        "tax_minor": 437,
        "issued_at": "2026-11-01T00:00:00Z",
        "due_at": "2026-11-15T00:00:00Z",
        "days_until_due": -3,
        "subscription_id": "service-1",
    }


@pytest.mark.parametrize("tld", [".co.example", "co.example"])
def test_a_name_is_put_together_with_one_dot(tld: str) -> None:
    params = {"domainid": 77, "sld": "Acme", "tld": tld, "regperiod": "2"}

    found = only(WHMCS.sent("AfterRegistrarRenewal", {"params": params}), "domain")

    assert found == {"id": "77", "name": "acme.co.example", "period_years": 2}


def test_a_name_in_other_letters_is_told_as_dns_has_it() -> None:
    params = {"sld": "bücher", "tld": ".example", "domain_punycode": "xn--bcher-kva.example"}

    assert only(WHMCS.sent("AfterRegistrarRegistration", {"params": params}), "domain") == {
        "name": "xn--bcher-kva.example"
    }


@pytest.mark.parametrize(
    ("hook", "title"),
    [
        ("AfterModuleCreateFailed", "WHMCS could not create the service acme.example"),
        ("AfterModuleTerminateFailed", "WHMCS could not terminate the service acme.example"),
        ("AfterModuleChangePackageFailed", "WHMCS could not change the package of the service acme.example"),
    ],
)
def test_a_module_that_failed_raises_an_alert(hook: str, title: str) -> None:
    data = {"params": {"serviceid": 501, "domain": "acme.example"}, "failureResponseMessage": "No."}

    found = only(WHMCS.sent(hook, data), "alert")

    assert (found["title"], found["message"], found["status"]) == (title, "No.", "firing")
    assert found["key"].endswith(":501")


def test_a_client_is_not_mistaken_for_the_user_who_signs_in() -> None:
    (event,) = WHMCS.sent("ClientAdd", {"user_id": 9, "client_id": 5, "userid": 5, "firstname": "Zoë"})

    assert event.envelope["customer"] == {"id": "5", "name": "Zoë", "email": None, "company": None}
    assert event.envelope["data"]["customer"]["id"] == "5"


@pytest.mark.parametrize("hook", ["CCUpdate", "ClientChangePassword", "AfterModuleChangePassword", "LogTransaction"])
def test_a_hook_that_carries_secrets_is_told_to_nobody(hook: str) -> None:
    assert WHMCS.sent(hook, {"userid": 5, "password": "x", "cardnum": "4111111111111111"}) == []


def test_a_paid_service_that_was_not_looked_up_has_no_status() -> None:
    invoice = {"userid": 1, "items": {"item": [{"type": "Hosting", "relid": 311, "amount": "24.00"}]}}

    [_, renewed] = WHMCS.sent("InvoicePaid", {"invoiceid": 1042, "invoice": invoice})

    assert renewed.envelope["data"]["subscription"]["status"] is None


@of_every_row("whmcs")
def test_a_published_payload_is_told(row: dict[str, Any]) -> None:
    found = WHMCS.events(published(f"panels/{row['file']}"), native=row["native_event"])

    assert types_of(found) == PUBLISHED[row["file"].partition("/")[2]]
    known = [each for each in found if each.type != "unknown"]
    assert [each.type for each in known if (row["key"] or "") not in str(each.envelope["data"])] == []
