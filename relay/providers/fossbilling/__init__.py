"""FOSSBilling: invoices, orders, clients and tickets of a hosting company.

Its events: https://github.com/FOSSBilling/FOSSBilling (`events_manager`, src/modules)

An event carries little more than an id. The agent, which is a module of the panel, looks the rest up there and puts it
beside the event's own parameters, as the panel's API shows it: `invoice`, `order`, `ticket`, `client`. An order is what
the client has and pays for, so it is a service and a subscription to us.
"""

from dataclasses import replace
from functools import partial

from relay.formats.values import ID, KEY
from relay.providers.fossbilling import invoices, orders, people
from relay.sdk.api_settings import own_api
from relay.sdk.fields import Object, an_object, integer
from relay.sdk.inbound import Inbound
from relay.sdk.provider import On, Setting, by, panel

_USUAL_REMINDERS = (7, 3, 1)


def native_name(said: Object) -> str | None:
    """Only what a day of a due invoice carries has a shape of its own."""
    if "days_left" in said:
        return "onEventBeforeInvoiceIsDue"
    return "onEventAfterInvoiceIsDue" if "days_passed" in said else None


def is_a_day_to_remind(inbound: Inbound) -> bool:
    """The event comes for every open invoice whenever the panel's cron runs; the panel reminds on some days only."""
    said = an_object(inbound.payload["data"])
    days = said.get("reminder_intervals")
    chosen = [integer(each) for each in days] if isinstance(days, list) else []
    return integer(said.get("days_left")) in (chosen or _USUAL_REMINDERS)


def is_late(inbound: Inbound) -> bool:
    """On the very day an invoice is due, the event comes too."""
    return (integer(an_object(inbound.payload["data"]).get("days_passed")) or 0) > 0


PROVIDER = replace(
    panel(
        name="fossbilling",
        label="FOSSBilling",
        kind="billing_system",
        homepage="https://fossbilling.org",
        native_name=native_name,
        events={
            # Invoices
            "onAfterAdminGenerateRenewalInvoice": On("invoice.created", invoices.renewal),
            "onAfterAdminInvoiceApprove": On("invoice.finalized", partial(invoices.invoice, status="open")),
            "onAfterAdminInvoicePaymentReceived": On("invoice.paid", partial(invoices.invoice, status="paid")),
            "onAfterAdminInvoiceRefund": On("invoice.refunded", partial(invoices.invoice, status="refunded")),
            "onEventBeforeInvoiceIsDue": On(
                "invoice.due_soon",
                partial(invoices.invoice, status="open"),
                when=is_a_day_to_remind,
                once=by("invoice", "id", "days_until_due"),
            ),
            # Told once, however long it stays unpaid.
            "onEventAfterInvoiceIsDue": On(
                "invoice.overdue",
                partial(invoices.invoice, status="overdue"),
                when=is_late,
                once=by("invoice", "id", "status"),
            ),
            # Orders
            "onAfterAdminOrderCreate": On("order.created", orders.placed),
            "onAfterAdminOrderActivate": On("service.created", orders.in_state("active")),
            "onAfterAdminOrderRenew": On("subscription.renewed", orders.renewed),
            "onAfterAdminOrderSuspend": On("service.suspended", orders.in_state("suspended")),
            "onAfterAdminOrderUnsuspend": On("service.unsuspended", orders.in_state("active")),
            "onAfterAdminOrderCancel": On("service.terminated", orders.in_state("terminated")),
            "onAfterAdminOrderUncancel": On("service.updated", orders.in_state("active")),
            "onAfterAdminOrderUpdate": On("service.updated", orders.service),
            # Clients and tickets
            "onAfterAdminCreateClient": On("customer.created", people.profile),
            "onAfterClientSignUp": On("customer.created", people.profile),
            "onAfterAdminClientUpdate": On("customer.updated", people.profile),
            "onAfterClientProfileUpdate": On("customer.updated", people.profile),
            "onAfterClientOpenTicket": On("ticket.opened", partial(people.ticket, status="open")),
            "onAfterAdminOpenTicket": On("ticket.opened", partial(people.ticket, status="open")),
            "onAfterClientReplyTicket": On("ticket.updated", people.ticket),
            "onAfterAdminReplyTicket": On("ticket.updated", people.ticket),
            "onAfterClientCloseTicket": On("ticket.closed", partial(people.ticket, status="closed")),
            "onAfterAdminCloseTicket": On("ticket.closed", partial(people.ticket, status="closed")),
        },
    ),
    customer=people.customer,
    ignored=frozenset(
        (
            # posted by a test of the agent
            "relay_test",
            # told by others, or no event type of ours
            "onAfterAdminClientCreate",
            "onAfterAdminClientDelete",
            "onAfterAdminCronRun",
            "onAfterAdminInvoiceDelete",
            "onAfterAdminInvoiceReminderSent",
            "onAfterAdminInvoiceUpdate",
            "onAfterAdminOrderDelete",
            "onAfterAdminSubscriptionCreate",
            "onAfterAdminSubscriptionDelete",
            "onAfterAdminTransactionCreate",
            "onAfterAdminTransactionProcess",
            "onAfterAdminTransactionUpdate",
            # sign-ins and passwords: not to be posted
            "onAfterAdminClientPasswordChange",
            "onAfterAdminLogin",
            "onAfterClientLogin",
            "onAfterClientProfilePasswordChange",
            "onAfterClientProfilePasswordReset",
        )
    ),
    secret_fields=frozenset(("config", "api_token", "salt")),
    settings=(
        own_api(
            "Address", "For actions: where FOSSBilling is, such as https://billing.example.", "https://billing.example"
        ),
        Setting(
            "api_key", "API key", "For actions: of an administrator, from the profile page.", secret=True, form=KEY
        ),
        Setting("helpdesk", "Help desk", "For actions: the id of the help desk that new tickets go to.", form=ID),
    ),
    agent=("relay-send.php", "relay-install-php.sh", "relay-uninstall-php.sh"),
    agent_argument="/path/to/fossbilling",
)
