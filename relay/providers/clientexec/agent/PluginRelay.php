<?php
/**
 * Clientexec tells the relay: a snap-in whose listeners are called with what an event carries.
 *
 * The names of events and of what they carry are those that public snap-ins use. Only what is listed here goes.
 */
require_once 'modules/admin/models/SnapinPlugin.php';

class PluginRelay extends SnapinPlugin
{
    public $title = 'Relay';

    public $listeners = array(
        array('Invoice-Create', 'invoiceCreated'),
        array('Invoice-Paid', 'invoicePaid'),
        array('Order-NewPackage', 'ordered'),
        array('UserPackage-Activate', 'activated'),
        array('Ticket-ReplyByCustomer', 'replied'),
    );

    const INVOICE = array('m_ID', 'm_SubTotal', 'm_Total', 'm_BalanceDue', 'm_UserID', 'm_DateDue', 'm_DateCreated');
    const PARAMETERS = array('invoiceId', 'userid', 'userId', 'packageId', 'userPackageId', 'orderId', 'package',
        'domain', 'ticketId', 'subject', 'currency');

    public function getVariables()
    {
        return array(
            'Plugin Name' => array(
                'type' => 'hidden',
                'description' => 'Tells your relay of invoices, orders, packages and tickets.',
                'value' => 'Relay',
            ),
        );
    }

    public function invoiceCreated($event)
    {
        $this->told('Invoice-Create', $event);
    }

    public function invoicePaid($event)
    {
        $this->told('Invoice-Paid', $event);
    }

    public function ordered($event)
    {
        $this->told('Order-NewPackage', $event);
    }

    public function activated($event)
    {
        $this->told('UserPackage-Activate', $event);
    }

    public function replied($event)
    {
        $this->told('Ticket-ReplyByCustomer', $event);
    }

    private function told($name, $event)
    {
        try {
            require_once __DIR__ . '/relay/relay-send.php';
            $given = is_array($event) ? $event : (array) $event->getParams();
            $data = self::some($given, self::PARAMETERS);
            if (isset($given['invoice']) && is_object($given['invoice'])) {
                $data['invoice'] = self::some(get_object_vars($given['invoice']), self::INVOICE);
            }
            \RelaySend\tell($name, $data);
        } catch (\Throwable $problem) {
            error_log('relay: an event was lost: ' . get_class($problem));
        }
    }

    private static function some(array $values, array $names)
    {
        return array_filter(array_intersect_key($values, array_flip($names)), 'is_scalar');
    }
}
