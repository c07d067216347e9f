# Installs the agent into a FOSSBilling: `main /path/to/fossbilling`. What stands before this in the script that the
# relay serves sets RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths,
# for tests.

main() {
  umask 077
  LABEL=FOSSBilling
  case "${1:-}" in
    /*) PANEL=${RELAY_ROOT:-}${1%/} ;;
    *)
      echo "relay: say where FOSSBilling is: curl ... | sh -s -- /path/to/fossbilling" >&2
      exit 1
      ;;
  esac
  MODULE=$PANEL/modules/Relay
  BASE=$MODULE/relay
  RUNS_AS=$PANEL/config.php
  eval "$(payload relay-install-php.sh)"
  [ -f "$PANEL/config.php" ] && [ -d "$PANEL/modules" ] ||
    stop "There is no FOSSBilling in $PANEL. Give the directory that holds its config.php."
  [ ! -e "$MODULE" ] || [ -f "$MODULE/Service.php" ] || stop "There is a directory $MODULE that is not ours."
  if [ ! -d "$MODULE" ]; then
    [ -w "$PANEL/modules" ] || stop "$PANEL/modules cannot be written to. Run this as root, or as its owner."
    mkdir "$MODULE"
    chmod 755 "$MODULE"
  fi
  check "$MODULE/Service.php"
  install_engine
  hook_in manifest.json "$MODULE"
  hook_in Service.php "$MODULE"
  say_what_to_do
  echo "One step is left: in FOSSBilling, Extensions > Relay > Activate."
}
