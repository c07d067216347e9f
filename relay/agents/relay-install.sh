# What the installers of panels share that run the engine in Python as root. An installer sets NAME and LABEL, evaluates
# this, and has `add_hooks` and `panel_is_here` of its own.

ROOT=${RELAY_ROOT:-}
BASE=$ROOT/usr/local/relay-$NAME
CRON=$ROOT/etc/cron.d/relay-$NAME

stop() {
  echo "relay: $1" >&2
  exit 1
}

# Everything that could be missing is looked at before anything is changed.
check() {
  [ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || stop "This must run as root. Put sudo before sh, and try again."
  panel_is_here || stop "There is no $LABEL here. This agent is for servers that it runs on."
  [ -d "$ROOT/etc/cron.d" ] || stop "There is no directory $ROOT/etc/cron.d. Install cron, and try again."
  PYTHON=$(command -v python3) || PYTHON=/usr/libexec/platform-python
  [ -x "$PYTHON" ] || stop "There is no Python 3 here. Install the package python3, and try again."
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 6))' ||
    stop "Python 3.6 or newer is needed; $PYTHON is older."
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
  chmod 700 "$BASE" "$BASE/state"
  for each in "$@"; do
    put "$each" 700
  done
  put relay-send.py 700
  put register.py 700
  put relay-uninstall.sh 700
  mv "$BASE/relay-uninstall.sh" "$BASE/uninstall.sh"
  printf 'url=%s\nsecret=%s\nsource=%s\npython=%s\n' "$RELAY_URL" "$RELAY_SECRET" "$RELAY_SOURCE" "$PYTHON" \
    >"$BASE/config.new"
  chmod 600 "$BASE/config.new"
  mv "$BASE/config.new" "$BASE/config"
}

install_cron() {
  cat >"$CRON.new" <<END
# Delivers to the relay what could not be delivered at once, and adds hooks for what is new on the panel.
*/5 * * * * root $PYTHON $BASE/relay-send.py --deliver >/dev/null 2>&1
*/5 * * * * root $PYTHON $BASE/register.py add >/dev/null 2>&1
END
  chmod 644 "$CRON.new"
  mv "$CRON.new" "$CRON"
}

install_all() {
  umask 077
  check
  install_files "$@"
  "$PYTHON" "$BASE/register.py" add || stop "The hooks could not be added. What was said above tells why."
  install_cron
  echo "$LABEL now tells the relay what happens (source $RELAY_SOURCE)."
  echo "  To test it:      $PYTHON $BASE/relay-send.py --test"
  echo "  What waits:      $PYTHON $BASE/relay-send.py --status"
  echo "  To take it away: sh $BASE/uninstall.sh"
}
