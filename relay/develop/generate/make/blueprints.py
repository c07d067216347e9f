"""`connectors/make/blueprints/`: scenarios that a user imports, each from one description.

The form is that of Make's own export of a scenario. The other apps' modules are those that exported scenarios name, as
widely used as can be; what no app is sure of goes by HTTP. The ten are those of connectors/zapier/templates.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OWN_APP = "app#relay"
"""Stands for the name that the app has at Make, which is given when it is first deployed."""

_APART = 300

Mapper = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class When:
    """A condition before a step: `field` of the trigger is, is less than, or is there at all."""

    name: str
    field: str
    operator: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One module after the trigger, with what is put into its fields."""

    module: str
    version: int
    mapper: Mapper
    when: Sequence[When] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """What starts it, the event types to choose there, and the steps. `needs` names connections in a person's words."""

    name: str
    trigger: str
    types: Sequence[str]
    steps: Sequence[Step]
    needs: Sequence[str] = field(default_factory=tuple)


def _email(to: str, subject: str, text: str, *when: When) -> Step:
    return Step(
        "email:ActionSendEmail", 7, {"to": [to], "subject": subject, "contentType": "text", "content": text}, when
    )


def _slack(channel: str, text: str, *when: When) -> Step:
    mapper = {"channelWType": "manualy", "channel": channel, "text": text, "parse": False, "mrkdwn": True}
    return Step("slack:CreateMessage", 4, mapper, when)


def _sheet(values: Sequence[str]) -> Step:
    mapper = {
        "mode": "select",
        "sheetId": "Sheet1",
        "includesHeaders": True,
        "insertDataOption": "INSERT_ROWS",
        "valueInputOption": "USER_ENTERED",
        "values": {str(index): value for index, value in enumerate(values)},
    }
    return Step("google-sheets:addRow", 2, mapper)


def _http(url: str, body: str, *when: When) -> Step:
    mapper = {
        "url": url,
        "method": "post",
        "headers": [{"name": "Authorization", "value": "Bearer YOUR_TOKEN"}],
        "bodyType": "raw",
        "contentType": "application/json",
        "data": body,
        "parseResponse": True,
        "serializeUrl": False,
    }
    return Step("http:ActionSendData", 3, mapper, when)


def _own(module: str, mapper: Mapper, *when: When) -> Step:
    return Step(f"{OWN_APP}:{module}", 1, mapper, when)


_HAS_EMAIL = When("The customer's address is known", "customer.email", "exist")

SCENARIOS: Mapping[str, Scenario] = {
    "01-renewal-reminder": Scenario(
        "Remind a customer of a renewal, by e-mail and SMS",
        "watchRenewals",
        ["subscription.renewal_upcoming"],
        [
            _email(
                "{{1.customer.email}}",
                'Your hosting renews on {{formatDate(1.data.subscription.renews_at; "YYYY-MM-DD")}}',
                "Hello {{1.customer.name}},\n\nyour plan {{1.data.subscription.plan}} renews for"
                " {{1.data.subscription.amount}} {{1.data.subscription.currency}}.",
                _HAS_EMAIL,
            ),
            _own("sendNotification", {"channel": "sms", "template": "renewal_reminder", "event_id": "{{1.id}}"}),
        ],
        ["e-mail", "the relay's channel `sms`"],
    ),
    "02-failed-payment": Scenario(
        "A failed payment, to chat and as a task",
        "watchPayments",
        ["payment.failed"],
        [
            _slack("billing", "{{1.summary}} {{1.data.payment.failure_reason}} {{1.data.payment.url}}"),
            _http(
                "https://app.asana.com/api/1.0/tasks",
                '{"data":{"workspace":"YOUR_WORKSPACE","name":"Payment failed {{1.data.payment.id}}",'
                '"external":{"gid":"{{1.id}}"}}}',
            ),
        ],
        ["Slack", "an Asana token"],
    ),
    "03-card-expiring": Scenario(
        "A card that expires",
        "watchPayments",
        ["payment_method.expiring"],
        [
            _email(
                "{{1.customer.email}}",
                "Your card ending in {{1.data.payment_method.last4}} expires soon",
                "Hello {{1.customer.name}},\n\nplease put in a new card in your customer area before"
                " {{1.data.payment_method.exp_month}}/{{1.data.payment_method.exp_year}} ends.",
                _HAS_EMAIL,
            )
        ],
        ["e-mail"],
    ),
    "04-overdue-to-sheet": Scenario(
        "Overdue invoices, to the accountant's sheet",
        "watchInvoices",
        ["invoice.overdue"],
        [
            _sheet(
                [
                    "{{1.occurred_at}}",
                    "{{1.data.invoice.number}}",
                    "{{1.customer.name}}",
                    "{{1.customer.email}}",
                    "{{1.data.invoice.amount_due}}",
                    "{{1.data.invoice.currency}}",
                    "{{1.data.invoice.due_at}}",
                    "{{1.data.invoice.url}}",
                ]
            )
        ],
        ["Google Sheets"],
    ),
    "05-suspended-to-desk": Scenario(
        "A suspended service, to the support desk",
        "watchHosting",
        ["service.suspended"],
        [
            _own(
                "openTicket",
                {
                    "subject": "Suspended: {{1.data.service.domain}}",
                    "message": "{{1.summary}}\nServer {{1.data.service.server}}, user {{1.data.service.username}}."
                    "\nReason: {{1.data.service.reason}}",
                    "email": "{{1.customer.email}}",
                },
            )
        ],
        ["a source of the relay that opens tickets"],
    ),
    "06-renewed-thank-you": Scenario(
        "Paid and renewed: thank the customer",
        "watchRenewals",
        ["subscription.renewed"],
        [
            _email(
                "{{1.customer.email}}",
                "Thank you: your hosting is paid until"
                ' {{formatDate(1.data.subscription.current_period_end; "YYYY-MM-DD")}}',
                "Hello {{1.customer.name}},\n\nthank you for renewing {{1.data.subscription.plan}}"
                " {{1.data.subscription.domain}}.",
                _HAS_EMAIL,
                When("It is real business", "livemode", "boolean:equal", "{{true}}"),
            )
        ],
        ["e-mail"],
    ),
    "07-certificate-expiring": Scenario(
        "A certificate that expires",
        "watchRenewals",
        ["certificate.expiring"],
        [
            _slack(
                "ops",
                "{{1.data.certificate.domain}} expires in {{1.data.certificate.days_until_expiry}} days",
            ),
            _own(
                "raiseAlert",
                {
                    "key": "certificate:{{1.data.certificate.domain}}",
                    "title": "The certificate of {{1.data.certificate.domain}} expires",
                    "severity": "critical",
                },
                When("Fewer than four days are left", "data.certificate.days_until_expiry", "number:less", "4"),
            ),
        ],
        ["Slack"],
    ),
    "08-backup-failed": Scenario(
        "A backup that failed or did not run",
        "watchAlerts",
        ["backup.failed", "backup.missed"],
        [_slack("ops", "{{1.summary}}"), _own("sendNotification", {"channel": "ops", "message": "{{1.summary}}"})],
        ["Slack", "the relay's channel `ops`"],
    ),
    "09-monitor-down": Scenario(
        "Something that is down or wrong, to the incident channel",
        "watchAlerts",
        ["monitor.down", "monitor.up", "alert.raised", "alert.resolved"],
        [
            _slack("incidents", "{{1.summary}}"),
            _http(
                "https://events.pagerduty.com/v2/enqueue",
                '{"routing_key":"YOUR_KEY","dedup_key":"{{1.data.alert.key}}","event_action":'
                '"{{if(1.type = "monitor.up"; "resolve"; if(1.type = "alert.resolved"; "resolve"; "trigger"))}}",'
                '"payload":{"summary":"{{1.summary}}","source":"relay","severity":"{{1.severity}}"}}',
            ),
        ],
        ["Slack", "a PagerDuty routing key"],
    ),
    "10-customer-to-crm": Scenario(
        "A new customer, to the CRM",
        "watchCustomers",
        ["customer.created"],
        [
            _http(
                "https://api.hubapi.com/crm/v3/objects/contacts",
                '{"properties":{"email":"{{1.data.customer.email}}","firstname":"{{1.data.customer.first_name}}",'
                '"lastname":"{{1.data.customer.last_name}}","company":"{{1.data.customer.company}}"}}',
                When("An address is known", "data.customer.email", "exist"),
            )
        ],
        ["a HubSpot private app's token"],
    ),
}


def files() -> Mapping[str, Mapping[str, Any]]:
    """Every blueprint by its file's name."""
    return {f"{name}.json": blueprint(each) for name, each in SCENARIOS.items()}


def blueprint(scenario: Scenario) -> dict[str, Any]:
    flow = [_trigger(scenario)]
    for number, step in enumerate(scenario.steps, start=2):
        when = _filter(step.when)
        # The types are chosen where the hook is made; whoever chooses more there still gets only these here.
        if number == 2:
            when = _filter(step.when, scenario.types)
        flow.append(
            {
                "id": number,
                "module": step.module,
                "version": step.version,
                "parameters": {},
                **({"filter": when} if when else {}),
                "mapper": dict(step.mapper),
                "metadata": {"designer": {"x": _APART * (number - 1), "y": 0}},
            }
        )
    return {
        "name": scenario.name,
        "flow": flow,
        "metadata": {
            "instant": True,
            "version": 1,
            "scenario": {
                "roundtrips": 1,
                "maxErrors": 3,
                "autoCommit": True,
                "autoCommitTriggerLast": True,
                "sequential": False,
                "confidential": False,
                "dataloss": False,
                "dlq": True,
                "freshVariables": False,
            },
            "designer": {"orphans": []},
        },
    }


def _trigger(scenario: Scenario) -> dict[str, Any]:
    return {
        "id": 1,
        "module": f"{OWN_APP}:{scenario.trigger}",
        "version": 1,
        "parameters": {},
        "mapper": {},
        "metadata": {"designer": {"x": 0, "y": 0}},
    }


def _filter(when: Sequence[When], types: Sequence[str] = ()) -> dict[str, Any] | None:
    """Make's filters are "any of these, all of which": each type with all conditions."""
    conditions = [_condition(each) for each in when]
    names = [each.name for each in when]
    if not types:
        return {"name": ", ".join(names), "conditions": [conditions]} if conditions else None
    choices = [[{"a": "{{1.type}}", "b": each, "o": "text:equal"}, *conditions] for each in types]
    return {"name": ", ".join([" or ".join(types), *names]), "conditions": choices}


def _condition(when: When) -> dict[str, Any]:
    known = {"a": f"{{{{1.{when.field}}}}}", "o": when.operator}
    return known if when.value is None else {**known, "b": when.value}
