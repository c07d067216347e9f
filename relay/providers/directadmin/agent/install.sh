# Installs the agent on a server with DirectAdmin. What stands before this in the script that the relay serves sets
# RELAY_URL, RELAY_SECRET and RELAY_SOURCE, and defines `payload`. RELAY_ROOT is a prefix of all paths, for tests.

panel_is_here() {
  [ -d "$ROOT/usr/local/directadmin/scripts" ]
}

main() {
  NAME=directadmin LABEL=DirectAdmin
  eval "$(payload relay-install.sh)"
  install_all relay-hook.py hooks.json
}
