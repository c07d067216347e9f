<?php
/**
 * FOSSBilling tells the relay: a module whose methods are called by the names of events. See
 * https://github.com/FOSSBilling/FOSSBilling (src/library/Box/EventManager.php)
 *
 * An event carries an id; what it is of is asked of the panel's own API, and of the answer go the fields that are listed.
 */

namespace Box\Mod\Relay;

class Service implements \FOSSBilling\InjectionAwareInterface
{
    const PARAMETERS = array('id', 'order_id', 'days_left', 'days_passed', 'reminder_intervals');
    const INVOICE = array('id', 'client_id', 'serie_nr', 'currency', 'status', 'tax', 'subtotal', 'total', 'due_at',
        'paid_at', 'created_at');
    const LINE = array('title', 'quantity', 'price', 'total', 'order_id', 'type', 'period');
    const BUYER = array('first_name', 'last_name', 'company', 'email');
    const ORDER = array('id', 'client_id', 'product_id', 'title', 'currency', 'price', 'total', 'period', 'quantity',
        'status', 'reason', 'expires_at', 'activated_at', 'suspended_at', 'created_at', 'unpaid_invoice_id');
    const CLIENT = array('id', 'first_name', 'last_name', 'email', 'company', 'phone_cc', 'phone', 'address_1',
        'address_2', 'city', 'state', 'postcode', 'country', 'lang', 'currency', 'created_at');
    const TICKET = array('id', 'client_id', 'subject', 'status', 'priority', 'created_at', 'updated_at');
    const USUAL_REMINDERS = array(7, 3, 1);
    const DAY = 86400;

    protected ?\Pimple\Container $di = null;

    public function setDi(\Pimple\Container $di): void
    {
        $this->di = $di;
    }

    public function getDi(): ?\Pimple\Container
    {
        return $this->di;
    }

    public static function onAfterAdminGenerateRenewalInvoice(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminGenerateRenewalInvoice', 'invoice');
    }

    public static function onAfterAdminInvoiceApprove(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminInvoiceApprove', 'invoice');
    }

    public static function onAfterAdminInvoicePaymentReceived(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminInvoicePaymentReceived', 'invoice');
    }

    public static function onAfterAdminInvoiceRefund(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminInvoiceRefund', 'invoice');
    }

    public static function onAfterAdminOrderCreate(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderCreate', 'order');
    }

    public static function onAfterAdminOrderActivate(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderActivate', 'order');
    }

    public static function onAfterAdminOrderRenew(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderRenew', 'order');
    }

    public static function onAfterAdminOrderSuspend(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderSuspend', 'order');
    }

    public static function onAfterAdminOrderUnsuspend(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderUnsuspend', 'order');
    }

    public static function onAfterAdminOrderCancel(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderCancel', 'order');
    }

    public static function onAfterAdminOrderUncancel(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderUncancel', 'order');
    }

    public static function onAfterAdminOrderUpdate(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOrderUpdate', 'order');
    }

    public static function onAfterAdminCreateClient(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminCreateClient', 'client');
    }

    public static function onAfterClientSignUp(\Box_Event $event): void
    {
        self::told($event, 'onAfterClientSignUp', 'client');
    }

    public static function onAfterAdminClientUpdate(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminClientUpdate', 'client');
    }

    public static function onAfterClientProfileUpdate(\Box_Event $event): void
    {
        self::told($event, 'onAfterClientProfileUpdate', 'client');
    }

    public static function onAfterClientOpenTicket(\Box_Event $event): void
    {
        self::told($event, 'onAfterClientOpenTicket', 'ticket');
    }

    public static function onAfterAdminOpenTicket(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminOpenTicket', 'ticket');
    }

    public static function onAfterClientReplyTicket(\Box_Event $event): void
    {
        self::told($event, 'onAfterClientReplyTicket', 'ticket');
    }

    public static function onAfterAdminReplyTicket(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminReplyTicket', 'ticket');
    }

    public static function onAfterClientCloseTicket(\Box_Event $event): void
    {
        self::told($event, 'onAfterClientCloseTicket', 'ticket');
    }

    public static function onAfterAdminCloseTicket(\Box_Event $event): void
    {
        self::told($event, 'onAfterAdminCloseTicket', 'ticket');
    }

    /** It comes for every open invoice whenever the cron job runs; the relay is told on the days of reminders, once. */
    public static function onEventBeforeInvoiceIsDue(\Box_Event $event): void
    {
        $given = (array) $event->getParameters();
        $days = isset($given['days_left']) ? (int) $given['days_left'] : -1;
        $chosen = isset($given['reminder_intervals']) ? array_map('intval', (array) $given['reminder_intervals']) : array();
        if (in_array($days, $chosen ? $chosen : self::USUAL_REMINDERS, true)) {
            self::told($event, 'onEventBeforeInvoiceIsDue', 'invoice', 'due:' . $days);
        }
    }

    /** It comes every day for as long as nobody pays; the relay is told once. */
    public static function onEventAfterInvoiceIsDue(\Box_Event $event): void
    {
        $given = (array) $event->getParameters();
        if (isset($given['days_passed']) && (int) $given['days_passed'] > 0) {
            self::told($event, 'onEventAfterInvoiceIsDue', 'invoice', 'overdue');
        }
    }

    public static function onAfterAdminCronRun(\Box_Event $event): void
    {
        if (self::engine()) {
            \RelaySend\deliver();
        }
    }

    private static function told(\Box_Event $event, string $name, string $kind, string $once = ''): void
    {
        try {
            if (!self::engine()) {
                return;
            }
            $given = (array) $event->getParameters();
            $id = isset($given['id']) ? $given['id'] : null;
            if ($once !== '' && !\RelaySend\once("$once:$id", time() + 400 * self::DAY)) {
                return;
            }
            $data = self::some($given, self::PARAMETERS);
            \RelaySend\tell($name, $data + self::looked_up($event->getDi(), $kind, $id));
        } catch (\Throwable $problem) {
            error_log('relay: an event was lost: ' . get_class($problem));
        }
    }

    private static function engine(): bool
    {
        $path = __DIR__ . '/relay/relay-send.php';
        if (is_file($path)) {
            require_once $path;
        }
        return function_exists('RelaySend\tell');
    }

    /** What the event is of; without it the event is told with its id alone. */
    private static function looked_up($di, string $kind, $id): array
    {
        $found = array();
        try {
            $api = isset($di['api_system']) ? $di['api_system'] : $di['api_admin'];
            if ($kind === 'invoice') {
                $invoice = $api->invoice_get(array('id' => $id));
                $found['invoice'] = self::some($invoice, self::INVOICE) + array(
                    'buyer' => self::some(self::part($invoice, 'buyer'), self::BUYER),
                    'lines' => array_map(function ($line) {
                        return self::some($line, self::LINE);
                    }, array_values(array_filter(self::part($invoice, 'lines'), 'is_array'))),
                );
                $client = self::part($invoice, 'client');
            } elseif ($kind === 'order') {
                $order = $api->order_get(array('id' => $id));
                $found['order'] = self::some($order, self::ORDER) + self::domain($order);
                $client = self::part($order, 'client');
            } elseif ($kind === 'ticket') {
                $ticket = $api->support_ticket_get(array('id' => $id));
                $found['ticket'] = self::some($ticket, self::TICKET)
                    + array('helpdesk' => self::some(self::part($ticket, 'helpdesk'), array('name')));
                $client = self::part($ticket, 'client');
            } else {
                $client = $api->client_get(array('id' => $id));
            }
            if ($client) {
                $found['client'] = self::some($client, self::CLIENT);
            }
        } catch (\Throwable $problem) {
            return $found;
        }
        return $found;
    }

    /** A domain is in what was typed in when it was ordered, which holds passwords too. */
    private static function domain(array $order): array
    {
        $config = self::part($order, 'config');
        $name = isset($config['sld'], $config['tld']) ? $config['sld'] . $config['tld'] : null;
        $domain = self::part($config, 'domain');
        foreach (array('owndomain', 'register') as $way) {
            if (isset($domain[$way . '_sld'], $domain[$way . '_tld'])) {
                $name = $domain[$way . '_sld'] . $domain[$way . '_tld'];
            }
        }
        return is_string($name) ? array('domain' => $name) : array();
    }

    private static function part(array $values, string $name): array
    {
        return isset($values[$name]) && is_array($values[$name]) ? $values[$name] : array();
    }

    /** The fields that are listed and hold something plain. */
    private static function some(array $values, array $names): array
    {
        return array_filter(array_intersect_key($values, array_flip($names)), function ($value) {
            return is_scalar($value) || (is_array($value) && array_filter($value, 'is_scalar') === $value);
        });
    }
}
