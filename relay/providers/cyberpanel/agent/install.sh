# Installs the agent on a server with CyberPanel. What stands before this in the script that the relay serves sets
# RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths, for tests.

ROOT=${RELAY_ROOT:-}
PANEL=$ROOT/usr/local/CyberCP
BASE=$ROOT/usr/local/relay-cyberpanel
CRON=$ROOT/etc/cron.d/relay-cyberpanel

stop() {
  echo "relay: $1" >&2
  exit 1
}

# Everything that could be missing is looked at before anything is changed.
check() {
  [ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || stop "This must run as root. Put sudo before sh, and try again."
  [ -f "$PANEL/CyberCP/settings.py" ] ||
    stop "There is no CyberPanel in $PANEL. This agent is for servers that CyberPanel runs on."
  [ -d "$ROOT/etc/cron.d" ] || stop "There is no directory $ROOT/etc/cron.d. Install cron, and try again."
  PYTHON=$PANEL/bin/python
  [ -x "$PYTHON" ] || PYTHON=$(command -v python3) || stop "There is no Python 3. CyberPanel should have brought it."
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 6))' ||
    stop "Python 3.6 or newer is needed; $PYTHON is older."
  OWNER=root
  [ -n "$ROOT" ] || ! id cyberpanel >/dev/null 2>&1 || OWNER=cyberpanel
  case "$RELAY_URL" in
    https://* | http://127.0.0.1[:/]* | http://localhost[:/]*) ;;
    *) stop "The relay's address must begin with https://; it is $RELAY_URL. Set RELAY_PUBLIC_URL there." ;;
  esac
}

# Written beside and renamed into place, so that nobody ever reads half of it.
put() {
  payload "$1" >"$BASE/$1.new"
  chmod "$2" "$BASE/$1.new"
  mv "$BASE/$1.new" "$BASE/$1"
}

install_files() {
  mkdir -p "$BASE/state"
  chmod 755 "$BASE"
  chmod 700 "$BASE/state"
  put relay-send.py 755
  put relay_sender.py 644
  put relay_follow.py 755
  put register.py 755
  put uninstall.sh 755
  # The panel runs as a user of its own, and it alone may read this.
  printf 'url=%s\nsecret=%s\nsource=%s\npython=%s\n' "$RELAY_URL" "$RELAY_SECRET" "$RELAY_SOURCE" "$PYTHON" \
    >"$BASE/config.new"
  chmod 600 "$BASE/config.new"
  if [ "$OWNER" != root ]; then
    chown "$OWNER:" "$BASE/config.new"
    chown -R "$OWNER:" "$BASE/state"
  fi
  mv "$BASE/config.new" "$BASE/config"
}

install_cron() {
  cat >"$CRON.new" <<END
# Delivers what could not be delivered at once, and puts the app back after an update of CyberPanel.
*/5 * * * * $OWNER $PYTHON $BASE/relay-send.py --deliver >/dev/null 2>&1
*/5 * * * * root $PYTHON $BASE/register.py add >/dev/null 2>&1
END
  chmod 644 "$CRON.new"
  mv "$CRON.new" "$CRON"
}

main() {
  umask 077
  check
  install_files
  "$PYTHON" "$BASE/register.py" add || stop "The app could not be added to $PANEL/CyberCP/settings.py."
  install_cron
  echo "CyberPanel now tells the relay of its websites (source $RELAY_SOURCE)."
  echo "  To test it:      $PYTHON $BASE/relay-send.py --test"
  echo "  What waits:      $PYTHON $BASE/relay-send.py --status"
  echo "  To take it away: sh $BASE/uninstall.sh"
}
