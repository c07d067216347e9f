# Installs the agent into a Clientexec: `main /path/to/clientexec`. What stands before this in the script that the relay
# serves sets RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths, for
# tests.

main() {
  umask 077
  LABEL=Clientexec
  case "${1:-}" in
    /*) PANEL=${RELAY_ROOT:-}${1%/} ;;
    *)
      echo "relay: say where Clientexec is: curl ... | sh -s -- /path/to/clientexec" >&2
      exit 1
      ;;
  esac
  SNAPIN=$PANEL/plugins/snapin/relay
  BASE=$SNAPIN/relay
  RUNS_AS=$PANEL/config.php
  eval "$(payload relay-install-php.sh)"
  [ -f "$PANEL/config.php" ] && [ -d "$PANEL/plugins/snapin" ] ||
    stop "There is no Clientexec in $PANEL. Give the directory that holds its config.php."
  [ ! -e "$SNAPIN" ] || [ -f "$SNAPIN/PluginRelay.php" ] || stop "There is a directory $SNAPIN that is not ours."
  if [ ! -d "$SNAPIN" ]; then
    [ -w "$PANEL/plugins/snapin" ] || stop "$PANEL/plugins/snapin cannot be written to. Run this as root, or as its owner."
    mkdir "$SNAPIN"
    chmod 755 "$SNAPIN"
  fi
  check "$SNAPIN/PluginRelay.php"
  install_engine
  hook_in PluginRelay.php "$SNAPIN"
  install_cron clientexec
  say_what_to_do
  echo "One step is left: in Clientexec, Settings > Plugins > Snap-ins > Relay > Enable."
}
