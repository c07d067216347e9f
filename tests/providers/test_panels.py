"""What is peculiar to WHMCS, cPanel and Plesk, and the whole corpus of what they were seen to send."""

import json
from decimal import Decimal
from typing import Any

import pytest

from corpus import of_corpus, published, rows
from relay.develop.samples import RECEIVED_AT, all_samples
from relay.develop.samples import events_of as events_of_sample
from relay.formats import jsontext
from relay.inbound.identity import read
from relay.inbound.normalize import Origin, normalize
from relay.model import Event, Inbound, Source
from relay.providers import get

# The events of each file of the corpus. None is a file that is no event, as the answer to a poll: it stays unknown.
EXPECTED: dict[str, list[str] | None] = {
    "whmcs/add_transaction.json": ["payment.succeeded"],
    "whmcs/after_module_create.json": ["service.created"],
    "whmcs/after_module_suspend.json": ["service.suspended"],
    "whmcs/after_registrar_renewal.json": ["domain.renewed"],
    "whmcs/api_error.json": None,
    "whmcs/api_get_clients_products.json": None,
    "whmcs/api_get_invoice.json": None,
    "whmcs/cancellation_request.json": ["service.cancellation_requested"],
    "whmcs/cc_update.json": [],
    "whmcs/daily_cron_job.json": [],
    "whmcs/domain_transfer_completed.json": ["domain.transferred"],
    "whmcs/invoice_cancelled.json": ["invoice.voided"],
    "whmcs/invoice_created.json": ["invoice.created"],
    "whmcs/invoice_paid.json": ["invoice.paid"],
    "whmcs/invoice_payment_reminder.json": ["invoice.overdue"],
    "whmcs/order_paid.json": ["order.paid"],
    "whmcs/ticket_open.json": ["ticket.opened"],
    "cpanel/accounts_change_package_post.json": ["service.package_changed"],
    "cpanel/accounts_create_post.json": ["service.created"],
    "cpanel/accounts_modify_post.json": ["service.updated"],
    "cpanel/accounts_suspendacct_post.json": ["service.suspended"],
    "cpanel/accounts_unsuspendacct_post.json": ["service.unsuspended"],
    "cpanel/api_uapi_quota_get_quota_info.json": None,
    "cpanel/api_whm_failure.json": None,
    "cpanel/autossl_installssl_post.json": ["certificate.renewed"],
    "cpanel/contact_manager_post_url.json": ["notice.received"],
    "cpanel/diskquota_critical_pre.json": ["usage.near_limit"],
    "cpanel/domain_park_post.json": ["domain.added"],
    "cpanel/pkgacct_create_postfinalize.json": ["backup.succeeded"],
    "cpanel/system_backup_post.json": ["notice.received"],
    "plesk/admin_account_updated.json": [],
    "plesk/api_eventlog_domain_limit_size.json": ["usage.exceeded"],
    "plesk/api_eventlog_domain_status.json": ["service.updated"],
    "plesk/client_create.json": ["customer.created"],
    "plesk/client_update.json": ["customer.updated"],
    "plesk/domain_alias_create.json": ["domain.added"],
    "plesk/domain_create.json": ["service.created"],
    "plesk/domain_update_rename.json": ["service.updated"],
    "plesk/phys_hosting_create.json": ["service.updated"],
    "plesk/service_start.json": ["alert.resolved"],
    "plesk/service_stop.json": ["alert.raised"],
    "plesk/site_create.json": ["domain.added"],
}


FILES = [row for row in rows("panels/index.json") if row["file"] in EXPECTED]


def names_itself(row: dict[str, Any]) -> bool:
    """Hooks of cPanel and rows of Plesk's log do; what PHP and Plesk's handlers are given does not."""
    return row["system"] == "cpanel" or "event_log" in row["native_event"]


def of_rows(rows: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows, ids=[row["file"] for row in rows])


def webhook_of(row: dict[str, Any]) -> Inbound:
    """A file as it lies, with the event's name beside it as only the caller knows it."""
    body = published(f"panels/{row['file']}")
    webhook = Inbound(body=body, received_at=RECEIVED_AT, native=row["native_event"])
    return read(get(row["system"]), webhook)


def events_of(provider: str, webhook: Inbound) -> list[Event]:
    source = Source("src_panel", "ws_test", provider, "A panel")
    return normalize(get(provider), webhook, Origin(source, place=1, verified_by="standard_webhooks"))


def posted(provider: str, event: str, data: Any, **more: Any) -> list[Event]:
    """The events of what the sender posts."""
    body = jsontext.dumps({"event": event, "data": data, "sent_at": 1795330798} | more)
    return events_of(provider, read(get(provider), Inbound(body=body, received_at=RECEIVED_AT)))


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def one(events: list[Event], entity: str) -> dict[str, Any]:
    """What the only event says of an entity, less what it does not know."""
    (event,) = events
    assert event.defect is None
    return {name: value for name, value in event.envelope["data"][entity].items() if value not in (None, [])}


@of_corpus
def test_no_file_of_the_corpus_is_left_out() -> None:
    published_files = {
        row["file"] for row in rows("panels/index.json") if row["system"] in ("whmcs", "cpanel", "plesk")
    }

    assert published_files == EXPECTED.keys()


@of_corpus
@of_rows(FILES)
def test_the_corpus_is_understood(row: dict[str, Any]) -> None:
    events = events_of(row["system"], webhook_of(row))

    assert types(events) == (["unknown"] if EXPECTED[row["file"]] is None else EXPECTED[row["file"]])
    assert [event.defect for event in events if event.defect] == []


@of_corpus
@of_rows(FILES)
def test_the_key_of_a_file_is_in_its_events(row: dict[str, Any]) -> None:
    events = events_of(row["system"], webhook_of(row))

    known = [event for event in events if event.type != "unknown"]

    assert [event.type for event in known if row["key"] and row["key"] not in str(event.envelope["data"])] == []


def secrets_in(value: Any, path: list[str]) -> list[str]:
    if not path:
        return [value]
    name, *rest = path
    below = value if name == "*" else [value[name]]
    return [secret for each in below for secret in secrets_in(each, rest)]


@of_corpus
@of_rows(FILES)
def test_no_secret_of_the_corpus_is_kept_or_told(row: dict[str, Any]) -> None:
    document = json.loads(published(f"panels/{row['file']}"))
    secrets = [secret for path in row.get("secrets", ()) for secret in secrets_in(document, path.split("."))]
    webhook = webhook_of(row)

    kept = get(row["system"]).storable(webhook).decode()
    told = "".join(event.body.decode() for event in events_of(row["system"], webhook))

    assert [secret for secret in secrets if secret in kept or secret in told] == []


@of_corpus
@of_rows([row for row in FILES if names_itself(row)])
def test_a_file_that_names_itself_needs_no_name_beside_it(row: dict[str, Any]) -> None:
    webhook = Inbound(body=published(f"panels/{row['file']}"), received_at=RECEIVED_AT)

    events = events_of(row["system"], read(get(row["system"]), webhook))

    assert types(events) == (["unknown"] if EXPECTED[row["file"]] is None else EXPECTED[row["file"]])


@pytest.mark.parametrize("provider", ["whmcs", "cpanel", "plesk"])
@pytest.mark.parametrize(
    ("sent_at", "expected"),
    [
        (1795330798, "2026-11-22T06:59:58Z"),
        ("2026-11-22T07:59:58+01:00", "2026-11-22T06:59:58Z"),
        ("2026-11-22 07:59:58", "2026-11-22T07:00:01Z"),
        (None, "2026-11-22T07:00:01Z"),
    ],
)
def test_an_event_happened_when_its_hook_ran(provider: str, sent_at: Any, expected: str) -> None:
    (event,) = posted(provider, "no such event", {}, sent_at=sent_at)

    assert event.envelope["occurred_at"] == expected


# WHMCS


def item(kind: str, relid: int, amount: str = "10.00") -> dict[str, Any]:
    return {"id": relid + 1000, "type": kind, "relid": relid, "description": f"{kind} {relid}", "amount": amount}


def bill(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"invoiceid": 7, "userid": 5, "date": "2026-11-01", "total": "10.00", "items": {"item": list(items)}} | more


def test_each_service_on_a_paid_invoice_has_renewed() -> None:
    items = [item("Hosting", 1), item("DomainRenew", 2), item("Hosting", 3), item("Hosting", 1), item("Addon", 4)]

    events = posted("whmcs", "InvoicePaid", {"invoiceid": 7, "invoice": bill(*items), "currency": "EUR"})

    assert types(events) == ["invoice.paid", "subscription.renewed", "subscription.renewed"]
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

    assert types(posted("whmcs", "InvoicePaid", data)) == ["invoice.paid", expected]


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

    _, renewed = posted("whmcs", "InvoicePaid", data)

    assert one([renewed], "subscription") == {
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

    found = one(posted("whmcs", "RelayServiceRenewalDue", {"days": 7, "service": service}), "subscription")

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
    assert types(posted("whmcs", "InvoicePaymentReminder", {"invoiceid": 7, "type": kind})) == [expected]


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
    assert types(posted("whmcs", "AddTransaction", {"id": 1, "transid": "ch_1"} | amounts)) == expected


def test_without_the_code_of_its_currency_an_amount_is_not_told() -> None:
    data = {"id": 877, "currency": 1, "amountin": 15.95, "transid": "ch_1", "invocieid": 1042, "refundid": 0}

    assert one(posted("whmcs", "AddTransaction", data), "payment") == {
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
    found = one(posted("whmcs", "AddTransaction", {"amountin": 1, "date": date}), "payment")

    assert found.get("paid_at") == expected


@pytest.mark.parametrize("nothing", ["", [], {}, None, 0, "0", False])
def test_where_php_has_nothing_there_is_nothing(nothing: Any) -> None:
    data = dict.fromkeys(("invoice", "client", "service", "currency", "url", "domain_details", "params"), nothing)

    (event,) = posted("whmcs", "InvoicePaid", {"invoiceid": 7} | data)

    assert one([event], "invoice") == {"id": "7", "status": "paid"}
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
    told = one(posted("whmcs", "RelayInvoiceOverdue", data | {"days": "-3"}), "invoice")

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

    found = one(posted("whmcs", "AfterRegistrarRenewal", {"params": params}), "domain")

    assert found == {"id": "77", "name": "acme.co.example", "period_years": 2}


def test_a_name_in_other_letters_is_told_as_dns_has_it() -> None:
    params = {"sld": "bücher", "tld": ".example", "domain_punycode": "xn--bcher-kva.example"}

    assert one(posted("whmcs", "AfterRegistrarRegistration", {"params": params}), "domain") == {
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

    found = one(posted("whmcs", hook, data), "alert")

    assert (found["title"], found["message"], found["status"]) == (title, "No.", "firing")
    assert found["key"].endswith(":501")


def test_a_client_is_not_mistaken_for_the_user_who_signs_in() -> None:
    (event,) = posted("whmcs", "ClientAdd", {"user_id": 9, "client_id": 5, "userid": 5, "firstname": "Zoë"})

    assert event.envelope["customer"] == {"id": "5", "name": "Zoë", "email": None, "company": None}
    assert event.envelope["data"]["customer"]["id"] == "5"


@pytest.mark.parametrize("hook", ["CCUpdate", "ClientChangePassword", "AfterModuleChangePassword", "LogTransaction"])
def test_a_hook_that_carries_secrets_is_told_to_nobody(hook: str) -> None:
    assert posted("whmcs", hook, {"userid": 5, "password": "x", "cardnum": "4111111111111111"}) == []


# cPanel


def document(category: str, event: str, stage: str, data: Any) -> dict[str, Any]:
    return {"context": {"category": category, "event": event, "stage": stage, "point": "main"}, "data": data}


@pytest.mark.parametrize(
    "data",
    [
        {"user": "acme", "reason": "Late"},
        {"args": {"user": "acme", "reason": "Late"}, "result": ["Done"]},
        document("Whostmgr", "Accounts::suspendacct", "post", {"user": "acme", "reason": "Late"}),
        document("Whostmgr", "Accounts::suspendacct", "post", {"args": {"user": "acme", "reason": "Late"}}),
    ],
)
def test_variables_are_found_wherever_they_lie(data: dict[str, Any]) -> None:
    found = one(posted("cpanel", "Whostmgr::Accounts::suspendacct", data), "service")

    assert found == {"id": "acme", "username": "acme", "status": "suspended", "reason": "Late"}


@pytest.mark.parametrize(
    ("category", "event"),
    [
        ("Whostmgr", "Accounts::Create"),
        ("Whostmgr", "Accounts::Remove"),
        ("Whostmgr", "Accounts::change_package"),
        ("Whostmgr", "AutoSSL::installssl"),
        ("System", "Backup"),
        ("PkgAcct", "Create"),
    ],
)
def test_what_is_not_done_yet_is_not_told(category: str, event: str) -> None:
    data = document(category, event, "pre", {"user": "acme", "new_pkg": "big"})

    assert posted("cpanel", f"{category}::{event}", data) == []


@pytest.mark.parametrize(
    ("stage", "expected"), [("pre", []), ("preFinalize", []), ("postFinalize", ["backup.succeeded"])]
)
def test_an_account_is_saved_when_its_archive_is_whole(stage: str, expected: list[str]) -> None:
    data = document("PkgAcct", "Create", stage, {"user": "acme", "homedir": "/home/acme"})

    assert types(posted("cpanel", "PkgAcct::Create", data)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (1, "certificate.renewed"),
        ("1", "certificate.renewed"),
        (True, "certificate.renewed"),
        (0, "certificate.renewal_failed"),
        ("0", "certificate.renewal_failed"),
        ("", "certificate.renewal_failed"),
        (False, "certificate.renewal_failed"),
        (None, "certificate.renewed"),
    ],
)
def test_a_certificate_failed_only_where_the_hook_says_so(status: Any, expected: str) -> None:
    assert types(posted("cpanel", "Whostmgr::AutoSSL::installssl", {"status": status})) == [expected]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The Certificate for the domain Acme-Shop.example was installed.", "acme-shop.example"),
        ("The certificate for the domain \u201cacme-shop.example\u201d expired.", "acme-shop.example"),
        ('<p>No certificate for the domain "*.acme-shop.example".</p>', "*.acme-shop.example"),
        ("The certificate for the domain bücher.example: failed", "bücher.example"),
        ("No domain was named.", None),
    ],
)
def test_a_certificates_domain_stands_in_a_sentence_for_people(sentence: str, expected: str | None) -> None:
    events = posted("cpanel", "Whostmgr::AutoSSL::installssl", {"status": 1, "rawout": sentence})

    assert one(events, "certificate").get("domain") == expected


def test_a_private_key_in_the_output_is_neither_kept_nor_told() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqh\n-----END PRIVATE KEY-----"
    body = {"event": "Whostmgr::AutoSSL::installssl", "data": {"status": 1, "rawout": key, "key_pem": key}}
    webhook = read(get("cpanel"), Inbound(body=jsontext.dumps(body)))

    kept = get("cpanel").storable(webhook)

    assert b"MIIEvQIBADANBgkqh" not in kept
    assert b"MIIEvQIBADANBgkqh" not in events_of("cpanel", webhook)[0].body


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (
            {"blocks_used": 999_999, "blocks_limit": 1_000_000},
            {"resource": "disk", "used": Decimal("99.9"), "limit": 100, "percent": Decimal("99.9"), "unit": "percent"},
        ),
        (
            {"blocks_used": "1", "blocks_limit": "2", "inodes_used": "3", "inodes_limit": "4"},
            {"resource": "inodes", "used": 3, "limit": 4, "percent": Decimal("75.0"), "unit": "count"},
        ),
        (
            {"blocks_used": 5, "blocks_limit": 0, "inodes_used": 5, "inodes_limit": 0},
            {"resource": "disk", "limit": 100, "unit": "percent"},
        ),
        (
            {"blocks_used": "many", "blocks_limit": -1},
            {"resource": "disk", "limit": 100, "unit": "percent"},
        ),
    ],
)
def test_the_resource_nearest_to_its_limit_is_told(numbers: dict[str, Any], expected: dict[str, Any]) -> None:
    assert one(posted("cpanel", "DiskQuota::critical", numbers), "usage") == expected


@pytest.mark.parametrize("name", ["blog", "blog.acme.example"])
def test_a_subdomain_is_told_in_full(name: str) -> None:
    data = {"user": "acme", "subdomain": name, "rootdomain": "acme.example"}

    found = one(posted("cpanel", "Whostmgr::Domain::addsubdomain", data), "domain")

    assert found == {"name": "blog.acme.example", "service_id": "acme"}


def test_of_several_contact_addresses_the_first_is_the_customers() -> None:
    data = {"user": "acme", "contactemail": "a@acme.example, b@acme.example"}

    (event,) = posted("cpanel", "Whostmgr::Accounts::Modify", data)

    assert event.customer_email == "a@acme.example"


def test_a_renamed_account_keeps_the_id_it_had() -> None:
    found = one(posted("cpanel", "Whostmgr::Accounts::Modify", {"user": "acme", "newuser": "acme2"}), "service")

    assert found == {"id": "acme", "username": "acme2"}


def test_a_form_of_the_contact_manager_is_read_before_and_after_it_was_kept() -> None:
    form = b"hostname=web03.example&subject=Disk+full&body=100%25&password=hunter2"
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    came = read(get("cpanel"), Inbound(body=form, headers=headers, received_at=RECEIVED_AT))

    kept = Inbound(body=get("cpanel").storable(came), headers=headers, received_at=RECEIVED_AT)
    again = read(get("cpanel"), kept)

    expected = {"title": "Disk full", "text": "100%", "origin": "web03.example"}
    assert b"hunter2" not in kept.body
    assert one(events_of("cpanel", came), "notice") == expected
    assert one(events_of("cpanel", again), "notice") == expected


# Plesk


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Acme.Example", "acme.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("例え.example", "xn--r8jz45g.example"),
        ("☃☃☃☃ not a name", "☃☃☃☃ not a name"),
        ("", None),
        (None, None),
    ],
)
def test_a_name_is_told_as_dns_has_it(given: str | None, expected: str | None) -> None:
    assert one(posted("plesk", "site_create", {"NEW_DOMAIN_NAME": given}), "domain").get("name") == expected


@pytest.mark.parametrize(
    ("before", "now", "renamed"),
    [
        ("acme.example", "acme.example", False),
        ("Acme.example", "acme.example", False),
        ("bücher.example", "xn--bcher-kva.example", False),
        ("", "acme.example", False),
        ("acme.example", "shop.example", True),
    ],
)
def test_only_another_name_is_a_new_name(before: str, now: str, renamed: bool) -> None:
    (event,) = posted("plesk", "domain_update", {"OLD_DOMAIN_NAME": before, "NEW_DOMAIN_NAME": now})

    assert event.type == "service.updated"
    assert (event.envelope["data"]["domain"] is not None) is renamed


def test_a_service_that_starts_again_resolves_the_alert_of_its_stop() -> None:
    keys = [
        one(posted("plesk", event, {"OLD_SERVICE": "mysql", "NEW_SERVICE": "mysql"}), "alert")["key"]
        for event in ("service_stop", "service_start")
    ]

    assert keys == ["service:mysql", "service:mysql"]


def test_a_row_of_the_log_is_the_same_event_however_often_it_is_read() -> None:
    row = {"id": 40211, "type": "exceeded", "time": 1795330790, "class": "domain_limit_traffic", "obj_id": "17"}

    first, again = (posted("plesk", "XML API event_log", row, sent_at=sent_at) for sent_at in (1795330798, 1795334398))

    assert first[0].id == again[0].id
    assert first[0].envelope["provider_event"] == {
        "id": "event_log-40211",
        "type": "event_log:domain_limit_traffic:exceeded",
    }
    assert first[0].envelope["occurred_at"] == "2026-11-22T06:59:50Z"


def test_a_row_of_another_kind_says_of_which_it_is() -> None:
    (event,) = posted("plesk", "XML API event_log", {"id": 1, "class": "mailname", "type": "created", "obj_id": "2"})

    assert event.type == "unknown"
    assert event.envelope["provider_event"]["type"] == "event_log:mailname:created"


@pytest.mark.parametrize("panel", ["cpanel", "cyberpanel", "directadmin", "ispconfig", "plesk", "virtualmin"])
def test_a_domain_of_an_account_ends_as_what_it_began_as(panel: str) -> None:
    events = [event for sample in all_samples(panel) for event in events_of_sample(sample)]

    assert {event["type"] for event in events if event["data"].get("domain")} >= {"domain.added", "domain.removed"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"m_Total": 23.8, "m_SubTotal": 20}, 2380), ({"m_SubTotal": 20}, None)],
)
def test_a_subtotal_is_not_what_an_invoice_costs(fields: dict[str, Any], expected: int | None) -> None:
    [event] = posted("clientexec", "Invoice-Create", {"invoiceId": 1, "invoice": fields, "currency": "EUR"})

    assert event.envelope["data"]["invoice"]["amount_minor"] == expected


def test_a_paid_service_that_was_not_looked_up_has_no_status() -> None:
    invoice = {"userid": 1, "items": {"item": [{"type": "Hosting", "relid": 311, "amount": "24.00"}]}}

    [_, renewed] = posted("whmcs", "InvoicePaid", {"invoiceid": 1042, "invoice": invoice})

    assert renewed.envelope["data"]["subscription"]["status"] is None


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ({}, ("17", "buyer@example.com")),
        ({"id": 17, "email": "zoe@example.com"}, ("17", "zoe@example.com")),
        ({"id": 18, "first_name": "Ada"}, ("18", None)),
    ],
)
def test_a_buyer_is_not_mixed_with_a_client(client: dict[str, Any], expected: tuple[str, str | None]) -> None:
    invoice = {"id": 1, "client_id": 17, "buyer": {"first_name": "Zoë", "email": "buyer@example.com"}}

    [event] = posted("fossbilling", "onAfterAdminInvoiceApprove", {"id": 1, "invoice": invoice, "client": client})

    assert (event.customer_id, event.customer_email) == expected
