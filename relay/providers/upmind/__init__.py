"""Upmind: billing, orders and the services that are billed.

What it posts: https://docs.upmind.com/developers/webhooks/consuming-webhooks

Every webhook names its hook, such as `invoice_paid_hook`. The triggers are documented by their titles ("Contract
product activated"); the codes are these in lower snake case. What `object` holds differs by category, so each field is
read where it is seen and left null elsewhere. Times carry no zone: the source's setting `timezone` says which is meant.
"""

from dataclasses import dataclass
from functools import partial

from relay.formats.money import Money, currency_code, from_decimal
from relay.formats.times import local, local_timestamp
from relay.formats.values import ZONE
from relay.sdk.entities import Customer, Data, Invoice, named
from relay.sdk.fields import Object, an_object, scalar
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Provider, Reply, Setting
from relay.security.verification import HmacSignature


@dataclass(frozen=True, slots=True)
class Told:
    """The object that a hook tells of, and the zone of its times."""

    object: Object
    category: str | None
    zone: str

    def time(self, name: str) -> str | None:
        return local_timestamp(self.object.get(name), self.zone)


def subject(inbound: Inbound) -> Told:
    payload = inbound.payload
    found = an_object(payload.get("object"))
    return Told(
        {"id": payload.get("object_id"), **found},
        scalar(payload.get("object_type")) or scalar(payload.get("hook_category")),
        _zone(inbound),
    )


def customer(told: Told) -> Customer:
    client = _client(told)
    return {
        "id": scalar(client.get("id")) or scalar(told.object.get("client_id")),
        "name": _name(client),
        "email": _email(client),
        "company": scalar(client.get("company_name")),
    }


def profile(told: Told) -> Data:
    client = told.object
    address = an_object(client.get("default_address"))
    return {
        "customer": {
            "id": scalar(client.get("id")),
            "name": _name(client),
            "first_name": _either(client, "firstname", "first_name"),
            "last_name": _either(client, "lastname", "last_name"),
            "email": _email(client),
            "company": scalar(client.get("company_name")),
            "phone": scalar(an_object(client.get("default_phone")).get("full_phone")),
            "address_line1": scalar(address.get("address_1")),
            "address_line2": scalar(address.get("address_2")),
            "city": scalar(address.get("city")),
            "state": scalar(address.get("state")),
            "postal_code": scalar(address.get("postcode")),
            "country": scalar(address.get("country_code")),
            "language": _either(client, "interface_language_code", "interface_language"),
            "created_at": told.time("created_at"),
        }
    }


def invoice(told: Told, status: str | None = None) -> Data:
    return {"invoice": _invoice(told, status)}


def _invoice(told: Told, status: str | None) -> Invoice:
    found = told.object
    return {
        "id": scalar(found.get("id")),
        "number": scalar(found.get("number")),
        "status": status,
        **_money(found, "total_amount", "total", "amount"),
        **named("amount_due", _money(found, "unpaid_amount")),
        **named("amount_paid", _money(found, "paid_amount")),
        **named("tax", _money(found, "tax_amount")),
        "issued_at": told.time("created_at"),
        "due_at": told.time("due_date"),
        "paid_at": told.time("paid_at") if status == "paid" else None,
    }


def unpaid(told: Told) -> Data:
    reason = _either(told.object, "failure_reason", "error_message")
    return {"invoice": _invoice(told, "open") | {"failure_reason": reason}}


def payment(told: Told, status: str) -> Data:
    """A payment of an invoice. Its object holds `transaction_id`, and the invoice in itself."""
    found = told.object
    bill = an_object(found.get("invoice"))
    return {
        "payment": {
            "id": scalar(found.get("id")),
            "status": status,
            **_money(found, "amount"),
            "failure_reason": _either(found, "failure_reason", "error_message") if status == "failed" else None,
            "paid_at": told.time("created_at") if status == "succeeded" else None,
            "reference": scalar(found.get("transaction_id")),
            "gateway": scalar(an_object(found.get("gateway")).get("name")),
            "invoice_id": scalar(bill.get("id")) or scalar(found.get("invoice_id")),
            "invoice_number": scalar(bill.get("number")),
        }
    }


def awaited(told: Told) -> Data:
    """The card's bank asks for the customer. The object is the invoice: no payment of its own is named yet."""
    found = told.object
    return {
        "payment": {
            "status": "action_required",
            **_money(found, "unpaid_amount"),
            "invoice_id": scalar(found.get("id")),
            "invoice_number": scalar(found.get("number")),
        },
        "invoice": _invoice(told, "open"),
    }


def refund(told: Told) -> Data:
    found = told.object
    bill = an_object(found.get("invoice"))
    return {
        "refund": {
            "id": scalar(found.get("id")),
            "status": "succeeded",
            **_money(found, "amount"),
            "invoice_id": scalar(bill.get("id")) or scalar(found.get("invoice_id")),
            "invoice_number": scalar(bill.get("number")),
            "created_at": told.time("created_at"),
        }
    }


def expired_card(_: Told) -> Data:
    """The hook tells that the card of an invoice has expired; which card that is, it does not say."""
    return {"payment_method": {"type": "card"}}


def service(told: Told, status: str | None = None) -> Data:
    """A contract product is what the customer has and what is billed for it: to us a service and a subscription."""
    found = told.object
    return {
        "service": {
            "id": scalar(found.get("id")),
            "name": _plan(found),
            "domain": _domain(found),
            "plan": _plan(found),
            "status": status,
            "reason": _either(found, "suspend_reason", "cancellation_reason", "reason"),
            "product_id": scalar(found.get("product_id")) or scalar(an_object(found.get("product")).get("id")),
            "renews_at": told.time("next_due_date"),
            "created_at": told.time("created_at"),
        }
    }


def subscription(told: Told, status: str | None = None) -> Data:
    found = told.object
    months = found.get("billing_cycle_months")
    by_month = isinstance(months, int) and not isinstance(months, bool) and months > 0
    return {
        "subscription": {
            "id": scalar(found.get("id")),
            "status": status,
            "plan": _plan(found),
            "product_id": scalar(found.get("product_id")) or scalar(an_object(found.get("product")).get("id")),
            **_money(found, "total_amount"),
            "interval": "month" if by_month else None,
            "interval_count": months if by_month else None,
            "started_at": told.time("created_at"),
            "current_period_end": told.time("next_due_date") or told.time("expiry_date"),
            "renews_at": told.time("next_due_date"),
            "canceled_at": told.time("cancelled_at"),
            "cancel_reason": _either(found, "cancellation_reason", "reason") if status == "canceled" else None,
            "domain": _domain(found),
        }
    }


def order(told: Told, status: str) -> Data:
    found = told.object
    bill = an_object(found.get("invoice"))
    return {
        "order": {
            "id": scalar(found.get("id")),
            "number": scalar(found.get("number")),
            "status": status,
            **_money(found, "total_amount", "total", "amount"),
            "invoice_id": scalar(bill.get("id")) or scalar(found.get("invoice_id")),
            "invoice_number": scalar(bill.get("number")),
            "created_at": told.time("created_at"),
        }
    }


def _zone(inbound: Inbound) -> str:
    return str(inbound.settings.get("timezone") or "UTC")


def _money(found: Object, *names: str) -> Money:
    """The first of these sums, in the object's own currency: the brand's may be another one."""
    currency = found.get("currency")
    code = found.get("currency_code") or (currency.get("code") if isinstance(currency, dict) else currency)
    amount = next((found[name] for name in names if found.get(name) is not None), None)
    return from_decimal(amount, currency_code(code))


def _client(told: Told) -> Object:
    return told.object if told.category == "client" else an_object(told.object.get("client"))


def _name(client: Object) -> str | None:
    parts = (_either(client, "firstname", "first_name"), _either(client, "lastname", "last_name"))
    return _either(client, "fullname", "full_name") or " ".join(filter(None, parts)) or None


def _email(client: Object) -> str | None:
    return _either(client, "email", "notification_email", "login_email")


def _plan(found: Object) -> str | None:
    return scalar(an_object(found.get("product")).get("name")) or _either(found, "product_name", "name")


def _domain(found: Object) -> str | None:
    """`service_identifier` is whatever the product calls itself by; a domain is told from it by its dot."""
    name = _either(found, "domain", "service_identifier")
    return name.lower() if name and "." in name and " " not in name and "@" not in name else None


def _either(found: Object, *names: str) -> str | None:
    return next(filter(None, (scalar(found.get(name)) for name in names)), None)


PROVIDER = Provider(
    name="upmind",
    label="Upmind",
    kind="billing_system",
    homepage="https://upmind.com",
    verification=HmacSignature(name="upmind_signature", header="x-webhook-signature"),
    event_name=lambda inbound: inbound.payload.get("hook_code"),
    event_id=lambda inbound: inbound.payload.get("webhook_event_id"),
    occurred_at=lambda inbound: local(inbound.payload.get("event_datetime"), _zone(inbound)),
    subject=subject,
    customer=customer,
    events={
        # Clients
        "user_created_unverified_client_hook": On("customer.created", profile),
        "user_created_verified_client_hook": On("customer.created", profile),
        "client_created_hook": On("customer.created", profile),
        "client_registered_hook": On("customer.created", profile),
        "client_updated_hook": On("customer.updated", profile),
        # Orders
        "order_created_hook": On("order.created", partial(order, status="pending")),
        "order_paid_hook": On("order.paid", partial(order, status="paid")),
        # Invoices
        "invoice_created_hook": On("invoice.created", partial(invoice, status="open")),
        "invoice_paid_hook": On("invoice.paid", partial(invoice, status="paid")),
        "invoice_cancelled_hook": On("invoice.voided", partial(invoice, status="void")),
        "invoice_refunded_hook": On("invoice.refunded", partial(invoice, status="refunded")),
        "invoice_pre_due_notification_hook": On("invoice.due_soon", partial(invoice, status="open")),
        "invoice_overdue_notification_hook": On("invoice.overdue", partial(invoice, status="overdue")),
        "invoice_payment_failed_hook": On("invoice.payment_failed", unpaid),
        "invoice_capture_failed_hook": On("invoice.payment_failed", unpaid),
        "invoice_payment_missing_data_hook": On("invoice.payment_failed", unpaid),
        # Payments
        "invoice_payment_received_hook": On("payment.succeeded", partial(payment, status="succeeded")),
        "invoice_payment_refunded_hook": On("refund.succeeded", refund),
        "invoice_payment_3d_required_hook": On("payment.action_required", awaited),
        "invoice_payment_card_expired_hook": On("payment_method.expired", expired_card),
        # Services, which are contract products there
        "contract_product_created_hook": On("subscription.created", partial(subscription, status="pending")),
        "contract_product_activated_hook": (
            On("service.created", partial(service, status="active")),
            On("subscription.activated", partial(subscription, status="active")),
        ),
        "contract_product_renewed_hook": On("subscription.renewed", partial(subscription, status="active")),
        "contract_product_suspended_hook": On("service.suspended", partial(service, status="suspended")),
        "contract_product_unsuspended_hook": On("service.unsuspended", partial(service, status="active")),
        "contract_product_cancel_requested_hook": On("service.cancellation_requested", service),
        "contract_product_cancel_request_approved_hook": On("subscription.cancellation_scheduled", subscription),
        "contract_product_cancelled_hook": On("subscription.canceled", partial(subscription, status="canceled")),
        "contract_product_closed_hook": On("service.terminated", partial(service, status="terminated")),
        "contract_product_expiring_hook": On("subscription.renewal_upcoming", subscription),
        "contract_product_billing_cycle_changed_hook": On("subscription.updated", subscription),
        "contract_product_due_date_changed_hook": On("subscription.updated", subscription),
        "contract_product_price_changed_hook": On("subscription.updated", subscription),
        "contract_product_expire_manual_renewal_hook": On("subscription.updated", subscription),
        "contract_product_renew_on_hook": On("subscription.updated", subscription),
        "contract_product_renew_off_hook": On("subscription.updated", subscription),
    },
    ignored=frozenset(
        (
            # inner steps of billing
            "invoice_adjusted_hook",
            "invoice_attempted_commission_calculation_hook",
            "invoice_credited_hook",
            "invoice_duplicated_hook",
            "invoice_paid_with_next_card_hook",
            "invoice_payment_method_type_resolved_hook",
            "invoice_payment_restored_hook",
            "invoice_payment_swapped_hook",
            "invoice_refreshed_hook",
            "invoice_refund_requested_hook",
            "invoice_refund_webhook_confirmed_hook",
            "invoice_updated_due_date_hook",
            "proforma_cancelled_hook",
            "proforma_created_hook",
            "proforma_credited_hook",
            # documents and carts
            "basket_abandoned_hook",
            "invoice_pdf_generated_hook",
            "invoice_pdf_regenerated_hook",
            "invoice_shared_hook",
            # inner steps of a contract
            "contract_product_cancel_request_deleted_client_hook",
            "contract_product_client_label_changed_hook",
            "contract_product_consolidation_off_hook",
            "contract_product_failed_consolidation_invoice_hook",
            "contract_product_invoicing_start_hook",
            "contract_product_manual_status_off_hook",
            "contract_product_ownership_changed_hook",
            "contract_product_payment_interval_hook",
            "contract_product_provisioning_requires_fraud_review_hook",
            "contract_product_retention_flagged_hook",
            "contract_product_retention_lost_hook",
            "contract_product_retention_saved_hook",
            "contract_product_setup_values_require_confirmation_hook",
        )
    ),
    # Hashes go everywhere; this is the code by which a client proves himself on the telephone.
    secret_fields=frozenset(("support_pin",)),
    settings=(
        Setting(
            "timezone",
            "Time zone",
            "The zone of the times that Upmind posts, such as Europe/Berlin.",
            default="UTC",
            form=ZONE,
        ),
    ),
    accepted=Reply(200, "ok"),
)
