#!/bin/sh
# Takes the relay's agent away from CyberPanel. What still waits is delivered first, if it can be.
# With --keep-spool what cannot be delivered stays.
set -u
BASE=$(cd "$(dirname "$0")" && pwd) || exit 1
CRON=$BASE/../../../etc/cron.d/relay-cyberpanel

main() {
  python=$(sed -n 's/^python=//p' "$BASE/config" 2>/dev/null)
  [ -x "$python" ] || python=$(command -v python3) || {
    echo "relay: there is no Python 3 to work with; nothing was changed." >&2
    exit 1
  }
  rm -f "$CRON"
  "$python" "$BASE/register.py" remove

  if ! RELAY_RETRY_PAUSES='' "$python" "$BASE/relay-send.py" --deliver; then
    if [ "${1:-}" = --keep-spool ]; then
      echo "Events that could not be delivered stay in $BASE/state/spool."
      find "$BASE" -mindepth 1 -maxdepth 1 ! -name state -exec rm -rf {} +
      return
    fi
    "$python" "$BASE/relay-send.py" --status
    echo "What waited could not be delivered, and is gone."
  fi
  rm -rf "$BASE"
  echo "The relay's agent is gone from CyberPanel. Delete the source at the relay if it is not needed any more."
}

main "$@"
exit
