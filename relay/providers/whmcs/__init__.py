"""WHMCS: billing, and through its modules the hosting accounts and domains that are billed.

Its hooks run in WHMCS's own PHP: https://developers.whmcs.com/hooks/hook-index/

Most hooks carry only an id, so the agent looks the rest up on the panel and puts it beside the hook's own
variables (setup.md has the shape). An event is told with what is there, and with less where a look-up failed.
What no hook tells, such as an invoice that fell due, the agent posts once a day under names that begin with
`Relay`.
"""

from dataclasses import replace
from functools import partial

from relay.formats.values import ID, KEY
from relay.providers.whmcs import invoices, payments, people, services, subscriptions
from relay.providers.whmcs.reading import customer
from relay.sdk.api_settings import own_api
from relay.sdk.provider import On, Setting, panel

# Hooks that have nothing to say, or whose news another hook tells better.
_TOLD_ELSEWHERE = frozenset(
    (
        # by InvoiceCreated, InvoicePaid and AddTransaction
        "InvoiceCreation",
        "InvoiceCreationPreEmail",
        "InvoicePaidPreEmail",
        "AddInvoicePayment",
        "ManualRefund",
        # no event type of ours
        "AddInvoiceLateFee",
        "InvoiceChangeGateway",
        "InvoiceSplit",
        "InvoiceUnpaid",
        "UpdateInvoiceTotal",
        "AcceptOrder",
        "PendingOrder",
        "AfterModuleCustom",
        "AfterModuleProvisionAddOnFeature",
        "AfterModuleSuspendAddOnFeature",
        "AfterModuleUnsuspendAddOnFeature",
        "AfterModuleDeprovisionAddOnFeature",
        "TicketAddNote",
        "TicketFlagged",
        # by AfterRegistrarRegistration and AfterRegistrarRenewal, which run only after success
        "AfterRegistrarRegister",
        "AfterRegistrarRenew",
        # begun, not done: DomainTransferCompleted says when it is
        "AfterRegistrarTransfer",
        # nothing happened
        "AfterCronJob",
        "DailyCronJob",
        "DailyCronJobPreEmail",
        "PreCronJob",
        "relay_test",
    )
)
# Hooks that carry passwords, cards or a gateway's raw callbacks. They are not to be registered; one that
# comes all the same is told to nobody, and loses its secrets before it is stored.
_NEVER_TOLD = frozenset(
    (
        "AfterModuleChangePassword",
        "AfterModuleChangePasswordFailed",
        "CCUpdate",
        "ClientChangePassword",
        "LogTransaction",
        "UserChangePassword",
    )
)

PROVIDER = replace(
    panel(
        name="whmcs",
        label="WHMCS",
        kind="billing_system",
        homepage="https://www.whmcs.com",
        events={
            # Invoices
            "InvoiceCreated": On("invoice.created", invoices.created_invoice),
            "InvoicePaid": invoices.paid,
            "InvoiceCancelled": On("invoice.voided", partial(invoices.invoice, status="void")),
            "InvoiceRefunded": On("invoice.refunded", partial(invoices.invoice, status="refunded")),
            "InvoicePaymentReminder": invoices.reminded,
            # Payments and orders
            "AddTransaction": payments.moved,
            "AfterShoppingCartCheckout": On("order.created", payments.placed_order),
            "OrderPaid": On("order.paid", payments.paid_order),
            # Services
            "AfterModuleCreate": On("service.created", services.in_state("active")),
            "AfterModuleSuspend": On("service.suspended", services.in_state("suspended")),
            "AfterModuleUnsuspend": On("service.unsuspended", services.in_state("active")),
            "AfterModuleTerminate": On("service.terminated", services.in_state("terminated")),
            "AfterModuleChangePackage": On("service.package_changed", services.service),
            "AfterModuleSuspendFailed": On("service.suspension_failed", services.unsuspendable),
            "AfterModuleCreateFailed": services.failed_module("create"),
            "AfterModuleUnsuspendFailed": services.failed_module("unsuspend"),
            "AfterModuleTerminateFailed": services.failed_module("terminate"),
            "AfterModuleChangePackageFailed": services.failed_module("change the package of"),
            "AfterModuleCustomFailed": services.failed_module("run a command for"),
            "AfterModuleProvisionAddOnFeatureFailed": services.failed_module("add a feature to"),
            "AfterModuleSuspendAddOnFeatureFailed": services.failed_module("suspend a feature of"),
            "AfterModuleUnsuspendAddOnFeatureFailed": services.failed_module("unsuspend a feature of"),
            "AfterModuleDeprovisionAddOnFeatureFailed": services.failed_module("remove a feature from"),
            "CancellationRequest": On("service.cancellation_requested", services.cancellation),
            # The last invoice of a limited number was made: the service goes on, so it has not expired.
            "ServiceRecurringCompleted": On("service.updated", services.service),
            # Domains
            "AfterRegistrarRegistration": On("domain.added", services.domain),
            "AfterRegistrarRenewal": On("domain.renewed", services.domain),
            "AfterRegistrarRenewalFailed": On("domain.renewal_failed", services.unrenewed_domain),
            "AfterRegistrarRegistrationFailed": services.failed_registrar("register"),
            "AfterRegistrarTransferFailed": services.failed_registrar("transfer"),
            "DomainTransferCompleted": On("domain.transferred", services.domain),
            "DomainTransferFailed": services.failed_registrar("transfer"),
            # Clients and tickets
            "ClientAdd": On("customer.created", people.profile, customer=people.profile_owner),
            "ClientEdit": On("customer.updated", people.profile, customer=people.profile_owner),
            "TicketOpen": On("ticket.opened", people.opened_ticket),
            "TicketOpenAdmin": On("ticket.opened", people.opened_ticket),
            "TicketUserReply": On("ticket.updated", people.ticket),
            "TicketAdminReply": On("ticket.updated", people.ticket),
            "TicketStatusChange": On("ticket.updated", people.ticket),
            "TicketPriorityChange": On("ticket.updated", people.ticket),
            "TicketDepartmentChange": On("ticket.updated", people.ticket),
            "TicketSubjectChange": On("ticket.updated", people.ticket),
            "TicketClose": On("ticket.closed", people.closed_ticket),
            # What the agent looks up once a day
            "RelayInvoiceDueSoon": On("invoice.due_soon", invoices.awaited_invoice),
            "RelayInvoiceOverdue": On("invoice.overdue", invoices.overdue_invoice),
            "RelayServiceRenewalDue": On("subscription.renewal_upcoming", subscriptions.renewal_due),
            "RelayDomainExpiring": On("domain.expiring", services.expiring_domain),
        },
    ),
    customer=customer,
    ignored=_TOLD_ELSEWHERE | _NEVER_TOLD,
    settings=(
        own_api(
            "API address",
            "For actions: https://billing.example/includes/api.php.",
            "https://billing.example/includes/api.php",
        ),
        Setting("api_identifier", "API identifier", "For actions: of an API credential.", secret=True, form=KEY),
        Setting("api_secret", "API secret", "For actions: the secret of that credential.", secret=True, form=KEY),
        Setting("api_access_key", "API access key", "For actions, where configuration.php has one.", secret=True),
        Setting("admin_user", "Administrator", "For actions: in whose name tickets are answered."),
        Setting("department", "Department", "For actions: the id of the department that new tickets go to.", form=ID),
    ),
    agent=("relay-send.php",),
    agent_argument="/path/to/whmcs",
    secret_fields=frozenset(
        (
            "cardcvv",
            "cardissue",
            "cardnum",
            "cardnumber",
            "cardstart",
            "cccvv",
            "ccnumber",
            "expdate",
            "gatewayid",
            "issuenumber",
            "securityqans",
            "serverusername",
        )
    ),
)
