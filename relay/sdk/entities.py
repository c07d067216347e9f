"""What readers give, in our words: the entities of `schemas/definitions.json` as types.

Derived by `relay generate`; do not edit. A key that is left out becomes null.
"""

from decimal import Decimal
from typing import Any, Literal, overload

from typing_extensions import TypedDict

from relay.formats import money
from relay.formats.money import Money

Kind = Literal[
    "payment_gateway",
    "hosting_panel",
    "billing_system",
    "monitor",
    "backup",
    "registrar",
    "help_desk",
    "generic",
    "relay",
]
"""What sort of product a provider is, as `schemas/envelope.json` has it."""


class Customer(TypedDict, total=False, closed=True):
    """The customer an event is about, as every event names them."""

    id: str | None
    name: str | None
    email: str | None
    company: str | None


class CustomerDetails(TypedDict, total=False, closed=True):
    """The full profile of a customer, with the address and the account settings."""

    id: str | None
    name: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    company: str | None
    phone: str | None
    address_line1: str | None
    address_line2: str | None
    city: str | None
    state: str | None
    postal_code: str | None
    country: str | None
    username: str | None
    language: str | None
    currency: str | None
    created_at: str | None


class LineItem(TypedDict, total=False, closed=True):
    """One line of an invoice: what was sold, how much of it, and for which period."""

    description: str | None
    kind: str | None
    quantity: Decimal | int | None
    amount: Decimal | int | None
    amount_minor: int | None
    service_id: str | None
    domain: str | None
    period_start: str | None
    period_end: str | None


class Invoice(TypedDict, total=False, closed=True):
    """A bill for a customer, with what is owed, what was paid and until when."""

    id: str | None
    number: str | None
    status: str | None
    amount: Decimal | int | None
    amount_minor: int | None
    currency: str | None
    amount_due: Decimal | int | None
    amount_due_minor: int | None
    amount_paid: Decimal | int | None
    amount_paid_minor: int | None
    tax: Decimal | int | None
    tax_minor: int | None
    description: str | None
    billing_reason: str | None
    issued_at: str | None
    due_at: str | None
    paid_at: str | None
    period_start: str | None
    period_end: str | None
    attempt_count: int | None
    next_attempt_at: str | None
    failure_reason: str | None
    days_until_due: int | None
    url: str | None
    pdf_url: str | None
    subscription_id: str | None
    items: list[LineItem]


class Subscription(TypedDict, total=False, closed=True):
    """A recurring agreement to pay for a plan, such as monthly hosting."""

    id: str | None
    status: str | None
    plan: str | None
    product_id: str | None
    description: str | None
    amount: Decimal | int | None
    amount_minor: int | None
    currency: str | None
    quantity: Decimal | int | None
    interval: str | None
    interval_count: int | None
    started_at: str | None
    current_period_start: str | None
    current_period_end: str | None
    renews_at: str | None
    trial_ends_at: str | None
    cancel_at: str | None
    canceled_at: str | None
    ended_at: str | None
    cancel_reason: str | None
    days_until_renewal: int | None
    failed_payments: int | None
    domain: str | None
    url: str | None


class Payment(TypedDict, total=False, closed=True):
    """One attempt to move money from a customer, whether it worked or not."""

    id: str | None
    status: str | None
    amount: Decimal | int | None
    amount_minor: int | None
    currency: str | None
    fee: Decimal | int | None
    fee_minor: int | None
    method: str | None
    card_brand: str | None
    card_last4: str | None
    card_exp_month: int | None
    card_exp_year: int | None
    failure_code: str | None
    failure_reason: str | None
    attempt_count: int | None
    next_attempt_at: str | None
    paid_at: str | None
    description: str | None
    reference: str | None
    gateway: str | None
    invoice_id: str | None
    invoice_number: str | None
    subscription_id: str | None
    url: str | None


class Refund(TypedDict, total=False, closed=True):
    """Money given back to a customer for an earlier payment."""

    id: str | None
    status: str | None
    amount: Decimal | int | None
    amount_minor: int | None
    currency: str | None
    reason: str | None
    failure_reason: str | None
    payment_id: str | None
    invoice_id: str | None
    invoice_number: str | None
    created_at: str | None


class Dispute(TypedDict, total=False, closed=True):
    """A payment that the customer or their bank contests, also called a chargeback."""

    id: str | None
    status: str | None
    amount: Decimal | int | None
    amount_minor: int | None
    currency: str | None
    reason: str | None
    payment_id: str | None
    respond_by: str | None
    opened_at: str | None
    closed_at: str | None
    url: str | None


class PaymentMethod(TypedDict, total=False, closed=True):
    """A stored way to pay, such as a card or a direct debit mandate."""

    id: str | None
    type: str | None
    brand: str | None
    last4: str | None
    exp_month: int | None
    exp_year: int | None
    expires_at: str | None
    holder_name: str | None
    country: str | None
    days_until_expiry: int | None
    is_default: bool | None


class Checkout(TypedDict, total=False, closed=True):
    """A payment page that a customer went through, and what came out of it."""

    id: str | None
    status: str | None
    mode: str | None
    amount: Decimal | int | None
    amount_minor: int | None
    currency: str | None
    payment_id: str | None
    subscription_id: str | None
    invoice_id: str | None
    url: str | None
    reference: str | None


class Ticket(TypedDict, total=False, closed=True):
    """A support request from a customer."""

    id: str | None
    number: str | None
    subject: str | None
    status: str | None
    priority: str | None
    department: str | None
    url: str | None
    created_at: str | None
    updated_at: str | None


class Order(TypedDict, total=False, closed=True):
    """A purchase of hosting products or domains, before or after it is paid."""

    id: str | None
    number: str | None
    status: str | None
    amount: Decimal | int | None
    amount_minor: int | None
    currency: str | None
    invoice_id: str | None
    invoice_number: str | None
    created_at: str | None


class Service(TypedDict, total=False, closed=True):
    """A hosting account or another product that runs for a customer on a server."""

    id: str | None
    name: str | None
    domain: str | None
    username: str | None
    plan: str | None
    previous_plan: str | None
    status: str | None
    server: str | None
    owner: str | None
    email: str | None
    reason: str | None
    failure_reason: str | None
    product_id: str | None
    renews_at: str | None
    created_at: str | None
    suspended_at: str | None
    ip_address: str | None
    cancellation_type: str | None


class Domain(TypedDict, total=False, closed=True):
    """A domain name, its registration and when it runs out."""

    id: str | None
    name: str | None
    previous_name: str | None
    status: str | None
    registrar: str | None
    registered_at: str | None
    expires_at: str | None
    days_until_expiry: int | None
    period_years: int | None
    auto_renew: bool | None
    alias_of: str | None
    service_id: str | None
    failure_reason: str | None


class Certificate(TypedDict, total=False, closed=True):
    """A TLS certificate that lets a website be reached over https."""

    id: str | None
    domain: str | None
    names: list[str]
    issuer: str | None
    serial_number: str | None
    valid_from: str | None
    expires_at: str | None
    days_until_expiry: int | None
    failure_reason: str | None


class License(TypedDict, total=False, closed=True):
    """A software license, such as one for a hosting panel or a plugin."""

    id: str | None
    name: str | None
    product: str | None
    status: str | None
    expires_at: str | None


class Usage(TypedDict, total=False, closed=True):
    """How much of a limited resource a hosting account has used."""

    resource: str | None
    used: Decimal | int | None
    limit: Decimal | int | None
    percent: Decimal | int | None
    unit: str | None
    account: str | None
    domain: str | None


class Monitor(TypedDict, total=False, closed=True):
    """A check that watches from outside whether a website or server can be reached."""

    id: str | None
    name: str | None
    url: str | None
    type: str | None
    region: str | None


class Alert(TypedDict, total=False, closed=True):
    """A problem that a monitoring system reports, from its start to its end."""

    id: str | None
    key: str | None
    title: str | None
    message: str | None
    severity: str | None
    status: str | None
    resource: str | None
    started_at: str | None
    ended_at: str | None
    duration_seconds: Decimal | int | None
    url: str | None
    acknowledged_by: str | None


class Backup(TypedDict, total=False, closed=True):
    """One run of a backup job, or the lack of one."""

    id: str | None
    name: str | None
    status: str | None
    resource: str | None
    destination: str | None
    started_at: str | None
    finished_at: str | None
    duration_seconds: Decimal | int | None
    size_bytes: int | None
    last_success_at: str | None
    error: str | None


class Notice(TypedDict, total=False, closed=True):
    """A plain text message from a server or panel that fits no other event type."""

    title: str | None
    text: str | None
    origin: str | None


class Action(TypedDict, total=False, closed=True):
    """A change requested through the relay, such as suspending a service or retrying a payment."""

    run_id: str | None
    name: str | None
    status: str | None
    risk: str | None
    requested_by: str | None
    decided_by: str | None
    source_id: str | None
    source_name: str | None
    provider: str | None
    result_text: str | None
    asked_for: str | None
    fingerprint: str | None
    approve_url: str | None
    expires_at: str | None


class Hook(TypedDict, total=False, closed=True):
    """A target address that events are delivered to."""

    id: str | None
    target_host: str | None
    platform: str | None
    reason: str | None
    undelivered: int | None


class Source(TypedDict, total=False, closed=True):
    """A connected account that sends webhooks, such as one Stripe account or one server."""

    id: str | None
    name: str | None
    provider: str | None
    last_received_at: str | None
    silent_for_seconds: int | None


class Unknown(TypedDict, total=False, closed=True):
    """Why a webhook was kept although it could not be translated into another event type."""

    reason: str
    defect: str | None


class Data(TypedDict, total=False, closed=True):
    """All that an event may hold, by the keys of its `data`."""

    action: Action
    alert: Alert | None
    backup: Backup
    certificate: Certificate
    checkout: Checkout
    custom: dict[str, Any]
    customer: CustomerDetails
    dispute: Dispute
    domain: Domain | None
    hook: Hook
    invoice: Invoice | None
    license: License
    monitor: Monitor | None
    notice: Notice
    order: Order
    payment: Payment | None
    payment_method: PaymentMethod
    refund: Refund | None
    service: Service | None
    source: Source
    subscription: Subscription | None
    ticket: Ticket
    unknown: Unknown
    usage: Usage


class AmountSum(TypedDict, closed=True):
    """What `named("amount", ...)` gives."""

    amount: Decimal | None
    amount_minor: int | None


class AmountDueSum(TypedDict, closed=True):
    """What `named("amount_due", ...)` gives."""

    amount_due: Decimal | None
    amount_due_minor: int | None


class AmountPaidSum(TypedDict, closed=True):
    """What `named("amount_paid", ...)` gives."""

    amount_paid: Decimal | None
    amount_paid_minor: int | None


class FeeSum(TypedDict, closed=True):
    """What `named("fee", ...)` gives."""

    fee: Decimal | None
    fee_minor: int | None


class TaxSum(TypedDict, closed=True):
    """What `named("tax", ...)` gives."""

    tax: Decimal | None
    tax_minor: int | None


@overload
def named(prefix: Literal["amount"], amount: Money) -> AmountSum: ...


@overload
def named(prefix: Literal["amount_due"], amount: Money) -> AmountDueSum: ...


@overload
def named(prefix: Literal["amount_paid"], amount: Money) -> AmountPaidSum: ...


@overload
def named(prefix: Literal["fee"], amount: Money) -> FeeSum: ...


@overload
def named(prefix: Literal["tax"], amount: Money) -> TaxSum: ...


def named(prefix: Any, amount: Money) -> Any:
    """The same money under other keys: `named("tax", m)` is {"tax": ..., "tax_minor": ...}."""
    return money.named(prefix, amount)
