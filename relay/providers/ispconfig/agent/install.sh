# Installs the agent on a server with ISPConfig. What stands before this in the script that the relay serves sets
# RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths, for tests.

main() {
  umask 077
  LABEL=ISPConfig
  PANEL=${RELAY_ROOT:-}/usr/local/ispconfig/server
  BASE=$PANEL/relay
  # Its plugins run as root, from cron.
  RUNS_AS=$PANEL
  eval "$(payload relay-install-php.sh)"
  [ -d "$PANEL/plugins-available" ] && [ -d "$PANEL/plugins-enabled" ] ||
    stop "There is no ISPConfig in $PANEL. This agent is for servers that ISPConfig runs on."
  check "$PANEL/plugins-available/relay_plugin.inc.php"
  install_engine
  # From here on ISPConfig tells.
  hook_in relay_plugin.inc.php "$PANEL/plugins-available"
  link=$PANEL/plugins-enabled/relay_plugin.inc.php
  grep -qxF "$link" "$BASE/hooked" || echo "$link" >>"$BASE/hooked"
  ln -sf "$PANEL/plugins-available/relay_plugin.inc.php" "$link"
  install_cron ispconfig
  say_what_to_do
}
