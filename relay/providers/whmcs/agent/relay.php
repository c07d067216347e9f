<?php
/**
 * WHMCS tells the relay what happens. Installed by the relay; see setup.md of its source.
 *
 * A file of hooks, which WHMCS loads by itself: https://developers.whmcs.com/hooks-reference/. Most hooks carry no more
 * than an id, so the rest is looked up here, through WHMCS's own functions, and put beside it. Only what is listed
 * below is told; modules and clients also bring passwords. The engine in relay/ keeps, signs and posts it.
 *
 * Whatever goes wrong, WHMCS goes on with its work: nothing is thrown, and nothing is waited for.
 */

namespace RelayWhmcs;

// Who asks for this file in a browser gets nothing.
if (!function_exists('add_hook')) {
    return;
}

const LOOK_UP_SECONDS = 3;
const LONGEST_TEXT = 1000;
const MOST_SERVICES = 20;
const PAGE = 250;
const LAST = 100;
// An invoice that was due long before this was installed is no news.
const OVERDUE_AT_MOST_DAYS = 30;

const SECRETS = array(
    'password', 'serverusername', 'serverpassword', 'serveraccesshash', 'eppcode', 'transfersecret',
);
const MODULE = array(
    'params' => array(
        'serviceid', 'userid', 'pid', 'domain', 'username', 'producttype', 'moduletype', 'suspendreason', 'serverip',
        'serverhostname', 'clientsdetails' => array('id', 'userid', 'firstname', 'lastname', 'companyname', 'email'),
    ),
);
const FAILED_MODULE = MODULE + array('failureResponseMessage');
const REGISTRAR = array(
    'params' => array('userid', 'domainid', 'sld', 'tld', 'domain_punycode', 'regperiod', 'registrar'),
);
const FAILED_REGISTRAR = REGISTRAR + array('error');
const TRANSFER = array('domainId', 'domain', 'registrationPeriod', 'expiryDate', 'registrar');
const PROFILE = array(
    'id', 'client_id', 'userid', 'firstname', 'lastname', 'companyname', 'email', 'address1', 'address2', 'city',
    'state', 'postcode', 'country', 'phonenumber', 'language', 'datecreated', 'currency_code',
);
const TICKET = array(
    'ticketid', 'ticketmask', 'userid', 'deptid', 'deptname', 'subject', 'priority', 'status',
);

// Each hook, the variables of it that are told, and what is looked up beside them, in this order.
const HOOKS = array(
    'InvoiceCreated' => array(array('invoiceid', 'status', 'source'), array('invoice', 'services', 'client')),
    'InvoicePaid' => array(array('invoiceid'), array('invoice', 'services', 'client')),
    'InvoiceCancelled' => array(array('invoiceid'), array('invoice', 'client')),
    'InvoiceRefunded' => array(array('invoiceid'), array('invoice', 'client')),
    'InvoicePaymentReminder' => array(array('invoiceid', 'type'), array('invoice', 'client')),
    'AddTransaction' => array(
        array(
            'id', 'userid', 'currency', 'gateway', 'date', 'description', 'amountin', 'fees', 'amountout', 'rate',
            'transid', 'invocieid', 'invoiceid', 'refundid',
        ),
        array('invoice', 'client', 'currency'),
    ),
    'AfterShoppingCartCheckout' => array(
        array('OrderID', 'OrderNumber', 'InvoiceID', 'TotalDue', 'PaymentMethod'),
        array('invoice', 'client'),
    ),
    'OrderPaid' => array(array('orderId', 'userId', 'invoiceId'), array('invoice', 'client')),
    'AfterModuleCreate' => array(MODULE, array('service', 'client')),
    'AfterModuleSuspend' => array(MODULE, array('service', 'client')),
    'AfterModuleUnsuspend' => array(MODULE, array('service', 'client')),
    'AfterModuleTerminate' => array(MODULE, array('service', 'client')),
    'AfterModuleChangePackage' => array(MODULE, array('service', 'client')),
    'AfterModuleCreateFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleSuspendFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleUnsuspendFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleTerminateFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleChangePackageFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleCustomFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleProvisionAddOnFeatureFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleSuspendAddOnFeatureFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleUnsuspendAddOnFeatureFailed' => array(FAILED_MODULE, array('service', 'client')),
    'AfterModuleDeprovisionAddOnFeatureFailed' => array(FAILED_MODULE, array('service', 'client')),
    'CancellationRequest' => array(array('userid', 'relid', 'reason', 'type'), array('service', 'client')),
    'ServiceRecurringCompleted' => array(array('serviceid', 'recurringinvoices'), array('service', 'client')),
    'AfterRegistrarRegistration' => array(REGISTRAR, array('domain', 'client')),
    'AfterRegistrarRenewal' => array(REGISTRAR, array('domain', 'client')),
    'AfterRegistrarRegistrationFailed' => array(FAILED_REGISTRAR, array('domain', 'client')),
    'AfterRegistrarRenewalFailed' => array(FAILED_REGISTRAR, array('domain', 'client')),
    'AfterRegistrarTransferFailed' => array(FAILED_REGISTRAR, array('domain', 'client')),
    'DomainTransferCompleted' => array(TRANSFER, array('domain', 'client')),
    'DomainTransferFailed' => array(TRANSFER, array('domain', 'client')),
    'ClientAdd' => array(PROFILE, array('profile')),
    'ClientEdit' => array(PROFILE, array('profile')),
    'TicketOpen' => array(TICKET, array('ticket', 'client')),
    'TicketOpenAdmin' => array(TICKET, array('ticket', 'client')),
    'TicketUserReply' => array(TICKET, array('ticket', 'client')),
    'TicketAdminReply' => array(TICKET, array('ticket', 'client')),
    'TicketStatusChange' => array(TICKET, array('ticket', 'client')),
    'TicketPriorityChange' => array(TICKET, array('ticket', 'client')),
    'TicketDepartmentChange' => array(TICKET, array('ticket', 'client')),
    'TicketSubjectChange' => array(TICKET, array('ticket', 'client')),
    'TicketClose' => array(TICKET, array('ticket', 'client')),
);

// What is told of the rows that are looked up.
const INVOICE = array(
    'id', 'invoiceid', 'invoicenum', 'userid', 'date', 'duedate', 'datepaid', 'subtotal', 'credit', 'tax', 'tax2',
    'total', 'balance', 'status', 'paymentmethod',
);
const ITEM = array('id', 'type', 'relid', 'description', 'amount', 'taxed');
const CLIENT = array('id', 'userid', 'firstname', 'lastname', 'companyname', 'email', 'currency_code');
const SERVICE = array(
    'id', 'clientid', 'pid', 'name', 'domain', 'username', 'status', 'regdate', 'nextduedate', 'billingcycle',
    'recurringamount', 'serverhostname', 'serverip', 'dedicatedip', 'suspensionreason',
);
const DOMAIN = array('id', 'userid', 'domainname', 'registrar', 'regdate', 'expirydate', 'regperiod', 'status');

// What the daily look tells, and how many days ahead, or behind. Each number is told of once for a date.
const DAYS = array(
    'RelayInvoiceDueSoon' => array('invoice_due_days', 3),
    'RelayInvoiceOverdue' => array('invoice_overdue_days', 1),
    'RelayServiceRenewalDue' => array('service_renewal_days', 7),
    'RelayDomainExpiring' => array('domain_expiry_days', array(30, 7, 1)),
);

function engine(): bool
{
    $path = __DIR__ . '/relay/relay-send.php';
    if (!is_readable($path)) {
        return false;
    }
    require_once $path;
    return true;
}

function heard(string $hook, array $variables): void
{
    list($fields, $wanted) = HOOKS[$hook];
    $data = completed(picked($variables, $fields), $wanted, microtime(true) + LOOK_UP_SECONDS);
    $params = isset($variables['params']) && is_array($variables['params']) ? $variables['params'] : array();
    if (isset($data['params']['moduletype']) && $data['params']['moduletype'] === 'cpanel') {
        // For other modules this may be anything; for cPanel's it is the name of the package.
        $data['params'] += picked($params, array('configoption1'));
    }
    foreach (array('failureResponseMessage', 'error') as $name) {
        if (isset($data[$name])) {
            $data[$name] = without_secrets((string) $data[$name], $params);
        }
    }
    if ($hook === 'InvoicePaymentReminder' && !is_first_reminder($data)) {
        return;
    }
    \RelaySend\tell($hook, $data);
}

// What is told

/** The listed fields, as plain values. A list under a name lists fields of what is there. */
function picked(array $row, array $fields): array
{
    $found = array();
    foreach ($fields as $name => $field) {
        if (is_array($field)) {
            if (isset($row[$name]) && is_array($row[$name])) {
                $found[$name] = picked($row[$name], $field);
            }
        } elseif (isset($row[$field])) {
            $value = plain($row[$field]);
            if ($value !== null) {
                $found[$field] = $value;
            }
        }
    }
    return $found;
}

function plain($value)
{
    if ($value instanceof \DateTimeInterface) {
        return $value->format('Y-m-d H:i:s');
    }
    if (is_string($value) && strlen($value) > LONGEST_TEXT) {
        $is_text = preg_match('/^.{0,' . LONGEST_TEXT . '}/su', $value, $start);
        return $is_text ? $start[0] : substr($value, 0, LONGEST_TEXT);
    }
    return is_scalar($value) ? $value : null;
}

/** What a module says of its failure may repeat what it was called with. */
function without_secrets(string $text, array $params): string
{
    foreach (SECRETS as $name) {
        if (isset($params[$name]) && is_string($params[$name]) && strlen($params[$name]) > 3) {
            $text = str_replace($params[$name], '***', $text);
        }
    }
    return $text;
}

// What is looked up

/** The data with what WHMCS knows beside it. Where time is up, or a look-up fails, it is told with less. */
function completed(array $data, array $wanted, float $end): array
{
    foreach ($wanted as $what) {
        if (microtime(true) >= $end) {
            break;
        }
        try {
            $data = call_user_func('RelayWhmcs\with_' . $what, $data, $end);
        } catch (\Throwable $error) {
            continue;
        }
    }
    return $data;
}

function with_invoice(array $data): array
{
    $id = first($data, array('invoiceid', 'invocieid', 'invoiceId', 'InvoiceID'));
    $invoice = $id ? ask('GetInvoice', array('invoiceid' => $id)) : array();
    if (!$invoice) {
        return $data;
    }
    $data['invoice'] = picked($invoice, INVOICE);
    $items = array();
    foreach (rows($invoice, 'items', 'item') as $item) {
        $items[] = picked($item, ITEM);
    }
    $data['invoice']['items'] = array('item' => $items);
    $address = ask('GetConfigurationValue', array('setting' => 'SystemURL'));
    if (!empty($address['value']) && is_string($address['value'])) {
        $data['url'] = rtrim($address['value'], '/') . '/viewinvoice.php?id=' . $id;
    }
    return $data;
}

/** The services that the invoice bills. */
function with_services(array $data, float $end): array
{
    $ids = $found = array();
    foreach (isset($data['invoice']) ? $data['invoice']['items']['item'] : array() as $item) {
        if (isset($item['type'], $item['relid']) && $item['type'] === 'Hosting') {
            $ids[$item['relid']] = true;
        }
    }
    foreach (array_slice(array_keys($ids), 0, MOST_SERVICES) as $id) {
        $row = microtime(true) < $end ? service($id) : array();
        if ($row) {
            $found[] = $row;
        }
    }
    return $found ? $data + array('service' => count($found) === 1 ? $found[0] : $found) : $data;
}

function with_service(array $data): array
{
    $params = isset($data['params']) ? $data['params'] : array();
    $id = first($params, array('serviceid')) ?: first($data, array('serviceid', 'relid'));
    $row = $id ? service($id) : array();
    return $row ? $data + array('service' => $row) : $data;
}

function with_domain(array $data): array
{
    $params = isset($data['params']) ? $data['params'] : array();
    $id = first($params, array('domainid')) ?: first($data, array('domainId'));
    foreach ($id ? rows(ask('GetClientsDomains', array('domainid' => $id)), 'domains', 'domain') : array() as $row) {
        if (isset($row['id']) && (string) $row['id'] === (string) $id) {
            return $data + array('domain_details' => picked($row, DOMAIN));
        }
    }
    return $data;
}

/** Some of these hooks carry the id alone. What they do carry is newer. */
function with_ticket(array $data): array
{
    $id = first($data, array('ticketid'));
    $ticket = $id ? ask('GetTicket', array('ticketid' => $id)) : array();
    if (isset($ticket['tid'])) {
        $ticket['ticketmask'] = $ticket['tid'];
    }
    return $data + picked($ticket, TICKET);
}

function with_client(array $data): array
{
    return with_details($data, CLIENT);
}

function with_profile(array $data): array
{
    return with_details($data, PROFILE);
}

function with_details(array $data, array $fields): array
{
    $id = owner($data);
    $answer = $id ? ask('GetClientsDetails', array('clientid' => $id)) : array();
    // Older versions have the fields beside the answer's others.
    $client = isset($answer['client']) && is_array($answer['client']) ? $answer['client'] : $answer;
    if (!$client) {
        return $data;
    }
    $data['client'] = picked($client, $fields);
    if (isset($data['client']['currency_code'])) {
        $data['currency'] = $data['client']['currency_code'];
    }
    return $data;
}

/** A transaction that belongs to no client has a currency of its own, told by its number. */
function with_currency(array $data): array
{
    if (isset($data['currency']) && is_numeric($data['currency'])) {
        foreach (rows(ask('GetCurrencies', array()), 'currencies', 'currency') as $row) {
            if (isset($row['id'], $row['code']) && (string) $row['id'] === (string) $data['currency']) {
                $data['currency'] = $row['code'];
                break;
            }
        }
    }
    return $data;
}

function service($id): array
{
    foreach (rows(ask('GetClientsProducts', array('serviceid' => $id)), 'products', 'product') as $row) {
        if (isset($row['id']) && (string) $row['id'] === (string) $id) {
            return picked($row, SERVICE);
        }
    }
    return array();
}

/** The client's id, which has a name in each corner of WHMCS. */
function owner(array $data)
{
    foreach (array('params', 'invoice', 'service', 'domain_details') as $name) {
        $row = isset($data[$name]) && is_array($data[$name]) ? $data[$name] : array();
        $id = first(isset($row[0]) ? $row[0] : $row, array('userid', 'clientid'));
        if ($id) {
            return $id;
        }
    }
    return first($data, array('client_id', 'userid', 'userId'));
}

function first(array $row, array $names)
{
    foreach ($names as $name) {
        if (!empty($row[$name]) && is_scalar($row[$name])) {
            return $row[$name];
        }
    }
    return null;
}

/** WHMCS's own answer; nothing where it is an error. */
function ask(string $command, array $values): array
{
    $answer = \localAPI($command, $values);
    return is_array($answer) && isset($answer['result']) && $answer['result'] === 'success' ? $answer : array();
}

/** The rows of an answer, nested as in `domains` and `domain`, or written into its keys as `domains[domain][0][id]`. */
function rows(array $answer, string $outer, string $inner): array
{
    if (isset($answer[$outer])) {
        $found = is_array($answer[$outer]) && isset($answer[$outer][$inner]) ? $answer[$outer][$inner] : array();
        return array_filter(is_array($found) ? $found : array(), 'is_array');
    }
    $found = array();
    foreach ($answer as $key => $value) {
        if (preg_match('/^' . $outer . '\[' . $inner . '\]\[(\d+)\]\[(\w+)\]$/', $key, $part)) {
            $found[$part[1]][$part[2]] = $value;
        }
    }
    return $found;
}

// What no hook tells

/** Once a day, at the very end of WHMCS's own work: what comes due, and what has. */
function look_ahead(): void
{
    foreach (array('invoices', 'services', 'domains') as $what) {
        try {
            call_user_func('RelayWhmcs\look_at_' . $what);
        } catch (\Throwable $error) {
            \RelaySend\note('the daily look at ' . $what . ' ended early: ' . get_class($error));
        }
    }
}

function look_at_invoices(): void
{
    foreach (all('GetInvoices', array('status' => 'Unpaid'), 'invoices', 'invoice') as $row) {
        $id = first($row, array('id', 'invoiceid'));
        $date = isset($row['duedate']) ? $row['duedate'] : '';
        $event = days_until($date) < 0 ? 'RelayInvoiceOverdue' : 'RelayInvoiceDueSoon';
        if (is_news($event, $id, $date)) {
            $data = array('invoiceid' => $id, 'days' => days_until($date), 'invoice' => picked($row, INVOICE));
            $data['currency'] = isset($row['currencycode']) ? plain($row['currencycode']) : null;
            tell_completed($event, $data, array('invoice', 'client'));
        }
    }
}

function look_at_services(): void
{
    foreach (all('GetClientsProducts', array(), 'products', 'product') as $row) {
        $date = isset($row['nextduedate']) ? $row['nextduedate'] : '';
        $cycle = isset($row['billingcycle']) ? $row['billingcycle'] : '';
        $renews = is_active($row) && !in_array($cycle, array('Free Account', 'One Time'), true);
        if ($renews && is_news('RelayServiceRenewalDue', first($row, array('id')), $date)) {
            $data = array('days' => days_until($date), 'service' => picked($row, SERVICE));
            tell_completed('RelayServiceRenewalDue', $data, array('client'));
        }
    }
}

function look_at_domains(): void
{
    foreach (all('GetClientsDomains', array(), 'domains', 'domain') as $row) {
        $date = isset($row['expirydate']) ? $row['expirydate'] : '';
        if (is_active($row) && is_news('RelayDomainExpiring', first($row, array('id')), $date)) {
            $data = array('days' => days_until($date), 'domain_details' => picked($row, DOMAIN));
            tell_completed('RelayDomainExpiring', $data, array('client'));
        }
    }
}

function is_active(array $row): bool
{
    return isset($row['status']) && $row['status'] === 'Active';
}

function tell_completed(string $event, array $data, array $wanted): void
{
    \RelaySend\tell($event, completed($data, $wanted, microtime(true) + LOOK_UP_SECONDS));
}

/** All rows, page by page. */
function all(string $command, array $values, string $outer, string $inner): \Generator
{
    $seen = 0;
    do {
        $answer = ask($command, $values + array('limitstart' => $seen, 'limitnum' => PAGE));
        $page = rows($answer, $outer, $inner);
        foreach ($page as $row) {
            yield $row;
        }
        $seen += count($page);
    } while ($page && $seen < (int) first($answer, array('totalresults')));
}

/** Whole days until a date, in WHMCS's own zone; null for no date. */
function days_until($date)
{
    if (!is_string($date) || !preg_match('/^[1-9]\d{3}-\d\d-\d\d/', $date, $day)) {
        return null;
    }
    return (int) round((strtotime($day[0]) - strtotime('today')) / 86400);
}

/** Whether a date has come so near, or has so long passed, as is to be told, and this was not told before. */
function is_news(string $event, $id, $date): bool
{
    $step = step($event, days_until($date));
    return $id && $step !== null && \RelaySend\once("$event $id $date $step", strtotime($date) + 100 * 86400);
}

/** Which of the chosen numbers of days is reached: 7 for five days ahead where 30, 7 and 1 are chosen. */
function step(string $event, $days)
{
    if ($days === null) {
        return null;
    }
    $chosen = array_map('intval', (array) \RelaySend\setting(DAYS[$event][0], DAYS[$event][1]));
    if ($event !== 'RelayInvoiceOverdue') {
        $reached = array_filter($chosen, function ($each) use ($days) {
            return 0 <= $days && $days <= $each;
        });
        return $reached ? min($reached) : null;
    }
    $reached = array_filter($chosen, function ($each) use ($days) {
        return 0 < $each && $each <= -$days && -$days <= $each + OVERDUE_AT_MOST_DAYS;
    });
    return $reached ? max($reached) : null;
}

/** A reminder and the daily look tell the same, so whichever comes first is told. */
function is_first_reminder(array $data): bool
{
    $date = isset($data['invoice']['duedate']) ? $data['invoice']['duedate'] : '';
    $days = days_until($date);
    $event = $days < 0 ? 'RelayInvoiceOverdue' : 'RelayInvoiceDueSoon';
    return step($event, $days) === null || is_news($event, first($data, array('invoiceid')), $date);
}

// What WHMCS calls

function safely(callable $work): void
{
    try {
        if (engine()) {
            $work();
        }
    } catch (\Throwable $error) {
        return;
    }
}

/** In a function, because WHMCS includes this file among variables of its own. */
function register(): void
{
    foreach (array_keys(HOOKS) as $hook) {
        \add_hook($hook, LAST, function ($variables) use ($hook) {
            safely(function () use ($hook, $variables) {
                heard($hook, is_array($variables) ? $variables : array());
            });
        });
    }
    \add_hook('DailyCronJob', LAST, function () {
        safely(function () {
            look_ahead();
        });
    });
    \add_hook('AfterCronJob', LAST, function () {
        safely(function () {
            \RelaySend\deliver();
        });
    });
}

register();
