<?php
/**
 * ISPConfig tells the relay: a plugin of the server, called for each row that changed. See
 * https://git.ispconfig.org/ispconfig/ispconfig3 (server/plugins-available)
 *
 * Of a row go the columns that are listed here, as they are and as they were; no password is among them.
 */
class relay_plugin
{
    public $plugin_name = 'relay_plugin';
    public $class_name = 'relay_plugin';

    const WEBSITE = array('domain_id', 'domain', 'type', 'active', 'parent_domain_id', 'system_user', 'system_group',
        'server_id', 'ip_address');
    const CLIENT = array('client_id', 'company_name', 'contact_name', 'email', 'telephone', 'city', 'zip', 'country',
        'language', 'username');
    const EVENTS = array(
        'web_domain_insert' => self::WEBSITE,
        'web_domain_update' => self::WEBSITE,
        'web_domain_delete' => self::WEBSITE,
        'client_insert' => self::CLIENT,
        'client_update' => self::CLIENT,
    );

    /** Whether the installer of ISPConfig links us: our own installer does. */
    public function onInstall()
    {
        return false;
    }

    public function onLoad()
    {
        global $app;
        foreach (array_keys(self::EVENTS) as $event) {
            $app->plugins->registerEvent($event, $this->plugin_name, 'told');
        }
    }

    public function told($event, $data)
    {
        try {
            require_once dirname(__DIR__) . '/relay/relay-send.php';
            // ISPConfig writes rows again as they are, when it resynchronizes its servers.
            if (isset($data['new'], $data['old']) && $data['new'] == $data['old']) {
                return;
            }
            $rows = array();
            foreach (array('new', 'old') as $which) {
                $row = isset($data[$which]) && is_array($data[$which]) ? $data[$which] : array();
                $rows[$which] = array_intersect_key($row, array_flip(self::EVENTS[$event]));
            }
            \RelaySend\tell($event, $rows);
        } catch (\Throwable $problem) {
            error_log('relay: an event was lost: ' . get_class($problem));
        }
    }
}
