#!/bin/sh
# Takes the relay's agent away from WHMCS. What still waits is delivered first, if it can be.
# With --keep-spool what cannot be delivered stays.
set -u
BASE=$(cd "$(dirname "$0")" && pwd) || exit 1

main() {
  if [ ! -w "$BASE" ] || [ ! -w "$BASE/.." ]; then
    echo "relay: $BASE cannot be written to. Run this as root; nothing was changed." >&2
    exit 1
  fi
  php=$(sed -n "s/^ *'php' => '\(.*\)',\$/\1/p" "$BASE/config.php" 2>/dev/null)
  # The panel's user can write that file, and root runs nothing of that user's.
  case "$(ls -ldL "$php" 2>/dev/null | awk '{ print $3 }')" in
    root | "$(id -un)") ;;
    *) php= ;;
  esac
  [ -x "$php" ] || php=$(command -v php) || {
    echo "relay: there is no PHP to work with; nothing was changed." >&2
    exit 1
  }
  rm -f "$BASE/../relay.php"

  if ! RELAY_RETRY_PAUSES='' "$php" "$BASE/relay-send.php" --deliver; then
    if [ "${1:-}" = --keep-spool ]; then
      echo "Events that could not be delivered stay in $BASE/state/spool."
      find "$BASE" -mindepth 1 -maxdepth 1 ! -name state -exec rm -rf {} +
      return
    fi
    "$php" "$BASE/relay-send.php" --status
    echo "What waited could not be delivered, and is gone."
  fi
  rm -rf "$BASE"
  echo "The relay's agent is gone from WHMCS. Delete the source at the relay if it is not needed any more."
}

main "$@"
exit
