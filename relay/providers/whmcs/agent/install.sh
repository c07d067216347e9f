# Installs the agent into a WHMCS: `main /path/to/whmcs [USER]`. What stands before this in the script that the relay
# serves sets RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths, for
# tests.

ROOT=${RELAY_ROOT:-}
# The hook file says so in its head; a file of that name without it is somebody else's.
OURS='WHMCS tells the relay'

stop() {
  echo "relay: $1" >&2
  exit 1
}

# Prints the owner of a file.
owner() {
  ls -ld "$1" | awk '{ print $3 }'
}

can_run() {
  [ -x "$1" ] && "$1" -r 'exit((int) !(PHP_SAPI === "cli" && PHP_VERSION_ID >= 70200 && function_exists("hash_hmac")
    && function_exists("json_encode") && (extension_loaded("curl") || extension_loaded("openssl"))));' 2>/dev/null
}

find_php() {
  for PHP in "$(command -v php)" /usr/local/bin/php /opt/cpanel/ea-php*/root/usr/bin/php /opt/plesk/php/*/bin/php \
    /usr/local/lsws/lsphp*/bin/php; do
    if can_run "$PHP"; then
      return
    fi
  done
  stop "PHP 7.2 or newer for the command line is needed, with json, hash, and curl or openssl; none was found."
}

# Who runs WHMCS's PHP may write its compiled templates; the files themselves may be somebody else's.
find_user() {
  USER_OF_PHP=${1:-}
  [ -n "$USER_OF_PHP" ] || for path in "$PANEL"/templates_c/*.php "$PANEL/templates_c" "$PANEL/configuration.php"; do
    if [ -e "$path" ]; then
      USER_OF_PHP=$(owner "$path")
      break
    fi
  done
  id "$USER_OF_PHP" >/dev/null 2>&1 ||
    stop "There is no user $USER_OF_PHP. Say which user runs WHMCS's PHP, after its path."
  [ "$(id -u)" = 0 ] || [ "$(id -u)" = "$(id -u "$USER_OF_PHP")" ] ||
    stop "WHMCS's PHP runs as $USER_OF_PHP. Run this as root, or as that user."
}

# Everything that could be missing is looked at before anything is changed.
check() {
  [ -n "${1:-}" ] || stop "Say where WHMCS is: curl ... | sh -s -- /path/to/whmcs"
  case "$1" in
    /*) PANEL=$ROOT$1 ;;
    *) stop "The path of WHMCS must begin with /; it is $1." ;;
  esac
  PANEL=${PANEL%/}
  HOOKS=$PANEL/includes/hooks
  BASE=$HOOKS/relay
  [ -f "$PANEL/configuration.php" ] && [ -d "$HOOKS" ] ||
    stop "There is no WHMCS in $PANEL. Give the directory that holds its configuration.php."
  [ ! -e "$HOOKS/relay.php" ] || grep -q "$OURS" "$HOOKS/relay.php" ||
    stop "There is a file $HOOKS/relay.php that is not ours. Rename it, and try again."
  [ ! -e "$BASE" ] || [ -f "$BASE/relay-send.php" ] || [ -d "$BASE/state" ] ||
    stop "There is a directory $BASE that is not ours. Rename it, and try again."
  [ -w "$HOOKS" ] || stop "The directory $HOOKS cannot be written to. Run this as root, or as its owner."
  case "$RELAY_URL" in
    https://* | http://127.0.0.1[:/]* | http://localhost[:/]*) ;;
    *) stop "The relay's address must begin with https://; it is $RELAY_URL. Set RELAY_PUBLIC_URL there." ;;
  esac
  find_user "${2:-}"
  find_php
}

# Written beside and renamed into place, so that nobody ever reads half of it.
put() {
  payload "$1" >"$2/$1.new"
  chmod "$3" "$2/$1.new"
  mv "$2/$1.new" "$2/$1"
}

install_files() {
  mkdir -p "$BASE/state"
  chmod 755 "$BASE"
  chmod 700 "$BASE/state"
  # Root's code stays root's; only the configuration and what waits are the user's.
  if [ "$(id -u)" = 0 ] && [ -z "$ROOT" ]; then
    chown -R "$USER_OF_PHP:$(id -gn "$USER_OF_PHP")" "$BASE/state"
  fi
  put relay-send.php "$BASE" 644
  put uninstall.sh "$BASE" 644
  printf 'url=%s\nsecret=%s\nsource=%s\nphp=%s\n' "$RELAY_URL" "$RELAY_SECRET" "$RELAY_SOURCE" "$PHP" |
    "$PHP" "$BASE/relay-send.php" --configure || stop "The configuration could not be written to $BASE."
  # From here on WHMCS tells.
  put relay.php "$HOOKS" 644
}

main() {
  umask 077
  check "$@"
  install_files
  echo "WHMCS in $PANEL now tells the relay what happens (source $RELAY_SOURCE). Its PHP runs as $USER_OF_PHP."
  echo "  To test it:      $PHP $BASE/relay-send.php --test"
  echo "  What waits:      $PHP $BASE/relay-send.php --status"
  echo "  To take it away: sh $BASE/uninstall.sh"
}
