# What the installers of panels share that run the engine in PHP, beside WHMCS. An installer sets LABEL, PANEL, BASE and
# RUNS_AS (a file whose owner the panel's PHP runs as), and evaluates this.

# The panel's own adapter says so in its head; a file of that name without it is somebody else's.
OURS='tells the relay'

stop() {
  echo "relay: $1" >&2
  exit 1
}

owner() {
  ls -ld "$1" | awk '{ print $3 }'
}

can_run() {
  [ -x "$1" ] && "$1" -r 'exit((int) !(PHP_SAPI === "cli" && PHP_VERSION_ID >= 70200 && function_exists("hash_hmac")
    && function_exists("json_encode") && (extension_loaded("curl") || extension_loaded("openssl"))));' 2>/dev/null
}

find_php() {
  for PHP in "$(command -v php)" /usr/local/bin/php /opt/cpanel/ea-php*/root/usr/bin/php /opt/plesk/php/*/bin/php; do
    if can_run "$PHP"; then
      return
    fi
  done
  stop "PHP 7.2 or newer for the command line is needed, with json, hash, and curl or openssl; none was found."
}

# Everything that could be missing is looked at before anything is changed. The argument is the file that hooks us in.
check() {
  [ ! -e "$1" ] || grep -q "$OURS" "$1" || stop "There is a file $1 that is not ours. Rename it, and try again."
  [ -w "$(dirname "$BASE")" ] || stop "$(dirname "$BASE") cannot be written to. Run this as root, or as its owner."
  case "$RELAY_URL" in
    https://* | http://127.0.0.1[:/]* | http://localhost[:/]*) ;;
    *) stop "The relay's address must begin with https://; it is $RELAY_URL. Set RELAY_PUBLIC_URL there." ;;
  esac
  USER_OF_PHP=$(owner "$RUNS_AS")
  [ "$(id -u)" = 0 ] || [ "$(id -un)" = "$USER_OF_PHP" ] ||
    stop "$LABEL's PHP runs as $USER_OF_PHP. Run this as root, or as that user."
  find_php
}

# Written beside and renamed into place, so that nobody ever reads half of it.
put() {
  payload "$1" >"$2/$1.new"
  chmod "$3" "$2/$1.new"
  mv "$2/$1.new" "$2/$1"
}

install_engine() {
  mkdir -p "$BASE/state"
  chmod 755 "$BASE"
  chmod 700 "$BASE/state"
  if [ "$(id -u)" = 0 ] && [ -z "${RELAY_ROOT:-}" ]; then
    chown -R "$USER_OF_PHP:$(id -gn "$USER_OF_PHP")" "$BASE/state"
  fi
  put relay-send.php "$BASE" 644
  put relay-uninstall-php.sh "$BASE" 644
  mv "$BASE/relay-uninstall-php.sh" "$BASE/uninstall.sh"
  printf 'url=%s\nsecret=%s\nsource=%s\nphp=%s\n' "$RELAY_URL" "$RELAY_SECRET" "$RELAY_SOURCE" "$PHP" |
    "$PHP" "$BASE/relay-send.php" --configure || stop "The configuration could not be written to $BASE."
}

# The panel calls what is put here; the uninstaller takes it away. Its name, and where it goes.
hook_in() {
  grep -qxF "$2/$1" "$BASE/hooked" 2>/dev/null || echo "$2/$1" >>"$BASE/hooked"
  put "$1" "$2" 644
}

# Delivers what could not be delivered at once. Where we may not, the next event does.
install_cron() {
  cron=${RELAY_ROOT:-}/etc/cron.d/relay-$1
  [ -d "$(dirname "$cron")" ] && [ -w "$(dirname "$cron")" ] || return 0
  echo "*/5 * * * * $USER_OF_PHP $PHP $BASE/relay-send.php --deliver >/dev/null 2>&1" >"$cron.new"
  chmod 644 "$cron.new"
  mv "$cron.new" "$cron"
  grep -qxF "$cron" "$BASE/hooked" 2>/dev/null || echo "$cron" >>"$BASE/hooked"
}

say_what_to_do() {
  echo "$LABEL in $PANEL can now tell the relay what happens (source $RELAY_SOURCE). Its PHP runs as $USER_OF_PHP."
  echo "  To test it:      $PHP $BASE/relay-send.php --test"
  echo "  What waits:      $PHP $BASE/relay-send.php --status"
  echo "  To take it away: sh $BASE/uninstall.sh"
}
