#!/bin/sh
# Takes the relay's agent away from this panel. What still waits is delivered first, if it can be.
# With --keep-spool what cannot be delivered stays.
set -u
BASE=$(cd "$(dirname "$0")" && pwd) || exit 1

main() {
  php=$(command -v php) || {
    echo "relay: there is no PHP to work with; nothing was changed." >&2
    exit 1
  }
  # The installer wrote down what hooks us in.
  while IFS= read -r path; do
    rm -f "$path"
  done <"$BASE/hooked"
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
  # A folder that was made for us alone is empty now.
  rmdir "$(dirname "$BASE")" 2>/dev/null
  echo "The relay's agent is gone. Delete the source at the relay if it is not needed any more."
}

main "$@"
exit
